"""One office per test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chalicelib.adapters import http_client
from tests.client import Client
from tests.conftest import Clock
from tests.fakes.http_client import FakeHttp
from tests.workers.channels.office import Office


@pytest.fixture
def http(monkeypatch: pytest.MonkeyPatch) -> FakeHttp:
    made = FakeHttp()
    monkeypatch.setattr(http_client, "send", made.send)
    return made


@pytest.fixture
def office(client: Client, still: Clock, http: FakeHttp, no_delays: None) -> Iterator[Office]:
    made = Office(client, still, http)
    made.post("/v1/subscribers", {"subscriberId": "ann", "email": "ann@example.com", "firstName": "Ann"})
    yield made
