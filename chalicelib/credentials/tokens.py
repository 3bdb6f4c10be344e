"""Tokens: sealed on their way in, never shown again, and gone together with what leans on them."""

from __future__ import annotations

import copy
from contextlib import suppress
from functools import partial
from typing import Any

from chalicelib.connectors import public as connectors
from chalicelib.core import clock, ids
from chalicelib.core.call import Call, usable_text
from chalicelib.core.errors import InvalidInput, NotFound, VersionConflict
from chalicelib.credentials import choice, models, rules
from chalicelib.credentials.models import Token
from chalicelib.credentials.oauth import exchange
from chalicelib.credentials.oauth.redirects import callback_url
from chalicelib.credentials.oauth.waiting import hard
from chalicelib.credentials.token_secrets import open_secret, seal
from chalicelib.edge.resource import page_of
from chalicelib.identity import public as identity

_ATTEMPTS = 3


def create(call: Call) -> Token:
    """Store a token for a user, who is made on the fly. Raises NotFound for an unknown security."""
    form, secret = rules.form_of(call.body.model_dump(include=set(rules.FORMS)))
    service, security = connectors.find_security_by_id(call.workspace_id, call.body.service_security_id)
    user = identity.ensure_user(call.workspace_id, call.path["user_id"])
    token = Token.new(
        call.workspace_id,
        id=call.new_id("token"),
        by=user.user_id,
        user_id=user.id,
        service_id=service.id,
        security_id=security.id,
        virtual_id=ids.new_uuid(),
        name=call.body.name or f"{service.name} {form}",
        service_url=call.body.service_url,
    )
    seal(token, form, secret, clock.now_ms(), is_kept_fresh=security.type == exchange.TYPE)
    connectors.note_use(service)
    token.insert()
    choice.forget()
    return token


def list_tokens(call: Call) -> list[Token]:
    """List a user's tokens for a service."""
    user_id, service_id = _place(call)
    return page_of(call, models.tokens_of(call.workspace_id, user_id, service_id))


def read(call: Call) -> Token:
    """Read one token: its id and name. Raises NotFound for another user's."""
    user_id, service_id = _place(call)
    return Token.find(call.workspace_id, user_id=user_id, service_id=service_id, id=call.path["token_id"])


def update(call: Call) -> Token:
    """Change a token's name, address or secret; `code` is exchanged for one. Raises NotFound, InvalidInput,
    VersionConflict when others keep changing it meanwhile, UpstreamFailed when the provider refuses the code.
    """
    sent, granted = call.body.model_dump(by_alias=True, exclude_none=True), None
    for attempt in range(1, _ATTEMPTS + 1):
        token = read(call)
        before = copy.deepcopy(token)
        if granted is None and "code" in sent:
            granted = _exchanged(call, token)
        token.name = sent.get("name", token.name)
        if "service_url" in call.body.fields():
            token.service_url = call.body.service_url
        _change_secret(token, sent, granted)
        try:
            hard(partial(_saved, token, before, call.user_id))
        except VersionConflict:
            if attempt == _ATTEMPTS:
                raise
            continue
        choice.forget()
        return token
    raise AssertionError("unreachable")


def _saved(token: Token, before: Token, by: str | None) -> Token:
    return copy.copy(token).save(by=by, before=before)


def delete(call: Call) -> None:
    """Delete a token; the subscriptions that use it end."""
    end(read(call))


def end(token: Token) -> None:
    """End the subscriptions that use a token, then delete it; one that is gone already is no error."""
    from chalicelib.subscriptions import public as subscriptions  # subscriptions lean on credentials

    place = (token.workspace_id, token.user_id, token.id)
    while not subscriptions.end_subscriptions_of_token(*place):
        continue  # a page a call; a user has few subscriptions
    with suppress(NotFound):
        token.remove()
    choice.forget()


def _change_secret(token: Token, sent: dict[str, Any], granted: dict[str, Any] | None) -> None:
    if granted is None and not sent.keys() & {"type", "token", "tokenType", "refreshToken"}:
        return
    old = open_secret(token)
    if granted is not None:
        form, secret = "oauth", rules.merged(old if token.form == "oauth" else None, granted)
    else:
        form, secret = rules.changed_secret(token.form, old, sent)
    security = connectors.find_security_by_id(token.workspace_id, token.security_id)[1]
    known = token.obtained_at, token.expires_at
    seal(token, form, secret, clock.now_ms(), is_kept_fresh=security.type == exchange.TYPE)
    if granted is None and "token" not in sent:  # the access token is the old one
        token.obtained_at, token.expires_at = known


def _exchanged(call: Call, token: Token) -> dict[str, Any]:
    """Exchange the code that the caller's own authorization brought, under the address that it was asked with."""
    if call.body.token or call.body.refresh_token:
        raise InvalidInput.at("body.code", "stands in place of a token", "choice")
    service, security = connectors.find_security_by_id(call.workspace_id, token.security_id)
    if security.type != exchange.TYPE:
        raise InvalidInput.at("body.code", f"belongs to securities of type {exchange.TYPE}", "type")
    way = exchange.way_of(call.workspace_id, service, connectors.find_version(service), security)
    redirect_uri = call.body.redirect_uri or callback_url()
    return exchange.by_code(way, call.body.code, redirect_uri, call.body.code_verifier, token.service_url)


def _place(call: Call) -> tuple[str, str]:
    """Find whose tokens, for which service. Raises InvalidInput without userId, NotFound."""
    user_id = usable_text(call.required_query("userId"), "query.userId")
    service = connectors.find_service(call.workspace_id, call.path["service_id"])
    return identity.find_user(call.workspace_id, user_id).id, service.id
