"""What the prelude may ask of its child process without waiting: texts in, a text out.

Hashes, the run's random bytes, the sandbox's own libraries, console lines, and the rare question that the parent
answers. Only the prelude holds the function; a script never does. Loaded by zygote.py.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from base64 import b64decode, b64encode, urlsafe_b64encode
from collections.abc import Callable
from typing import Any

MAX_LOG_LINES, MAX_LOG_BYTES = 200, 65_536
MAX_QUESTIONS = 200
HASHES = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512")


def warm() -> None:
    """Touch what Python and OpenSSL load late, so that a child, which may open no file, finds it loaded."""
    for name in HASHES:
        hmac.digest(b"warm", b"up", name)
        hashlib.new(name, b"warm").hexdigest()
    _bytes('j"\\ud800"')
    _bytes("b")


class HostFunctions:
    """Answers the prelude's synchronous questions: strings in, a string out, `=` or `!` first, never an exception."""

    def __init__(self, pipe: Any, load: Callable[[str], str]) -> None:
        """pipe is the child's Pipe (None while warming up); load evaluates a library by name, or gives its text."""
        self.pipe, self._load = pipe, load
        self.seed = b""
        self.drawn = 0
        self.lines = self.line_bytes = self.questions = 0

    def __call__(self, *words: Any) -> str:
        try:
            operation, a, b, c = words
            for word in words:
                if type(word) is not str:
                    return "!the sandbox takes texts only"
            return self._answer(operation, a, b, c)
        except OSError:  # the parent is gone
            os._exit(0)
        except Exception as error:  # noqa: BLE001 (an exception left behind would corrupt the engine's state)
            return f"!{error}"

    def _answer(self, operation: str, a: str, b: str, c: str) -> str:
        if operation == "say":
            return self._say(a)
        if operation == "source":
            return "=" + self._load(a)
        if operation == "random":
            return "=" + self._random(int(a)).hex()
        if operation == "ask":
            self.questions += 1
            if self.pipe is None or self.questions > MAX_QUESTIONS:
                return f"!a run may ask {MAX_QUESTIONS} times at most"
            self.pipe.write(b"Q", json.dumps({"kind": a, "request": json.loads(b)}).encode())
            return "=" + self.pipe.answer_to_question()
        kind, algorithm, encoding = operation.split(" ")
        if algorithm not in HASHES:
            return f"!Digest method not supported: {algorithm[:40]}"
        data = _bytes(b)
        made = hmac.digest(_bytes(a), data, algorithm) if kind == "hmac" else hashlib.new(algorithm, data).digest()
        return "=" + ENCODE[encoding](made)

    def _say(self, line: str) -> str:
        size = len(line)
        if self.lines >= MAX_LOG_LINES or self.line_bytes + size > MAX_LOG_BYTES:
            return "="
        self.lines += 1
        self.line_bytes += size
        if self.pipe is not None:
            self.pipe.write(b"L", line.encode())
        return "="

    def _random(self, size: int) -> bytes:
        self.drawn += 1
        return hashlib.shake_256(self.seed + self.drawn.to_bytes(8, "big")).digest(min(size, 65_536))


ENCODE: dict[str, Callable[[bytes], str]] = {
    "hex": bytes.hex,
    "base64": lambda data: b64encode(data).decode(),
    "base64url": lambda data: urlsafe_b64encode(data).decode().rstrip("="),
}


def _bytes(carried: str) -> bytes:
    """Read a text as the prelude packs it: u plain, j JSON (may hold NUL or half a surrogate), b base64, p parts."""
    kind, text = carried[:1], carried[1:]
    if kind == "u":
        return text.encode()
    if kind == "j":
        return bytes(json.loads(text).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode())
    if kind == "b":
        return b64decode(text)
    if kind == "p":
        return b"".join(_bytes(part) for part in json.loads(text))
    return b""
