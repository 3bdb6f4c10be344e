"""A step that must not happen twice does not, whatever else can run once its worker fell."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.adapters import http_client
from chalicelib.automations import engine
from chalicelib.core import clock
from tests.automations import begin, look, make, step_of
from tests.client import Client
from tests.conftest import Clock

URL = "https://example.com"


class Fallen(BaseException):
    """The process ends here."""


@pytest.mark.parametrize(
    "earlier",
    [
        {"type": "http", "method": "POST", "url": f"{URL}/other", "atMostOnce": True},
        {"type": "code", "code": f"await $.axios.post('{URL}/other')"},
        {"type": "http", "method": "POST", "url": f"{URL}/other"},
    ],
)
def test_steps_that_became_ready_meanwhile_do_not_hide_the_doubt(
    owner: Client, still: Clock, monkeypatch: pytest.MonkeyPatch, earlier: dict[str, Any]
) -> None:
    once = {"id": "once", "type": "http", "method": "POST", "url": f"{URL}/once", "atMostOnce": True}
    branch = {
        "id": "which",
        "type": "ifValue",
        "value": "${index}",
        "equals": 0,
        "then": [{"id": "w", "type": "wait", "seconds": 10}, {**earlier, "id": "earlier"}],
        "else": [{"id": "before", "type": "http", "url": f"{URL}/before"}, once],
    }
    repeat = {"id": "r", "type": "repeat", "count": 2, "parallelism": 2, "steps": [branch]}
    execution = begin(owner, make(owner, [repeat]))
    calls: list[str] = []

    def send(_workspace: str, request: Any) -> Any:
        calls.append(request.url)
        if calls == [f"{URL}/before", f"{URL}/once"]:
            raise Fallen
        return http_client.Response(200, http_client.Headers([]), b"", False, 1.0, request.url)

    monkeypatch.setattr(http_client, "send", send)
    with pytest.raises(Fallen):
        engine.advance(owner.key, execution, clock.now_ms() + 20_000)
    still.advance_s(60)
    engine.advance(owner.key, execution, clock.now_ms() + 20_000)
    assert calls.count(f"{URL}/once") == 1
    shown = look(owner, execution)
    assert step_of(shown, "r[1]/which/else/once")["error"]["type"] == "Unknown"
