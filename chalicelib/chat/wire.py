"""How this surface answers and asks: statuses, pages, times, dotted query parameters."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from chalicelib.core import clock, paging
from chalicelib.core.call import Call, usable_text
from chalicelib.core.errors import InvalidInput
from chalicelib.edge.route import Answer

PAGE = 20
Does = Callable[[Call], Any]
Json = dict[str, Any]


def created(does: Does) -> Does:
    """Answer 201 with what a function gives."""

    @functools.wraps(does)
    def answer(call: Call) -> Answer:
        return Answer(does(call), 201, call.answer_headers)

    return answer


def iso(at_ms: int) -> str:
    """Render a time."""
    return clock.iso_ms(at_ms)


def after(call: Call, workspace_id: str, *scope: str) -> str | None:
    """Read where a list goes on. Raises InvalidInput (InvalidQuery) for a token of another list."""
    token = call.query.get("nextToken")
    if not token:
        return None
    where = "query.nextToken"
    return str(paging.open_token(workspace_id, call.operation, repr(scope), token, where=where))


def meta(call: Call, workspace_id: str, position: str | None, *scope: str) -> Json:
    """Say where the list goes on, with the scope `after` was given."""
    if position is None:
        return {}
    return {"nextToken": paging.seal(workspace_id, call.operation, repr(scope), position)}


def filters(call: Call, name: str) -> dict[str, str]:
    """Read `name.key=value` and `name[key]=value`, and no other form; the key may hold dots and colons.

    Raises InvalidInput (InvalidQuery).
    """
    found: dict[str, str] = {}
    for sent, values in call.query_lists.items():
        key = None
        if sent == name:
            raise InvalidInput.at(f"query.{name}", f"must be written {name}.key=value", "form")
        if sent.startswith(f"{name}."):
            key = sent[len(name) + 1 :]
        elif sent.startswith(f"{name}[") and sent.endswith("]"):
            key = sent[len(name) + 1 : -1]
        if key is None:
            continue
        usable_text(key, f"query.{name}")
        if len(values) != 1:
            raise InvalidInput.at(f"query.{sent}", "may be given once", "repeated")
        found[key] = values[0]
    return found
