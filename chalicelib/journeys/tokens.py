"""Tokens as callers see them: one, and the search."""

from __future__ import annotations

from typing import Any

import orjson

from chalicelib.core import paging
from chalicelib.core.call import Call
from chalicelib.core.errors import InvalidInput, NotFound
from chalicelib.journeys import listings, wire
from chalicelib.journeys.listings import OFFSET_MOST, Filter
from chalicelib.journeys.models import automations, tokens
from chalicelib.journeys.models.automations import Automation
from chalicelib.journeys.models.nodes import Node
from chalicelib.journeys.rules.entry import normal_email
from chalicelib.journeys.rules.tokens import Group
from chalicelib.journeys.token_views import view
from chalicelib.storage.expressions import Row
from chalicelib.storage.tables import JOURNEYS

Json = dict[str, Any]
SEARCH = "searchTokens"
SORTS = ("automationUuid", "clabUuid", "recipient", "stepUuid", "status")
FILTERS = ("automationUuid", "stepUuid", "clabUuid", "recipient", "aggregatedStatus")
MAX_SIZE = 1_000
MAX_ANSWER_BYTES = 5_500_000  # a function's answer may have 6 MB
COMPACT = ("uuid", "clabUuid", "recipient", "automationUuid", "stepUuid", "status", "enterStepDate")


def read(call: Call) -> Json:
    """Read a token. Raises NotFound."""
    node = wire.node_of(call)
    uuid = wire.uuid_in_path(call, "token_uuid")
    row = JOURNEYS.get(tokens.key(call.workspace_id, node.id, uuid))
    head = None if row is None else automations.load(call.workspace_id, node.id, row["a"], fresh=True)
    if row is None or head is None:
        raise NotFound(f"the node has no token {uuid}")
    return view(row, head)


def search(call: Call) -> Json:
    """Search tokens, the newest entry first, or ordered by a field where a filter leaves at most 10,000."""
    node = wire.node_of(call)
    size, page = wire.number(call, "size", 20, 1, MAX_SIZE), wire.number(call, "page", 0, 0, 999_999_999)
    sort, heads = _sort_of(call), heads_of(call, node)
    wanted = filter_of(call, node, heads)
    query = "&".join(f"{name}={call.query.get(name, '')}" for name in FILTERS)
    if cursor := call.query.get("cursor"):
        below = paging.open_token(call.workspace_id, SEARCH, query, cursor)
        found, page = listings.find(wanted, size, below), 0
    elif (page + 1) * size > OFFSET_MOST:
        hint = f"pages reach {OFFSET_MOST} tokens; go on with cursor, the value of page.next"
        raise InvalidInput.at("query.page", hint, "too_far")
    elif sort is not None:
        found = _sorted(wanted, sort, page, size)
    else:
        found = listings.find(wanted, size, skip=page * size)
    total = listings.count(wanted)
    next_ = None if found.after is None else paging.seal(call.workspace_id, SEARCH, query, found.after)
    described: Json = {"size": size, "number": page, "next": next_}
    if total is not None:
        described |= {"totalElements": total, "totalPages": -(-total // size)}
    is_compact = call.query.get("style") == "compact"
    shown = [view(row, heads[row["a"]]) for row in found.rows]
    if is_compact:
        shown = [{name: one[name] for name in COMPACT if name in one} for one in shown]
    if len(shown) > 1 and (bytes_ := len(orjson.dumps(shown))) > MAX_ANSWER_BYTES:
        hint = f"this page would have {bytes_} bytes; ask for fewer tokens, or with style=compact"
        raise InvalidInput.at("query.size", hint, "too_long")
    return {"page": described, "elements": shown}


def filter_of(call: Call, node: Node, heads: dict[str, Automation]) -> Filter:
    """Read what is looked for. Raises InvalidInput."""
    names = []
    if clab := wire.text(call, "clabUuid"):
        names.append(f"clab:{clab.lower()}")
    if recipient := wire.text(call, "recipient", 320):
        names.append(f"mail:{normal_email(recipient) or recipient.strip().lower()}")
    group = call.query.get("aggregatedStatus") or None
    if group is not None and group not in ("RUNNING", "COMPLETED", "ERROR"):
        raise InvalidInput.at("query.aggregatedStatus", "must be one of RUNNING, COMPLETED, ERROR", "enum")
    step, automation = wire.uuid(call, "stepUuid"), wire.uuid(call, "automationUuid")
    chosen = tuple(uuid for uuid in heads if automation in (None, uuid))
    return Filter(call.workspace_id, node.id, chosen, tuple(names), step, Group(group) if group else None)


def heads_of(call: Call, node: Node) -> dict[str, Automation]:
    """Read the automations that the search may be about: those of the step or automation named, else all."""
    if named := wire.uuid(call, "automationUuid"):
        head = automations.load(call.workspace_id, node.id, named, fresh=True)
        return {} if head is None else {head.id: head}
    if step := wire.uuid(call, "stepUuid"):
        owner = tokens.automation_of_step(call.workspace_id, node.id, step)
        if owner is not None:
            head = automations.load(call.workspace_id, node.id, owner, fresh=True)
            return {} if head is None else {head.id: head}
    return {head.id: head for head in automations.list_all(call.workspace_id, node.id)}


def _sort_of(call: Call) -> tuple[str, bool] | None:
    text = call.query.get("sort")
    if not text or call.query.get("cursor"):
        return None
    name, comma, direction = text.partition(",")
    if name not in SORTS or (comma and direction not in ("asc", "desc")):
        raise InvalidInput.at("query.sort", f"must be one of {', '.join(SORTS)}, then ,asc or ,desc", "sort")
    return name, direction == "desc"


def _sorted(wanted: Filter, sort: tuple[str, bool], page: int, size: int) -> listings.Found:
    """Order everything that is looked for. Raises InvalidInput when that is too much."""
    found = listings.find(wanted, OFFSET_MOST)
    if found.after is not None:
        hint = f"needs a filter that leaves at most {OFFSET_MOST} tokens"
        raise InvalidInput.at("query.sort", hint, "too_many")
    name, is_down = sort
    ordered = sorted(found.rows, key=lambda row: _field(row, name), reverse=is_down)
    return listings.Found(ordered[page * size : (page + 1) * size])


def _field(row: Row, name: str) -> str:
    match name:
        case "automationUuid":
            return str(row["a"])
        case "stepUuid":
            return str(row["s"])
        case "status":
            return str(row["st"])
        case "clabUuid":
            return str(row["who"].get("clab", ""))
    return str(row["who"].get("mail", ""))
