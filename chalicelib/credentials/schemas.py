"""What callers send and see of credentials: a secret has no field in any Out."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from chalicelib.core import clock
from chalicelib.credentials.rules import FORMS, status_of
from chalicelib.edge.schema import AtMs, CamelIn, CamelOut, Id, Name, Object

Secret = Annotated[str, StringConstraints(min_length=1, max_length=16_384)]
Fields = Annotated[Object, Field(min_length=1)]
Url = Annotated[str, StringConstraints(max_length=2_048, pattern=r"^https?://")]


class UserTokenIn(CamelIn):
    """A new token, in exactly one of its three forms."""

    name: Name | None = None
    service_security_id: Id
    oauth: Fields | None = None
    key: Secret | Fields | None = None
    basic: Fields | None = None
    service_url: Url | None = None


class TokenPatch(CamelIn):
    """What may change of a token. `code` is exchanged for a new secret, as it was asked for with `redirect_uri`."""

    type: Literal["oauth", "api_key"] | None = None
    name: Name | None = None
    token: Secret | None = None
    code: Secret | None = None
    redirect_uri: Url | None = None
    code_verifier: Secret | None = None
    token_type: Name | None = None
    refresh_token: Secret | None = None
    service_url: Url | None = None


class TokenOut(CamelOut):
    """A token as it is read. `status` is NEEDS_REAUTH when its user has to grant access again, else ACTIVE."""

    id: str
    name: str
    status: Literal["ACTIVE", "NEEDS_REAUTH"]

    @classmethod
    def of(cls, item: Any) -> dict[str, Any]:
        """Render a token with the status it has now."""
        now_ms = clock.now_ms()
        return {**super().of(item), "status": status_of(item.status, item.is_renewable, item.expires_at, now_ms)}


class RedirectsIn(CamelIn):
    """Where a user's browser may be sent after granting access."""

    urls: Annotated[list[Url], Field(max_length=50)]


class UserTokenOut(CamelOut):
    """A token as its creation answers it: which form it has, and the end of its secret."""

    id: str
    name: str
    user_id: str
    service_id: str
    inserted_at: AtMs
    updated_at: AtMs
    virtual_id: str

    @classmethod
    def of(cls, item: Any) -> dict[str, Any]:
        """Render a token: the form it has says that it is set, the others are null."""
        forms: dict[str, Any] = dict.fromkeys(FORMS)
        forms[item.form] = {"set": True, **({"last4": item.last4} if item.last4 else {})}
        return {**super().of(item), **forms}
