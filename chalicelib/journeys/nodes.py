"""Nodes: setting them up, switching them and their channels on and off, ending them."""

from __future__ import annotations

from typing import Any

from chalicelib.core import clock
from chalicelib.core.call import Call
from chalicelib.core.errors import AlreadyExists, Conflict, NotFound, VersionConflict
from chalicelib.edge.auth import ADMIN
from chalicelib.journeys import marks, signing, wire
from chalicelib.journeys.models import automations
from chalicelib.journeys.models import nodes as stored
from chalicelib.journeys.models.nodes import Node
from chalicelib.journeys.node_upkeep import call_for
from chalicelib.journeys.rules.lifecycle import LIVE

Json = dict[str, Any]
SHOWN = {
    "id": "uuid",
    "name": "name",
    "workspace_uuid": "workspaceUuid",
    "workspace_name": "workspaceName",
    "portfolio_uuid": "portfolioUuid",
    "portfolio_name": "portfolioName",
    "group_pk": "groupPk",
    "userdb_id": "userdbId",
    "group_name": "groupName",
    "active": "active",
    "email_active": "emailActive",
    "sms_active": "smsActive",
    "phone_field": "hubPhoneField",
}
_STORED = {wire_name: name for name, wire_name in SHOWN.items()}
_ATTEMPTS = 3


def open_to(call: Call) -> list[Node]:
    """List the nodes open to a caller, by name: disabled ones only for administrators."""
    return [node for node in stored.list_all(call.workspace_id) if _is_open(call, node)]


def list_all(call: Call) -> Json:
    """List the nodes open to the caller."""
    found = open_to(call)
    portfolio, workspace = wire.uuid(call, "portfolioUuid"), wire.uuid(call, "workspaceUuid")
    kept = [
        node for node in found if portfolio in (None, node.portfolio_uuid) and workspace in (None, node.workspace_uuid)
    ]
    shown, page = wire.page_of(call, kept, len(found))
    return {"page": page, "elements": [view(node) for node in shown]}


def create(call: Call) -> Json:
    """Set up a node. Raises AlreadyExists for a UUID that is taken, also by a node that is being erased."""
    sent = call.body.wire()
    fields = {_STORED[name]: value for name, value in sent.items() if name in _STORED and name != "uuid"}
    item = Node.new(call.workspace_id, id=sent.get("uuid") or call.new_id("node"), by=call.caller.key_id, **fields)
    try:
        item.insert()
    except AlreadyExists:
        if call.idempotency_key is None or "uuid" in sent:
            raise AlreadyExists("a node with this uuid exists") from None
        item = Node.find(call.workspace_id, id=item.id)  # an earlier run under the same key fell before its answer
    stored.forget()
    marks.prepare()
    signing.prepare()
    call.answer_headers["Location"] = f"/flow/v1/nodes/{item.id}"
    return view(item)


def read(call: Call) -> Json:
    """Read a node."""
    return view(_find(call))


def update(call: Call) -> Json:
    """Switch a node or its channels on or off. Switched off, its automations stand still; on, they go on."""
    for attempt in range(1, _ATTEMPTS + 1):
        node = _find(call)
        was_active = node.active
        for name, value in call.body.wire().items():
            setattr(node, _STORED[name], value)
        node.is_owed = node.is_owed or (node.active and not was_active)
        try:
            node.save(by=call.caller.key_id)
        except VersionConflict:
            if attempt == _ATTEMPTS:
                raise
            continue
        stored.forget()
        if node.is_owed:
            call_for(node)
        return view(node)
    raise AssertionError("unreachable")


def delete(call: Call) -> None:
    """Delete a node; its data is erased in the background. Raises Conflict while an automation of it lives."""
    node = _find(call)
    living = [one for one in automations.list_all(node.workspace_id, node.id) if one.state in LIVE]
    if living:
        raise Conflict(
            f"{len(living)} automations of this node are neither drafts nor archived",
            details={"automations": [one.id for one in living[:20]]},
        )
    node.gone_at = clock.now_ms()
    node.save(by=call.caller.key_id)
    stored.forget()
    call_for(node)


def view(node: Node) -> Json:
    """Show a node."""
    return {**wire.shown(SHOWN, node), "created": clock.iso_ms(node.inserted_at)}


def _is_open(call: Call, node: Node) -> bool:
    return node.active or ADMIN in call.caller.scopes


def _find(call: Call) -> Node:
    named = wire.uuid_in_path(call, "node_uuid")
    node = stored.load(call.workspace_id, named, fresh=True)
    if node is None or not _is_open(call, node):
        raise NotFound(f"no such node: {named}")
    return node
