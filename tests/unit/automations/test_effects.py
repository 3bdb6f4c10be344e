"""What an HTTP step sends, and how long an attempt may take."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.adapters import http_client
from chalicelib.automations import effects
from chalicelib.automations.effects import Failed, Work

URL = "https://api.example/things"


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[http_client.Request]:
    found: list[http_client.Request] = []

    def send(_workspace: str, request: http_client.Request) -> http_client.Response:
        found.append(request)
        status = 503 if "busy" in request.url else 200
        headers = http_client.Headers([("retry-after", "7")])
        return http_client.Response(status, headers, b"1" * 5, "large" in request.url, 1.0, request.url)

    monkeypatch.setattr(http_client, "send", send)
    return found


def work(hop: int = 1, **step: Any) -> Work:
    return Work("w", "u", "http", {"url": URL, **step}, "derived-key", 0, 5.0, hop)


def test_a_step_s_own_idempotency_key_is_left_alone_in_any_spelling(sent: list[http_client.Request]) -> None:
    effects.run(work(headers={"idempotency-KEY": "mine"}))
    effects.run(work())
    names = [{name.lower(): value for name, value in request.headers.items()} for request in sent]
    assert [one["idempotency-key"] for one in names] == ["mine", "derived-key"]
    assert len(sent[0].headers) == len(sent[1].headers)


def test_the_depth_of_the_chain_is_told_whatever_the_step_says(sent: list[http_client.Request]) -> None:
    effects.run(work(hop=4, headers={effects.HOP_HEADER: "0"}))
    assert sent[0].headers[effects.HOP_HEADER] == "4"


def test_bytes_and_calls_are_counted_also_when_the_answer_is_refused(sent: list[http_client.Request]) -> None:
    assert effects.run(work(body="abc")).used == {"calls": 1, "bytes": 8}
    with pytest.raises(Failed) as refused:
        effects.run(work(url=URL + "/busy"))
    assert refused.value.used == {"calls": 1, "bytes": 5}
    assert getattr(refused.value.error, "retry_after_s", None) == 7


def test_an_answer_that_is_cut_off_fails_the_step(sent: list[http_client.Request]) -> None:
    with pytest.raises(Failed) as failed:
        effects.run(work(url=URL + "/large"))
    assert type(failed.value.error).__name__ == "TooLarge"


@pytest.mark.parametrize(
    ("kind", "asked", "left_s", "given"),
    [
        ("http", None, 60, 15),
        ("code", None, 60, 5),
        ("http", 3, 60, 3),
        ("http", 300, 60, 25),
        ("http", None, 2, 2),
        ("http", 0, 60, 15),
        ("http", "5", 60, 15),
        ("code", 1, -3, 0.05),
    ],
)
def test_an_attempt_has_the_time_it_asks_for_within_what_is_left(
    kind: str, asked: Any, left_s: float, given: float
) -> None:
    assert effects.timeout_s(kind, asked, left_s) == given
