"""An automation that is deleted: what it had under way calls nobody any more, five seconds later at most."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.adapters import http_client
from chalicelib.automations import loading
from tests.automations import begin, look, make, nudge, pump
from tests.builders import USER
from tests.client import Client
from tests.conftest import Clock
from tests.fakes.http_client import FakeHttp

OF_USER = f"?userId={USER}"
CALL = {"type": "http", "method": "POST", "url": "https://example.com/call"}


@pytest.fixture
def far_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no deletion be known at once, as in a process other than the one that deletes."""
    monkeypatch.setattr(loading, "forget", lambda: None)


@pytest.mark.usefixtures("far_away")
def test_between_two_steps_of_one_turn_the_second_is_not_run(
    owner: Client, still: Clock, outside: FakeHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make(owner, [{**CALL, "id": "a"}, {**CALL, "id": "b"}])
    calls: list[str] = []

    def send(_workspace: str, request: Any) -> Any:
        calls.append(request.url)
        if len(calls) == 1:
            owner.delete(f"/v1/automation/{made[0]}{OF_USER}").ok()
            still.advance_s(5)
        return http_client.Response(200, http_client.Headers([]), b"", False, 1.0, request.url)

    monkeypatch.setattr(http_client, "send", send)
    execution = begin(owner, made)
    pump()
    assert len(calls) == 1
    assert look(owner, execution)["state"] == "cancelled"


@pytest.mark.usefixtures("far_away")
def test_after_a_wait_nothing_is_run_although_the_definition_is_still_known(
    owner: Client, still: Clock, outside: FakeHttp
) -> None:
    made = make(owner, [{"id": "w", "type": "wait", "seconds": 60}, {**CALL, "id": "b"}])
    execution = begin(owner, made)
    pump()
    still.advance_s(56)
    owner.delete(f"/v1/automation/{made[0]}{OF_USER}").ok()
    still.advance_s(5)
    nudge(owner, execution)
    shown = look(owner, execution)
    assert (shown["state"], shown["error"]["type"]) == ("cancelled", "Gone")
    assert outside.sent == []
