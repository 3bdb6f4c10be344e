"""One JSON line per event, with its context, without secrets."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chalicelib.adapters import logs
from chalicelib.core import config

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture(autouse=True)
def clean() -> Iterator[None]:
    config.forget()
    yield
    logs.unbind()
    config.forget()


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Lines:
    return lambda: [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_an_event_is_one_json_line_with_its_context(lines: Lines) -> None:
    logs.bind(operation="createAction", workspace="w1")
    logs.bind(request_id="r1")
    logs.log("delivery.sent", attempt=2, elapsed_ms=1.5, note="two\nlines", none=None, ok=True)
    (line,) = lines()
    assert line.pop("timestamp").endswith("+00:00")
    assert line == {
        "level": "INFO",
        "message": "delivery.sent",
        "service": "millrace",
        "operation": "createAction",
        "workspace": "w1",
        "request_id": "r1",
        "attempt": 2,
        "elapsed_ms": 1.5,
        "note": "two\nlines",
        "ok": True,
    }


def test_a_block_takes_its_context_along(lines: Lines) -> None:
    with logs.bound(operation="one"):
        with logs.bound(operation="two", extra=1):
            logs.bind(workspace="w")
            logs.hide(["s3cr3t"])
            logs.log("inner", text="s3cr3t")
        logs.log("outer", text="s3cr3t")
    logs.log("after")
    inner, outer, after = lines()
    assert (inner["operation"], inner["workspace"], inner["extra"], inner["text"]) == ("two", "w", 1, "***")
    assert (outer["operation"], outer["text"], "workspace" in outer) == ("one", "s3cr3t", False)
    assert "operation" not in after


def test_none_takes_a_bound_field_away(lines: Lines) -> None:
    logs.bind(workspace="w")
    logs.bind(workspace=None)
    logs.log("x")
    assert "workspace" not in lines()[0]


def test_threads_do_not_share_what_is_bound(lines: Lines) -> None:
    def work(name: str) -> None:
        with logs.bound(workspace=name):
            for _ in range(50):
                logs.log("tick", expected=name)

    threads = [threading.Thread(target=work, args=(f"w{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    shown = lines()
    assert len(shown) == 200
    assert all(line["workspace"] == line["expected"] for line in shown)


def test_secrets_are_masked_by_value_and_by_name(lines: Lines) -> None:
    logs.hide(["s3cr3t"])
    logs.log("x", url="https://a/?q=s3cr3t&api_key=abc", authorization="Bearer x", deep={"password": "p", "n": 1})
    logs.exception("bug", ValueError("bad s3cr3t"))
    first, second = lines()
    assert first["url"] == "https://a/?q=***&api_key=***"
    assert (first["authorization"], first["deep"]) == ("***", {"password": "***", "n": 1})
    assert "s3cr3t" not in json.dumps(second)


def test_an_exception_shows_type_and_trace(lines: Lines) -> None:
    try:
        raise KeyError("here") from ValueError("cause")
    except KeyError as error:
        logs.exception("request.bug", error, route="x")
    (line,) = lines()
    assert (line["level"], line["message"], line["error_type"], line["route"]) == (
        "ERROR",
        "request.bug",
        "KeyError",
        "x",
    )
    assert "ValueError: cause" in line["traceback"]
    assert "test_logs.py" in line["traceback"]


def test_the_level_decides(lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    logs.log("quiet", level="DEBUG")
    monkeypatch.setenv("MILLRACE_LOG_LEVEL", "error")
    config.forget()
    logs.log("quiet")
    logs.log("loud", level="ERROR")
    assert [line["message"] for line in lines()] == ["loud"]


@pytest.mark.parametrize(
    "name", ["name", "args", "module", "msg", "level_", "service", "timestamp", "exc_info", "message"]
)
def test_no_field_name_breaks_a_line(lines: Lines, name: str) -> None:
    logs.log("x", **{name: "value"})
    (line,) = lines()
    assert line["message"] == "x"
    assert "value" in line.values()


def test_long_texts_are_cut_and_odd_values_shown(lines: Lines) -> None:
    logs.log("x", long="a" * 100_000, odd=object, data=b"bytes", nan=float("nan"), nested={"s": {1, 2}})
    logs.exception("x", ValueError("b" * 100_000))
    first, second = lines()
    assert len(first["long"]) == logs.MAX_TEXT_CHARS
    assert (first["data"], first["nan"]) == ("bytes", "nan")
    assert len(second["traceback"]) <= logs.MAX_TRACE_CHARS
