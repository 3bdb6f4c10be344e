"""Definitions: the words triggers, conditions and TAG steps may use, the standard ones and those a node adds."""

from __future__ import annotations

from typing import Any

import orjson

from chalicelib.core.call import Call
from chalicelib.core.errors import Conflict, InvalidInput
from chalicelib.journeys import vocabulary, wire
from chalicelib.journeys.models import definitions as stored
from chalicelib.journeys.models.definitions import EVENTS, PROPERTIES, SUBSCRIPTIONS

Json = dict[str, Any]
CATEGORIES = ["Custom"]
MAX_OF_A_KIND = 500
MAX_BYTES, MAX_BYTES_OF_A_KIND = 200_000, 4_000_000  # all of them are one answer, and a function's has 6 MB


def read_events(call: Call) -> Json:
    """List event types usable in triggers, with their properties."""
    node = wire.node_of(call)
    return vocabulary.events() | stored.list_all(node.workspace_id, node.id, EVENTS)


def put_event(call: Call) -> Json:
    """Define an event type of the node's own, in place of an earlier one of its name."""
    sent = call.body.wire()
    name = sent.pop("eventType")
    if strange := sorted(set(sent.get("contexts", ())) - vocabulary.CONTEXTS.keys()):
        raise InvalidInput.at("body.contexts", f"there is no context {strange[0][:80]}", "enum")
    attributes = {part: _with_operators(described) for part, described in sent.get("attributes", {}).items()}
    doc = {"mode": "ACTIVE", "contexts": list(vocabulary.CONTEXTS), **sent, "attributes": attributes}
    _put(call, EVENTS, name, doc)
    return {name: doc}


def read_contexts(call: Call) -> Json:
    """List contexts of events, with their properties."""
    wire.node_of(call)
    return vocabulary.contexts()


def read_customers(call: Call) -> Json:
    """List the properties of customers, with their types."""
    node = wire.node_of(call)
    return properties_of(node.workspace_id, node.id)


def put_customer(call: Call) -> Json:
    """Define a property of customers of the node's own, in place of an earlier one of its path."""
    sent = call.body.wire()
    path = sent.pop("path")
    doc = _with_operators(sent)
    _put(call, PROPERTIES, path, doc)
    return {path: doc}


def list_categories(call: Call) -> Json:
    """List the categories of automations."""
    wire.node_of(call)
    return {"categories": CATEGORIES}


def list_subscriptions(call: Call) -> Json:
    """List the consent lists that message steps may be restricted to."""
    node = wire.node_of(call)
    found = subscriptions_of(node.workspace_id, node.id)
    return {"subscriptions": sorted(found.values(), key=lambda one: (one["name"].casefold(), one["id"]))}


def put_subscription(call: Call) -> Json:
    """Put a consent list in, in place of an earlier one of its id."""
    doc = {"sendId": None, "kind": "DIGITAL_MESSAGE", **call.body.wire()}
    _put(call, SUBSCRIPTIONS, doc["id"], doc)
    return doc


def properties_of(workspace_id: str, node: str) -> dict[str, Json]:
    """Give every property customers of a node may have, by path."""
    return vocabulary.customer_properties() | stored.list_all(workspace_id, node, PROPERTIES)


def subscriptions_of(workspace_id: str, node: str) -> dict[str, Json]:
    """Give the consent lists of a node by id."""
    return stored.list_all(workspace_id, node, SUBSCRIPTIONS)


def _put(call: Call, kind: str, name: str, doc: Json) -> None:
    node = wire.node_of(call)
    known = stored.list_all(node.workspace_id, node.id, kind)
    if name not in known and len(known) >= MAX_OF_A_KIND:
        raise Conflict(f"a node defines at most {MAX_OF_A_KIND} of these")
    if len(orjson.dumps(doc)) > MAX_BYTES:
        raise InvalidInput.at("body", f"must have at most {MAX_BYTES} bytes, operators included", "too_long")
    if len(orjson.dumps({**known, name: doc})) > MAX_BYTES_OF_A_KIND:
        raise Conflict(f"a node defines at most {MAX_BYTES_OF_A_KIND} bytes of these")
    stored.put(node.workspace_id, node.id, kind, name, doc)


def _with_operators(described: Json) -> Json:
    return {"operators": vocabulary.OPERATORS[described["type"]], **described}
