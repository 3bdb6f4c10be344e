"""What the tests of chat's workers share: a world outside that answers from memory."""

from __future__ import annotations

import pytest

from chalicelib.adapters import http_client
from tests.fakes.http_client import FakeHttp
from tests.workers.chat.post import post  # noqa: F401 the queues of these tests


@pytest.fixture
def http(monkeypatch: pytest.MonkeyPatch) -> FakeHttp:
    """Stand in for everything outside."""
    fake = FakeHttp()
    monkeypatch.setattr(http_client, "send", fake.send)
    return fake
