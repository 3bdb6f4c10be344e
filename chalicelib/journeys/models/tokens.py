"""Tokens: where each lies, where it is listed, and who it is about.

A token is one row. Around it lie rows that only lead to it and may be late or stale: its place in the list of its
automation, one row for each name of its customer, a marker while it is parked. Whoever follows one reads the token and
believes that. The guard of `uniqueToken` alone changes in the same transaction as the token.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from typing import Any

from chalicelib.core import ids
from chalicelib.durable import leases
from chalicelib.journeys.models import nodes
from chalicelib.journeys.rules.entry import Identity
from chalicelib.journeys.rules.tokens import Group, Status, group_of
from chalicelib.storage.expressions import Row
from chalicelib.storage.table import Key, Page
from chalicelib.storage.tables import JOURNEYS

DUE = "token"
SHARDS = 4
GROUPS = tuple(Group)
_MAX_SK = "~"


def key(workspace_id: str, node: str, token: str) -> Key:
    """Say where a token lies."""
    return Key(f"{nodes.partition(workspace_id, node)}#TOK#{token}", "T")


def parts_of(pk: str) -> tuple[str, str, str]:
    """Read workspace, node and token out of a token's partition."""
    workspace_id, _, rest = pk.partition("#N#")
    node, _, token = rest.partition("#TOK#")
    return workspace_id, node, token


def message(pk: str, _sk: str) -> dict[str, Any]:
    """Make the message that moves a token on, out of its key."""
    workspace_id, node, token = parts_of(pk)
    return {"w": workspace_id, "n": node, "t": token}


def new_row(
    workspace_id: str,
    node: str,
    token: str,
    automation: str,
    step: str,
    now_ms: int,
    identity: Identity,
    doc: Mapping[str, Any],
) -> Row:
    """Build a token that stands before its first step.

    `doc` holds what is not asked for by conditions: `attributes`, `event` (the one that let it in), `source`.
    """
    names = {"clab": identity.clab_uuid, "pk": identity.user_pk, "mail": identity.email, "tel": identity.phone}
    return {
        **key(workspace_id, node, token)._asdict(),
        "st": Status.READY.value,
        "a": automation,
        "s": step,
        "v": 1,
        "seq": 0,
        "fence": 0,
        "until": leases.FREE,
        "at": now_ms,
        "ne": now_ms,
        "se": now_ms,
        "who": {kind: value for kind, value in names.items() if value},
        "doc": dict(doc),
    }


def identity_of(row: Row) -> Identity:
    """Read whose a token is."""
    who = row["who"]
    return Identity(who.get("clab"), who.get("pk"), who.get("mail"), who.get("tel"))


def get_many(workspace_id: str, node: str, tokens: Iterable[str], *, consistent: bool = False) -> dict[str, Row]:
    """Read tokens by uuid; those that are gone are left out."""
    keys = {key(workspace_id, node, token): token for token in tokens}
    return {keys[where]: row for where, row in JOURNEYS.get_many(keys, consistent=consistent).items()}


def shard_of(token: str) -> int:
    """Say in which part of its automation's lists a token stands."""
    return zlib.crc32(token.encode()) % SHARDS


# --- lists --------------------------------------------------------------------------------------------------------


def place_of(at_ms: int, token: str) -> str:
    """Give the sort key of a token in lists: by entry, then uuid."""
    return f"{at_ms:013d}#{token}"


def token_of(place: str) -> tuple[int, str]:
    """Read entry and uuid out of a place."""
    at, _, token = place.partition("#")
    return int(at), token


def list_partition(workspace_id: str, node: str, automation: str, group: Group, shard: int) -> str:
    """Name a part of the list of an automation's tokens in one group."""
    return f"{nodes.partition(workspace_id, node)}#LST#{automation}#{group.value}#{shard}"


def list_key(row: Row, group: Group | None = None) -> Key:
    """Say where a token is listed: by its state, or where it would stand in another group."""
    workspace_id, node, token = parts_of(row["pk"])
    partition = list_partition(workspace_id, node, row["a"], group or group_of(row["st"]), shard_of(token))
    return Key(partition, place_of(row["at"], token))


def listed(partition: str, below: str | None, limit: int) -> Page:
    """Read a page of a part of a list, the newest first; `below` is the place it goes on from."""
    between = None if below is None else ("0", _before(below))
    return JOURNEYS.query(partition, between=between, limit=limit, newest_first=True, consistent=False)


def _before(place: str) -> str:
    """Give the last text that sorts before a place; uuids hold no character below a space."""
    return place[:-1] + chr(ord(place[-1]) - 1) + _MAX_SK


def automation_of_step(workspace_id: str, node: str, step: str) -> str | None:
    """Say which automation a step belongs to, or None when it is not known."""
    row = JOURNEYS.get(Key(f"{nodes.partition(workspace_id, node)}#STEPS", step))
    return None if row is None else str(row["doc"]["a"])


# --- names --------------------------------------------------------------------------------------------------------


def name_partition(workspace_id: str, node: str, name: str) -> str:
    """Name the partition of the tokens of a customer, by one of the names they go by."""
    return f"{nodes.partition(workspace_id, node)}#WHO#{name}"


def name_rows(row: Row) -> list[Row]:
    """Build the rows that lead from a customer's names to a token; `end` marks one that has ended."""
    workspace_id, node, token = parts_of(row["pk"])
    made = []
    for name in identity_of(row).names():
        where = Key(name_partition(workspace_id, node, name), place_of(row["at"], token))
        ended = {} if group_of(row["st"]) is Group.RUNNING else {"end": group_of(row["st"]).value}
        made.append({**where._asdict(), "a": row["a"], **ended})
    return made


def beside(row: Row) -> list[Row]:
    """Build every row that leads to a token as it stands."""
    return [{**list_key(row)._asdict()}, *name_rows(row)]


# --- guards and markers ---------------------------------------------------------------------------------------------


def guard_key(workspace_id: str, node: str, automation: str, customer_key: str) -> Key:
    """Say where it stands that a customer has a token in flight in an automation."""
    return Key(f"{nodes.partition(workspace_id, node)}#UNIQ#{automation}#{customer_key}", "U")


def guard_of(row: Row) -> Key:
    """Say where a token's own guard stands."""
    workspace_id, node, _ = parts_of(row["pk"])
    return guard_key(workspace_id, node, row["a"], identity_of(row).key)


def park_partition(workspace_id: str, node: str, automation: str, shard: int) -> str:
    """Name a part of the markers of an automation's parked tokens."""
    return f"{nodes.partition(workspace_id, node)}#PARK#{automation}#{shard}"


def park_row(row: Row) -> Row:
    """Build the marker of a parked token; every parking has one of its own, so that removing one loses no other."""
    workspace_id, node, token = parts_of(row["pk"])
    partition = park_partition(workspace_id, node, row["a"], shard_of(token))
    return {"pk": partition, "sk": f"{token}#{ids.secret_text(6)}"}
