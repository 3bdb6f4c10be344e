"""Decisions about tokens, without I/O: their forms, what logic sees of them, and which one a call runs with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol, TypeVar

from chalicelib.core.errors import InvalidInput

FORMS = ("oauth", "key", "basic")
MIN_SHOWN_CHARS = 12  # of a shorter secret not even the end is shown
_OPEN_NAMES = frozenset({"tokenType", "token_type", "type", "scope", "username", "user", "expiresAt", "expires_at"})


class Dated(Protocol):
    """What can be chosen among."""

    id: str
    security_id: str
    inserted_at: int


T = TypeVar("T", bound=Dated)


def form_of(given: dict[str, Any]) -> tuple[str, Any]:
    """Find the one form a token is given in. Raises InvalidInput unless there is exactly one."""
    sent = [form for form in FORMS if given.get(form) is not None]
    if len(sent) != 1:
        raise InvalidInput.at("body", f"needs exactly one of: {', '.join(FORMS)}", "choice")
    form = sent[0]
    if not given[form]:
        raise InvalidInput.at(f"body.{form}", "is empty", "missing")
    return form, given[form]


def record_of(token_id: str, name: str, form: str, secret: Any) -> dict[str, Any]:
    """Build what logic sees as service.token: the form under its name, and its parts where they are looked for."""
    record: dict[str, Any] = {"id": token_id, "name": name, "type": form}
    if isinstance(secret, dict):
        record |= {part: value for part, value in secret.items() if part not in record and part not in FORMS}
    record[form] = secret
    if form == "oauth" and isinstance(secret, dict):
        access = access_token_of(secret)
        record |= {"accessToken": access, "access_token": access}
    return record


def access_token_of(oauth: dict[str, Any]) -> str | None:
    """Give the access token in either spelling."""
    found = oauth.get("accessToken") or oauth.get("access_token")
    return found if isinstance(found, str) else None


def main_secret(form: str, secret: Any) -> str | None:
    """Give the text whose end may be shown, or None."""
    if isinstance(secret, str):
        return secret
    if form == "oauth":
        return access_token_of(secret)
    texts = list(secrets_in(secret))
    return texts[0] if form == "key" and len(texts) == 1 else None


def last4(text: str | None) -> str | None:
    """Give the end of a secret, when so much may be shown."""
    return text[-4:] if text and len(text) >= MIN_SHOWN_CHARS else None


def secrets_in(secret: Any) -> Iterator[str]:
    """List every text in a token's secret that no log may show."""
    if isinstance(secret, str):
        yield secret
    elif isinstance(secret, dict):
        for name, part in secret.items():
            if name not in _OPEN_NAMES:
                yield from secrets_in(part)
    elif isinstance(secret, list):
        for part in secret:
            yield from secrets_in(part)


def chosen(tokens: Sequence[T], default_security_id: str | None) -> T | None:
    """Choose without being told: the only token, else the newest for the default security, else the newest."""
    preferred = [token for token in tokens if token.security_id == default_security_id]
    return max(preferred or tokens, key=lambda token: (token.inserted_at, token.id), default=None)


def changed_secret(form: str, secret: Any, sent: dict[str, Any]) -> tuple[str, Any]:
    """Apply an update's `type`, `token`, `tokenType` and `refreshToken` to a secret. Raises InvalidInput."""
    wanted = {"oauth": "oauth", "api_key": "key"}.get(sent.get("type") or "", form)
    token = sent.get("token")
    if wanted != form and not token:
        raise InvalidInput.at("body.token", "is required when the type changes", "missing")
    if wanted == "oauth":
        parts = dict(secret) if form == "oauth" else {}
        if token:
            parts.pop("access_token", None)
            parts["accessToken"] = token
        for name, old_name in (("refreshToken", "refresh_token"), ("tokenType", "token_type")):
            if sent.get(name):
                parts.pop(old_name, None)
                parts[name] = sent[name]
        return "oauth", parts
    if sent.get("refreshToken"):
        raise InvalidInput.at("body.refreshToken", "belongs to tokens of type oauth", "type")
    if form == "basic" and wanted == form and token:
        raise InvalidInput.at("body.token", "does not apply to a user name and password; send type api_key", "type")
    return wanted, token or secret
