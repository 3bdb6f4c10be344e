"""Subscribers, their preferences and their topics."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from chalicelib.core.errors import VersionConflict
from chalicelib.storage.expressions import ABSENT, Row, eq
from chalicelib.storage.item import Item
from chalicelib.storage.table import ConditionFailed, Key, Page, Write
from chalicelib.storage.tables import CHANNELS

GLOBAL = "global"
_ATTEMPTS = 6


@dataclass(kw_only=True)
class Subscriber(Item):
    """Who gets messages; found by the identifier the caller chose. A deleted one stays, to be revived."""

    TABLE, NOUN = CHANNELS, "subscriber"
    PARTITION, SORT = "SBR#{subscriber_id}", "S"

    subscriber_id: str
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    phone: str | None = None
    avatar: str | None = None
    locale: str | None = None
    data: dict[str, Any] | None = None
    channels: list[dict[str, Any]] = field(default_factory=list)
    is_online: bool | None = None
    last_online_at: int = 0
    deleted: bool = False

    def listing(self) -> Key:
        """Say where the row lies that lists this subscriber, in order of creation."""
        return Key(f"{self.workspace_id}#SBRS", self.id)

    def listed(self) -> Write:
        """Give the write that lists it."""
        return Write(CHANNELS, row={**self.listing()._asdict(), "rev": 0, "doc": {"s": self.subscriber_id}})


@dataclass(kw_only=True)
class Topic(Item):
    """A named list of subscribers."""

    TABLE, NOUN = CHANNELS, "topic"
    PARTITION, SORT = "TOPICS", "topic#{key_name}"

    key_name: str
    name: str = ""


def list_subscribers(workspace_id: str, skip: int, limit: int) -> list[Subscriber]:
    """Read a page of subscribers in order of creation."""
    wanted = skip + limit
    names: list[str] = []
    after: Key | None = None
    while len(names) < wanted:
        page = CHANNELS.query(f"{workspace_id}#SBRS", after=after, limit=min(1_000, wanted - len(names)))
        names += [row["doc"]["s"] for row in page.rows]
        after = page.after
        if after is None:
            break
    return get_subscribers(workspace_id, names[skip:wanted])


def get_subscribers(workspace_id: str, names: list[str]) -> list[Subscriber]:
    """Read subscribers by their identifiers, in that order, leaving out those that are not there."""
    keys = [Subscriber.key(workspace_id, subscriber_id=name) for name in names]
    rows = CHANNELS.get_many(keys, consistent=True)
    found = [Subscriber.from_row(rows[key]) for key in keys if key in rows]
    return [one for one in found if not one.deleted]


def page_of_subscribers(workspace_id: str, after: str | None, limit: int) -> tuple[list[str], str | None]:
    """Read identifiers of subscribers after a listing, and where to go on."""
    start = None if after is None else Key(f"{workspace_id}#SBRS", after)
    page = CHANNELS.query(f"{workspace_id}#SBRS", after=start, limit=limit)
    return [row["doc"]["s"] for row in page.rows], None if page.after is None else page.after.sk


def member_rows(workspace_id: str, topic: Topic, subscriber: Subscriber) -> list[Row]:
    """Build the rows that make a subscriber a member of a topic."""
    doc = {"i": subscriber.id, "s": subscriber.subscriber_id, "t": topic.id}
    member, back = member_keys(workspace_id, topic.key_name, subscriber.subscriber_id)
    return [{**key._asdict(), "rev": 0, "doc": doc} for key in (member, back)]


def member_keys(workspace_id: str, topic_key: str, subscriber_id: str) -> tuple[Key, Key]:
    """Say where a membership lies: seen from the topic, and from the subscriber."""
    return (
        Key(f"{workspace_id}#TOPIC#{topic_key}", subscriber_id),
        Key(f"{workspace_id}#SBR#{subscriber_id}", f"T#{topic_key}"),
    )


def page_of_members(workspace_id: str, topic_key: str, after: str | None, limit: int) -> tuple[list[str], str | None]:
    """Read identifiers of a topic's members after one of them, and where to go on."""
    pk = f"{workspace_id}#TOPIC#{topic_key}"
    page: Page = CHANNELS.query(pk, after=None if after is None else Key(pk, after), limit=limit)
    return [row["sk"] for row in page.rows], None if page.after is None else page.after.sk


def members_of(workspace_id: str, topic_key: str) -> list[str]:
    """Read the identifiers of all members of a topic."""
    return [row["sk"] for row in CHANNELS.query_all(f"{workspace_id}#TOPIC#{topic_key}")]


def get_member(workspace_id: str, topic_key: str, subscriber_id: str) -> dict[str, Any] | None:
    """Read a membership, or None."""
    row = CHANNELS.get(member_keys(workspace_id, topic_key, subscriber_id)[0])
    return None if row is None else dict(row["doc"])


def topics_of(workspace_id: str, subscriber_id: str) -> list[str]:
    """List the keys of the topics a subscriber is in."""
    rows = CHANNELS.query_all(f"{workspace_id}#SBR#{subscriber_id}", prefix="T#")
    return [row["sk"].removeprefix("T#") for row in rows]


def get_preferences(workspace_id: str, subscriber_id: str) -> dict[str, dict[str, Any]]:
    """Read what a subscriber set, by workflow id; `global` is for all workflows."""
    rows = CHANNELS.query_all(f"{workspace_id}#SBR#{subscriber_id}", prefix="P#")
    return {row["sk"].removeprefix("P#"): row["doc"] for row in rows}


def change_preference(
    workspace_id: str, subscriber_id: str, level: str, change: Callable[[dict[str, Any]], dict[str, Any]]
) -> dict[str, Any]:
    """Change what a subscriber set for a workflow, or for all, and answer it; what others change meanwhile stays.

    Raises VersionConflict when they keep changing it.
    """
    key = Key(f"{workspace_id}#SBR#{subscriber_id}", f"P#{level}")
    for _ in range(_ATTEMPTS):
        row = CHANNELS.get(key)
        made = change(dict(row["doc"]) if row else {})
        revision, unchanged = (row["rev"] + 1, eq("rev", row["rev"])) if row else (0, ABSENT)
        with suppress(ConditionFailed):
            CHANNELS.put({**key._asdict(), "rev": revision, "doc": made}, unchanged)
            return made
    raise VersionConflict("the preference keeps changing; try again")
