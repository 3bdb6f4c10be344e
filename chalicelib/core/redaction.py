"""Keep secrets out of logs, errors and histories: by value, in every form it may take, and by the name of a field.

    redactor = Redactor([api_key, password])
    redactor.text("GET /?key=...")     redactor.value({"token": "...", "note": "... the key in a sentence ..."})

Redacting by value is the safe half: it finds a secret wherever it went. Redacting by name catches those that nobody
registered; it also reads name=value, "name": "value" and authorization headers inside a text.
"""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any
from urllib.parse import quote, quote_plus

MASK = "***"
MIN_SECRET_CHARS = 4
MAX_DEPTH = 100

# The last words of a name that holds a secret: accessToken, X-API-Key and client_secret, but not token_count.
_LAST_WORDS = frozenset(
    {"password", "passwd", "pwd", "passphrase", "passcode", "secret", "authorization", "auth", "cookie", "credential"}
    | {"passwords", "secrets", "cookies", "credentials", "signature", "signatures", "apikey", "apikeys", "jwt"}
    | {"bearer", "otp", "cvv", "cvc"}
)
_BEFORE_KEY = frozenset(
    {"api", "private", "secret", "signing", "encryption", "access", "hmac", "master", "shared", "auth"}
)
_NOT_BEFORE_TOKEN = frozenset({"next", "page", "previous", "continuation", "sync"})  # where a list goes on
_RUN_TOGETHER = (
    "password", "passwd", "clientsecret", "secretkey", "apikey", "privatekey", "accesstoken", "refreshtoken",
    "authtoken", "idtoken", "sessiontoken", "bearertoken", "apitoken", "signingkey",
)  # fmt: skip
_WHOLE_NAMES = frozenset({"codeverifier", "clientassertion", "passwordhash"})

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_HEADER = re.compile(r"(?i)\b((?:proxy-)?authorization|(?:set-)?cookie)(\s{0,2}[:=]\s{0,2})[^\r\n]+")
_SCHEME = re.compile(r"(?i)\b(basic|bearer)(\s{1,3})([A-Za-z0-9+/=._~-]{8,})")
_QUOTED = r"\\\"(?:[^\"\\]|\\[^\"])*(?:\\\")?" r"|\"(?:[^\"\\]|\\.)*\"?" r"|'(?:[^'\\]|\\.)*'?"
_PAIR = re.compile(
    r"(?<![\w.-])([A-Za-z][\w.-]{1,60})"
    r"(?:(=)([^\s&;,\"'<>(){}\[\]]+)" + rf"|(\\?[\"']\s{{0,3}}:\s{{0,3}})({_QUOTED}|[0-9.]+))"
)


class Redactor:
    """Masks registered secrets and whatever stands under a telling name. Made once, used from any thread."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets = frozenset(secret for secret in secrets if len(secret) >= MIN_SECRET_CHARS)
        forms = {form for secret in self._secrets for form in _forms(secret)}
        self._forms = sorted(forms, key=lambda form: (-len(form), form))  # a longer form may contain a shorter one

    def text(self, text: str) -> str:
        """Mask secrets in a text. Takes time linear in its length for each registered secret."""
        for form in self._forms:
            if form in text:
                text = text.replace(form, MASK)
        if ":" in text or "=" in text:
            text = _HEADER.sub(rf"\1\2{MASK}", text)
            text = _PAIR.sub(_masked_pair, text)
        return _SCHEME.sub(_masked_scheme, text)

    def value(self, value: Any) -> Any:
        """Mask secrets in JSON data and return a copy. What JSON does not know is shown as a text."""
        return self._value(value, MAX_DEPTH)

    def _value(self, value: Any, depth: int) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int | float):
            if self._secrets and str(value) in self._secrets:
                return MASK
            return value if isinstance(value, int) or math.isfinite(value) else str(value)
        if depth <= 0:
            return MASK
        if isinstance(value, dict):
            return {self.text(str(name)): self._field(name, content, depth) for name, content in value.items()}
        if isinstance(value, list | tuple):
            return [self._value(part, depth - 1) for part in value]
        return self.text(value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value))

    def _field(self, name: Any, content: Any, depth: int) -> Any:
        if is_sensitive(str(name)) and not (content is None or isinstance(content, bool)) and content != "":
            return content if _is_amount(str(name), content) else MASK
        return self._value(content, depth - 1)


@lru_cache(maxsize=4096)
def is_sensitive(name: str) -> bool:
    """Say whether a field of this name holds a secret, whatever its case and separators."""
    words = [word.lower() for word in _WORD.findall(name[:200])]
    while len(words) > 1 and words[-1].isdigit():  # password2, X-Hub-Signature-256
        words.pop()
    if not words:
        return False
    last, before, whole = words[-1], words[-2] if len(words) > 1 else "", "".join(words)
    if last in ("token", "tokens"):
        return before not in _NOT_BEFORE_TOKEN
    if last in ("key", "keys"):
        return before in _BEFORE_KEY
    return last in _LAST_WORDS or whole in _WHOLE_NAMES or whole.endswith(_RUN_TOGETHER)


def _is_amount(name: str, content: Any) -> bool:
    """Numbers under a plural are counts: tokens, max_tokens."""
    return isinstance(content, int | float) and name.lower().endswith("s")


def _masked_pair(match: re.Match[str]) -> str:
    name, equals, _, colon, quoted = match.groups()
    if not is_sensitive(name):
        return match[0]
    if equals:
        return f"{name}={MASK}"
    if quoted[0].isdigit() or quoted[0] == ".":
        return match[0] if name.lower().endswith("s") else f'{name}{colon}"{MASK}"'
    opening = quoted[:2] if quoted[0] == "\\" else quoted[0]
    return f"{name}{colon}{opening}{MASK}{opening}"


def _masked_scheme(match: re.Match[str]) -> str:
    scheme, space, credentials = match.groups()
    if scheme.lower() == "bearer":
        is_secret = len(credentials) >= 20
    else:
        try:
            is_secret = b":" in base64.b64decode(credentials + "=" * (-len(credentials) % 4), validate=True)
        except ValueError:
            is_secret = False
    return f"{scheme}{space}{MASK}" if is_secret else match[0]


def _forms(secret: str) -> set[str]:
    """List the spellings in which a secret may turn up."""
    raw = secret.encode("utf-8", "surrogatepass")
    forms = {secret, repr(secret)[1:-1], raw.hex(), raw.hex().upper()}
    forms |= {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    for quoted in (quote(raw, safe=""), quote(raw), quote_plus(raw)):
        forms |= {quoted, re.sub("%[0-9A-F]{2}", lambda code: code[0].lower(), quoted)}
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        whole = encode(raw).decode()
        forms |= {whole, whole.rstrip("=")} | {
            _core(encode(b"\0" * shift + raw).decode(), shift, raw) for shift in range(3)
        }
    return {form for form in forms if len(form) >= MIN_SECRET_CHARS}


def _core(encoded: str, shift: int, raw: bytes) -> str:
    """Cut the base64 of a secret amid other bytes, as in user:password, to the characters it alone decides."""
    return encoded[-(-shift * 8 // 6) : (shift + len(raw)) * 8 // 6]
