"""What is stored of identity, and every query under a name."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from chalicelib.storage.expressions import ABSENT, Row
from chalicelib.storage.item import DEPLOYMENT, Item, Unique
from chalicelib.storage.table import ConditionFailed, Key, Write
from chalicelib.storage.tables import IDENTITY


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
class ApiKey(Item):
    """A key as it is listed. `hashes` maps the HMAC of each text that still opens to when it ends (ms, 0: never)."""

    TABLE, NOUN = IDENTITY, "API key"
    PARTITION, SORT = "KEYS", "key#{id}"

    name: str = ""
    last4: str = ""
    scopes: list[str] = field(default_factory=list)
    expires_at: int = 0
    hashes: dict[str, int] = field(default_factory=dict)


def key_row(hashed: str) -> Key:
    """Say where the directory row of a key lies."""
    return Key(f"{DEPLOYMENT}#KEY#{hashed}", "K")


def directory_writes(api_key: ApiKey, before: dict[str, int]) -> list[Write]:
    """Give the writes that bring the directory from the hashes before to the key's hashes now."""
    writes = [Write(IDENTITY, key=key_row(hashed)) for hashed in before if hashed not in api_key.hashes]
    for hashed, ends_at in api_key.hashes.items():
        doc = {"w": api_key.workspace_id, "id": api_key.id, "scopes": api_key.scopes, "ends_at": ends_at}
        row: Row = {**key_row(hashed)._asdict(), "rev": 0, "doc": doc}
        if ends_at:
            row["exp"] = ends_at // 1000 + 60
        writes.append(Write(IDENTITY, None if hashed in before else ABSENT, row=row))
    return writes


def get_key(hashed: str) -> dict[str, Any] | None:
    """Read whom a key stands for, or None."""
    row = IDENTITY.get(key_row(hashed))
    return None if row is None else row["doc"]


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
