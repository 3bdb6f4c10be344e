"""An OAuth 2 provider in memory, behind a fake of http_client.send: strict where providers are, and it counts."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote, urlsplit

from chalicelib.adapters.http_client import Headers, Request, Response
from chalicelib.core.errors import PlatformError, UpstreamFailed

BASE = "https://provider.example"
CLIENT_ID, CLIENT_SECRET = "the-client", "the-client-secret"
SHORT = {
    "authorizationUrl": f"{BASE}/authorize?tenant=1",
    "tokenUrl": f"{BASE}/token",
    "userInfoUrl": f"{BASE}/me",
    "issuer": BASE,
    "scopes": ["openid", "mail"],
}


class FakeProvider:
    """Grants codes, exchanges each once under PKCE, rotates refresh tokens, and knows whose token is whose."""

    def __init__(self) -> None:
        self.codes: dict[str, dict[str, str]] = {}
        self.accounts: dict[str, str] = {}  # access token -> account
        self.refreshable: dict[str, str] = {}  # refresh token -> account
        self.life_s: int | None = 3600
        self.rotates = True
        self.forms: list[dict[str, str]] = []
        self.sent: list[Request] = []
        self.refusal: tuple[int, dict[str, Any]] | PlatformError | bytes | None = None
        self.during: Callable[[], None] = lambda: None  # runs while the provider answers a refresh
        self.extra: dict[str, Any] = {}
        self._numbers = 0
        self._lock = threading.Lock()

    @property
    def refreshes(self) -> int:
        """Count the refreshes it was asked for."""
        return sum(form.get("grant_type") == "refresh_token" for form in self.forms)

    def grant(self, url: str, account: str = "ada") -> dict[str, str]:
        """Grant what an authorization address asks for; give the parameters of the callback."""
        asked = {name: values[-1] for name, values in parse_qs(urlsplit(url).query, strict_parsing=True).items()}
        assert asked["response_type"] == "code" and asked["code_challenge_method"] == "S256"
        assert asked["client_id"] == CLIENT_ID
        code = self._new("code")
        self.codes[code] = {**asked, "account": account}
        return {"code": code, "state": asked["state"], "iss": BASE}

    def send(self, _workspace_id: str, request: Request) -> Response:
        """Answer as chalicelib.adapters.http_client.send."""
        self.sent.append(request)
        path = urlsplit(request.url).path
        headers = {name.lower(): value for name, value in request.headers.items()}
        if path == "/token":
            return self._token(request, headers)
        if path in ("/me", "/api"):
            return self._me(headers)
        raise UpstreamFailed("nobody is there", retryable=True)

    def revoke_access(self) -> None:
        """Accept none of the access tokens given so far."""
        self.accounts.clear()

    def _token(self, request: Request, headers: dict[str, str]) -> Response:
        form = dict(parse_qsl((request.body or b"").decode(), strict_parsing=True))
        self.forms.append(form)
        assert (form.get("client_id"), form.get("client_secret")) == (CLIENT_ID, CLIENT_SECRET) or _basic(headers)
        is_refresh = form["grant_type"] == "refresh_token"
        if is_refresh:
            self.during()
        if isinstance(self.refusal, PlatformError):
            raise self.refusal
        if isinstance(self.refusal, bytes):
            return Response(200, Headers([("content-type", "application/json")]), self.refusal, False, 1.0, BASE)
        if self.refusal is not None:
            return _json(*self.refusal)
        with self._lock:
            account = self._of_refresh_token(form) if is_refresh else self._of_code(form)
        if account is None:
            return _json(400, {"error": "invalid_grant", "error_description": json.dumps(form)})
        return _json(200, self._tokens(account, form))

    def _of_code(self, form: dict[str, str]) -> str | None:
        asked = self.codes.pop(form["code"], None)
        if asked is None or form.get("redirect_uri") != asked["redirect_uri"]:
            return None
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        return asked["account"] if challenge == asked["code_challenge"] else None

    def _of_refresh_token(self, form: dict[str, str]) -> str | None:
        if self.rotates:
            return self.refreshable.pop(form["refresh_token"], None)
        return self.refreshable.get(form["refresh_token"])

    def _tokens(self, account: str, form: dict[str, str]) -> dict[str, Any]:
        access, refresh = self._new("access"), self._new("refresh")
        self.accounts[access] = account
        answer: dict[str, Any] = {"access_token": access, "token_type": "Bearer", **self.extra}
        if self.life_s is not None:
            answer["expires_in"] = self.life_s
        if form["grant_type"] != "refresh_token" or self.rotates:
            self.refreshable[refresh] = account
            answer["refresh_token"] = refresh
        return answer

    def _me(self, headers: dict[str, str]) -> Response:
        account = self.accounts.get(headers.get("authorization", "").removeprefix("Bearer "))
        if account is None:
            return _json(401, {"error": "invalid_token"})
        return _json(200, {"sub": account, "email": f"{account}@provider.example"})

    def _new(self, kind: str) -> str:
        with self._lock:
            self._numbers += 1
            return f"{kind}-secret-{self._numbers:04d}-{'x' * 20}"


def _basic(headers: dict[str, str]) -> bool:
    kind, _, text = headers.get("authorization", "").partition(" ")
    if kind != "Basic":
        return False
    name, _, secret = base64.b64decode(text).decode().partition(":")
    return (unquote(name), unquote(secret)) == (CLIENT_ID, CLIENT_SECRET)


def _json(status: int, body: Any) -> Response:
    headers = Headers([("content-type", "application/json")])
    return Response(status, headers, json.dumps(body).encode(), False, 1.0, BASE)
