"""Decisions about tokens, without I/O: their forms, what logic sees of them, which one a call runs with, and when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol, TypeVar

from chalicelib.core.errors import InvalidInput
from chalicelib.core.redaction import is_sensitive

FORMS = ("oauth", "key", "basic")
ACTIVE, NEEDS_REAUTH = "ACTIVE", "NEEDS_REAUTH"
RENEWAL_MS = 60_000  # before its end a token is renewed, or at a tenth of its life if that is longer
_OF_THE_OLD_ONE = ("access_token", "expires_in", "expiresIn", "expires_at", "expiresAt")
_REFRESH_NAMES = frozenset({"refreshToken", "refresh_token"})
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
    if form == "oauth" and isinstance(secret, dict):  # renewing is the platform's work: logic has no use for the rest
        secret = {part: value for part, value in secret.items() if part not in _REFRESH_NAMES}
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


def refresh_token_of(oauth: Any) -> str | None:
    """Give the refresh token in either spelling."""
    found = (oauth.get("refreshToken") or oauth.get("refresh_token")) if isinstance(oauth, dict) else None
    return found if isinstance(found, str) else None


def expires_at_ms(oauth: Any, now_ms: int) -> int | None:
    """Say when an access token ends: by expires_in, seconds from now, or expires_at in seconds or milliseconds.

    Either may be spelled in camelCase and be a text. None when it does not say.
    """
    if not isinstance(oauth, dict):
        return None
    life_s = _number(oauth.get("expires_in", oauth.get("expiresIn")))
    if life_s is not None and 0 < life_s < 1e9:
        return now_ms + int(life_s * 1000)
    at = _number(oauth.get("expires_at", oauth.get("expiresAt")))
    if at is None or not 0 < at < 1e14:
        return None
    return int(at if at > 1e11 else at * 1000)


def is_due(now_ms: int, obtained_ms: int, ends_ms: int | None, jitter: float) -> bool:
    """Say whether an access token should be renewed before it is used. jitter is a factor around 1.

    A minute before its end, or a tenth of its life if that is longer, but never in its first half.
    """
    if ends_ms is None:
        return False
    life_ms = max(0, ends_ms - obtained_ms)
    margin_ms = min(max(RENEWAL_MS, life_ms / 10) * jitter, life_ms / 2)
    return now_ms >= ends_ms - margin_ms


def has_ended(now_ms: int, ends_ms: int | None) -> bool:
    """Say whether an access token's time is over."""
    return ends_ms is not None and now_ms >= ends_ms


def status_of(status: str, is_renewable: bool, ends_ms: int | None, now_ms: int) -> str:
    """Say whether a token works, or its user has to grant access again."""
    return NEEDS_REAUTH if has_ended(now_ms, ends_ms) and not is_renewable else status


def merged(old: Any, answer: dict[str, Any]) -> dict[str, Any]:
    """Build the secret that follows an old one: what the provider answered, and the old refresh token without a new."""
    refresh_token = refresh_token_of(answer) or refresh_token_of(old)
    made = {name: value for name, value in answer.items() if name not in _REFRESH_NAMES | {"accessToken"}}
    made["access_token"] = access_token_of(answer)
    return made | ({"refresh_token": refresh_token} if refresh_token else {})


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except ValueError:
        return None


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


def secrets_of(form: str, secret: Any) -> Iterator[str]:
    """List the texts of a token's secret that no log may show; of an OAuth answer only what is named like a secret."""
    if form != "oauth" or not isinstance(secret, dict):
        yield from secrets_in(secret)
        return
    for name, part in secret.items():
        if isinstance(part, dict):
            yield from secrets_of(form, part)
        elif is_sensitive(name):
            yield from secrets_in(part)


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
            for name in _OF_THE_OLD_ONE:
                parts.pop(name, None)
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
