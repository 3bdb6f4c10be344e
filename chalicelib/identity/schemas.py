"""What callers send and see of identity."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BeforeValidator, Field, StringConstraints

from chalicelib.edge.schema import AtMs, CamelIn, CamelOut, Name, Object, WhenSet, Whole, clean
from chalicelib.identity import rules

UserId = Annotated[str, StringConstraints(min_length=1, max_length=256), BeforeValidator(clean)]
Email = Annotated[str, StringConstraints(max_length=320, pattern=r"^[^@\s]+@[^@\s]+$")]
Source = Literal["local", "remote"]
Scope = Literal["read", "write", "run", "admin"]
PerSecond = Annotated[Whole, Field(ge=1, le=1_000_000)]  # where the deployment's own limit is lower, that one counts


def _as_set(value: Any) -> Any:
    return frozenset(value) if isinstance(value, list) and all(isinstance(part, str) for part in value) else value


class UserPatch(CamelIn):
    """What may change of a user."""

    email: Email | None = None
    name: Name | None = None


class UserIn(UserPatch):
    """A new user; the samples send `id` for userId."""

    user_id: UserId = Field(validation_alias=AliasChoices("userId", "id", "user_id"))


class UserOut(CamelOut):
    """A user as callers see it."""

    id: str
    name: WhenSet
    email: WhenSet
    user_id: str
    inserted_at: AtMs
    updated_at: AtMs


class GroupPatch(CamelIn):
    """What may change of a group; `Authorization` is read as well."""

    name: Name = ""
    source: Source | None = None
    authorization: Object | None = Field(default=None, validation_alias=AliasChoices("authorization", "Authorization"))


class GroupIn(GroupPatch):
    """A new group."""

    name: Name


class GroupOut(CamelOut):
    """A group as callers see it."""

    id: str
    name: str
    source: str
    authorization: Object
    updated_by: str | None
    created_by: str | None
    inserted_at: AtMs
    updated_at: AtMs


class MemberPatch(CamelIn):
    """What may change of a membership."""

    role: Name | None = None


class MemberIn(CamelIn):
    """A new member of a group."""

    user_id: UserId
    role: Name


class MemberOut(CamelOut):
    """A membership as callers see it; `userId` is the minted id."""

    role: str
    updated_by: str | None
    created_by: str | None
    inserted_at: AtMs
    updated_at: AtMs
    user_id: str
    group_id: str


class KeyIn(CamelIn):
    """A new API key."""

    name: Name = "key"
    scopes: Annotated[frozenset[Scope], BeforeValidator(_as_set), Field(min_length=1)] = frozenset(
        {"read", "write", "run"}
    )
    expires_in_s: Whole | None = Field(default=None, alias="expiresInSeconds", ge=60, le=10 * 366 * 86_400)
    limits: dict[Literal["read", "write", "run"], PerSecond] = Field(default_factory=dict)


class RotateIn(CamelIn):
    """How long the old text of a rotated key opens."""

    overlap_s: Whole = Field(default=rules.DEFAULT_OVERLAP_S, alias="overlapSeconds", ge=0, le=rules.MAX_OVERLAP_S)


class KeyOut(CamelOut):
    """An API key as it is listed: never the key."""

    id: str
    name: str
    last4: str
    scopes: list[str]
    subject: WhenSet
    limits: Object
    inserted_at: AtMs
    updated_at: AtMs
    expires_at: str | None

    @classmethod
    def of(cls, item: Any) -> dict[str, Any]:
        """Render a key; one that never ends shows null."""
        from chalicelib.core import clock

        shown = super().of(item)
        ends_at = item.expires_at
        return {**shown, "prefix": rules.KEY_PREFIX, "expiresAt": clock.iso_seconds(ends_at) if ends_at else None}
