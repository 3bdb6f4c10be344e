"""A case: connector, kind, name, input, calls; a call: method, path and query, body sent, answer."""

from __future__ import annotations

from typing import Any

Call = tuple[str, str, Any, Any]
Case = tuple[str, str, str, dict[str, Any], list[Call]]
