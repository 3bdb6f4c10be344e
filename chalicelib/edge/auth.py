"""Credentials: where in a request they may stand, and who they stand for.

`api_key: K`, `x-api-key: K`, `Authorization: ApiKey K` and `Authorization: Bearer K` are equal. The keys themselves
are kept by the identity context, which app.py plugs in here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from chalicelib.core.call import Caller
from chalicelib.core.errors import Forbidden, Unauthenticated

READ, WRITE, RUN, ADMIN = "read", "write", "run", "admin"
SCOPES = frozenset({READ, WRITE, RUN, ADMIN})
PUBLIC = ""  # a row with this scope asks for no credentials
RUNTIME_PATHS = ("/v1/chat/", "/v1/storage/")  # all that a key made for one bot or integration opens
_MAX_KEY = 512
_SCHEMES = ("apikey ", "bearer ")

_resolve: Callable[[str], Caller | None] | None = None


def use(resolve: Callable[[str], Caller | None]) -> None:
    """Say who knows the keys: a function from the text of a credential to its caller, or None."""
    global _resolve
    _resolve = resolve


def authenticate(headers: Mapping[str, str]) -> Caller:
    """Find out who asks. Raises Unauthenticated."""
    text = shown(headers)
    if text is None:
        raise Unauthenticated("an API key is needed: header api_key, x-api-key or Authorization")
    if _resolve is None:
        raise RuntimeError("auth.use() was not called")
    caller = _resolve(text) if 0 < len(text) <= _MAX_KEY else None
    if caller is None:
        raise Unauthenticated("this API key is not known")
    return caller


def check_scope(caller: Caller, scope: str) -> None:
    """Refuse a caller whose key lacks the scope. Raises Forbidden."""
    if scope not in caller.scopes:
        raise Forbidden(f"this API key lacks the scope {scope}")


def check_subject(caller: Caller, path: str) -> None:
    """Keep a key that was made for one bot or integration to what those do at run time. Raises Forbidden."""
    if caller.subject and not path.startswith(RUNTIME_PATHS):
        raise Forbidden(f"this API key belongs to a {caller.subject.partition(':')[0]} and opens its run time only")


def shown(headers: Mapping[str, str]) -> str | None:
    """Give the key a request shows, or None."""
    for name in (
        "api_key",
        "x-api-key",
        "api-key",
    ):  # the last is what servers that drop underscores leave of the first
        if name in headers:
            return headers[name].strip()
    authorization = headers.get("authorization", "")
    for scheme in _SCHEMES:
        if authorization[: len(scheme)].lower() == scheme:
            return authorization[len(scheme) :].strip()
    return None
