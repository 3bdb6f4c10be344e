"""What executions hear while they are busy with something else."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.adapters import http_client
from chalicelib.automations import bells, engine
from chalicelib.core import clock
from tests.automations import begin, look, make, pump
from tests.builders import USER
from tests.client import Client
from tests.conftest import Clock

OF_USER = f"?userId={USER}"
CALL = {"type": "http", "method": "POST"}


def test_a_child_that_ends_while_other_steps_of_the_same_turn_run_is_heard(
    owner: Client, still: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    child, version = make(owner, [{"id": "w", "type": "wait", "seconds": 5}])
    branch = {
        "id": "which",
        "type": "ifValue",
        "value": "${index}",
        "equals": 0,
        "then": [{"id": "inner", "type": "automation", "automationId": child, "version": version}],
        "else": [
            {"id": "heard", "type": "waitForEvent", "event": "go"},
            {**CALL, "id": "a", "url": "https://example.com/a"},
            {**CALL, "id": "b", "url": "https://example.com/b"},
            {**CALL, "id": "c", "url": "https://example.com/c"},
        ],
    }
    parent = begin(owner, make(owner, [{"id": "r", "type": "repeat", "count": 2, "parallelism": 2, "steps": [branch]}]))
    pump()
    (begun,) = owner.get(f"/v1/automation/{child}/execution{OF_USER}").ok()

    def send(_workspace: str, request: Any) -> Any:
        if request.url.endswith("/a"):  # meanwhile the child ends, and another worker says so
            still.advance_s(6)
            engine.advance(owner.key, begun["id"], clock.now_ms() + 20_000)
            bells.ring(owner.key, parent, begun["id"])
        return http_client.Response(200, http_client.Headers([]), b"", False, 1.0, request.url)

    monkeypatch.setattr(http_client, "send", send)
    owner.post(f"/v1/execution/{parent}/event{OF_USER}", {"name": "go"}).ok()
    pump()
    still.advance_s(600)
    pump()
    assert look(owner, parent)["state"] == "done"


def test_an_event_ends_one_wait_and_the_next_of_its_name_needs_another(owner: Client) -> None:
    waits = [{"id": name, "type": "waitForEvent", "event": "go"} for name in ("a", "b")]
    execution = begin(owner, make(owner, waits))
    pump()
    for state in ("waiting", "done"):
        owner.post(f"/v1/execution/{execution}/event?userId={USER}", {"name": "go"}).ok()
        pump()
        assert look(owner, execution)["state"] == state
