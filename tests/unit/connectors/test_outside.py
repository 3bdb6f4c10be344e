"""The way out of a script and its limits."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from chalicelib.adapters import http_client
from chalicelib.adapters.http_client import Headers, Request, Response
from chalicelib.connectors import failures, outside
from chalicelib.connectors.outside import Outside
from chalicelib.core.errors import LogicFailed, UpstreamFailed, UpstreamTimeout

SENT: list[Request] = []


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    state: dict[str, Any] = {"body": b"{}", "truncated": False, "error": None}
    SENT.clear()

    def send(_workspace_id: str, request: Request) -> Response:
        SENT.append(request)
        if state["error"]:
            raise state["error"]
        return Response(200, Headers([("X-A", "1")]), state["body"], state["truncated"], 1.0, request.url)

    monkeypatch.setattr(http_client, "send", send)
    return state


def ask(host: Outside, **more: Any) -> dict[str, Any]:
    return host.http({"method": "GET", "url": "https://example.com/", "headers": {}, "body": None, **more})


def test_text_is_text_and_bytes_are_base64(answer: dict[str, Any]) -> None:
    host = Outside("w", 5)
    assert ask(host) == {"status": 200, "headers": {"x-a": "1"}, "body": "{}"}
    answer["body"] = b"\xff\x00"
    assert ask(host)["body"] == base64.b64encode(b"\xff\x00").decode()
    ask(host, body=base64.b64encode(b"\xff").decode(), base64=True)
    assert SENT[-1].body == b"\xff"


def test_limits_of_the_run_win_over_wishes(answer: dict[str, Any]) -> None:
    host = Outside("w", 5)
    ask(host, timeout_ms=60_000, max_redirects=30)
    assert SENT[-1].timeout_s <= 5 and SENT[-1].max_redirects == outside.MAX_REDIRECTS
    ask(host, timeout_ms=100, max_redirects=0)
    assert SENT[-1].timeout_s == 0.1 and SENT[-1].max_redirects == 0
    with pytest.raises(UpstreamTimeout):
        ask(Outside("w", -1))


def test_an_answer_that_is_too_large_is_a_failure(answer: dict[str, Any]) -> None:
    answer["truncated"] = True
    with pytest.raises(UpstreamFailed, match="5 MB"):
        ask(Outside("w", 5))


def test_the_fifty_first_call_is_refused(answer: dict[str, Any]) -> None:
    host = Outside("w", 5)
    for _ in range(outside.MAX_CALLS):
        ask(host)
    with pytest.raises(UpstreamFailed, match="at most 50"):
        ask(host)
    assert len(SENT) == outside.MAX_CALLS


def test_it_knows_whether_a_third_party_still_owes_an_answer(answer: dict[str, Any]) -> None:
    host = Outside("w", 5)
    ask(host)
    answer["error"] = UpstreamFailed("refused")
    with pytest.raises(UpstreamFailed):
        ask(host)
    assert not host.is_waiting
    answer["error"] = UpstreamTimeout("silent")
    with pytest.raises(UpstreamTimeout):
        ask(host)
    assert host.is_waiting


def thrown(kind: str = "threw", **details: Any) -> LogicFailed:
    failed = LogicFailed("message", kind=kind)
    failed.details |= details
    return failed


@pytest.mark.parametrize(
    ("failed", "has_token", "is_waiting", "expected"),
    [
        (thrown(status=401), True, False, failures.TokenRejected),
        (thrown(status=401), False, False, LogicFailed),
        (thrown(status=403), True, False, LogicFailed),
        (thrown(code="ECONNABORTED"), True, False, failures.RunTimedOut),
        (thrown("timeout"), True, True, failures.RunTimedOut),
        (thrown("timeout"), True, False, LogicFailed),
    ],
)
def test_a_failed_script_is_told_by_its_cause(
    failed: LogicFailed, has_token: bool, is_waiting: bool, expected: type[Exception]
) -> None:
    assert type(failures.as_answered(failed, has_token=has_token, is_waiting=is_waiting)) is expected
