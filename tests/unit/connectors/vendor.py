"""A third party for tests of connectors: answers from a list, and keeps what was asked."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any
from urllib.parse import unquote_plus

from infra import connector_files
from tests.unit.connectors.cases import TOKENS, URLS
from tests.unit.connectors.connector_logic import Logic


class Vendor:
    """Answers a script's calls one after the other; an answer is a body, or (status, body, headers)."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[dict[str, Any]] = []

    def http(self, request: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(request)
        answer = self.answers.pop(0)
        status, body, headers = (*answer, {})[:3] if isinstance(answer, tuple) else (200, answer, {})
        return {"status": status, "headers": headers, "body": "" if body is None else json.dumps(body)}

    @property
    def urls(self) -> list[str]:
        """What was asked, readable: method and address, decoded."""
        return [f"{one['method']} {unquote_plus(one['url'])}" for one in self.asked]


@lru_cache
def parts(connector: str) -> dict[str, Any]:
    """Read a built-in connector once."""
    return connector_files.read(connector_files.BUILTIN / connector)


def logic(connector: str, host: Any = None, **changed: Any) -> Logic:
    """Set a built-in connector up with a token of its own kind."""
    token = TOKENS.get(connector, {"type": "oauth", "access_token": "at"})
    setting: dict[str, Any] = {"token": token, "url": URLS.get(connector), "vars": {}, "host": host, **changed}
    return Logic(parts=parts(connector), **setting)
