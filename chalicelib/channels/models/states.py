"""Browser flows under way: each is named by an unguessable state, used once, for ten minutes."""

from __future__ import annotations

from typing import Any

from chalicelib.core import clock, ids
from chalicelib.storage.expressions import PRESENT
from chalicelib.storage.item import DEPLOYMENT
from chalicelib.storage.table import ConditionFailed, Key
from chalicelib.storage.tables import CHANNELS

LIFE_S = 600


def put_state(doc: dict[str, Any]) -> str:
    """Store a flow and give its state."""
    state = ids.secret_text(32)
    CHANNELS.put({**_key(state)._asdict(), "rev": 0, "doc": doc, "exp": clock.now_s() + LIFE_S})
    return state


def use_state(state: str) -> dict[str, Any] | None:
    """Take a flow out, once; None when there is none, it was used, or its time is over."""
    row = CHANNELS.get(_key(state)) if len(state) <= 100 else None
    if row is None or row["exp"] <= clock.now_s():
        return None
    try:
        CHANNELS.delete(_key(state), PRESENT)
    except ConditionFailed:
        return None
    return dict(row["doc"])


def _key(state: str) -> Key:
    return Key(f"{DEPLOYMENT}#STATE#{state}", "S")
