"""Tokens: sealed on their way in, never shown again, and gone together with what leans on them."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from chalicelib.connectors import public as connectors
from chalicelib.core import ids
from chalicelib.core.call import Call, usable_text
from chalicelib.core.errors import InvalidInput, NotFound
from chalicelib.credentials import choice, models, rules
from chalicelib.credentials.models import Token
from chalicelib.credentials.sealing import vault
from chalicelib.edge.resource import page_of
from chalicelib.identity import public as identity


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
    _seal(token, form, secret)
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
    """Change a token's name, address or secret. Raises NotFound, InvalidInput, VersionConflict."""
    token, sent = read(call), call.body.model_dump(by_alias=True, exclude_none=True)
    if "code" in sent:
        raise InvalidInput.at("body.code", "cannot be exchanged here; send the token itself", "unsupported")
    token.name = sent.get("name", token.name)
    if "service_url" in call.body.fields():
        token.service_url = call.body.service_url
    if sent.keys() & {"type", "token", "tokenType", "refreshToken"}:
        _seal(token, *rules.changed_secret(token.form, open_secret(token), sent))
    token.save(by=call.user_id)
    choice.forget()
    return token


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


def open_secret(token: Token) -> Any:
    """Open a token's secret."""
    return vault().open_json(token.workspace_id, _context(token), token.sealed)["secret"]


def _seal(token: Token, form: str, secret: Any) -> None:
    token.form, token.last4 = form, rules.last4(rules.main_secret(form, secret))
    text = json.dumps({"secret": secret}, separators=(",", ":"))
    token.sealed = vault().seal(token.workspace_id, _context(token), text)


def _context(token: Token) -> str:
    return f"token|{token.id}"


def _place(call: Call) -> tuple[str, str]:
    """Find whose tokens, for which service. Raises InvalidInput without userId, NotFound."""
    user_id = usable_text(call.required_query("userId"), "query.userId")
    service = connectors.find_service(call.workspace_id, call.path["service_id"])
    return identity.find_user(call.workspace_id, user_id).id, service.id
