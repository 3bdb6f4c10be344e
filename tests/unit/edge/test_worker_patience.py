"""What waits, or meets a table that does not answer, never becomes a dead letter; what fails by itself does."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from chalice import Blueprint

from chalicelib.adapters import queue
from chalicelib.core.errors import QuotaExceeded, Unavailable, UpstreamFailed
from chalicelib.edge import worker

MAX_RECEIVES = 8
QUEUE = "some_queue"


class Line:
    """A queue that counts receives, and gives up what was received eight times."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.sent: list[tuple[dict[str, Any], float]] = []
        self.is_down = False
        patch.setattr(queue, "send", self._send)
        patch.setattr(queue, "hide", lambda *_: None)

    def _send(self, _name: str, body: dict[str, Any], delay_s: float = 0) -> None:
        if self.is_down:
            raise Unavailable("down")
        self.sent.append((body, delay_s))

    def play(self, function: Callable[[dict[str, Any]], float | None], times: int) -> str:
        """Deliver one message up to so often; say what became of it."""
        handler = worker.consumes(Blueprint("x"), QUEUE)(worker.each(function))
        body, receives = {"n": 1}, 0
        for _ in range(times):
            receives += 1
            if receives > MAX_RECEIVES:
                return "dead"
            attributes = {"ApproximateReceiveCount": str(receives), "SentTimestamp": "0"}
            record = {"messageId": "m", "receiptHandle": "r", "body": json.dumps(body), "attributes": attributes}
            if not handler({"Records": [record]}, None)["batchItemFailures"]:
                if not self.sent:
                    return "done"
                (body, _), receives = self.sent.pop(), 0
        return "waiting"


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch) -> Line:
    return Line(monkeypatch)


def raising(error: Exception) -> Callable[[dict[str, Any]], float | None]:
    def function(_body: dict[str, Any]) -> float | None:
        raise error

    return function


@pytest.mark.parametrize("function", [raising(Unavailable("down")), lambda _body: 30.0], ids=["our table", "too early"])
def test_what_has_to_wait_is_sent_anew_before_its_receives_are_used_up(line: Line, function: Any) -> None:
    assert line.play(function, 100) == "waiting"


def test_a_whole_batch_that_met_a_silent_table_waits_as_well(line: Line) -> None:
    def batch(_batch: worker.Batch) -> None:
        raise Unavailable("down")

    handler = worker.consumes(Blueprint("x"), QUEUE)(batch)
    attributes = {"ApproximateReceiveCount": "7", "SentTimestamp": "0"}
    record = {"messageId": "m", "receiptHandle": "r", "body": '{"n": 1}', "attributes": attributes}
    assert handler({"Records": [record]}, None) == {"batchItemFailures": []}
    assert line.sent == [({"n": 1}, worker.backoff_s(7))]


def test_what_cannot_be_sent_anew_comes_again_by_itself(line: Line) -> None:
    line.is_down = True
    assert line.play(raising(Unavailable("down")), MAX_RECEIVES) == "waiting"


@pytest.mark.parametrize("error", [ValueError("bug"), UpstreamFailed("gone", retryable=True)], ids=["bug", "upstream"])
def test_what_fails_by_itself_becomes_a_dead_letter(line: Line, error: Exception) -> None:
    assert line.play(raising(error), 100) == "dead"


def test_what_is_done_is_done(line: Line) -> None:
    assert line.play(lambda _body: None, 100) == "done"


def test_what_is_put_off_for_hours_is_sent_anew_at_once_and_never_dies(line: Line) -> None:
    """A hidden message counts as in flight, of which a queue has only so many for everybody."""
    seen: list[int] = []

    def function(body: dict[str, Any]) -> float | None:
        seen.append(body["n"])
        raise QuotaExceeded("used up", 40_000)

    handler = worker.consumes(Blueprint("x"), QUEUE)(worker.each(function))
    attributes = {"ApproximateReceiveCount": "1", "SentTimestamp": "0"}
    record = {"messageId": "m", "receiptHandle": "r", "body": '{"n": 1}', "attributes": attributes}
    assert handler({"Records": [record]}, None)["batchItemFailures"] == []
    assert line.sent == [({"n": 1}, 3_600)]
    line.sent.clear()
    assert line.play(function, 100) == "waiting"
    line.is_down = True
    assert handler({"Records": [record]}, None)["batchItemFailures"] == [{"itemIdentifier": "m"}]
