"""What happened: notifications with their jobs and execution details, and how many there were."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from chalicelib.channels import names, stored_events, workflows
from chalicelib.channels.channel_steps import job_id
from chalicelib.channels.models import runs
from chalicelib.channels.models.people import Subscriber
from chalicelib.channels.models.workflows import Workflow
from chalicelib.channels.rules.preferences import CHANNELS
from chalicelib.channels.wire import filled, iso, many, number, page_of
from chalicelib.core import clock
from chalicelib.core.call import Call
from chalicelib.core.errors import NotFound
from chalicelib.storage.expressions import Row
from chalicelib.storage.tables import CHANNELS as TABLE

PAGE = 10
OWN_PROVIDER = "novu"  # typed clients insist on a provider, also where a step has none


def list_page(call: Call) -> dict[str, Any]:
    """List the notifications of the last 30 days, the newest first, ten a page."""
    page = number(call, "page", 0)
    wanted, found = (page + 1) * PAGE + 1, []
    for entry in _entries(call.workspace_id):
        if _fits(call, entry["doc"]):
            found.append(entry)
            if len(found) == wanted:
                break
    rows = found[page * PAGE :]
    shown = [_notification(call.workspace_id, row["sk"], row["doc"]) for row in rows[:PAGE]]
    return page_of([one for one in shown if one], page, PAGE, hasMore=len(rows) > PAGE)


def read(call: Call) -> dict[str, Any]:
    """Show a notification with its jobs and execution details."""
    shown = _find(call, call.path["notification_id"])
    if shown is None:
        raise NotFound(f"Notification with id {call.path['notification_id']} not found")
    return shown


def list_details(call: Call) -> list[dict[str, Any]]:
    """List the execution details of a notification."""
    identifier = call.required_query("notificationId")
    subscriber = call.required_query("subscriberId")
    shown = _find(call, identifier)
    if shown is None or subscriber not in (shown["_subscriberId"], shown["subscriber"]["subscriberId"]):
        raise NotFound(f"Notification with id {identifier} not found")
    return [detail for job in shown["jobs"] for detail in job["executionDetails"]]


def stats(call: Call) -> dict[str, int]:
    """Count the notifications of the last 7 and 30 days."""
    counts = [len(runs.activity_of(call.workspace_id, day)) for day in runs.days_back(clock.now_ms())]
    return {"weeklySent": sum(counts[:7]), "monthlySent": sum(counts[:30])}


def graph(call: Call) -> list[dict[str, Any]]:
    """Count notifications by day, with the workflows and channels they came of; the oldest day first."""
    days = number(call, "days", 32, 1)
    made = []
    for day in reversed(runs.days_back(clock.now_ms(), min(days, runs.KEEP_DAYS))):
        docs = [row["doc"] for row in runs.activity_of(call.workspace_id, day)]
        if docs:
            templates = list(dict.fromkeys(doc["wf"] for doc in docs))
            channels = [one for one in CHANNELS if any(one in doc["ch"] for doc in docs)]
            made.append({"_id": day, "count": len(docs), "templates": templates, "channels": channels})
    return made


# --- finding --------------------------------------------------------------------------------------------------------


def _entries(workspace_id: str) -> Iterator[Row]:
    for day in runs.days_back(clock.now_ms()):
        yield from runs.activity_of(workspace_id, day)


def _fits(call: Call, doc: dict[str, Any]) -> bool:
    channels, templates = many(call, "channels"), many(call, "templates")
    transaction = call.query.get("transactionId", "")
    return (
        (not channels or not set(channels).isdisjoint(doc["ch"]))
        and (not templates or doc["wf"] in templates)
        and (not transaction or doc["tx"] == transaction)
        and _is_about(call, doc)
    )


def _is_about(call: Call, doc: dict[str, Any]) -> bool:
    """Say whether a notification went to one of those who are asked for, in whichever way."""
    emails, people, search = many(call, "emails"), many(call, "subscriberIds"), call.query.get("search", "")
    if not (emails or people or search):
        return True
    is_found = search and (search in (doc["s"], doc["tx"]) or search.lower() in doc["e"].lower())
    return bool(is_found) or doc["e"] in emails or doc["s"] in people


def _find(call: Call, identifier: str) -> dict[str, Any] | None:
    doc = runs.get_activity(call.workspace_id, identifier, names.time_of(identifier))
    return None if doc is None else _notification(call.workspace_id, identifier, doc)


def _notification(workspace_id: str, identifier: str, doc: dict[str, Any]) -> dict[str, Any] | None:
    event = stored_events.load(workspace_id, doc["tx"])
    row = TABLE.get(runs.run_key(workspace_id, doc["tx"], doc["s"]))
    if event is None or row is None:
        return None
    subscriber = Subscriber.get(workspace_id, subscriber_id=doc["s"])
    workflow = Workflow.get(workspace_id, id=doc["wf"])
    triggers = workflows.triggers_of(workflow) if workflow else []
    own = {"_id": row["sid"], "subscriberId": doc["s"]}
    if subscriber is not None:
        more = {
            "firstName": subscriber.first_name,
            "lastName": subscriber.last_name,
            "email": subscriber.email,
            "phone": subscriber.phone,
        }
        own |= filled(more)
    jobs = [runs.job_of(row, position) for position in range(len(event["steps"]))]
    return {
        "_id": identifier,
        "_environmentId": names.environment_id(workspace_id),
        "_organizationId": names.organization_id(workspace_id),
        "_subscriberId": row["sid"],
        "_templateId": doc["wf"],
        "transactionId": doc["tx"],
        "channels": doc["ch"],
        "createdAt": iso(event["at"]),
        "updatedAt": iso(max([event["at"], *(job["at"] for job in jobs if job)])),
        "subscriber": own,
        "template": {"_id": doc["wf"], "name": event["workflow"]["name"], "triggers": triggers},
        "payload": stored_events.without_files(event["payload"]),
        "to": event["to"].get(doc["s"]) or {"subscriberId": doc["s"]},
        "tags": event["workflow"]["tags"],
        "jobs": [_job(workspace_id, identifier, row, event, position) for position in range(len(event["steps"]))],
        **_digested(workspace_id, row, doc["s"]),
    }


def _digested(workspace_id: str, row: Row, name: str) -> dict[str, str]:
    """Name the notification whose digest has this one's event, where one has."""
    is_merged = "into" in row and row["st"] == "DONE"
    event = stored_events.load(workspace_id, row["into"]) if is_merged else None
    return {"_digestedNotificationId": names.derived_id(event["at"], event["tx"], name)} if event else {}


