"""Turn the end of a run into LogicFailed: what kind, in whose words, at which line of the user's own code."""

from __future__ import annotations

import os
import re
import signal
from typing import Any

from chalicelib.core.errors import LogicFailed

KINDS = frozenset({"syntax", "threw", "timeout", "memory", "stack", "output", "stuck"})
_PREFIX_CHARS = len("(async function(){")  # as in child.py
_FRAME = re.compile(r"<input>:(\d{1,7}):(\d{1,7})")
_PLAIN_NAMES = frozenset({"", "Error", "AxiosError"})
_OWN_TEXT = {
    "memory": "the script used more memory than it may",
    "stack": "the script called itself too deeply",
}


def from_report(report: Any, code: str, logs: list[dict[str, Any]]) -> LogicFailed:
    """Read a child's report, which is as untrustworthy as the script it ran."""
    if not isinstance(report, dict):
        report = {}
    kind = report.get("kind")
    kind = kind if kind in KINDS else "threw"
    name, message = _text(report, "name"), _text(report, "message")
    if kind in _OWN_TEXT:
        message = _OWN_TEXT[kind]
    elif name not in _PLAIN_NAMES and kind != "stuck":
        message = f"{name}: {message}"
    line, column, function = position(_text(report, "stack"), code, report.get("sections"))
    failed = LogicFailed(message or "the script threw nothing to read", kind=kind, line=line, column=column, logs=logs)
    if function:
        failed.details["function"] = function
    if name:
        failed.details["name"] = name
    if _text(report, "code"):
        failed.details["code"] = _text(report, "code")
    status = _text(report, "status")
    if status:
        failed.details["status"] = int(status) if status.isdigit() and len(status) < 6 else status
    return failed


def timed_out(timeout_s: float, logs: list[dict[str, Any]]) -> LogicFailed:
    """The run was killed at its wall-clock limit."""
    return LogicFailed(f"the script ran longer than {timeout_s:g} s", kind="timeout", logs=logs)


def died(status: int, timeout_s: float, logs: list[dict[str, Any]]) -> LogicFailed:
    """The child ended by itself; the kernel's limits on CPU time and memory do that."""
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU:
        return timed_out(timeout_s, logs)
    return LogicFailed(_OWN_TEXT["memory"], kind="memory", logs=logs)


def in_disorder(logs: list[dict[str, Any]]) -> LogicFailed:
    """The child broke the rules between it and its parent."""
    return LogicFailed("the script was stopped: its process no longer followed the rules", kind="threw", logs=logs)


def position(stack: str, code: str, sections: Any) -> tuple[int | None, int | None, str]:
    """Find the innermost frame that is the user's: line and column from 1, and the service script it lies in."""
    lines = code.count("\n") + 1
    for found in _FRAME.finditer(stack):
        line, column = int(found[1]), int(found[2])
        if line <= lines + 1:
            return (*_in_text(line, column, lines, code), "")
        for section in sections if isinstance(sections, list) else ():
            place = _in_section(section, line, column)
            if place is not None:
                return place
    return None, None, ""


def _in_section(section: Any, line: int, column: int) -> tuple[int, int, str] | None:
    try:
        first, count, prefix, name = (section[key] for key in ("first", "lines", "prefix", "name"))
        if not first < line <= first + count + 1:
            return None
        line = min(line - first, count)
        return int(line), int(column - prefix if line == 1 else column), str(name)[:100]
    except (TypeError, KeyError, ValueError):
        return None


def _in_text(line: int, column: int, lines: int, code: str) -> tuple[int, int]:
    if line > lines:  # the wrapper's closing brace: the fault is at the end of the code
        return lines, len(code) - code.rfind("\n")
    return line, max(1, column - _PREFIX_CHARS if line == 1 else column)


def _text(report: dict[str, Any], key: str) -> str:
    value = report.get(key)
    return value[:4100] if isinstance(value, str) else ""
