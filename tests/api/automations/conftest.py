"""A user, a stopped clock, and third parties in memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest

from chalicelib.adapters import http_client
from chalicelib.automations import executions, versions
from chalicelib.automations.rules import language
from tests import automations
from tests.builders import make_user
from tests.client import Client
from tests.conftest import Clock
from tests.fakes.http_client import FakeHttp

SCHEMA = jsonschema_rs.validator_for(language.json_schema(), offline=True)


@pytest.fixture(autouse=True)
def _schema_takes_what_the_check_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hold the published JSON Schema to every definition that any test here saves."""
    check = versions.check

    def both(definition: Any, *more: Any) -> None:
        check(definition, *more)
        assert SCHEMA.is_valid(definition), [error.message for error in SCHEMA.iter_errors(definition)]

    monkeypatch.setattr(versions, "check", both)


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
