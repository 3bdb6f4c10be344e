"""Events: taking them in, once for each transaction id, and calling them off."""

from __future__ import annotations

from typing import Any

import orjson

from chalicelib.adapters import queue
from chalicelib.channels import calling_off, names, queues, stored_events
from chalicelib.channels.models.runs import run_message, runs_of
from chalicelib.channels.models.workflows import Workflow
from chalicelib.channels.schemas import SubscriberIn
from chalicelib.channels.workflow_schemas import BroadcastIn, TriggerIn
from chalicelib.core import clock
from chalicelib.core.call import Call
from chalicelib.core.errors import InvalidInput, NotFound, TooLarge

MAX_BULK = 100
MAX_BYTES = 512 * 1024
Event = dict[str, Any]


def trigger(call: Call) -> dict[str, Any]:
    """Take in an event for some subscribers."""
    return _accept(call, call.body)


def broadcast(call: Call) -> dict[str, Any]:
    """Take in an event for every subscriber."""
    return _accept(call, call.body)


def trigger_bulk(call: Call) -> list[dict[str, Any]]:
    """Take in many events in order; one that fails does not stop the others."""
    if not 1 <= len(call.body.events) <= MAX_BULK:
        raise InvalidInput.at("events", f"must hold 1 to {MAX_BULK} events", "range")
    answers = []
    for one in call.body.events:
        try:
            answers.append(_accept(call, TriggerIn.read(one)))
        except (InvalidInput, NotFound, TooLarge) as error:
            answers.append({"acknowledged": True, "status": "error", "error": [error.message]})
    return answers


def cancel(call: Call) -> bool:
    """Call off what waits of an event; False when nothing does."""
    workspace_id, transaction_id = call.workspace_id, call.path["transaction_id"]
    is_cancelled = False
    for row in runs_of(workspace_id, transaction_id):
        if calling_off.is_waiting(row) and calling_off.ask(row):
            queue.send(queues.NOTIFY, run_message(row["pk"], row["sk"]))
            is_cancelled = True
        elif calling_off.is_merged(row) and calling_off.withdraw(workspace_id, row):
            is_cancelled = True
    return is_cancelled


# --- taking in ------------------------------------------------------------------------------------------------------


def _accept(call: Call, body: BroadcastIn) -> dict[str, Any]:
    if len(orjson.dumps(_without_attachments(body.payload))) > MAX_BYTES:
        raise TooLarge(f"the payload of an event may have at most {MAX_BYTES} bytes without attachments")
    workflow = Workflow.get_named(call.workspace_id, "identifier", identifier=body.name)
    if workflow is None:
        missing = NotFound("workflow_not_found")
        missing.http_status = 422
        raise missing
    if refusal := _refusal(workflow):
        return {"acknowledged": True, "status": refusal}
    event = _event(workflow, body, _recipients(body))
    stored_events.store(call.workspace_id, event)
    queue.send(queues.NOTIFY, {"w": call.workspace_id, "tx": event["tx"]})
    return {"acknowledged": True, "status": "processed", "transactionId": event["tx"]}


def _refusal(workflow: Workflow) -> str:
    if not workflow.active:
        return "trigger_not_active"
    if not workflow.steps:
        return "no_workflow_steps_defined"
    return "" if workflow.active_steps() else "no_workflow_active_steps_defined"


def _event(workflow: Workflow, body: BroadcastIn, recipients: dict[str, Any]) -> Event:
    actor = body.actor if body.actor is None or isinstance(body.actor, dict) else {"subscriberId": body.actor}
    tenant = body.tenant if body.tenant is None or isinstance(body.tenant, dict) else {"identifier": body.tenant}
    return {
        "tx": body.transaction_id or names.new_id(),
        "at": clock.now_ms(),
        "workflow": {
            "id": workflow.id,
            "name": workflow.name,
            "identifier": workflow.identifier,
            "critical": workflow.critical,
            "tags": workflow.tags,
            "preferences": workflow.preference_settings,
        },
        "steps": workflow.active_steps(),
        "payload": _with_defaults(workflow, body.payload),
        "overrides": body.overrides,
        "actor": SubscriberIn.read(actor).sent() if actor else None,
        "tenant": tenant,
        **recipients,
    }


def _recipients(body: BroadcastIn) -> dict[str, Any]:
    """Read who gets it: named subscribers by identifier (a later one adds to an earlier), and topics."""
    if not isinstance(body, TriggerIn):
        return {"to": {}, "topics": [], "all": True}
    named: dict[str, dict[str, Any]] = {}
    topics: list[str] = []
    for one in body.to if isinstance(body.to, list) else [body.to]:
        if isinstance(one, dict) and one.get("type") == "Topic":
            topics.append(str(one.get("topicKey", "")))
            continue
        subscriber = SubscriberIn.read(one if isinstance(one, dict) else {"subscriberId": one}).sent()
        name = subscriber["subscriberId"]
        named[name] = {**named.get(name, {}), **subscriber}
    return {"to": named, "topics": list(dict.fromkeys(topics)), "all": False}


def _with_defaults(workflow: Workflow, payload: dict[str, Any]) -> dict[str, Any]:
    """Add the defaults of template variables. Raises InvalidInput naming required ones that are missing."""
    made, missing = dict(payload), []
    for step in workflow.active_steps():
        for variable in step["template"].get("variables") or ():
            name = variable["name"]
            if _has(payload, name):
                continue
            if variable.get("defaultValue") is not None and "." not in name:
                made.setdefault(name, variable["defaultValue"])
            elif variable.get("required"):
                missing.append(name)
    if missing:
        listed = ", ".join(dict.fromkeys(missing))
        raise InvalidInput.at("payload", f"payload is missing required key(s): {listed}", "missing")
    return made


def _has(payload: Any, path: str) -> bool:
    for part in path.split("."):
        if not isinstance(payload, dict) or payload.get(part) is None:
            return False
        payload = payload[part]
    return True


def _without_attachments(payload: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in payload.items() if name != "attachments"}
