"""Requests to a provider, and its refusals in our own words: never its text, which may repeat a secret."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from chalicelib.adapters import http_client
from chalicelib.core import jsontext
from chalicelib.core.errors import AddressRefused, Conflict, InvalidInput, UpstreamFailed
from chalicelib.credentials.oauth import settings
from chalicelib.credentials.oauth.references import Data, as_text, filled
from chalicelib.credentials.oauth.settings import AuthSettings, Step

TIMEOUT_S = 15.0  # longer than slow providers take: an answer nobody waits for may hold the only refresh token
MAX_ANSWER_BYTES = 64 * 1024
_FORM = "application/x-www-form-urlencoded"
_ENDED = frozenset(  # the grant is over: only the user can help
    {"invalid_grant", "bad_refresh_token", "invalid_refresh_token", "token_revoked"}
)
_KNOWN = _ENDED | {  # codes that may be shown; a provider's own words may not
    "invalid_request",
    "invalid_client",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
    "invalid_code",
    "bad_verification_code",
    "incorrect_client_credentials",
    "redirect_uri_mismatch",
    "bad_redirect_uri",
    "access_denied",
    "server_error",
    "temporarily_unavailable",
}


class Refused(UpstreamFailed):
    """The provider refused. `code` is its error code when it is one of the known ones."""

    def __init__(self, what: str, code: Any = None, status: int | None = None) -> None:
        self.code = code if isinstance(code, str) and code in _KNOWN else None
        is_passing = self.code == "temporarily_unavailable" or (status is not None and (status >= 500 or status == 429))
        shown = f" ({self.code})" if self.code else ""
        super().__init__(f"the provider refused {what}{shown}", status=status, retryable=is_passing)

    @property
    def is_final(self) -> bool:
        """Say whether the grant has ended."""
        return self.code in _ENDED


def ask_for_token(
    workspace_id: str, auth: AuthSettings, step: Step, data: Data, standard: dict[str, Any], what: str
) -> dict[str, Any]:
    """Send a request to the token endpoint and give its answer. `standard` is what every such form holds.

    Raises Refused, UpstreamFailed, UpstreamTimeout; Conflict for settings that cannot be used.
    """
    form = _present({**standard, **_present(filled(step.sends, data))})
    headers = {"accept": "application/json", **_headers(step, data)}
    _show_client(auth, data, form, headers)
    is_json = headers.setdefault("content-type", _FORM).partition(";")[0].strip().lower() == "application/json"
    texts = {name: as_text(value) for name, value in form.items()}
    body = json.dumps(form).encode() if is_json else urlencode(texts).encode()
    status, answer = _send(workspace_id, step, data, headers, body)
    if not 200 <= status < 300 or answer.get("error") or answer.get("ok") is False:
        raise Refused(what, answer.get("error"), status)
    return answer


def ask_who(workspace_id: str, step: Step, data: Data, access_token: str) -> dict[str, Any]:
    """Ask whose account an access token speaks for. Raises Refused, UpstreamFailed, UpstreamTimeout, Conflict."""
    headers = {"accept": "application/json", **_headers(step, data)}
    headers.setdefault("authorization", f"Bearer {access_token}")
    form = {name: as_text(value) for name, value in _present(filled(step.sends, data)).items()}
    if form:
        headers.setdefault("content-type", _FORM)
    status, answer = _send(workspace_id, step, data, headers, urlencode(form).encode() if form else None)
    if not 200 <= status < 300 or answer.get("ok") is False:
        raise Refused("to say whose account this is", answer.get("error"), status)
    return answer


def checked_url(step: Step, data: Data, what: str) -> str:
    """Fill in a step's address. Raises Conflict when it cannot be used."""
    try:
        return http_client.check_url(as_text(filled(step.url, data)))
    except (InvalidInput, AddressRefused) as error:
        raise Conflict(f"the auth settings: the url of {what} cannot be used") from error


def _show_client(auth: AuthSettings, data: Data, form: dict[str, Any], headers: dict[str, str]) -> None:
    """Let the client say who it is, unless the step does that itself."""
    if not auth.client_authentication or "authorization" in headers or "client_secret" in form:
        return
    client_id = as_text(filled(auth.client_id, data))
    if auth.client_authentication == settings.BASIC:
        secret = as_text(filled(auth.client_secret, data))
        pair = f"{quote(client_id, safe='')}:{quote(secret, safe='')}"  # RFC 6749, 2.3.1
        headers["authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        return
    form["client_id"] = client_id
    if auth.client_authentication == settings.POST:
        form["client_secret"] = as_text(filled(auth.client_secret, data))


def _send(
    workspace_id: str, step: Step, data: Data, headers: dict[str, str], body: bytes | None
) -> tuple[int, dict[str, Any]]:
    request = http_client.Request(
        method=step.method,
        url=checked_url(step, data, "a request"),
        headers=headers,
        body=body,
        timeout_s=TIMEOUT_S,
        max_response_bytes=MAX_ANSWER_BYTES,
        may_resend=False,
    )
    try:
        response = http_client.send(workspace_id, request)
    except InvalidInput as error:
        raise Conflict("the auth settings: a request cannot be sent as it is described") from error
    if response.truncated:
        raise UpstreamFailed(f"the provider's answer is larger than {MAX_ANSWER_BYTES // 1024} KB")
    return response.status, _read(response)


def _read(response: http_client.Response) -> dict[str, Any]:
    """Read an answer as JSON, else as a form, which some providers prefer; what is neither is empty."""
    try:
        answer = jsontext.read(response.body, integers=jsontext.Integers.DOUBLES)
    except InvalidInput:
        is_form = response.headers.get("content-type", "").startswith(_FORM)
        return dict(parse_qsl(response.body.decode("utf-8", "replace"))) if is_form else {}
    return answer if isinstance(answer, dict) else {}


def _headers(step: Step, data: Data) -> dict[str, str]:
    return {name.lower(): as_text(value) for name, value in _present(filled(step.headers, data)).items()}


def _present(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
