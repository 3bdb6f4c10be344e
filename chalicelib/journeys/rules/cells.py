"""CSV that spreadsheets open safely (RFC 4180): UTF-8, comma, CRLF; no text can begin a formula."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

_FORMULA = (
    "=",
    "+",
    "-",
    "@",
    "\t",
    "\r",
    "\n",
    "\uff1d",
    "\uff0b",
    "\uff0d",
    "\uff20",
)  # also full width: some read it
_NOT_IN_NAME = re.compile(r"[^A-Za-z0-9._-]")
MAX_NAME = 100


def safe(value: Any) -> str:
    """Spell a value for a cell: text that a spreadsheet could take for a formula begins with a quote mark."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    return "'" + text if isinstance(value, str) and text.startswith(_FORMULA) else text


def lines(columns: Sequence[str], rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Give the lines of a table, the heading first; columns that a row lacks are empty."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    for cells in _with_heading(columns, rows):
        writer.writerow(cells)
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def _with_heading(columns: Sequence[str], rows: Iterable[dict[str, Any]]) -> Iterator[list[str]]:
    yield list(columns)
    for row in rows:
        yield [safe(row.get(column)) for column in columns]


def file_name(wanted: str | None, default: str, ending: str) -> str:
    """Give a name for a download: only letters, digits, dot, dash and underscore survive."""
    name = _NOT_IN_NAME.sub("", wanted or "").lstrip(".")[:MAX_NAME] or default
    return name if name.lower().endswith(ending) else name + ending
