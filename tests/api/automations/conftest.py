"""A user, a stopped clock, and third parties in memory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chalicelib.adapters import http_client
from chalicelib.automations import executions
from tests import automations
from tests.builders import make_user
from tests.client import Client
from tests.conftest import Clock
from tests.fakes.http_client import FakeHttp


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch) -> FakeHttp:
    fake = FakeHttp()
    monkeypatch.setattr(http_client, "send", fake.send)
    return fake


@pytest.fixture
def owner(client: Client, still: Clock, no_delays: None) -> Iterator[Client]:
    """The API as seen by a workspace with one user; waiting callers make time pass."""
    make_user(client)
    automations.forget()
    executions.use_sleep(still.advance_s)
    from chalicelib.core import clock

    clock.use(still)
    yield client
    automations.forget()
