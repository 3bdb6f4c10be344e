"""Settings of a node, and how many test mails a caller has sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from chalicelib.core.cache import Cached
from chalicelib.storage.expressions import Change, Missing, lt
from chalicelib.storage.item import Item, Unique
from chalicelib.storage.table import ConditionFailed, Key
from chalicelib.storage.tables import JOURNEYS

AGE_S = 5
_KEEP_S = 86_400
_settings: Cached[dict[str, Setting]] = Cached(AGE_S, size=2_000)


@dataclass(kw_only=True)
class Setting(Item):
    """A connector of a node. `value` is what may be shown; `sealed` holds its secrets, `secrets` their names."""

    TABLE, NOUN = JOURNEYS, "setting"
    PARTITION, SORT = "N#{node}", "setting#{id}"
    UNIQUE = (Unique("type", "N#{node}", "type@{type}"),)

    node: str
    type: str = ""
    category: str = "INTEGRATION"
    label: str | None = None
    value: dict[str, Any] = field(default_factory=dict)
    sealed: str = ""
    secrets: list[str] = field(default_factory=list)


def of_node(workspace_id: str, node: str, *, fresh: bool = False) -> dict[str, Setting]:
    """Read a node's settings by their type, at most 5 s old, or as they are now."""

    def read() -> dict[str, Setting]:
        return {one.type: one for one in Setting.list_all(workspace_id, node=node)}

    return read() if fresh else _settings.get((workspace_id, node), read) or {}


def forget() -> None:
    """Drop what is cached: something was written in this process."""
    _settings.forget()


def count_test(workspace_id: str, key_id: str, hour: int, most: int) -> bool:
    """Count a test mail of a caller in an hour since 1970; False when the hour's are used up."""
    change = Change(add={"n": 1}, put={"exp": hour * 3600 + _KEEP_S})
    try:
        JOURNEYS.update(Key(f"{workspace_id}#TESTS#{key_id}", f"{hour}"), change, Missing("n") | lt("n", most))
    except ConditionFailed:
        return False
    return True
