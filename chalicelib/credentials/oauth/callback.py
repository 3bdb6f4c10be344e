"""Where the provider sends the user's browser back to. Public: the state is all that says who it is.

A page never repeats what came in. Once the state is read it is spent, whatever else is wrong.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from chalicelib.adapters import logs
from chalicelib.connectors import public as connectors
from chalicelib.core import clock
from chalicelib.core.call import Call
from chalicelib.core.errors import Conflict, Forbidden, NotFound, PlatformError, UpstreamFailed
from chalicelib.credentials import choice
from chalicelib.credentials.models import Token
from chalicelib.credentials.oauth import accounts, exchange, grants, pages, redirects, states
from chalicelib.credentials.oauth.accounts import WrongIssuer
from chalicelib.credentials.oauth.exchange import Way
from chalicelib.credentials.oauth.grants import Grant, OtherAccount
from chalicelib.credentials.oauth.settings import AuthSettings
from chalicelib.credentials.oauth.states import Begun, StateRefused
from chalicelib.edge.route import Answer, raw_answer
from chalicelib.identity import public as identity

MAX_CODE_CHARS = 8_192
_REASONS: tuple[tuple[type[PlatformError], str], ...] = (  # the first that fits; words for programs and pages
    (WrongIssuer, "wrong_provider"),
    (OtherAccount, "other_account"),
    (NotFound, "gone"),
    (Forbidden, "disabled"),
    (Conflict, "settings"),
    (UpstreamFailed, "provider"),
)


class NotGranted(PlatformError):
    """The provider says that access was not granted. `reason` is access_denied or provider."""

    def __init__(self, error: str) -> None:
        super().__init__("access was not granted")
        self.reason = "access_denied" if error == "access_denied" else "provider"


def receive(call: Call) -> Answer:
    """Finish an authorization and show the user's browser what came of it, or send it on."""
    try:
        begun = states.take(call.query.get("state"), call.headers.get("cookie", ""))
    except StateRefused:
        return _page(400, "state")
    logs.bind(workspace=begun.workspace_id)
    try:
        token = _finish(call, begun)
    except PlatformError as error:
        reason = _reason(error)
        logs.log("oauth.not_connected", level="WARNING", service=begun.service_id, reason=reason)
        if begun.return_url is not None:
            return _sent_on(begun.return_url, status="error", reason=reason)
        return _page(400, reason)
    choice.forget()
    logs.log("oauth.connected", service=begun.service_id, tokenId=token.id)
    if begun.return_url is not None:
        return _sent_on(begun.return_url, status="success", userCredentialId=token.id)
    return _page(200, pages.DONE)


def _finish(call: Call, begun: Begun) -> Token:
    """Check the answer, exchange the code and store the token."""
    way, auth = _way(begun)
    _check_issuer(call.query.get("iss"), auth)
    if "error" in call.query:
        raise NotGranted(call.query["error"])
    code = call.query.get("code", "")
    if not 0 < len(code) <= MAX_CODE_CHARS:
        raise NotGranted("no code")
    asked_ms = clock.now_ms()
    answer = exchange.by_code(way, code, begun.redirect_uri, begun.verifier, begun.service_url)
    data = way.data(begun.service_url, {**answer, "redirect_uri": begun.redirect_uri})
    account = accounts.account_of(begun.workspace_id, auth, data, answer, way.client_id())
    return grants.keep(way, Grant(begun.user_id, answer, account, asked_ms, begun.service_url, begun.token_id))


def _way(begun: Begun) -> tuple[Way, AuthSettings]:
    """Find again what the authorization began with. Raises NotFound, Forbidden; Conflict when settings changed."""
    identity.find_user(begun.workspace_id, begun.user_id)
    service = connectors.find_service(begun.workspace_id, begun.service_id)
    if not service.enabled:
        raise Forbidden("this service is disabled")
    version = connectors.find_version(service, begun.version_id)
    security = connectors.find_component(service, "security", begun.security_id)
    way = exchange.way_of(begun.workspace_id, service, version, security)
    if way.auth is None or way.auth.digest != begun.settings:
        raise Conflict("the auth settings changed meanwhile")
    return way, way.auth


def _check_issuer(issuer: str | None, auth: AuthSettings) -> None:
    """Refuse the answer of another provider (RFC 9207): the issuer must be the one configured, or at least share the
    host of the address the user was sent to.
    """
    if issuer is None:
        return
    if auth.issuer is not None:
        if issuer != auth.issuer:
            raise WrongIssuer
        return
    asked = auth.authorization.url if auth.authorization is not None else None
    if isinstance(asked, str) and "${" not in asked and _host(asked) != _host(issuer):
        raise WrongIssuer


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _reason(error: PlatformError) -> str:
    if isinstance(error, NotGranted):
        return error.reason
    return next((reason for kind, reason in _REASONS if isinstance(error, kind)), "failed")


def _page(status: int, reason: str) -> Answer:
    return raw_answer(pages.page(reason), status, pages.HEADERS)


def _sent_on(url: str, **outcome: str) -> Answer:
    return raw_answer("", 302, {**pages.HEADERS, "Location": redirects.with_outcome(url, **outcome)})
