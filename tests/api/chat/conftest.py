"""What the tests of chat's operations share: a world outside that answers from memory."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from chalicelib.adapters import http_client
from chalicelib.storage import table
from tests.api.chat.world import World
from tests.client import Client
from tests.fakes.http_client import FakeHttp


@pytest.fixture
def http(monkeypatch: pytest.MonkeyPatch) -> FakeHttp:
    """Stand in for everything outside."""
    fake = FakeHttp()
    monkeypatch.setattr(http_client, "send", fake.send)
    return fake


@pytest.fixture
def world(client: Client) -> World:
    """Make a bot with one integration installed."""
    return World(client)


@pytest.fixture
def atomic(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the emulator do one thing at a time: it loses updates under threads, which the real one does not."""
    lock, call = threading.Lock(), table._call

    def one_at_a_time(operation: str, **request: Any) -> dict[str, Any]:
        with lock:
            return call(operation, **request)

    monkeypatch.setattr(table, "_call", one_at_a_time)
