"""The first step: an address at the provider where the user grants access."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from chalicelib.connectors import public as connectors
from chalicelib.core import clock, ids
from chalicelib.core.call import Call, usable_text
from chalicelib.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from chalicelib.credentials.models import Token
from chalicelib.credentials.oauth import exchange, redirects, states
from chalicelib.credentials.oauth.exchange import Way, way_of
from chalicelib.credentials.oauth.provider import checked_url
from chalicelib.credentials.oauth.references import as_text, filled
from chalicelib.credentials.oauth.states import Begun
from chalicelib.identity import public as identity
from chalicelib.identity.public import User

if TYPE_CHECKING:
    from chalicelib.connectors.public import Component, Service, ServiceVersion

_S256 = re.compile(r"[A-Za-z0-9_-]{43}")
MAX_URL = 2_048


def url_for(call: Call) -> dict[str, str]:
    """Give the address where the user grants access; the user is made on the fly.

    Raises NotFound, InvalidInput; Forbidden for a disabled service; Conflict when the service has no security of type
    oauth2, its auth settings cannot be used, or a variable has no value.
    """
    user_id = usable_text(call.required_query("userId"), "query.userId")
    service = connectors.find_service(call.workspace_id, call.path["service_id"])
    if not service.enabled:
        raise Forbidden("this service is disabled")
    version = connectors.find_version(service)
    way = way_of(call.workspace_id, service, version, _security(call, service, version))
    if way.auth is None or way.auth.authorization is None:
        raise Conflict(exchange.NO_SETTINGS)
    return_url, service_url = _url(call, "redirectUrl"), _url(call, "serviceUrl")
    if return_url is not None:
        return_url = redirects.checked(call.workspace_id, return_url)
    browser = call.query.get("browser")
    if browser is not None and not _S256.fullmatch(browser):
        raise InvalidInput.at("query.browser", "must be a SHA-256 hash in base64url", "hash")
    verifier = ids.secret_text()
    _authorization(way, service_url, "", verifier)  # refused before a user is made
    user = identity.ensure_user(call.workspace_id, user_id)
    begun = Begun(
        workspace_id=call.workspace_id,
        user_id=user.id,
        service_id=service.id,
        version_id=None if version is None else version.id,
        security_id=way.security.id,
        settings=way.auth.digest,
        redirect_uri=redirects.callback_url(),
        verifier=verifier,
        return_url=return_url,
        service_url=service_url,
        token_id=_token_id(call, service, user),
        browser=browser,
        until_ms=clock.now_ms() + states.LIFE_S * 1000,
    )
    return {"url": _authorization(way, service_url, states.keep(begun), verifier)}


def _security(call: Call, service: Service, version: ServiceVersion | None) -> Component:
    """Choose the security: the one named, else the version's default, else the first, of those of type oauth2."""
    offered = [security for security in connectors.securities(service) if security.type == exchange.TYPE]
    wanted = call.query.get("securityId")
    if wanted is not None:
        found = next((security for security in offered if security.id == wanted), None)
        if found is None:
            raise NotFound(f"this service has no such security of type {exchange.TYPE}")
        return found
    if not offered:
        raise Conflict(f"this service has no security of type {exchange.TYPE}")
    default = None if version is None else version.default_service_security_id
    return next((security for security in offered if security.id == default), offered[0])


def _authorization(way: Way, service_url: str | None, state: str, verifier: str) -> str:
    """Build the address. What makes the flow safe is set last, whatever the settings say."""
    if way.auth is None or way.auth.authorization is None:
        raise Conflict(exchange.NO_SETTINGS)
    step, redirect_uri = way.auth.authorization, redirects.callback_url()
    data = way.data(service_url, {"redirect_uri": redirect_uri, "state": state})
    said: dict[str, Any] = filled({"client_id": way.auth.client_id, **step.sends}, data)
    if said.get("response_mode", "query") != "query":
        raise Conflict("the auth settings: response_mode must be query")
    said |= {
        "response_type": "code",
        "redirect_uri": redirect_uri,
        "state": state,
        "code_challenge": states.s256(verifier),
        "code_challenge_method": "S256",
    }
    parts = urlsplit(checked_url(step, data, "authorization"))
    kept = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] not in said]
    sent = [(name, as_text(value)) for name, value in said.items() if value is not None]
    return parts._replace(query=urlencode([*kept, *sent])).geturl()


def _token_id(call: Call, service: Service, user: User) -> str | None:
    """Read which token the user shall renew. Raises NotFound when it is not this user's."""
    token_id = call.query.get("userCredentialId")
    if token_id is None:
        return None
    return Token.find(call.workspace_id, user_id=user.id, service_id=service.id, id=token_id).id


def _url(call: Call, name: str) -> str | None:
    value = call.query.get(name)
    if value is None:
        return None
    if not usable_text(value, f"query.{name}", MAX_URL).startswith(("https://", "http://")):
        raise InvalidInput.at(f"query.{name}", "must be an address that begins with https://", "url")
    return value
