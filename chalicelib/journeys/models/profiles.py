"""Profiles kept here, and who wants no messages: one row for each name of a customer."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from chalicelib.core import ids
from chalicelib.core.errors import Unavailable
from chalicelib.journeys.models import nodes
from chalicelib.storage.expressions import ABSENT, Change, eq
from chalicelib.storage.table import ConditionFailed, Key
from chalicelib.storage.tables import JOURNEYS

Json = dict[str, Any]
SHARDS = 32
_ATTEMPTS = 8


def key(workspace_id: str, node: str, name: str) -> Key:
    """Say where a profile lies."""
    return Key(f"{nodes.partition(workspace_id, node)}#PRO#{_shard(name)}", name)


def read(workspace_id: str, node: str, names: Iterable[str]) -> Json:
    """Read the profile of a customer, by the strongest name there is one for."""
    wanted = [key(workspace_id, node, name) for name in names]
    rows = JOURNEYS.get_many(wanted, consistent=True)
    return next((dict(rows[where]["doc"]) for where in wanted if where in rows), {})


def change(workspace_id: str, node: str, names: Sequence[str], how: Callable[[Json], Json]) -> None:
    """Change the profile of a customer, by the strongest name there is one for. Raises what `how` raises."""
    wanted = [key(workspace_id, node, name) for name in names]
    for _ in range(_ATTEMPTS):
        rows = JOURNEYS.get_many(wanted, consistent=True)
        where = next((one for one in wanted if one in rows), wanted[0])
        before = dict(rows[where]["doc"]) if where in rows else {}
        after = how(before)
        if where in rows and after == before:
            return
        condition = eq("rev", rows[where]["rev"]) if where in rows else ABSENT
        try:
            JOURNEYS.update(where, Change(put={"doc": after, "rev": ids.new_worker_id()}), condition)
            return
        except ConditionFailed:
            continue
    raise Unavailable("the profile changed too often meanwhile")


def remove(workspace_id: str, node: str, names: Iterable[str]) -> None:
    """Remove the profiles under these names."""
    JOURNEYS.write_many(deletes=[key(workspace_id, node, name) for name in names])


# --- who wants no messages ------------------------------------------------------------------------------------------


def block_key(workspace_id: str, node: str, name: str) -> Key:
    """Say where it stands that nothing may be sent to an address or number."""
    return Key(f"{nodes.partition(workspace_id, node)}#BLOCK#{_shard(name)}", name)


def block(workspace_id: str, node: str, name: str, why: str, at_ms: int) -> None:
    """Remember that nothing may be sent to an address or number any more, and why."""
    JOURNEYS.put({**block_key(workspace_id, node, name)._asdict(), "why": why, "at": at_ms})


def is_blocked(workspace_id: str, node: str, name: str) -> bool:
    """Say whether nothing may be sent to an address or number."""
    return JOURNEYS.get(block_key(workspace_id, node, name), consistent=False) is not None


def partitions(workspace_id: str, node: str) -> list[str]:
    """Name every partition of a node's profiles and blocks: a few, so that a node can be erased."""
    base = nodes.partition(workspace_id, node)
    return [f"{base}#{kind}#{shard}" for kind in ("PRO", "BLOCK") for shard in range(SHARDS)]


def _shard(name: str) -> int:
    return zlib.crc32(name.encode()) % SHARDS
