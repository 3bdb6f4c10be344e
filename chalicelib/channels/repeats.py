"""Calls repeated under their idempotency key after the first run fell: what that one made is not made again."""

from __future__ import annotations

from typing import TypeVar

from chalicelib.core.call import Call
from chalicelib.storage.item import Item

Made = TypeVar("Made", bound=Item)


def made_before(call: Call, kind: type[Made], identifier: str) -> Made | None:
    """Find what an earlier run of this call stored under the id that each of its runs mints; None in a first one."""
    return kind.get(call.workspace_id, id=identifier) if call.idempotency_key is not None else None
