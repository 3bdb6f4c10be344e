"""The connectors that come with the platform are installed through the API like any other."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest

from infra import connector_files
from tests.client import Client
from tests.unit.connectors.connector_logic import GITHUB


def test_github_installs_whole_and_a_second_time_changes_nothing(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []

    def call(
        _api: Any, method: str, path: str, body: Any = None, query: Any = None, accept: tuple[int, ...] = ()
    ) -> Any:
        if method != "GET":
            written.append(f"{method} {path}")
        answer = client.send(method, f"{path}?{urlencode({'userId': 'admin', **(query or {})})}", body)
        return None if answer.status in accept else answer.ok()

    monkeypatch.setattr(connector_files._Api, "call", call)
    ids = connector_files.install("http://localhost", "key", "admin", GITHUB)
    assert len(ids["triggers"]) > 30 and len(ids["actions"]) > 8
    written.clear()
    assert connector_files.install("http://localhost", "key", "admin", GITHUB) == ids
    assert written == ["POST /v1/user"]
