"""Events: taking them in, once for each transaction id, and calling them off."""

from __future__ import annotations

from typing import Any

import orjson

from chalicelib.adapters import queue
from chalicelib.channels import calling_off, queues, sizes, stored_events
from chalicelib.channels.models.runs import run_message, runs_of
from chalicelib.channels.models.workflows import Workflow
from chalicelib.channels.rules import timing, variables
from chalicelib.channels.schemas import SubscriberIn, TopicRecipientIn
from chalicelib.channels.workflow_schemas import BroadcastIn, TriggerIn
from chalicelib.channels.workflow_steps import templates_of
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
    for position, one in enumerate(call.body.events):
        try:
            answers.append(_accept(call, TriggerIn.read(one), str(position)))
        except (InvalidInput, NotFound, TooLarge) as error:
            answers.append({"acknowledged": True, "status": "error", "error": [error.message.removeprefix("body.")]})
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


def _accept(call: Call, body: BroadcastIn, part: str = "") -> dict[str, Any]:
    if len(orjson.dumps(stored_events.without_attachments(body.payload))) > MAX_BYTES:
        raise TooLarge(f"the payload of an event may have at most {MAX_BYTES} bytes without attachments")
    workflow = Workflow.get_named(call.workspace_id, "identifier", identifier=body.name)
    if workflow is None:
        missing = NotFound("workflow_not_found")
        missing.http_status = 422
        raise missing
    if refusal := _refusal(workflow):
        return {"acknowledged": True, "status": refusal}
    event = _event(workflow, body, _recipients(body), body.transaction_id or call.new_ordered_id(f"event{part}"))
    stored_events.store(call.workspace_id, event)
    queue.send(queues.NOTIFY, {"w": call.workspace_id, "tx": event["tx"]})
    return {"acknowledged": True, "status": "processed", "transactionId": event["tx"]}


def _refusal(workflow: Workflow) -> str:
    if not workflow.active:
        return "trigger_not_active"
    if not workflow.steps:
        return "no_workflow_steps_defined"
    return "" if workflow.active_steps() else "no_workflow_active_steps_defined"


def _event(workflow: Workflow, body: BroadcastIn, recipients: dict[str, Any], transaction_id: str) -> Event:
    actor = body.actor if body.actor is None or isinstance(body.actor, dict) else {"subscriberId": body.actor}
    tenant = {"identifier": body.tenant} if isinstance(body.tenant, str) else body.tenant
    if tenant is not None and not (isinstance(tenant.get("identifier"), str) and tenant["identifier"]):
        raise InvalidInput.at("tenant.identifier", "must be a text", "missing")
    return {
        "tx": transaction_id,
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
        "payload": _with_defaults(workflow, body),
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
            topics.append(TopicRecipientIn.read(one).topic_key)
            continue
        subscriber = SubscriberIn.read(one if isinstance(one, dict) else {"subscriberId": one}).sent()
        sizes.check_value(subscriber, "subscriber")
        name = subscriber["subscriberId"]
        named[name] = {**named.get(name, {}), **subscriber}
    return {"to": named, "topics": list(dict.fromkeys(topics)), "all": False}


def _with_defaults(workflow: Workflow, body: BroadcastIn) -> dict[str, Any]:
    """Add the defaults of template variables. Raises InvalidInput naming what is missing."""
    steps = workflow.active_steps()
    listed = [variable for step in steps for variable in step["template"].get("variables") or ()]
    missing = variables.missing(body.payload, listed)
    every = [variable for template in templates_of(steps) for variable in template.get("variables") or ()]
    payload = variables.filled(body.payload, every)
    if not body.overrides.get("delay"):
        missing += [path for path in _dates(steps) if timing.date_at(payload, path) is None]
    if missing:
        named = ", ".join(dict.fromkeys(missing))
        raise InvalidInput.at("payload", f"payload is missing required key(s): {named}", "missing")
    return payload


def _dates(steps: list[dict[str, Any]]) -> list[str]:
    """Name where delays that end at a date find it in the payload."""
    found = [step.get("metadata") or {} for step in steps if step["template"]["type"] == "delay"]
    return [str(one.get("delayPath") or "") for one in found if one.get("type") == "scheduled"]
