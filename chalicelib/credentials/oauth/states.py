"""What is remembered between sending a user to a provider and the user's return: single use, ten minutes, sealed.

The state is 256 random bits; only its hash is stored. The row leads to the workspace, whose data key alone opens the
rest, bound to that very hash.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import asdict, dataclass, field

from chalicelib.adapters.vault import SealBroken
from chalicelib.core import clock, ids
from chalicelib.core.errors import PlatformError
from chalicelib.credentials import models
from chalicelib.credentials.sealing import vault

LIFE_S = 600
STATE_CHARS = 43
COOKIE = "millrace_browser"


class StateRefused(PlatformError):
    """This authorization is unknown, too old, or was used before."""

    def __init__(self) -> None:
        super().__init__("this link has been used, or is too old")


@dataclass(frozen=True)
class Begun:
    """One authorization under way. `settings` is the digest of the auth settings it began with."""

    workspace_id: str
    user_id: str
    service_id: str
    version_id: str | None
    security_id: str
    settings: str
    redirect_uri: str
    verifier: str = field(repr=False)
    return_url: str | None = None
    service_url: str | None = None
    token_id: str | None = None
    browser: str | None = None
    until_ms: int = 0


def keep(begun: Begun) -> str:
    """Remember an authorization and give its state."""
    state = ids.secret_text()
    digest = _digest(state)
    text = json.dumps(asdict(begun), separators=(",", ":"))
    sealed = vault().seal(begun.workspace_id, _context(digest), text)
    models.put_state(digest, begun.workspace_id, sealed, clock.now_s() + LIFE_S)
    return state


def take(state: str | None, cookies: str) -> Begun:
    """Give what a state stands for, once. Raises StateRefused."""
    if state is None or len(state) != STATE_CHARS or not state.isascii():
        raise StateRefused
    digest = _digest(state)
    row = models.take_state(digest)
    if row is None:
        raise StateRefused
    workspace_id = row["doc"]["workspace_id"]
    try:
        begun = Begun(**vault().open_json(workspace_id, _context(digest), row["doc"]["sealed"]))
    except SealBroken:
        raise StateRefused from None
    if begun.until_ms < clock.now_ms() or not _is_same_browser(begun, cookies):
        raise StateRefused
    return begun


def s256(text: str) -> str:
    """Hash a text as PKCE does (RFC 7636, 4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def _is_same_browser(begun: Begun, cookies: str) -> bool:
    """Compare the browser's cookie with the hash the authorization began with, if it began with one."""
    if begun.browser is None:
        return True
    pairs = (pair.strip().partition("=") for pair in cookies.split(";"))
    return any(name == COOKIE and hmac.compare_digest(s256(value), begun.browser) for name, _, value in pairs)


def _digest(state: str) -> str:
    return hashlib.sha256(state.encode()).hexdigest()


def _context(digest: str) -> str:
    return f"state|{digest}"
