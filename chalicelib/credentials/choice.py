"""Which token a call runs with, opened."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chalicelib.connectors import public as connectors
from chalicelib.core.cache import Cached
from chalicelib.core.errors import InvalidInput, NotFound
from chalicelib.credentials import models, rules
from chalicelib.credentials.models import Token
from chalicelib.credentials.oauth import refresh
from chalicelib.credentials.token_secrets import open_secret
from chalicelib.identity import public as identity

if TYPE_CHECKING:
    from chalicelib.connectors.public import Service, ServiceVersion


@dataclass(frozen=True)
class Credential:
    """A token, opened: `record` is what logic sees as service.token, `secrets` what no log may show."""

    id: str
    name: str
    service_url: str | None
    virtual_id: str
    user_id: str
    secret_no: int
    record: dict[str, Any] = field(repr=False)
    secrets: list[str] = field(repr=False)


_known: Cached[tuple[Credential | None]] = Cached(age_s=5)


def forget() -> None:
    """Drop what is cached: a token changed in this process."""
    _known.forget()


def credential_for(
    workspace_id: str,
    service: Service,
    version: ServiceVersion | None,
    user_id: str,
    user_credential_id: str | None,
    *,
    required: bool,
    cached: bool = False,
) -> Credential | None:
    """Choose the token a user's call runs with; see credentials.public."""

    def choose() -> tuple[Credential | None]:
        token = _choose(workspace_id, service, version, user_id, user_credential_id)
        return (None if token is None else opened(refresh.usable(token, service, is_required=required)),)

    default = None if version is None else version.default_service_security_id
    key = (workspace_id, service.id, default, user_id, user_credential_id, required)
    found = _known.get(key, choose) if cached else choose()
    credential = found[0] if found else None
    if credential is None and required and connectors.securities(service):
        raise InvalidInput.at("query.userId", "this user has no token for this service", "token")
    return credential


def opened(token: Token) -> Credential:
    """Open a token."""
    secret = open_secret(token)
    return Credential(
        id=token.id,
        name=token.name,
        service_url=token.service_url,
        virtual_id=token.virtual_id,
        user_id=token.user_id,
        secret_no=token.secret_no,
        record=rules.record_of(token.id, token.name, token.form, secret),
        secrets=list(rules.secrets_of(token.form, secret)),
    )


def stored(workspace_id: str, service_id: str, user_id: str, token_id: str) -> Credential | None:
    """Give a token as it stands; see credentials.public."""
    token = Token.get(workspace_id, user_id=user_id, service_id=service_id, id=token_id)
    return None if token is None else opened(token)


def after_rejection(
    workspace_id: str, service: Service, credential: Credential, *, may_wait: bool
) -> Credential | None:
    """Give the credential to try once more with; see credentials.public."""
    token = Token.get(workspace_id, user_id=credential.user_id, service_id=service.id, id=credential.id)
    if token is None:
        return None
    fresh = refresh.replaced(token, service, credential.secret_no, may_wait=may_wait)
    if fresh is None:
        return None
    forget()
    return opened(fresh)


def _choose(
    workspace_id: str,
    service: Service,
    version: ServiceVersion | None,
    user_id: str,
    user_credential_id: str | None,
) -> Token | None:
    user = identity.find_user(workspace_id, user_id)
    if user_credential_id is not None:
        token = Token.get(workspace_id, user_id=user.id, service_id=service.id, id=user_credential_id)
        if token is None:
            raise NotFound("this user has no such token for this service")
        return token
    tokens = models.tokens_of(workspace_id, user.id, service.id)
    default = None if version is None else version.default_service_security_id
    if default is None and len(tokens) > 1:
        default = next((security.id for security in connectors.securities(service)), None)
    return rules.chosen(tokens, default)
