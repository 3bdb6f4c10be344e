"""Webhooks: what an address has to mean before anybody is asked, and what becomes of the answer."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from chalicelib.chat import webhooks
from chalicelib.chat.calling import Reply
from chalicelib.core.call import Call, Caller
from chalicelib.core.errors import NotFound, TooLarge

ROWS: dict[str, Any] = {
    "webhook": ("bot", "integration"),
    "place": ("w", "home"),
    "bot": SimpleNamespace(blocked=False),
    "installed": SimpleNamespace(enabled=True, owner="maker", id="integration"),
    "integration": SimpleNamespace(),
}


def rows(monkeypatch: pytest.MonkeyPatch, **other: Any) -> None:
    found = {**ROWS, **other}
    monkeypatch.setattr(webhooks.installations, "find_webhook", lambda _: found["webhook"])
    monkeypatch.setattr(webhooks.bots, "place_of", lambda _: found["place"])
    for model, name in (("Bot", "bot"), ("Installation", "installed"), ("Integration", "integration")):
        monkeypatch.setattr(webhooks, model, SimpleNamespace(get=lambda *_, name=name, **__: found[name]))


def test_an_address_means_an_integration_that_is_there_and_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    rows(monkeypatch)
    context, installed, integration = webhooks._meant("id")
    assert (context.bot, installed, integration) == (ROWS["bot"], ROWS["installed"], ROWS["integration"])


@pytest.mark.parametrize(
    "other",
    [
        {"webhook": None},
        {"place": None},
        {"bot": None},
        {"bot": SimpleNamespace(blocked=True)},
        {"installed": None},
        {"installed": SimpleNamespace(enabled=False, owner="maker", id="integration")},
        {"integration": None},
    ],
)
def test_any_other_address_means_nothing(monkeypatch: pytest.MonkeyPatch, other: dict[str, Any]) -> None:
    rows(monkeypatch, **other)
    with pytest.raises(NotFound):
        webhooks._meant("id")


@pytest.mark.parametrize(
    ("size", "error"), [(webhooks.MAX_BODY_BYTES, NotFound), (webhooks.MAX_BODY_BYTES + 1, TooLarge)]
)
def test_a_body_has_a_size(monkeypatch: pytest.MonkeyPatch, size: int, error: type[Exception]) -> None:
    rows(monkeypatch, webhook=None)
    with pytest.raises(error):
        webhooks.receive(
            Call("receiveWebhook", Caller("", "", frozenset()), "r", path={"id": "x"}, raw_body=b"x" * size)
        )


@pytest.mark.parametrize(
    ("said", "status", "headers", "body"),
    [
        ({}, 200, {}, ""),
        ({"status": 404, "body": "gone"}, 404, {}, "gone"),
        ({"status": 599}, 599, {}, ""),
        ({"body": {"a": 1}}, 200, {}, '{"a": 1}'),
        ({"headers": {"x-a": 1, "CONTENT-TYPE": "a/b"}}, 200, {"X-A": "1", "Content-Type": "a/b"}, ""),
        ({"headers": {"a b": "1", "x": "a\r\nb", "y": "\u20ac"}}, 200, {}, ""),
        ({"headers": ["x"]}, 200, {}, ""),
        (None, 200, {}, ""),
        ([1], 200, {}, ""),
        ({"status": "404"}, 200, {}, ""),
        ({"status": 199}, 200, {}, ""),
        ({"status": 600}, 200, {}, ""),
        ({"status": None}, 200, {}, ""),
    ],
)
def test_code_says_as_much_of_an_answer_as_it_likes(said: Any, status: int, headers: dict[str, str], body: str) -> None:
    answer = webhooks._of_code(Reply(200, {}, json.dumps(said).encode()))
    assert (answer.status, answer.body) == (status, body)
    assert answer.headers == {"Content-Type": "text/plain", "raw": "1", **headers}


@pytest.mark.parametrize(("said", "status"), [(200, 200), (599, 599), (199, 502), (600, 502), (101, 502)])
def test_an_answer_is_relayed_without_what_belongs_to_its_connection(said: int, status: int) -> None:
    headers = {"X-A": "1", "Connection": "close", "TRANSFER-ENCODING": "chunked", "date": "x", "x b": "1"}
    answer = webhooks._relayed(Reply(said, headers, b"\0"))
    assert (answer.status, answer.body) == (status, b"\0")
    assert answer.headers == {"Content-Type": "text/plain", "X-A": "1", "raw": "1"}


def test_a_request_is_described_as_it_came() -> None:
    plain = {"path": {"id": "hook"}, "raw_path": "/v1/chat/webhooks/hook", "method": "GET"}
    call = Call("receiveWebhook", Caller("", "", frozenset()), "r", **plain)  # type: ignore[arg-type]
    assert webhooks._request(call) == {"path": "/", "query": "", "method": "GET", "headers": {}}
    more = {**plain, "raw_path": "/v1/chat/webhooks/hook/a%2F", "raw_body": b"\xff", "raw_query": "a=1"}
    call = Call("receiveWebhook", Caller("", "", frozenset()), "r", **more)  # type: ignore[arg-type]
    assert webhooks._request(call) == {
        "path": "/a%2F",
        "query": "a=1",
        "method": "GET",
        "headers": {},
        "body": "\ufffd",
    }
