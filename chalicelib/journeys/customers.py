"""Customers: one put into an automation, one taken out; what packets and single entries say of them."""

from __future__ import annotations

from typing import Any

from chalicelib.adapters import queue
from chalicelib.core import clock, ids
from chalicelib.core.call import Call
from chalicelib.core.errors import AlreadyExists, Conflict, InvalidInput, NotFound
from chalicelib.edge.route import Answer
from chalicelib.journeys import automations, entering, queues, removing, wire
from chalicelib.journeys.entering import Entry, Fate
from chalicelib.journeys.models import tokens
from chalicelib.journeys.models.automations import Automation
from chalicelib.journeys.rules import entry
from chalicelib.journeys.rules.tokens import Reason
from chalicelib.storage import table
from chalicelib.storage.expressions import Row
from chalicelib.storage.tables import JOURNEYS

Json = dict[str, Any]
MESSAGE_AHEAD_S = 1  # its message is sent before a token is stored, so that none is ever without one


def add(call: Call) -> Answer:
    """Put a customer in: 201 with the token's uuid, 200 with the other one when they are in and may be once only."""
    head, body = automations.find(call), call.body
    if not entry.accepts_entries(head.status):
        raise Conflict(f"an automation that is {head.status} takes no customers", details={"status": head.status})
    if head.end_at is not None and head.end_at <= clock.now_ms():
        raise Conflict("the automation has ended")
    identity, attributes = _identity(body)
    token = body.uuid or call.new_id("journey-token")
    message = {**tokens.message(*tokens.key(call.workspace_id, head.node, token)), "new": clock.now_ms()}
    queue.send(queues.STEP, message, MESSAGE_AHEAD_S)
    entered = entering.enter(head, [Entry(token, identity, attributes)])[0]
    if entered.fate is Fate.TAKEN:
        raise AlreadyExists(f"another customer has the uuid {token}")
    if entered.fate is Fate.DISCARDED:
        table.transact([entering.count_discarded(head)], ids.secret_text(24))
    row = JOURNEYS.get(tokens.key(call.workspace_id, head.node, entered.token))
    shown = view(head, entered.token, row) if row is not None else view_of(head, token, identity, attributes)
    if entered.fate is Fate.DISCARDED:
        return Answer(shown, 200, call.answer_headers)
    call.answer_headers["Location"] = f"/flow/v1/tokens/{entered.token}"
    return Answer(shown, 201, call.answer_headers)


def remove(call: Call) -> None:
    """Take a customer out, by the uuid of the token; one that has ended stays as it is. Raises NotFound."""
    head = automations.find(call)
    token = wire.uuid_in_path(call, "customer_uuid")
    row = JOURNEYS.get(tokens.key(call.workspace_id, head.node, token))
    if row is None or row["a"] != head.id:
        raise NotFound(f"the automation has no customer {token}")
    removing.remove([row], Reason.REMOVED_BY_API)


def _identity(body: Any) -> tuple[entry.Identity, dict[str, str]]:
    attributes, wrong = entry.attributes_of(body.attributes)
    if wrong is not None:
        raise InvalidInput.at("body.attributes", wrong, "attributes")
    identity = entry.identity_of(body.clab_uuid, body.user_pk, attributes)
    if identity is None:
        hint = "a customer needs clabUuid, userPk or an address among the attributes (email, mobilePhone)"
        raise InvalidInput.at("body", hint, "missing")
    return identity, attributes


def read(sent: Any) -> tuple[Json | None, str]:
    """Read a customer of a packet as it is kept until the batch is released; None and the reason when it cannot be."""
    if not isinstance(sent, dict):
        return None, "must be an object"
    clab_uuid, user_pk = sent.get("clabUuid"), sent.get("userPk")
    if clab_uuid is not None and not (isinstance(clab_uuid, str) and ids.is_uuid(clab_uuid)):
        return None, "clabUuid must be a UUID"
    if user_pk is not None and not (isinstance(user_pk, str) and len(user_pk) <= 200):
        return None, "userPk must be a text of at most 200 characters"
    attributes, wrong = entry.attributes_of(sent.get("attributes"))
    if wrong is not None:
        return None, f"attributes {wrong}"
    who = entry.identity_of(clab_uuid, user_pk, attributes)
    if who is None:
        return None, "names no customer: clabUuid, userPk or an address among the attributes is needed"
    return {"who": [who.clab_uuid, who.user_pk, who.email, who.phone], "attributes": attributes}, ""


def view(head: Automation, token: str, row: Row) -> Json:
    """Show an entry as it is stored."""
    return view_of(head, token, tokens.identity_of(row), row["doc"].get("attributes") or {})


def view_of(head: Automation, token: str, who: entry.Identity, attributes: dict[str, str]) -> Json:
    """Show an entry."""
    made = {"uuid": token, "userPk": who.user_pk, "clabUuid": who.clab_uuid, "attributes": attributes}
    shown = {name: value for name, value in made.items() if value is not None}
    return {**shown, "automationUuid": head.id, "automationName": head.name}
