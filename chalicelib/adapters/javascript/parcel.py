"""What travels between a caller and the runner function: JSON, packed, because an invocation carries 6 MB at most."""

from __future__ import annotations

import base64
import zlib
from typing import Any

import orjson

from chalicelib.core.errors import TooLarge

MAX_BYTES = 5_500_000  # Lambda takes 6 MB of request and of response
_MAX_UNPACKED_BYTES = 64 * 1024 * 1024
_LEVEL = 1


def pack(content: dict[str, Any]) -> dict[str, str]:
    """Pack what is to be sent. Raises TooLarge when an invocation cannot carry it."""
    packed = base64.b64encode(zlib.compress(orjson.dumps(content), _LEVEL)).decode()
    if len(packed) > MAX_BYTES:
        raise TooLarge(f"more than {MAX_BYTES // 1_000_000} MB would have to be sent to where scripts run")
    return {"z": packed}


def unpack(parcel: Any) -> dict[str, Any]:
    """Read what was sent. Raises ValueError, TypeError or KeyError when it is no parcel, or far too large."""
    opener = zlib.decompressobj()
    try:
        text = opener.decompress(base64.b64decode(parcel["z"], validate=True), _MAX_UNPACKED_BYTES)
    except zlib.error as error:
        raise ValueError("not packed") from error
    if opener.unconsumed_tail or not opener.eof:
        raise ValueError("too large, or cut off")
    content = orjson.loads(text)
    if not isinstance(content, dict):
        raise TypeError("not an object")
    return content
