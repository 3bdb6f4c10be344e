"""Where a browser may go: the one address providers send it back to, and a workspace's own pages after that."""

from __future__ import annotations

from typing import Any
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

from chalicelib.core.call import Call
from chalicelib.core.config import settings
from chalicelib.core.errors import InvalidInput
from chalicelib.credentials import models

CALLBACK = "/v1/oauth/callback"
_LOCAL = frozenset({"localhost", "127.0.0.1", "[::1]", "::1"})


def callback_url() -> str:
    """Give the redirect URI of this platform, to be registered with every provider."""
    return settings().public_url + CALLBACK


def read(call: Call) -> dict[str, Any]:
    """List the addresses a browser may be sent to after granting access."""
    return {"callback": callback_url(), "urls": models.redirects(call.workspace_id)}


def update(call: Call) -> dict[str, Any]:
    """Replace the list. Raises InvalidInput naming an address that cannot be one."""
    urls = list(dict.fromkeys(call.body.urls))
    for number, url in enumerate(urls):
        if _parts(url, f"body.urls.{number}").query:
            raise InvalidInput.at(f"body.urls.{number}", "must not have a query; any query is allowed in use", "url")
    models.put_redirects(call.workspace_id, urls)
    return read(call)


def checked(workspace_id: str, url: str) -> str:
    """Check an address against the list: all but its query must be equal. Raises InvalidInput."""
    where = "query.redirectUrl"
    bare = _parts(url, where)._replace(query="").geturl()
    if bare not in models.redirects(workspace_id):
        raise InvalidInput.at(where, "is not on the list of allowed addresses (PUT /v1/oauth/redirects)", "not_allowed")
    return url


def with_outcome(url: str, **outcome: str) -> str:
    """Add what came of it to an address."""
    parts = urlsplit(url)
    kept = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] not in outcome]
    return parts._replace(query=urlencode([*kept, *outcome.items()])).geturl()


def _parts(url: str, where: str) -> SplitResult:
    """Read an address strictly: absolute, https or local, without fragment, user or anything browsers mend."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise InvalidInput.at(where, "is not an address", "url") from None
    if not url.isascii() or not url.isprintable() or any(character in url for character in ' \\"<>#@'):
        raise InvalidInput.at(where, "holds characters that such an address cannot have", "url")
    if not host or not (parts.scheme == "https" or (parts.scheme == "http" and host in _LOCAL)):
        raise InvalidInput.at(where, "must begin with https:// (http:// only on this machine)", "url")
    return parts
