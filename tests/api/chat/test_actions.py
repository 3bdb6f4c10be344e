"""Actions of integrations and connectors, and what outside services post."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from chalicelib.adapters.http_client import Headers, Request, Response
from chalicelib.core import config
from chalicelib.core.errors import UpstreamTimeout
from tests.builders import make_action, make_service
from tests.client import Client
from tests.conftest import Clock
from tests.fakes.http_client import FakeHttp

URL = "https://integration.example.com/"
Json = dict[str, Any]
TEXT = {"schema": {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}}


class World:
    """A dev bot with a dev integration whose action wants and gives a text."""

    def __init__(self, client: Client, http: FakeHttp) -> None:
        self.client, self.http = client, http
        self.bot = client.post("/v1/admin/bots", {"dev": True}).ok()["bot"]["id"]
        body = {"name": "shout", "version": "0.1.0", "dev": True, "url": URL}
        actions = {"loud": {"input": TEXT, "output": TEXT}}
        self.made = client.post("/v1/admin/integrations", {**body, "actions": actions}).ok()["integration"]["id"]
        put = client.put(f"/v1/admin/bots/{self.bot}", {"integrations": {self.made: {}}}).ok()
        self.hook = put["bot"]["integrations"][self.made]["webhookUrl"].partition("1290")[2]

    def call(self, kind: str, given: Any) -> Any:
        return self.client.post("/v1/chat/actions", {"type": kind, "input": given}, headers={"x-bot-id": self.bot})


@pytest.fixture
def world(client: Client, http: FakeHttp) -> World:
    return World(client, http)


def test_an_action_gets_its_bare_name_and_its_output_comes_back(world: World) -> None:
    world.http.answer(URL, 200, b'{"output":{"text":"HI"}}')
    assert world.call("shout:loud", {"text": "hi"}).ok() == {"output": {"text": "HI"}}
    ((_, request),) = world.http.sent
    assert json.loads(request.body or b"") == {"type": "loud", "input": {"text": "hi"}}
    assert dict(request.headers)["x-bp-operation"] == "action_triggered"


@pytest.mark.parametrize(
    ("kind", "given", "error"),
    [
        ("shout:loud", {"text": 1}, "InvalidDataFormat"),
        ("shout:quiet", {"text": "x"}, "ReferenceNotFound"),
        ("nobody:loud", {"text": "x"}, "ReferenceNotFound"),
        ("loud", {"text": "x"}, "InvalidPayload"),
        ("shout:loud", [], "InvalidPayload"),
    ],
)
def test_a_wrong_call_is_named_and_nobody_is_asked(world: World, kind: str, given: Any, error: str) -> None:
    answer = world.call(kind, given)
    assert (answer.status, answer.body["type"]) == (400, error)
    assert world.http.sent == []


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (400, b'{"code":400,"type":"Runtime","message":"no such channel"}', "no such channel"),
        (500, b"<html>", "it answered 500"),
        (200, b'{"output":{"text":1}}', "does not fit"),
        (200, b"{}", "gave no output"),
        (200, b"nonsense", "gave no output"),
    ],
)
def test_whatever_fails_in_the_integration_is_a_runtime_error(
    world: World, status: int, body: bytes, message: str
) -> None:
    world.http.answer(URL, status, body)
    answer = world.call("shout:loud", {"text": "hi"})
    assert (answer.status, answer.body["type"]) == (400, "Runtime")
    assert message in answer.body["message"]


def test_silence_is_a_runtime_error_and_stands_in_the_integrations_log(world: World) -> None:
    world.http.act(URL, UpstreamTimeout("it did not answer in time"))
    assert world.call("shout:loud", {"text": "hi"}).body["type"] == "Runtime"
    logs = world.client.get(f"/v1/admin/integrations/{world.made}/logs").ok()["logs"]
    assert "did not answer" in logs[0]["message"]


def test_a_handler_calls_back_while_its_action_runs(world: World) -> None:
    def handle(request: Request) -> Response:
        headers = {"x-bot-id": world.bot, "x-integration-id": world.made}
        inner = world.client.post("/v1/chat/actions", {"type": "shout:quiet", "input": {}}, headers=headers)
        body = json.dumps({"output": {"text": inner.body["type"]}}).encode()
        return Response(200, Headers(()), body, False, 1.0, request.url)

    world.http.act(URL, handle)
    assert world.call("shout:loud", {"text": "hi"}).ok() == {"output": {"text": "ReferenceNotFound"}}


def test_a_bot_uses_a_connector_of_this_platform(world: World) -> None:
    service = make_service(world.client, name="math")
    schema = {"variables": [{"title": "n", "x-required": True, "type": "number"}]}
    make_action(world.client, service, name="double", schema=schema, code="return {twice: input.data.n * 2}")
    assert world.call("math:double", {"n": 21}).ok() == {"output": {"twice": 42}}
    wrong = world.call("math:double", {"n": "x"})
    assert wrong.body["type"] == "InvalidDataFormat"
    assert "n" in wrong.body["message"]


def test_a_connector_that_throws_is_a_runtime_error(world: World) -> None:
    service = make_service(world.client, name="math")
    make_action(world.client, service, name="fail", code="throw new Error('out of luck')")
    answer = world.call("math:fail", {})
    assert (answer.status, answer.body["type"]) == (400, "Runtime")
    assert "out of luck" in answer.body["message"]


def test_a_webhook_is_handed_over_and_its_answer_relayed(world: World) -> None:
    world.http.answer(URL, 201, b"<ok/>", {"content-type": "text/xml", "x-own": "1", "connection": "close"})
    answer = world.client.send(
        "PUT", f"{world.hook}/oauth/a%2Fb?code=1&code=2", key=None, raw=b"\x00raw", headers={"content-type": "x/y"}
    )
    assert (answer.status, answer.body, answer.headers["content-type"]) == (201, "<ok/>", "text/xml")
    assert (answer.headers["x-own"], "connection" in answer.headers) == ("1", False)
    ((_, request),) = world.http.sent
    sent = json.loads(request.body or b"")["req"]
    assert (sent["method"], sent["query"], sent["body"]) == ("PUT", "code=1&code=2", "\x00raw")
    assert sent["path"] == "/oauth/a%2Fb"
    assert sent["headers"]["content-type"] == "x/y"


@pytest.mark.parametrize(
    "below", ["", "/", "/a", "/a/", "/a/b%20c/d/e", "/a//b", "/" + "/".join("deep" for _ in range(90))]
)
def test_a_webhook_takes_any_path_below_its_address(world: World, below: str) -> None:
    world.http.answer(URL)
    assert world.client.post(f"{world.hook}{below}?q=1", {}, key=None).status == 200
    ((_, request),) = world.http.sent
    sent = json.loads(request.body or b"")["req"]
    assert (sent["path"], sent["query"]) == (below or "/", "q=1")


def test_a_path_that_is_too_long_for_a_webhook_is_refused(world: World) -> None:
    answer = world.client.post(f"{world.hook}/{'x' * 2_001}", {}, key=None)
    assert (answer.status, answer.body["type"]) == (400, "InvalidPayload")
    assert world.http.sent == []


def test_a_webhook_of_nobody_or_of_what_is_switched_off_is_not_there(world: World) -> None:
    assert world.client.post("/v1/chat/webhooks/nobody", {}, key=None).body["type"] == "ResourceNotFound"
    world.client.put(f"/v1/admin/bots/{world.bot}", {"integrations": {world.made: {"enabled": False}}}).ok()
    assert world.client.post(world.hook, {}, key=None).body["type"] == "ResourceNotFound"
    assert world.http.sent == []


def test_a_webhook_of_a_blocked_bot_is_not_there(world: World) -> None:
    world.client.put(f"/v1/admin/bots/{world.bot}", {"blocked": True}).ok()
    assert world.client.post(world.hook, {}, key=None).body["type"] == "ResourceNotFound"
    assert world.http.sent == []


def test_a_webhook_above_the_limit_of_its_address_is_refused(
    world: World, still: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(config.settings().rates_per_s, "hook", 0.4)  # type: ignore[arg-type]
    world.http.answer(URL)
    assert [world.client.post(world.hook, {}, key=None).status for _ in range(3)] == [200, 200, 429]
    assert len(world.http.sent) == 2


def test_a_webhook_whose_integration_is_silent_says_so(world: World) -> None:
    world.http.act(URL, UpstreamTimeout("secret.internal did not answer"))
    answer = world.client.post(world.hook, {}, key=None)
    assert (answer.status, answer.body["type"], "secret" in str(answer.body)) == (400, "Runtime", False)
    logs = world.client.get(f"/v1/admin/integrations/{world.made}/logs").ok()["logs"]
    assert logs[0]["message"].startswith("webhook_received: ")


def test_code_answers_a_webhook(world: World) -> None:
    code = "function handler(request) { return {status: 202, headers: {'x-a': 'b'}, body: request.req.method} }"
    body = {"name": "coded", "version": "0.1.0", "code": code}
    made = world.client.post("/v1/admin/integrations", body).ok()["integration"]["id"]
    put = world.client.put(f"/v1/admin/bots/{world.bot}", {"integrations": {made: {}}}).ok()
    hook = put["bot"]["integrations"][made]["webhookUrl"].partition("1290")[2]
    answer = world.client.get(hook, key=None)
    assert (answer.status, answer.body, answer.headers["x-a"]) == (202, "GET", "b")


def test_pings_say_who_is_there(world: World) -> None:
    world.http.answer(URL, 200)
    assert world.client.post(f"/v1/admin/integrations/{world.made}/ping").ok()["isThere"] is True
    gone = world.client.post(f"/v1/admin/bots/{world.bot}/ping").ok()
    assert (gone["isThere"], "runs" in gone["reason"]) == (False, True)


def test_an_integration_runs_neither_connectors_nor_other_integrations(world: World) -> None:
    service = make_service(world.client, name="math")
    make_action(world.client, service, name="double", code="return {}")
    headers = {"x-bot-id": world.bot, "x-integration-id": world.made}
    for kind in ("math:double", "other:loud"):
        answer = world.client.post("/v1/chat/actions", {"type": kind, "input": {}}, headers=headers)
        assert (answer.status, answer.body["type"]) == (403, "Forbidden")


def test_a_picture_and_odd_headers_are_relayed_as_they_can_be(world: World) -> None:
    picture = bytes(range(256))
    world.http.answer(URL, 200, picture, {"content-type": "image/png", "x-good": "1"})
    import app
    from tests.client import event

    answer = app.app(event("GET", world.hook), None)
    assert answer["isBase64Encoded"] is True
    assert base64.b64decode(answer["body"]) == picture
    code = "function handler(request) { return {headers: {'x-a\\r\\nb': '1', 'x-c': '1\\r\\n2', 'x-d': 'ok'}} }"
    body = {"name": "odd", "version": "0.1.0", "code": code}
    made = world.client.post("/v1/admin/integrations", body).ok()["integration"]["id"]
    put = world.client.put(f"/v1/admin/bots/{world.bot}", {"integrations": {made: {}}}).ok()
    answered = world.client.get(put["bot"]["integrations"][made]["webhookUrl"].partition("1290")[2], key=None)
    assert answered.headers["x-d"] == "ok"
    assert not {"x-c", "x-a"} & set(answered.headers)
