"""What an operator is told of a batch: one line of figures, and who and what each message was about."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from chalice import Blueprint

from chalicelib.adapters import logs, queue
from chalicelib.core import config, figures
from chalicelib.core.errors import InvalidInput, Unavailable
from chalicelib.edge import reporting, worker
from tests.conftest import NOON_MS, Clock

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture(autouse=True)
def clean(still: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    figures.forget()
    config.forget()
    monkeypatch.setattr(reporting, "_is_paced", False)
    monkeypatch.setattr(figures, "_keeper", None)
    monkeypatch.setattr(queue, "hide", lambda *_: None)
    yield
    logs.unbind()
    config.forget()


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Lines:
    return lambda: [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def record(number: int, body: Any, sent_ms: int, receives: int = 1) -> dict[str, Any]:
    return {
        "messageId": f"m{number}",
        "receiptHandle": f"r{number}",
        "body": body if isinstance(body, str) else json.dumps(body),
        "attributes": {"ApproximateReceiveCount": str(receives), "SentTimestamp": str(sent_ms)},
    }


def handled(function: Callable[[dict[str, Any]], float | None], *records: dict[str, Any]) -> Any:
    def consume(batch: worker.Batch) -> None:
        worker.each(function)(batch)

    return worker.consumes(Blueprint("x"), "some_queue")(consume)({"Records": list(records)}, None)


def test_a_batch_is_one_line_with_size_age_and_outcomes(lines: Lines) -> None:
    def function(body: dict[str, Any]) -> float | None:
        if body["n"] == 1:
            raise InvalidInput("never")
        return 30 if body["n"] == 2 else None

    sent = [NOON_MS - 5_000, NOON_MS - 9_000, NOON_MS - 1_000]
    answer = handled(function, *(record(n, {"n": n}, at) for n, at in enumerate(sent)), record(9, "{", NOON_MS))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m2"}]}
    line = lines()[-1]
    assert (line["message"], line["operation"]) == ("figures", "consume")
    shown = {name: line[name] for name in ("BatchMessages", "OldestMessageMs", "MessagesRepeated", "MessagesGivenUp")}
    assert shown == {"BatchMessages": 3, "OldestMessageMs": 9_000, "MessagesRepeated": 1, "MessagesGivenUp": 2}
    assert line["BatchMs"] == 0


@pytest.mark.parametrize(
    ("error", "event"), [(InvalidInput("never"), "message.given_up"), (KeyError("bug"), "message.failed")]
)
def test_what_fails_is_logged_with_whom_and_what_it_is_about(error: Exception, event: str, lines: Lines) -> None:
    def fail(_body: dict[str, Any]) -> None:
        raise error

    body = {"w": "w1", "x": "x1", "n": 3, "secret": "s3cr3t", "doc": {"a": 1}}
    handled(fail, record(1, body, NOON_MS, receives=4))
    (line,) = [one for one in lines() if one["message"] == event]
    assert (line["operation"], line["workspace"], line["messageId"], line["receives"]) == ("consume", "w1", "m1", 4)
    assert line["about"] == {"x": "x1"}
    assert "s3cr3t" not in json.dumps(line)


def test_what_an_event_matched_is_no_id(lines: Lines) -> None:
    def fail(_body: dict[str, Any]) -> None:
        raise InvalidInput("never")

    handled(fail, record(1, {"w": "w1", "ev": "e1", "x": "ann@example.com"}, NOON_MS))
    (line,) = [one for one in lines() if one["message"] == "message.given_up"]
    assert line["about"] == {"ev": "e1"}


def test_a_batch_that_cannot_be_worked_on_is_reported_all_the_same(lines: Lines) -> None:
    def consume(_batch: worker.Batch) -> None:
        raise Unavailable("throttled")

    answer = worker.consumes(Blueprint("x"), "q")(consume)({"Records": [record(1, {}, NOON_MS)]}, None)
    assert len(answer["batchItemFailures"]) == 1
    assert [line["message"] for line in lines()] == ["batch.unavailable", "figures"]


def test_an_invocation_that_breaks_is_reported_too(lines: Lines) -> None:
    def consume(_batch: worker.Batch) -> None:
        raise RuntimeError("bug")

    with pytest.raises(RuntimeError):
        worker.consumes(Blueprint("x"), "q")(consume)({"Records": [record(1, {}, NOON_MS)]}, None)
    (line,) = lines()
    assert (line["message"], line["BatchMessages"]) == ("figures", 1)


def test_a_tick_is_a_line(lines: Lines) -> None:
    def tick() -> None:
        figures.add("QueueSends", 2)

    fields = ("version", "account", "region", "detail-type", "source", "time", "id")
    handler = worker.ticks(Blueprint("x"), "some_tick")(tick)
    handler(dict.fromkeys(fields, "") | {"detail": {}, "resources": []}, None)
    (line,) = lines()
    assert (line["operation"], line["QueueSends"], line["BatchMs"]) == ("some_tick", 2, 0)
