"""What a run may ask of the outside, how often, and what becomes of answers that come too late."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.adapters.javascript import calls
from chalicelib.adapters.javascript.calls import MAX_ANSWER_BYTES, MAX_CALLS, Calls
from chalicelib.core.errors import AddressRefused, PlatformError, UpstreamFailed, UpstreamTimeout


class Outside:
    """Answers with what it was asked, or with what `does` makes of it; notes from which thread."""

    def __init__(self, does: Callable[[dict[str, Any]], dict[str, Any]] | None = None) -> None:
        self.does, self.threads = does or (lambda request: request), []

    threads: list[threading.Thread]

    def http(self, request: dict[str, Any]) -> dict[str, Any]:
        self.threads.append(threading.current_thread())
        return self.does(request)


class Given:
    """Keeps the answers."""

    def __init__(self) -> None:
        self.answers: dict[int, Any] = {}

    def __call__(self, number: int, text: bytes) -> None:
        self.answers[number] = json.loads(text)

    def wait(self, count: int) -> dict[int, Any]:
        ends = time.monotonic() + 10
        while len(self.answers) < count:
            assert time.monotonic() < ends
            time.sleep(0.001)
        return self.answers


@pytest.fixture
def given() -> Given:
    return Given()


def request(call_id: int = 1, kind: str = "http", **sent: Any) -> dict[str, Any]:
    return {"id": call_id, "kind": kind, "request": sent}


def failing(error: BaseException) -> Outside:
    def fail(_request: dict[str, Any]) -> dict[str, Any]:
        raise error

    return Outside(fail)


def test_a_lone_call_is_made_right_here_and_any_other_beside_the_script(given: Given) -> None:
    outside = Outside()
    made = Calls(given, outside, lambda: 5)
    made.batch(b"-" + json.dumps([request()]).encode())
    assert (outside.threads, set(given.answers)) == ([threading.current_thread()], {1})
    made.batch(b"T" + json.dumps([request(2)]).encode())
    made.batch(b"-" + json.dumps([request(3), request(4)]).encode())
    given.wait(4)
    assert threading.current_thread() not in outside.threads[1:]
    assert made.count == 4


def test_a_call_beside_one_that_is_still_made_waits_for_nobody(given: Given) -> None:
    done = threading.Event()
    outside = Outside(lambda sent: {"ended": done.wait(10)} if sent.get("slow") else sent)
    made = Calls(given, outside, lambda: 5)
    made.start([request(1, slow=True)], is_beside_timers=True)
    while not outside.threads:
        time.sleep(0.001)
    made.start([request(2)], is_beside_timers=False)
    given.wait(1)
    assert outside.threads[1] is not threading.current_thread()
    done.set()
    given.wait(2)
    while made._in_flight:
        time.sleep(0.001)
    made.start([request(3)], is_beside_timers=False)
    assert outside.threads[2] is threading.current_thread()


def test_a_run_makes_so_many_calls_of_both_kinds_and_no_more(given: Given) -> None:
    made = Calls(given, Outside(), lambda: 5)
    made.count = MAX_CALLS - 1
    made.start([request()], is_beside_timers=False)
    with pytest.raises(ValueError, match="more calls"):
        made.start([request(2)], is_beside_timers=False)
    made.count = MAX_CALLS - 1
    asked = {"kind": "hmac", "request": {}}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(calls, "answer_to_question", lambda body: {"value": json.loads(body)})
        made.question(json.dumps(asked).encode())
        assert given.answers[0] == {"value": asked}
        with pytest.raises(ValueError, match="more calls"):
            made.question(b"{}")
    assert set(given.answers) == {0, 1}


def test_all_runs_of_a_process_share_so_many_threads() -> None:
    threads = calls._pool()
    assert threads is calls._pool()
    assert threads._max_workers == calls.MAX_AT_ONCE


def test_late_answers_come_to_nothing(given: Given) -> None:
    made = Calls(given, Outside(), lambda: 5)
    made.close()
    made.start([request()], is_beside_timers=False)
    assert given.answers == {}


@pytest.mark.parametrize(
    ("asked", "given_ms"),
    [({}, 5000), ({"timeout_ms": 100}, 100), ({"timeout_ms": 99.9}, 99), ({"timeout_ms": 5001}, 5000)]
    + [({"timeout_ms": asked}, 5000) for asked in (0, -1, None, "100", 5000)]
    + [({"timeout_ms": 0.5}, 1)],
)
def test_a_call_has_the_time_it_asks_for_or_what_is_left(given: Given, asked: dict[str, Any], given_ms: int) -> None:
    Calls(given, Outside(), lambda: 5).start([request(1, **asked)], is_beside_timers=False)
    assert given.answers == {1: {"value": {"timeout_ms": given_ms}}}


def test_when_no_time_is_left_a_call_has_a_millisecond(given: Given) -> None:
    Calls(given, Outside(), lambda: -3).start([request()], is_beside_timers=False)
    assert given.answers == {1: {"value": {"timeout_ms": 1}}}


def refused_connection() -> PlatformError:
    error = UpstreamFailed("down")
    error.__cause__ = ConnectionRefusedError()
    return error


@pytest.mark.parametrize(
    ("outside", "asked", "error"),
    [
        (None, {}, {"message": "this script may not call the outside", "code": "ERR_NETWORK"}),
        (failing(UpstreamTimeout("late")), {}, {"message": "late", "code": "ECONNABORTED"}),
        (
            failing(UpstreamTimeout("late")),
            {"timeout_ms": 7},
            {"message": "timeout of 7ms exceeded", "code": "ECONNABORTED"},
        ),
        (failing(AddressRefused("inside")), {}, {"message": "inside", "code": "ERR_ADDRESS_REFUSED"}),
        (failing(UpstreamFailed("broken")), {}, {"message": "broken", "code": "ERR_NETWORK"}),
        (failing(refused_connection()), {}, {"message": "down", "code": "ECONNREFUSED"}),
        (
            Outside(lambda _: {"body": "x" * MAX_ANSWER_BYTES}),
            {},
            {"message": "the answer is larger than 8 MB", "code": "ERR_BAD_RESPONSE"},
        ),
    ],
)
def test_what_fails_is_told_as_the_library_in_the_script_knows_it(
    given: Given, outside: Outside | None, asked: dict[str, Any], error: dict[str, str]
) -> None:
    made = Calls(given, outside, lambda: 5)
    made.start([request(1, **asked)], is_beside_timers=False)
    assert (given.answers, made.bug) == ({1: {"error": error}}, None)


def test_any_other_kind_of_call_is_none(given: Given) -> None:
    outside = Outside()
    Calls(given, outside, lambda: 5).start([request(1, "file")], is_beside_timers=False)
    assert (given.answers, outside.threads) == ({1: {"error": {"message": "no such call"}}}, [])


def test_a_bug_of_ours_is_kept_for_whoever_owns_the_run(given: Given) -> None:
    bug = RuntimeError("ours")
    made = Calls(given, failing(bug), lambda: 5)
    made.start([request()], is_beside_timers=False)
    assert made.bug is bug
    assert given.answers == {1: {"error": {"message": "the call failed", "code": "ERR_NETWORK"}}}


def test_an_answer_of_the_largest_size_is_given(given: Given) -> None:
    around = len(b'{"value":{"body":""}}')
    Calls(given, Outside(lambda _: {"body": "x" * (MAX_ANSWER_BYTES - around)}), lambda: 5).start(
        [request()], is_beside_timers=False
    )
    assert "value" in given.answers[1]
