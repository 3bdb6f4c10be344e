"""How this surface asks and answers: the Node header, pages, statuses, values of the query."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from chalicelib.core import clock, ids
from chalicelib.core.call import Call
from chalicelib.core.errors import Forbidden, InvalidInput, NotFound
from chalicelib.edge.route import Answer, raw_answer
from chalicelib.journeys.models import nodes
from chalicelib.journeys.models.nodes import Node
from chalicelib.journeys.schemas import when_ms

Does = Callable[[Call], Any]
MAX_SIZE, DEFAULT_SIZE = 100, 20


def node_of(call: Call) -> Node:
    """Find the node a call names. Raises InvalidInput without one, Forbidden when it is not open to the caller."""
    named = call.headers.get("node", "").strip()
    if not ids.is_uuid(named):
        raise InvalidInput.at("header.Node", "must name a node by its UUID", "missing" if not named else "uuid")
    node = nodes.load(call.workspace_id, named.lower())
    if node is None:
        raise Forbidden("no such node is open to this caller")
    if not node.active:
        raise Forbidden("this node is disabled")
    return node


def uuid_in_path(call: Call, name: str) -> str:
    """Read a UUID of the path. Raises NotFound for what is none: nothing has such a name."""
    value = call.path[name]
    if not ids.is_uuid(value):
        raise NotFound(f"there is nothing called {value[:80]}")
    return value.lower()


def created(does: Does) -> Does:
    """Answer 201."""

    @functools.wraps(does)
    def answer(call: Call) -> Answer:
        return Answer(does(call), 201, call.answer_headers)

    return answer


def nothing(does: Does) -> Does:
    """Answer 204 without a body."""

    @functools.wraps(does)
    def answer(call: Call) -> Answer:
        does(call)
        return raw_answer("", 204, call.answer_headers)

    return answer


def shown(names: dict[str, str], item: Any) -> dict[str, Any]:
    """Show fields of an item under their wire names; what has no value is left out."""
    values = {wire: getattr(item, name) for name, wire in names.items()}
    return {wire: value for wire, value in values.items() if value is not None}


def iso(at_ms: int | None) -> str | None:
    """Render a time, None for none."""
    return None if at_ms is None else clock.iso_ms(at_ms)


# --- the query ------------------------------------------------------------------------------------------------------


def number(call: Call, name: str, default: int, low: int, high: int) -> int:
    """Read a whole number of the query. Raises InvalidInput outside its range."""
    text = call.query.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdecimal() or len(text) > 9 or not low <= int(text) <= high:
        raise InvalidInput.at(f"query.{name}", f"must be a whole number from {low} to {high}", "range")
    return int(text)


def paging(call: Call) -> tuple[int, int]:
    """Read page and size."""
    return number(call, "page", 0, 0, 999_999_999), number(call, "size", DEFAULT_SIZE, 1, MAX_SIZE)


def page_of(call: Call, found: Sequence[Any], total: int) -> tuple[list[Any], dict[str, Any]]:
    """Cut a list to the page that was asked for; give it with its page object. `total` counts without filters."""
    page, size = paging(call)
    described = {
        "size": size,
        "number": page,
        "totalElements": len(found),
        "totalUnfilteredElements": total,
        "totalPages": -(-len(found) // size),
    }
    return list(found[page * size : (page + 1) * size]), described


def flag(call: Call, name: str) -> bool:
    """Read a yes or no of the query, no when it is absent. Raises InvalidInput."""
    text = call.query.get(name, "false").lower()
    if text not in ("true", "false"):
        raise InvalidInput.at(f"query.{name}", "must be true or false", "type")
    return text == "true"


def uuid(call: Call, name: str) -> str | None:
    """Read a UUID of the query. Raises InvalidInput."""
    text = call.query.get(name)
    if text is None:
        return None
    if not ids.is_uuid(text):
        raise InvalidInput.at(f"query.{name}", "must be a UUID", "uuid")
    return text.lower()


def text(call: Call, name: str, longest: int = 200) -> str | None:
    """Read a text of the query, None when it is absent or empty. Raises InvalidInput when it is too long."""
    value = call.query.get(name)
    if not value:
        return None
    if len(value) > longest:
        raise InvalidInput.at(f"query.{name}", f"must have at most {longest} characters", "length")
    return value


def many(call: Call, name: str, allowed: Sequence[str]) -> frozenset[str]:
    """Read a parameter that may be repeated, each time one of some words. Raises InvalidInput for any other."""
    values = frozenset(value for value in call.query_lists.get(name, ()) if value)
    if strange := sorted(values - frozenset(allowed)):
        raise InvalidInput.at(f"query.{name}", f"{strange[0][:80]} is none of {', '.join(allowed)}", "enum")
    return values


def time_ms(call: Call, name: str) -> int | None:
    """Read a time of the query. Raises InvalidInput."""
    value = call.query.get(name)
    if value is None:
        return None
    try:
        return when_ms(value.replace(" ", "+"))  # a plus sign that nobody quoted
    except ValueError as error:
        raise InvalidInput.at(f"query.{name}", str(error), "date-time") from None