def _job(workspace_id: str, notification_id: str, row: Row, event: dict[str, Any], position: int) -> dict[str, Any]:
    step = event["steps"][position]
    kind = step["template"]["type"]
    job = runs.job_of(row, position) or {}
    status = job.get("st") or _status_after(row)
    identifier = job_id(notification_id, position)
    shared = {
        "_jobId": identifier,
        "_environmentId": names.environment_id(workspace_id),
        "_organizationId": names.organization_id(workspace_id),
        "_notificationId": notification_id,
        "_notificationTemplateId": event["workflow"]["id"],
        "_subscriberId": row["sid"],
        "transactionId": event["tx"],
        "channel": kind,
        "providerId": job.get("p") or OWN_PROVIDER,
    }
    at = iso(job["at"]) if job else None
    shown = {
        "_id": identifier,
        "type": kind,
        "status": status,
        "providerId": shared["providerId"],
        "payload": stored_events.without_files(event["payload"]),
        "overrides": event["overrides"],
        "digest": _timing(kind, step.get("metadata") or {}),
        "step": {name: step[name] for name in _STEP if name in step},
        "executionDetails": [_detail(shared, number, one) for number, one in enumerate(job.get("d", ()))],
        "createdAt": iso(event["at"]),
        "updatedAt": at,
    }
    return filled(shown)


def _timing(kind: str, metadata: dict[str, Any]) -> dict[str, Any] | None:
    """Show how long a step waits, in the words that readers know: those of digests."""
    is_shown = kind in ("digest", "delay") and metadata.get("type") != "scheduled"
    return metadata or None if is_shown else None


def _status_after(row: Row) -> str:
    """Say what became of steps that were never begun."""
    if row["st"] not in ("DONE", "FAILED", "CANCELLED"):
        return "pending"
    return "merged" if "into" in row and row["st"] == "DONE" else "canceled"


_STEP = ("_id", "active", "filters", "template", "_templateId", "_parentId")


def _detail(shared: dict[str, Any], number: int, one: dict[str, Any]) -> dict[str, Any]:
    made = {
        **shared,
        "_id": names.derived_id(one["at"], shared["_jobId"], str(number)),
        "providerId": one.get("provider") or shared["providerId"],
        "detail": one["detail"],
        "source": "Internal",
        "status": one["status"],
        "isTest": False,
        "isRetry": False,
        "createdAt": iso(one["at"]),
        "updatedAt": iso(one["at"]),
    }
    return {**filled(made), "raw": one.get("raw")}
