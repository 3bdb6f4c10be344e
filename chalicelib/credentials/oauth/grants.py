"""Storing what a user granted: the same account updates its token, another one gets a token of its own."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from chalicelib.connectors import public as connectors
from chalicelib.core import ids
from chalicelib.core.errors import AlreadyExists, Conflict, NotFound, VersionConflict
from chalicelib.credentials import models, rules
from chalicelib.credentials.models import Token
from chalicelib.credentials.oauth.accounts import Account
from chalicelib.credentials.oauth.exchange import Way
from chalicelib.credentials.oauth.waiting import hard
from chalicelib.credentials.token_secrets import open_secret, seal

_ATTEMPTS = 5


class OtherAccount(Conflict):
    """Access was granted for another account than the one the token stands for."""


@dataclass(frozen=True)
class Grant:
    """What a user granted, and for whom. `token_id` names the token it is meant for, if there is one."""

    user_id: str
    answer: dict[str, Any] = field(repr=False)
    account: Account
    asked_ms: int
    service_url: str | None
    token_id: str | None


def keep(way: Way, grant: Grant) -> Token:
    """Store a grant in the token it belongs to, or in a new one. Raises NotFound, OtherAccount, VersionConflict."""
    for attempt in range(1, _ATTEMPTS + 1):
        token = _find(way, grant)
        try:
            return hard(partial(_insert, way, grant) if token is None else partial(_update, token, grant))
        except (VersionConflict, AlreadyExists):
            if attempt == _ATTEMPTS:
                raise
    raise AssertionError("unreachable")


def _find(way: Way, grant: Grant) -> Token | None:
    workspace_id, service_id, account = way.workspace_id, way.service.id, grant.account.key
    if grant.token_id is not None:
        token = Token.find(workspace_id, user_id=grant.user_id, service_id=service_id, id=grant.token_id)
        if token.security_id != way.security.id:
            raise NotFound("no such token for this security")
        if token.account and account and token.account != account:
            raise OtherAccount("access was granted for another account than the one of this token")
        return token
    if not account:
        return None
    place = {"user_id": grant.user_id, "service_id": service_id, "security_id": way.security.id}
    return models.account_token(workspace_id, account, **place)


def _update(found: Token, grant: Grant) -> Token:
    token, old = copy.deepcopy(found), open_secret(found) if found.form == "oauth" else None
    seal(token, "oauth", rules.merged(old, _secret(grant)), grant.asked_ms, is_kept_fresh=True)
    token.account = grant.account.key or token.account
    token.service_url = grant.service_url or token.service_url
    return token.save(before=found)


def _insert(way: Way, grant: Grant) -> Token:
    token = Token.new(
        way.workspace_id,
        user_id=grant.user_id,
        service_id=way.service.id,
        security_id=way.security.id,
        virtual_id=ids.new_uuid(),
        name=grant.account.name or f"{way.service.name} oauth",
        service_url=grant.service_url,
        account=grant.account.key,
    )
    seal(token, "oauth", rules.merged(None, _secret(grant)), grant.asked_ms, is_kept_fresh=True)
    connectors.note_use(way.service)
    return token.insert()


def _secret(grant: Grant) -> dict[str, Any]:
    return {name: value for name, value in grant.answer.items() if name != "account"}
