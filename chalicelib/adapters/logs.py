"""One JSON line per event on standard output, with who and what it belongs to; never a body, never a secret.

    with bound(operation="createAction", request_id=request_id):
        log("delivery.sent", delivery_id=delivery_id, status=200, elapsed_ms=12.5)

What is bound belongs to the current thread or task. Values under telling names are masked, and so are the values
given to hide(); see core/redaction.py.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Any

from chalicelib.core.config import settings
from chalicelib.core.redaction import Redactor

MAX_TEXT_CHARS = 2_000
MAX_TRACE_CHARS = 8_000
LEVELS = {"DEBUG": 10, "INFO": 20, "WARNING": 30, "ERROR": 40, "CRITICAL": 50}
RESERVED = frozenset({"level", "location", "timestamp", "service", "traceback"})

_bound: ContextVar[dict[str, Any] | None] = ContextVar("log_fields", default=None)
_secrets: ContextVar[Redactor | None] = ContextVar("log_secrets", default=None)
_NO_SECRETS = Redactor()


def bind(**fields: Any) -> None:
    """Add these fields to every line of the current thread or task; None takes one away."""
    merged = {**(_bound.get() or {}), **fields}
    _bound.set({name: value for name, value in merged.items() if value is not None})


@contextmanager
def bound(**fields: Any) -> Iterator[None]:
    """Bind fields for the length of a block; whatever the block binds or hides itself ends with it too."""
    fields_before, secrets_before = _bound.get(), _secrets.get()
    try:
        bind(**fields)
        yield
    finally:
        _bound.set(fields_before)
        _secrets.set(secrets_before)


def unbind() -> None:
    """Forget the bound fields and the hidden values."""
    _bound.set(None)
    _secrets.set(None)


def hide(secrets: Iterable[str]) -> None:
    """Mask these values in every line of the current thread or task, in place of those hidden before."""
    _secrets.set(Redactor(secrets))


def log(event: str, *, level: str = "INFO", **fields: Any) -> None:
    """Write one line. The event is a fixed name, `delivery.sent`; everything that varies is a field."""
    _write(event, level, fields)


def exception(event: str, error: BaseException, **fields: Any) -> None:
    """Write one line about a bug: the error's type, message and the way it came."""
    trace = "".join(traceback.format_exception(error))[-MAX_TRACE_CHARS:]
    _write(event, "ERROR", {**fields, "error_type": type(error).__name__, "error": str(error)}, trace)


def always(event: str, line: dict[str, Any]) -> None:
    """Write a line that is ours alone, numbers under fixed names: whatever the level, and with nothing bound."""
    _logger().info(event, extra=line)


def _write(event: str, level: str, fields: dict[str, Any], trace: str = "") -> None:
    weight = LEVELS[level]
    if weight < LEVELS.get(settings().log_level.upper(), LEVELS["INFO"]):
        return
    redactor = _secrets.get() or _NO_SECRETS
    shown = redactor.value({**(_bound.get() or {}), **fields})
    line = {_free(name): value[:MAX_TEXT_CHARS] if isinstance(value, str) else value for name, value in shown.items()}
    if trace:
        line["traceback"] = redactor.text(trace)
    _logger().log(weight, event, extra=line)


@lru_cache(maxsize=512)
def _free(name: str) -> str:
    """Rename a field that a log record has itself: logging raises on `name`, `args`, `module` and others."""
    import logging

    taken = logging.makeLogRecord({}).__dict__.keys() | {"asctime", "message", *RESERVED}
    return f"{name}_" if name in taken else name


class _Stdout:
    """Standard output as it is now, not as it was when the logger was made."""

    def write(self, text: str) -> None:
        sys.stdout.write(text)

    def flush(self) -> None:
        sys.stdout.flush()


@lru_cache(maxsize=1)
def _logger() -> Any:
    import logging

    from aws_lambda_powertools.logging import Logger  # heavy

    logging.getLogger("millrace").propagate = False  # Lambda's own handler would print every line again
    return Logger(service="millrace", level="DEBUG", stream=_Stdout(), location=None, use_rfc3339=True, utc=True)
