"""The forms that messages of this context's queues have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.adapters import logs
from chalicelib.edge.worker import Batch, backoff_s

Form = Mapping[str, type]
_NOTIFIED: Form = {"w": str, "ev": str}
_PAGE: Form = {**_NOTIFIED, "tr": str, "shard": str}
_REPLAY: Form = {"w": str, "s": str, "replay": dict}
_FIRST: Form = {**_NOTIFIED, "s": str}
_LATER: Form = {"w": str, "s": str, "at": int, "m": str}
_ENDED: Form = {"w": str, "s": str, "ended": int}
_RENEWAL: Form = {"w": str, "s": str, "renew": bool}
_OPTIONAL: Form = {"i": int, "n": int}

FAN_OUT = (_PAGE, _NOTIFIED, _REPLAY)
DELIVER = (_FIRST,)
RETRY = (_FIRST, _LATER, _ENDED, _RENEWAL)
POLL: tuple[Form, ...] = ({"w": str, "s": str},)


def is_first(body: dict[str, Any]) -> bool:
    """Say whether a message is about the first attempt of a delivery."""
    return _has(body, _FIRST)


def is_later(body: dict[str, Any]) -> bool:
    """Say whether a message is about a delivery that has a row."""
    return _has(body, _LATER)


def well_formed(batch: Batch, forms: tuple[Form, ...]) -> Batch:
    """Leave out what has none of the forms: it comes again until its queue gives it up; its neighbours go on."""
    usable = []
    for message in batch.messages:
        if any(_has(message.body, form) for form in forms):
            usable.append(message)
        else:
            logs.log("message.malformed", level="ERROR", queue=message.queue, messageId=message.id)
            message.again(backoff_s(message.receives))
    return Batch(usable, batch.deadline_ms)


def _has(body: dict[str, Any], form: Form) -> bool:
    is_whole = all(_is(body.get(name), kind) for name, kind in form.items())
    return is_whole and all(name not in body or _is(body[name], kind) for name, kind in _OPTIONAL.items())


def _is(value: Any, kind: type) -> bool:
    return isinstance(value, kind) and (kind is not int or not isinstance(value, bool))
