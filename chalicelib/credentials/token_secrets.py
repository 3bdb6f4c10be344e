"""The secret inside a token: sealed on its way in, opened for those who run with it."""

from __future__ import annotations

import json
from typing import Any

from chalicelib.credentials import rules
from chalicelib.credentials.models import Token
from chalicelib.credentials.sealing import vault


def open_secret(token: Token) -> Any:
    """Open a token's secret."""
    return vault().open_json(token.workspace_id, _context(token), token.sealed)["secret"]


def seal(token: Token, form: str, secret: Any, obtained_ms: int, *, is_kept_fresh: bool) -> None:
    """Put a secret into a token, and note of it what may be known without opening it.

    is_kept_fresh says whether the platform may know how to renew it; otherwise its logic judges its age.
    """
    token.form, token.last4 = form, rules.last4(rules.main_secret(form, secret))
    text = json.dumps({"secret": secret}, separators=(",", ":"))
    token.sealed = vault().seal(token.workspace_id, _context(token), text)
    is_tracked = is_kept_fresh and form == "oauth"
    token.obtained_at, token.status = obtained_ms, rules.ACTIVE
    token.expires_at = rules.expires_at_ms(secret, obtained_ms) if is_tracked else None
    token.is_renewable = is_tracked and rules.refresh_token_of(secret) is not None


def _context(token: Token) -> str:
    return f"token|{token.id}"
