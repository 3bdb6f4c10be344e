"""What is stored of identity, and every query under a name."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any, Self

from chalicelib.storage.expressions import ABSENT, Change, Row
from chalicelib.storage.item import DEPLOYMENT, Item, Unique
from chalicelib.storage.table import ConditionFailed, Key, Write
from chalicelib.storage.tables import IDENTITY

PAGE = 25


@dataclass(kw_only=True)
class User(Item):
    """An end user of the platform: our `id`, and the identifier the platform chose, `user_id`."""

    TABLE, NOUN = IDENTITY, "user"
    PARTITION, SORT = "U#{id}", "U"
    UNIQUE = (Unique("user_id", "UID#{user_id}", "U"), Unique("email", "EMAIL#{email_key}", "U"))

    user_id: str = ""
    email: str | None = None
    name: str | None = None

    @property
    def email_key(self) -> str:
        """Spell the address so that its case makes no second user."""
        return (self.email or "").lower()


@dataclass(kw_only=True)
class Group(Item):
    """A named set of users, each with a role."""

    TABLE, NOUN = IDENTITY, "group"
    PARTITION, SORT = "GRPS", "group#{id}"
    UNIQUE = (Unique("name", "GRPS", "name@{name_key}"),)

    name: str = ""
    source: str = "local"
    authorization: dict[str, Any] = field(default_factory=dict)

    @property
    def name_key(self) -> str:
        """Spell the name so that a key can hold it."""
        return _spelled(self.name)

    @classmethod
    def get_named(cls, workspace_id: str, field: str, **parts: str) -> Self | None:
        """Read a group by its name, or None."""
        return super().get_named(workspace_id, field, name_key=_spelled(parts["name"]))


@dataclass(kw_only=True)
class Membership(Item):
    """A user in a group; its id is the user's. A second row leads to it from the user."""

    TABLE, NOUN = IDENTITY, "membership"
    PARTITION, SORT = "GRP#{group_id}", "member#{id}"
    UNIQUE = (Unique("id", "GU#{id}", "group#{group_id}"),)

    group_id: str
    role: str = ""

    @property
    def user_id(self) -> str:
        """The minted id of the user."""
        return self.id

    def name_doc(self) -> dict[str, Any]:
        """Let the user lead to the group."""
        return {"id": self.id, "group_id": self.group_id}


def some_members(workspace_id: str, group_id: str) -> list[Membership]:
    """List a page of a group's memberships."""
    rows = IDENTITY.query(f"{workspace_id}#GRP#{group_id}", limit=PAGE).rows
    return [Membership.from_row(row) for row in rows]


def some_memberships(workspace_id: str, user_id: str) -> list[Membership]:
    """List a page of a user's memberships."""
    rows = IDENTITY.query(f"{workspace_id}#GU#{user_id}", limit=PAGE).rows
    return [Membership.new(workspace_id, id=user_id, group_id=row["doc"]["group_id"]) for row in rows]


def drop_memberships(memberships: list[Membership]) -> None:
    """Delete memberships with the rows that lead to them; those that are gone are no error."""
    keys = [key for one in memberships for key in (one.own_key(), *one.name_keys().values())]
    IDENTITY.write_many(deletes=keys)


def _spelled(name: str) -> str:
    """Spell a name for a key, whose limit is 1,024 bytes."""
    return name if len(name.encode()) <= 400 else hashlib.sha256(name.encode()).hexdigest()


@dataclass(kw_only=True)
class ApiKey(Item):
    """A key as it is listed. `hashes` maps the HMAC of each text that still opens to when it ends (ms, 0: never)."""

    TABLE, NOUN = IDENTITY, "API key"
    PARTITION, SORT = "KEYS", "key#{id}"

    name: str = ""
    last4: str = ""
    scopes: list[str] = field(default_factory=list)
    expires_at: int = 0
    hashes: dict[str, int] = field(default_factory=dict)
    subject: str | None = None  # the one bot or integration it may act as
    limits: dict[str, int] = field(default_factory=dict)  # of its own: requests a second by kind


def key_row(hashed: str) -> Key:
    """Say where the directory row of a key lies."""
    return Key(f"{DEPLOYMENT}#KEY#{hashed}", "K")


def directory_writes(api_key: ApiKey, before: dict[str, int]) -> list[Write]:
    """Give the writes that bring the directory from the hashes before to the key's hashes now."""
    writes = [Write(IDENTITY, key=key_row(hashed)) for hashed in before if hashed not in api_key.hashes]
    for hashed, ends_at in api_key.hashes.items():
        doc = {"w": api_key.workspace_id, "id": api_key.id, "scopes": api_key.scopes, "ends_at": ends_at}
        if api_key.subject:
            doc["s"] = api_key.subject
        if api_key.limits:
            doc["l"] = api_key.limits
        row: Row = {**key_row(hashed)._asdict(), "rev": 0, "doc": doc}
        if ends_at:
            row["exp"] = ends_at // 1000 + 60
        writes.append(Write(IDENTITY, None if hashed in before else ABSENT, row=row))
    return writes


def get_key(hashed: str) -> dict[str, Any] | None:
    """Read whom a key stands for, or None."""
    row = IDENTITY.get(key_row(hashed))
    return None if row is None else row["doc"]


def get_rate(workspace_id: str, who: str, kind: str) -> Row | None:
    """Read the counter of a rate limit, or None."""
    return IDENTITY.get(_rate_key(workspace_id, who, kind))


def add_rate(workspace_id: str, who: str, kind: str, used: int, level: int, at_ms: int, exp_s: int) -> Row:
    """Add to the counter of a rate limit, and answer it as it is then."""
    change = Change(put={"lvl": level, "at": at_ms, "exp": exp_s}, add={"n": used})
    return IDENTITY.update(_rate_key(workspace_id, who, kind), change)


def _rate_key(workspace_id: str, who: str, kind: str) -> Key:
    return Key(f"{workspace_id}#RATE#{who}", kind)


def get_secret(purpose: str) -> str | None:
    """Read a sealed secret of the deployment, or None."""
    row = IDENTITY.get(_secret_key(purpose))
    return None if row is None else str(row["doc"]["sealed"])


def put_secret(purpose: str, sealed: str) -> str:
    """Store a sealed secret unless there is one; give the one that stands."""
    try:
        IDENTITY.put({**_secret_key(purpose)._asdict(), "rev": 0, "doc": {"sealed": sealed}}, ABSENT)
    except ConditionFailed as failed:
        if failed.row is None:
            raise
        return str(failed.row["doc"]["sealed"])
    return sealed


def _secret_key(purpose: str) -> Key:
    return Key(f"{DEPLOYMENT}#SECRET", purpose)
