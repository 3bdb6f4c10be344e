"""Integrations: every version is an item; those of one name share an icon; public ones stand in the hub."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from chalicelib.core import clock, ids
from chalicelib.core.errors import AlreadyExists, VersionConflict
from chalicelib.storage.expressions import ABSENT, PRESENT, eq
from chalicelib.storage.item import DEPLOYMENT, Item
from chalicelib.storage.table import Key, TransactionFailed, Write, transact
from chalicelib.storage.tables import CHAT


@dataclass(kw_only=True)
class Integration(Item):
    """One version of an integration. `sealed` holds its signing secret; `code` and `readme` name blobs.

    `tags` are those it declares on users, name to definition. Channels hold `tags` (kind to name to definition),
    `creation` of conversations, and the schemas of their messages.
    """

    TABLE, NOUN = CHAT, "integration"
    PARTITION, SORT = "INT#{id}", "I"

    name: str
    version: str
    dev: bool = False
    public: bool = False
    url: str | None = None
    title: str = ""
    description: str = ""
    channels: dict[str, Any] = field(default_factory=dict)
    states: dict[str, Any] = field(default_factory=dict)
    events: dict[str, Any] = field(default_factory=dict)
    actions: dict[str, Any] = field(default_factory=dict)
    tags: dict[str, Any] = field(default_factory=dict)
    creation: dict[str, Any] = field(default_factory=lambda: {"enabled": False, "requiredTags": []})
    configuration_schema: dict[str, Any] | None = None
    code: str | None = None
    runs_code: bool = False
    readme: str | None = None
    sealed: str = ""

    def listing(self) -> Key:
        """Say where the row lies that lists this version, in order of creation."""
        return Key(f"{self.workspace_id}#INTS", self.id)

    def name_row(self) -> Key:
        """Say where the row lies that guards name and version."""
        return Key(f"{self.workspace_id}#INTN#{self.name}", f"v#{self.version}")

    def summary(self) -> dict[str, Any]:
        """Give what lists need to choose by."""
        return {"n": self.name, "v": self.version, "id": self.id, "w": self.workspace_id}

    def hub_keys(self) -> list[Key]:
        """Say where a public version stands in the hub: by id, in the list, by name and version."""
        return [
            _hub(self.id),
            Key(f"{DEPLOYMENT}#HUB", self.id),
            Key(f"{DEPLOYMENT}#HUBN#{self.name}", f"v#{self.version}"),
        ]

    def hub_writes(self) -> list[Write]:
        """Give the writes that put a version in the hub; its name must be free there, or its workspace's own."""
        rows = [{**key._asdict(), "rev": 0, "doc": self.summary()} for key in self.hub_keys()]
        own = {**_hub_owner(self.name)._asdict(), "rev": 0, "w": self.workspace_id, "doc": {}}
        claim = Write(CHAT, ABSENT | eq("w", self.workspace_id), row=own)
        return [claim, *(Write(CHAT, row=row) for row in rows)]

    def create(self, also: Sequence[Write] = ()) -> None:
        """Store a new version, all of `also` with it. Raises AlreadyExists when its name is taken, or in the hub."""
        guard = {**self.name_row()._asdict(), "rev": 0, "doc": self.summary()}
        listed = {**self.listing()._asdict(), "rev": 0, "doc": self.summary()}
        writes = [Write(CHAT, ABSENT, row=guard), self.change_if(ABSENT), Write(CHAT, row=listed), *also]
        if self.public:
            writes += self.hub_writes()
        try:
            transact(writes, ids.secret_text(24))
        except TransactionFailed as failed:
            if min(failed.failed) < 2:
                raise AlreadyExists(f"version {self.version} of {self.name} exists") from None
            raise AlreadyExists(f"the public name {self.name} belongs to somebody else") from None

    def change(self, was_public: bool) -> None:
        """Store the changed version, and move it in or out of the hub. Raises VersionConflict, AlreadyExists."""
        also: Sequence[Write] = ()
        if self.public:
            also = self.hub_writes()
        elif was_public:
            also = [Write(CHAT, key=key) for key in self.hub_keys()]
        seen, self.revision, self.updated_at = self.revision, self.revision + 1, clock.now_ms()
        try:
            transact([self.change_if(PRESENT & eq("rev", seen)), *also], ids.secret_text(24))
        except TransactionFailed as failed:
            if 0 in failed.failed:
                raise VersionConflict("the integration changed meanwhile; try again") from None
            raise AlreadyExists(f"the public name {self.name} belongs to somebody else") from None

    def erase(self) -> bool:
        """Delete the version; False when it is gone already."""
        keys = [self.listing(), self.name_row(), *(self.hub_keys() if self.public else ())]
        try:
            transact(
                [Write(CHAT, PRESENT, key=self.own_key()), *(Write(CHAT, key=key) for key in keys)], ids.secret_text(24)
            )
        except TransactionFailed:
            return False
        return True


def find_public(integration_id: str) -> Integration | None:
    """Read a public version by id, whosever it is; None when there is none."""
    row = CHAT.get(_hub(integration_id)) if integration_id else None
    return None if row is None else Integration.get(row["doc"]["w"], id=integration_id)


def versions_of(workspace_id: str, name: str) -> list[dict[str, Any]]:
    """List the versions of a name in a workspace: id `id`, version `v`, workspace `w`."""
    return [row["doc"] for row in CHAT.query_all(f"{workspace_id}#INTN#{name}", prefix="v#")]


def public_versions_of(name: str) -> list[dict[str, Any]]:
    """List the public versions of a name."""
    return [row["doc"] for row in CHAT.query_all(f"{DEPLOYMENT}#HUBN#{name}", prefix="v#")]


def listed(workspace_id: str, after: str | None, limit: int) -> tuple[list[dict[str, Any]], str | None]:
    """Read a page of a workspace's versions, the newest first, and after which to go on."""
    return _page(f"{workspace_id}#INTS", after, limit)


def listed_public(after: str | None, limit: int) -> tuple[list[dict[str, Any]], str | None]:
    """Read a page of the hub, the newest first, and after which to go on."""
    return _page(f"{DEPLOYMENT}#HUB", after, limit)


def integration_ids(workspace_id: str) -> list[str]:
    """List the ids of a workspace's integrations."""
    return [row["sk"] for row in CHAT.query_all(f"{workspace_id}#INTS")]


def get_many(summaries: Sequence[dict[str, Any]]) -> list[Integration]:
    """Read versions by what lists say of them, in that order, leaving out those that are gone."""
    keys = [Integration.key(one["w"], id=one["id"]) for one in summaries]
    rows = CHAT.get_many(keys, consistent=True)
    return [Integration.from_row(rows[key]) for key in keys if key in rows]


def _page(pk: str, after: str | None, limit: int) -> tuple[list[dict[str, Any]], str | None]:
    page = CHAT.query(pk, after=None if after is None else Key(pk, after), limit=limit, newest_first=True)
    return [row["doc"] for row in page.rows], None if page.after is None else page.after.sk


def _hub(integration_id: str) -> Key:
    return Key(f"{DEPLOYMENT}#HUBI#{integration_id}", "I")


def _hub_owner(name: str) -> Key:
    return Key(f"{DEPLOYMENT}#HUBN#{name}", "owner")
