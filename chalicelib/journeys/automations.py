"""Automations: making, showing, replacing, renaming, moving and deleting them."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from chalicelib.core import clock
from chalicelib.core.call import Call
from chalicelib.core.errors import (
    AlreadyExists,
    Conflict,
    Fault,
    InvalidInput,
    NotFound,
    PlatformError,
    VersionConflict,
)
from chalicelib.journeys import counters, graphs, lifecycle, texts, validity, wire
from chalicelib.journeys.graph_schemas import AutomationIn
from chalicelib.journeys.models import automations as stored
from chalicelib.journeys.models.automations import Automation
from chalicelib.journeys.models.nodes import Node
from chalicelib.journeys.rules import lifecycle as rules
from chalicelib.journeys.rules.graph import Graph
from chalicelib.journeys.rules.lifecycle import (
    COMMITTED,
    DRAFT,
    EDITABLE,
    INITIAL,
    RUNNING,
    TO_DELETE,
    Status,
)
from chalicelib.journeys.schemas import when_ms

Json = dict[str, Any]
_ATTEMPTS = 5


class PreconditionFailed(PlatformError):
    """If-Match names an older version of the automation."""

    http_status = 412


def create(call: Call) -> Json:
    """Create an automation. Raises Conflict for a status it cannot begin in, Invalid for a graph that breaks rules."""
    node, body = wire.node_of(call), call.body
    asked = Status(body.status) if body.status else None
    if asked is not None and asked not in INITIAL:
        raise Conflict(f"an automation cannot begin as {asked}", details={"allowed": sorted(INITIAL)})
    head = Automation.new(
        call.workspace_id, id=body.uuid or call.new_id("automation"), by=call.caller.key_id, node=node.id
    )
    _take_over(head, body, call)
    to = rules.meant(None, asked, head.start_at, clock.now_ms())
    content = body.content()
    if to is not DRAFT:
        validity.check(node, head, Graph(content))
    graphs.put(head, content, len(call.raw_body), None)
    head.status, head.started_at = to, clock.now_ms() if to is RUNNING else None
    head.owes = [] if to is DRAFT else [[DRAFT, to]]
    head = _insert(call, head)
    lifecycle.settle(head)
    call.answer_headers |= {"Location": f"/flow/v1/automations/{head.id}", "ETag": head.etag}
    return view(head)


def read(call: Call) -> Json:
    """Read an automation, with what it has counted."""
    return _shown(call, find(call))


def replace(call: Call) -> Json:
    """Replace an automation, and lead it to another status if one is sent; both happen or neither."""
    return _edited(call, _replace_once)


def update(call: Call) -> Json:
    """Rename an automation, lead it to another status, or both; both happen or neither."""
    return _edited(call, _update_once)


def _edited(call: Call, write: Callable[[Call, Node, Automation, bool], None]) -> Json:
    """Write an edit of what the caller has seen; show what came of it."""
    node, removes = wire.node_of(call), wire.flag(call, "removeExpiredCustomers")

    def once(head: Automation) -> None:
        _check_edition(call, head)
        write(call, node, head, removes)

    return _settled(call, _written(call, once))


def delete(call: Call) -> None:
    """Delete an automation; its tokens are erased in the background. Raises Conflict while it runs or is archived."""

    def once(head: Automation) -> None:
        before = head.state
        lifecycle.check(head, TO_DELETE)
        if before is not TO_DELETE:
            lifecycle.move(head, TO_DELETE)
            lifecycle.store(head, before, call.caller.key_id)

    lifecycle.settle(_written(call, once))


def _written(call: Call, once: Callable[[Automation], None]) -> Automation:
    """Change an automation, again on what stands there by then when somebody else got in between."""
    for attempt in range(1, _ATTEMPTS + 1):
        head = find(call)
        try:
            once(head)
        except VersionConflict:
            if attempt == _ATTEMPTS:
                raise
            continue
        return head
    raise AssertionError("unreachable")


def find(call: Call) -> Automation:
    """Find the automation a path names on the node a call names. Raises NotFound."""
    node = wire.node_of(call)
    named = wire.uuid_in_path(call, "automation_uuid")
    head = stored.load(call.workspace_id, node.id, named, fresh=True)
    if head is None:
        raise NotFound(f"the node has no automation {named}")
    return head


# --- how one is shown -----------------------------------------------------------------------------------------------


def view(head: Automation, statistics: Json | None = None) -> Json:
    """Show an automation as a whole."""
    graph = texts.shown(head, head.graph)
    if statistics is None:
        statistics = counters.statistics(head.workspace_id, head.node, [head])[head.id]
    return {
        **brief(head, statistics),
        "author": head.author,
        "timezone": head.timezone,
        "uniqueToken": head.unique_token,
        "removeActionPrimary": head.remove_action_primary,
        "sourceDescription": head.source_description,
        **graph,
    }


def brief(head: Automation, statistics: Json) -> Json:
    """Show an automation in short."""
    return {
        "uuid": head.id,
        "name": head.name,
        "category": head.category,
        "status": head.status,
        "startDate": wire.iso(head.start_at),
        "endDate": wire.iso(head.end_at),
        "created": wire.iso(head.inserted_at),
        "createdBy": head.created_by or "",
        "description": head.description,
        "statistics": statistics,
    }


# --- one change -----------------------------------------------------------------------------------------------------


def _update_once(call: Call, node: Node, head: Automation, removes: bool) -> None:
    before, name, body = head.state, head.name, call.body
    asked = Status(body.status) if body.status else None
    to = rules.meant(before, asked, head.start_at, clock.now_ms()) if asked else before
    lifecycle.check(head, to)
    if body.name is not None:
        if before is TO_DELETE and body.name != name:
            raise Conflict("an automation that is being deleted cannot be renamed")
        head.name = body.name
    if to is not before:
        _check_move(node, head, to, _graph_of(head))
        lifecycle.move(head, to, removes=removes)
    if to is not before or head.name != name:
        lifecycle.store(head, before, call.caller.key_id)


def _replace_once(call: Call, node: Node, head: Automation, removes: bool) -> None:
    before, body = head.state, call.body
    if before not in EDITABLE:
        hint = "; pause it first" if before is RUNNING else ""
        raise Conflict(f"an automation that is {before} cannot be changed{hint}", details={"status": before})
    earlier = _graph_of(head)
    unchanged = copy.deepcopy(head)
    _take_over(head, body, call)
    if head.started_at is not None and head.start_at != unchanged.start_at:
        raise validity.Invalid([Fault("body.startDate", "cannot change after the first run", "DATES")])
    asked = Status(body.status) if body.status else None
    if asked is TO_DELETE:
        raise Conflict("TO_DELETE is not a status to save with; delete the automation instead")
    to = rules.meant(before, asked, head.start_at, clock.now_ms())
    lifecycle.check(head, to)
    content = body.content()
    graph = Graph(content)
    validity.check_occupied(unchanged, earlier, graph)
    _check_move(node, head, to, graph)
    graphs.put(head, content, len(call.raw_body), earlier)
    lifecycle.move(head, to, removes=removes)
    if to is before and to is not DRAFT:
        head.owes = [*head.owes, [before, to]]  # sources and steps may be others now
    try:
        lifecycle.store(head, before, call.caller.key_id)
    except (Conflict, NotFound):
        graphs.remove(head, texts.values_of(head, head.graph))
        raise
    graphs.sweep_up(head)
    stored.release_steps(head, earlier.by_uuid.keys() - graph.by_uuid.keys())


def _check_move(node: Node, head: Automation, to: Status, graph: Graph) -> None:
    before = head.state
    if to is DRAFT and before is COMMITTED and counters.has_entered(head.workspace_id, head.node, head.id):
        raise Conflict("customers have entered this automation, so it cannot become a DRAFT again")
    if rules.needs_valid_graph(before, to):
        validity.check(node, head, graph)


def _take_over(head: Automation, body: AutomationIn, call: Call) -> None:
    head.name, head.category, head.timezone = body.name, body.category, body.timezone
    head.author = body.author if body.author is not None else (head.author or call.caller.key_id)
    head.description, head.source_description = body.description, body.source_description
    head.start_at = None if body.start_date is None else when_ms(body.start_date)
    head.end_at = None if body.end_date is None else when_ms(body.end_date)
    if body.unique_token and not head.unique_token and head.graph_hash:  # one that was stored before
        head.has_unguarded = True
    head.unique_token, head.remove_action_primary = body.unique_token, body.remove_action_primary


def _insert(call: Call, head: Automation) -> Automation:
    """Store a new head; a repeat under the same key finds its own first attempt. Raises AlreadyExists."""
    try:
        head.insert(also=stored.count_write(head, None, head.status))
    except AlreadyExists:
        graphs.remove(head, texts.values_of(head, head.graph))
        if call.idempotency_key is None or call.body.uuid is not None:
            raise AlreadyExists("the node has an automation with this uuid") from None
        first = stored.load(head.workspace_id, head.node, head.id, fresh=True)
        if first is None:
            raise
        return first
    finally:
        stored.forget()
    return head


def _settled(call: Call, head: Automation) -> Json:
    return _shown(call, lifecycle.settle(head))


def _shown(call: Call, head: Automation) -> Json:
    """Show a head, or a newer one when its graph is replaced at this very moment. Raises NotFound when it is gone."""
    for _ in range(_ATTEMPTS):
        try:
            shown = view(head)
        except NotFound:
            head = find(call)
            continue
        call.answer_headers["ETag"] = head.etag
        return shown
    raise VersionConflict("the automation changes too often; read it again")


def _graph_of(head: Automation) -> Graph:
    """Read the graph of a head that is to be changed. Raises VersionConflict when it was replaced meanwhile."""
    try:
        return head.graph
    except NotFound:
        raise VersionConflict("the automation changed meanwhile; read it again") from None


def _check_edition(call: Call, head: Automation) -> None:
    named = call.headers.get("if-match", "").strip()
    if not named or named == "*":
        return
    if len(named) > 200:
        raise InvalidInput.at("header.If-Match", "is no ETag of an automation", "etag")
    if head.etag not in [one.strip().removeprefix("W/") for one in named.split(",")]:
        raise PreconditionFailed("the automation has changed since this version", details={"etag": head.etag})
