"""Turn a Script into the bytes a child reads, refusing what is outside the limits."""

from __future__ import annotations

import hashlib
import re
import secrets
import struct
from typing import Any

import orjson

from chalicelib.adapters.javascript.model import MAX_INPUT_DEPTH, Script
from chalicelib.core import clock
from chalicelib.core.config import settings
from chalicelib.core.errors import InvalidInput, TooLarge

MAX_CODE_BYTES = 64 * 1024
MAX_CODE_TOTAL_BYTES = 256 * 1024
MAX_DEPTH = MAX_INPUT_DEPTH
_JOB = struct.Struct("<IIdIII")  # as in child.py
_NAME = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]{0,99}")
_NOT_NAMES = frozenset({"__proto__", "globalThis", "undefined", "NaN", "Infinity", "constructor", "$", "console"})


def limit_s(script: Script) -> float:
    """Give the wall-clock limit of a script. Raises InvalidInput when it, or the memory, is outside its range."""
    timeout_s = settings().logic_timeout_s if script.timeout_s is None else script.timeout_s
    if not 0 < timeout_s <= 900:
        raise InvalidInput.at("timeout_s", "must be above 0 and at most 900")
    if not 8 <= script.memory_mb <= 512:
        raise InvalidInput.at("memory_mb", "must be from 8 to 512")
    return timeout_s


def encode(script: Script, timeout_s: float) -> bytes:
    """Write the job. Raises TooLarge or InvalidInput naming what is wrong."""
    code = _code(script.code, "code")
    total = len(code)
    for name, text in script.functions.items():
        if not _NAME.fullmatch(name) or name == "__proto__":
            raise InvalidInput.at("functions", f"{name[:100]!r} is not a function name")
        total += len(_code(text, f"functions.{name}"))
    if total > MAX_CODE_TOTAL_BYTES:
        raise TooLarge(f"code and functions together are larger than {MAX_CODE_TOTAL_BYTES // 1024} KB")
    functions = orjson.dumps(dict(script.functions)) if script.functions else b""
    bindings = _bindings(script)
    seed = hashlib.sha256(script.seed.encode()).digest() if script.seed else secrets.token_bytes(32)
    now_ms = script.now_ms or clock.now_ms()
    head = _JOB.pack(script.memory_mb, int(timeout_s * 1000), now_ms, len(seed), len(functions), len(code))
    return b"".join((head, seed, functions, code, bindings))


def depth_of(value: Any) -> int:
    """Count the levels of a JSON value: 0 for a scalar, 1 for a flat list or object."""
    level, depth = [value], 0
    while True:
        inner: list[Any] = []
        found = False
        for item in level:
            if isinstance(item, dict):
                found = True
                inner.extend(item.values())
            elif isinstance(item, (list, tuple)):
                found = True
                inner.extend(item)
        if not found or depth > 1000:
            return depth
        depth += 1
        level = inner


def is_too_deep(text: bytes, value: Any, max_depth: int = MAX_DEPTH) -> bool:
    """Tell whether a JSON value is nested too deeply; its text says cheaply that most are not."""
    return text.count(b"[") + text.count(b"{") > max_depth and depth_of(value) > max_depth


def _code(text: str, location: str) -> bytes:
    try:
        code = text.encode()
    except UnicodeEncodeError as error:
        raise InvalidInput.at(location, "holds half a surrogate pair") from error
    if len(code) > MAX_CODE_BYTES:
        raise TooLarge(f"{location} is larger than {MAX_CODE_BYTES // 1024} KB")
    if b"\0" in code:
        raise InvalidInput.at(location, "holds a NUL character")
    return code


def _bindings(script: Script) -> bytes:
    for name in script.bindings:
        if not _NAME.fullmatch(name) or name in _NOT_NAMES:
            raise InvalidInput.at("bindings", f"{name[:100]!r} cannot be the name of a global")
    values = dict(script.bindings)
    try:
        text = orjson.dumps(values)
    except (TypeError, ValueError) as error:  # orjson's JSONEncodeError is a TypeError
        raise InvalidInput.at("bindings", f"not JSON: {error}") from error
    if len(text) > script.max_input_bytes:
        raise TooLarge(f"the input is larger than {script.max_input_bytes // 1024} KB")
    if is_too_deep(text, list(values.values()), script.max_input_depth):
        raise InvalidInput.at("bindings", f"nested deeper than {script.max_input_depth} levels")
    return text
