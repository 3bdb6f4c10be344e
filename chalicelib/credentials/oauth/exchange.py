"""A code or a refresh token becomes an answer with an access token: by the version's `oauth` hook, or by settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chalicelib.connectors import public as connectors
from chalicelib.core.errors import Conflict, InvalidInput, LogicFailed, NotFound, TooLarge, UpstreamFailed
from chalicelib.credentials import rules, values
from chalicelib.credentials.oauth import provider, settings
from chalicelib.credentials.oauth.provider import Refused
from chalicelib.credentials.oauth.references import Data, as_text, filled
from chalicelib.credentials.oauth.settings import AuthSettings

if TYPE_CHECKING:
    from chalicelib.connectors.public import Component, Service, ServiceVersion

TYPE, HOOK = "oauth2", "oauth"
NO_SETTINGS = "neither the security nor the service version has auth settings"


@dataclass(frozen=True)
class Way:
    """How a workspace's users get their tokens: security and version of a service, their settings, the own values."""

    workspace_id: str
    service: Service
    version: ServiceVersion | None
    security: Component
    auth: AuthSettings | None
    variables: dict[str, Any] = field(repr=False)

    @property
    def has_hook(self) -> bool:
        """Say whether the version's own logic exchanges codes."""
        return self.version is not None and connectors.has_hook(self.version, HOOK)

    def data(self, service_url: str | None, source: Mapping[str, Any]) -> Data:
        """Give what references reach."""
        return Data(source, self.variables, service_url)

    def client_id(self) -> str | None:
        """Give the client id when it is known, for checks only."""
        if self.auth is None or self.auth.authorization is None:
            return None
        try:
            sent = self.auth.authorization.sends.get("client_id", self.auth.client_id)
            return as_text(filled(sent, self.data(None, {}))) or None
        except Conflict:
            return None


def way_of(workspace_id: str, service: Service, version: ServiceVersion | None, security: Component) -> Way:
    """Read everything an exchange needs, freshly. Raises Conflict for a missing value or unusable settings."""
    auth = settings.read(security.config.get("auth") or (version.setting.get("auth") if version else None))
    return Way(workspace_id, service, version, security, auth, values.of_service(workspace_id, service, cached=False))


def by_code(
    way: Way, code: str, redirect_uri: str, code_verifier: str | None, service_url: str | None
) -> dict[str, Any]:
    """Exchange an authorization code. Raises Refused, UpstreamFailed, UpstreamTimeout, Conflict."""
    source = {"code": code, "redirect_uri": redirect_uri, "code_verifier": code_verifier}
    answer = _by_hook(way, source, service_url)
    if answer is None:
        if way.auth is None or way.auth.access_token is None:
            raise Conflict(NO_SETTINGS)
        step, data = way.auth.access_token, way.data(service_url, source)
        standard = {"grant_type": "authorization_code", **source}
        answer = provider.ask_for_token(way.workspace_id, way.auth, step, data, standard, "the code")
    return _checked(answer)


def by_refresh_token(way: Way, secret: dict[str, Any], redirect_uri: str, service_url: str | None) -> dict[str, Any]:
    """Exchange a refresh token. Raises Refused, UpstreamFailed, UpstreamTimeout, Conflict."""
    source = {
        "refresh_token": rules.refresh_token_of(secret),
        "access_token": rules.access_token_of(secret),
        "redirect_uri": redirect_uri,
    }
    answer = _by_hook(way, source, service_url)
    if answer is None:
        if way.auth is None or way.auth.refresh_token is None:
            raise Conflict(NO_SETTINGS)
        step, data = way.auth.refresh_token, way.data(service_url, source)
        standard = {"grant_type": "refresh_token", "refresh_token": source["refresh_token"]}
        answer = provider.ask_for_token(way.workspace_id, way.auth, step, data, standard, "the refresh token")
    return _checked(answer)


def _by_hook(way: Way, source: dict[str, Any], service_url: str | None) -> dict[str, Any] | None:
    """Run the version's `oauth` hook; None when there is none, or it leaves this to the settings.

    A hook says that the grant has ended by answering {"error": "invalid_grant"}, or by throwing that word.
    """
    if way.version is None or not way.has_hook:
        return None
    run = connectors.HookRun(
        workspace_id=way.workspace_id,
        service=way.service,
        component=way.version,
        hook=HOOK,
        bindings={"input": {**source, "vars": way.variables, "url": service_url}},
        version=way.version,
        timeout_s=provider.TIMEOUT_S,
        cached=False,
    )
    try:
        answer = connectors.run_hook(run).value
    except LogicFailed as failed:  # its text is the script's own and may repeat a secret
        if "invalid_grant" in failed.message:
            raise Refused("the token", "invalid_grant") from None
        place = f" at line {failed.line}" if failed.line else ""
        raise UpstreamFailed(f"the oauth hook failed{place}", retryable=failed.kind == "timeout") from None
    except (InvalidInput, TooLarge, NotFound):
        raise UpstreamFailed("the oauth hook could not be run") from None
    if answer is None:
        return None
    if not isinstance(answer, dict):
        raise UpstreamFailed("the oauth hook must answer an object")
    if answer.get("error"):
        raise Refused("the token", answer["error"])
    return answer


def _checked(answer: dict[str, Any]) -> dict[str, Any]:
    if not rules.access_token_of(answer):
        raise UpstreamFailed("the provider's answer holds no access token")
    return answer
