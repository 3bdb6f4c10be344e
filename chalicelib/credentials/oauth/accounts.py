"""Whose account a token speaks for: what a provider says of it, reduced to an identity and a name."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.core import jsontext
from chalicelib.core.errors import InvalidInput, UpstreamFailed
from chalicelib.credentials.oauth import provider
from chalicelib.credentials.oauth.references import Data, at
from chalicelib.credentials.oauth.settings import AuthSettings
from chalicelib.credentials.rules import access_token_of

_IDENTIFYING = ("sub", "account_id", "id", "user_id")  # what providers call it; a display name may change or repeat
_NAMING = ("email", "preferred_username", "name")
MAX_NAME = 200


class WrongIssuer(UpstreamFailed):
    """The answer comes from another provider than the one that was asked."""

    def __init__(self) -> None:
        super().__init__("the answer comes from another provider than the one that was asked")


@dataclass(frozen=True)
class Account:
    """Who it is: a hash of what identifies the account, empty when nothing does, and its display name."""

    key: str
    name: str | None


def account_of(
    workspace_id: str, auth: AuthSettings | None, data: Data, answer: Mapping[str, Any], client_id: str | None
) -> Account:
    """Find out whose account it is: from the hook's `account`, the userInfo address, or the ID token.

    Raises UpstreamFailed when the provider was asked and did not say, WrongIssuer for another's ID token.
    """
    claims = claims_of(answer.get("id_token"))
    issuer = None if auth is None else auth.issuer
    if issuer and claims and (claims.get("iss") != issuer or not _is_for(claims.get("aud"), client_id)):
        raise WrongIssuer
    said = answer.get("account")
    if isinstance(said, dict):
        return _account(said, issuer, None, None)
    if auth is None or auth.user_info is None:
        return _account(claims, issuer, None, None)
    token = access_token_of(dict(answer)) or ""
    found = provider.ask_who(workspace_id, auth.user_info, data, token)
    if claims.get("sub") and found.get("sub") not in (None, claims["sub"]):
        raise WrongIssuer  # OpenID Connect Core 5.3.2
    account = _account(found, issuer, auth.account_path, auth.name_path)
    if not account.key:
        raise UpstreamFailed("the provider did not say whose account this is")
    return account


def claims_of(id_token: Any) -> dict[str, Any]:
    """Read an ID token's claims. It came from the token address itself, so nobody else can have written it.

    Source: OpenID Connect Core 3.1.3.7, step 6
    """
    if not isinstance(id_token, str) or id_token.count(".") != 2:
        return {}
    middle = id_token.split(".")[1]
    try:
        raw = base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4))
        claims = jsontext.read(raw, integers=jsontext.Integers.DOUBLES)
    except (ValueError, InvalidInput):
        return {}
    return claims if isinstance(claims, dict) else {}


def _account(said: Mapping[str, Any], issuer: str | None, account_path: Any, name_path: Any) -> Account:
    named = _text(at(said, name_path)) or next(filter(None, (_text(said.get(name)) for name in _NAMING)), None)
    if account_path:
        identity = _text(at(said, account_path))
    else:
        identity = next(filter(None, (_text(said.get(name)) for name in _IDENTIFYING)), None)
        identity = identity or _text(at(said, name_path))
    if not identity:
        return Account("", named)
    key = hashlib.sha256(json.dumps([issuer or "", identity]).encode()).hexdigest()[:40]
    return Account(key, named)


def _is_for(audience: Any, client_id: str | None) -> bool:
    return client_id is None or client_id in (audience if isinstance(audience, list) else [audience])


def _text(value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        return None
    return "".join(character for character in str(value) if character.isprintable())[:MAX_NAME] or None
