"""The kinds of messages every integration knows, and what each must hold. Source: contract, MessagePayload."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chalicelib.core.errors import InvalidInput

Check = Callable[[Any, str], None]
_ACTIONS = ("postback", "url", "say")


def check(kind: str, payload: dict[str, Any], where: str = "body.payload") -> None:
    """Check the payload of a built-in kind; of others nothing is known. Raises InvalidInput naming the field."""
    found = KINDS.get(kind)
    if found is not None:
        found(payload, where)


def _text(value: Any, where: str) -> None:
    if not isinstance(value, str) or not value:
        raise InvalidInput.at(where, "must be a text that is not empty", "data_format")


def _address(value: Any, where: str) -> None:
    _text(value, where)
    scheme = value.partition(":")[0].lower()
    if scheme not in ("http", "https", "data") or len(value) > 8_000:
        raise InvalidInput.at(where, "must be an address that begins with https://, http:// or data:", "data_format")


def _number(value: Any, where: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidInput.at(where, "must be a number", "data_format")


def _one_of(*options: str) -> Check:
    def run(value: Any, where: str) -> None:
        if value not in options:
            raise InvalidInput.at(where, f"must be one of {', '.join(options)}", "data_format")

    return run


def _list(part: Check) -> Check:
    def run(value: Any, where: str) -> None:
        if not isinstance(value, list):
            raise InvalidInput.at(where, "must be a list", "data_format")
        for number, item in enumerate(value):
            part(item, f"{where}.{number}")

    return run


def _object(needed: dict[str, Check], optional: dict[str, Check] | None = None) -> Check:
    def run(value: Any, where: str) -> None:
        if not isinstance(value, dict):
            raise InvalidInput.at(where, "must be an object", "data_format")
        for name, part in needed.items():
            if name not in value:
                raise InvalidInput.at(f"{where}.{name}", "is required", "data_format")
            part(value[name], f"{where}.{name}")
        for name, part in (optional or {}).items():
            if value.get(name) is not None:
                part(value[name], f"{where}.{name}")

    return run


_CARD = _object(
    {
        "title": _text,
        "actions": _list(_object({"action": _one_of(*_ACTIONS), "label": _text, "value": _text})),
    },
    {"subtitle": _text, "imageUrl": _address},
)
_CHOICE = _object({"text": _text, "options": _list(_object({"label": _text, "value": _text}))})
KINDS: dict[str, Check] = {
    "text": _object({"text": _text}),
    "markdown": _object({"markdown": _text}),
    "image": _object({"imageUrl": _address}),
    "audio": _object({"audioUrl": _address}),
    "video": _object({"videoUrl": _address}),
    "file": _object({"fileUrl": _address}, {"title": _text}),
    "location": _object({"latitude": _number, "longitude": _number}, {"address": _text, "title": _text}),
    "choice": _CHOICE,
    "dropdown": _CHOICE,
    "card": _CARD,
    "carousel": _object({"items": _list(_CARD)}),
}
