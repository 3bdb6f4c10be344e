"""The environment and what is set up in it: integrations, groups, layouts, feeds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from chalicelib.storage.expressions import ABSENT, Row, eq
from chalicelib.storage.item import DEPLOYMENT, Item, Unique
from chalicelib.storage.table import Key, Write
from chalicelib.storage.tables import CHANNELS


@dataclass(kw_only=True)
class Environment(Item):
    """A workspace as callers of this surface know it: one organization with one environment."""

    TABLE, NOUN = CHANNELS, "environment"
    PARTITION, SORT = "ENV", "E"

    name: str = "Development"
    organization: str = "Organization"
    branding: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class Integration(Item):
    """An account with a provider. `sealed` holds its credentials; `priority` counts down from the primary's."""

    TABLE, NOUN = CHANNELS, "integration"
    PARTITION, SORT = "INT", "int#{id}"
    UNIQUE = (Unique("identifier", "INT", "identifier@{identifier}"),)

    name: str = ""
    identifier: str = ""
    provider_id: str = ""
    channel: str = ""
    sealed: str = ""
    active: bool = False
    primary: bool = False
    priority: int = 0
    conditions: list[dict[str, Any]] = field(default_factory=list)


@dataclass(kw_only=True)
class Group(Item):
    """A group of workflows."""

    TABLE, NOUN = CHANNELS, "workflow group"
    PARTITION, SORT = "GRP", "grp#{id}"

    name: str = ""


@dataclass(kw_only=True)
class Layout(Item):
    """What stands around the body of e-mails."""

    TABLE, NOUN = CHANNELS, "layout"
    PARTITION, SORT = "LAY", "lay#{id}"
    UNIQUE = (Unique("identifier", "LAY", "identifier@{identifier}"),)

    name: str = ""
    identifier: str = ""
    description: str | None = None
    content: str = ""
    variables: list[dict[str, Any]] = field(default_factory=list)
    is_default: bool = False


@dataclass(kw_only=True)
class Feed(Item):
    """A part of the in-app inbox."""

    TABLE, NOUN = CHANNELS, "feed"
    PARTITION, SORT = "FEED", "feed#{id}"
    UNIQUE = (Unique("name", "FEED", "name@{name}"),)

    name: str = ""


def insert_writes(item: Item) -> list[Write]:
    """Give the writes that store a new item with its names, to be put in a transaction."""
    rows: list[Row] = [{**key._asdict(), "rev": 0, "doc": item.name_doc()} for key in item.name_keys().values()]
    return [item.change_if(ABSENT), *(Write(item.TABLE, ABSENT, row=row) for row in rows)]


def directory_write(environment_id: str, workspace_id: str) -> Write:
    """Give the write that lets calls without a key find the workspace of an environment."""
    return Write(CHANNELS, row={**_directory_key(environment_id)._asdict(), "rev": 0, "doc": {"w": workspace_id}})


def workspace_of(environment_id: str) -> str | None:
    """Find the workspace of an environment, or None."""
    row = CHANNELS.get(_directory_key(environment_id))
    return None if row is None else str(row["doc"]["w"])


def get_order(workspace_id: str, channel: str) -> int:
    """Read how often the order of a channel's integrations has changed."""
    row = CHANNELS.get(_order_key(workspace_id, channel))
    return 0 if row is None else int(row["rev"])


def order_write(workspace_id: str, channel: str, seen: int) -> Write:
    """Give the write that lets only one change of a channel's order happen at a time."""
    row: Row = {**_order_key(workspace_id, channel)._asdict(), "rev": seen + 1, "doc": {}}
    return Write(CHANNELS, ABSENT if seen == 0 else eq("rev", seen), row=row)


def _directory_key(environment_id: str) -> Key:
    return Key(f"{DEPLOYMENT}#ENV#{environment_id}", "E")


def _order_key(workspace_id: str, channel: str) -> Key:
    return Key(f"{workspace_id}#INT", f"order@{channel}")
