"""Auth settings: how a connector describes its provider, in the long form or the short one.

Long: `authorization`, `accessToken`, `refreshToken`, `userInfo`, each with method, url and what it sends.
Short: `authorizationUrl`, `tokenUrl`, `scopes` and what differs from the standard; it is spelled out to the long form.
Both take `issuer` and `clientAuthentication`. Source: docs/CONNECTORS.md
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from chalicelib.core.errors import Conflict

BASIC, POST, NONE = "basic", "post", "none"
_CLIENT_ID, _CLIENT_SECRET = (
    {"@type": "reference", "operation": "platformServiceVariable", "variable": name}
    for name in ("clientId", "clientSecret")
)


@dataclass(frozen=True)
class Step:
    """One request of the settings, not filled in yet. `sends` is its query (authorization) or its form."""

    method: str
    url: Any
    sends: dict[str, Any]
    headers: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class AuthSettings:
    """Everything a connector says about its provider.

    `name_path` leads to the account's display name in the answer of `user_info`, `account_path` to what identifies it.
    `client_authentication` is basic, post or none; empty: the steps say themselves how the client shows who it is.
    """

    authorization: Step | None
    access_token: Step | None
    refresh_token: Step | None
    user_info: Step | None
    name_path: Any
    account_path: Any
    issuer: str | None
    client_authentication: str
    client_id: Any
    client_secret: Any
    digest: str


def read(auth: Any) -> AuthSettings | None:
    """Read auth settings; None when there are none. Raises Conflict naming what cannot be used."""
    if auth is None or auth == {}:
        return None
    if not isinstance(auth, dict):
        raise Conflict("the auth settings must be an object")
    spelled = _spelled_out(auth) if "authorizationUrl" in auth or "tokenUrl" in auth else auth
    client = spelled.get("clientAuthentication", "")
    if client not in ("", BASIC, POST, NONE):
        raise Conflict(f"the auth settings: clientAuthentication must be {BASIC}, {POST} or {NONE}")
    issuer = spelled.get("issuer")
    if issuer is not None and not isinstance(issuer, str):
        raise Conflict("the auth settings: issuer must be a text")
    user_info = _step(spelled, "userInfo", "GET", "form")
    said: dict[str, Any] = spelled["userInfo"] if user_info is not None else {}
    return AuthSettings(
        authorization=_step(spelled, "authorization", "GET", "parameter"),
        access_token=_step(spelled, "accessToken", "POST", "form"),
        refresh_token=_step(spelled, "refreshToken", "POST", "form"),
        user_info=user_info,
        name_path=said.get("path"),
        account_path=said.get("accountPath"),
        issuer=issuer or None,
        client_authentication=client,
        client_id=spelled.get("clientId", _CLIENT_ID),
        client_secret=spelled.get("clientSecret", _CLIENT_SECRET),
        digest=hashlib.sha256(json.dumps(auth, sort_keys=True).encode()).hexdigest(),
    )


def _spelled_out(auth: dict[str, Any]) -> dict[str, Any]:
    """Write the long form of the short one."""
    scopes = auth.get("scopes", auth.get("scope"))
    parameter = {**auth.get("parameter", {}), **({"scope": scopes} if scopes else {})}
    token_url = auth.get("tokenUrl")
    user_info = auth.get("userInfo") or ({"url": auth["userInfoUrl"]} if auth.get("userInfoUrl") else None)
    return {
        "clientAuthentication": BASIC,
        **auth,
        "authorization": {"url": auth.get("authorizationUrl"), "parameter": parameter},
        "accessToken": {"url": token_url},
        "refreshToken": {"url": auth.get("refreshUrl", token_url)},
        "userInfo": user_info,
    }


def _step(auth: dict[str, Any], name: str, method: str, sends: str) -> Step | None:
    said = auth.get(name)
    if said is None:
        return None
    if not isinstance(said, dict) or not said.get("url"):
        raise Conflict(f"the auth settings: {name} must be an object with a url")
    content, headers = said.get(sends) or {}, said.get("headers") or {}
    if not isinstance(content, dict) or not isinstance(headers, dict):
        raise Conflict(f"the auth settings: {sends} and headers of {name} must be objects")
    return Step(str(said.get("method") or method), said["url"], content, headers)
