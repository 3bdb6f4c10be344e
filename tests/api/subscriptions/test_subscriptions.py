"""Subscriptions through the API, notifications through the public address, deliveries by the real script runner."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from chalicelib.adapters import http_client, queue
from chalicelib.subscriptions import models, queues, workers
from tests.builders import (
    USER,
    make_event,
    make_security,
    make_service,
    make_token,
    make_trigger,
    make_user,
    make_variable,
    make_version,
)
from tests.client import Client, quoted, with_query
from tests.conftest import Clock
from tests.fakes.http_client import FakeHttp
from tests.queues import drain

URL = "https://receiver.example/hook"
HANDLERS = {
    queues.FAN_OUT: workers.fan_out,
    queues.DELIVER: workers.deliver,
    queues.RETRY: workers.retry,
    queues.POLL: workers.poll,
}


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHttp]:
    fake = FakeHttp()
    fake.answer(URL, 204)
    monkeypatch.setattr(http_client, "send", fake.send)
    yield fake


@pytest.fixture
def service(client: Client) -> str:
    make_user(client)
    return make_service(client, name="shop", platformId="acme", scripts={"double": "return args[0] * 2"})


def pump() -> None:
    while sum(drain(name, handler) for name, handler in HANDLERS.items()):
        pass


def of_user(path: str, user_id: str = USER, **query: str) -> str:
    return with_query(path, userId=user_id, **query)


def subscribe(client: Client, service: str, trigger: str, user_id: str = USER, **body: Any) -> dict[str, Any]:
    path = quoted("v1", "service", service, "trigger", trigger, "subscription")
    made: dict[str, Any] = client.post(of_user(path, user_id), {"url": URL, **body}).ok()
    return made


def address(client: Client, service: str) -> str:
    url = client.get(of_user(f"/v1/service/{service}/webhookSetting")).ok()["url"]
    return "/" + url.partition("://")[2].partition("/")[2]


def sent(outside: FakeHttp) -> list[dict[str, Any]]:
    return [json.loads(request.body or b"") for _, request in outside.sent]


def test_from_notification_to_signed_delivery(client: Client, service: str, outside: FakeHttp) -> None:
    make_event(client, service, "return notification.body.kind", name="hook")
    make_trigger(
        client,
        service,
        "if (notification.body.n < variables.least) return null;"
        "return {twice: await service.fn.double(notification.body.n), at: Date.now() > 0};",
        name="order",
        schema={"variables": [{"title": "least", "type": "integer", "x-required": True}]},
    )
    path = quoted("v1", "service", service, "trigger", "order", "subscription")
    assert client.post(of_user(path), {"url": URL}).status == 400
    made = subscribe(client, service, "order", variables={"least": 3})
    public = Client("nobody")
    for number in (2, 5):
        answer = public.post(address(client, service), {"kind": "order", "n": number}, key=None)
        assert (answer.status, answer.body) == (200, "")
    pump()
    ((_, request),) = outside.sent
    body = Webhook(made["secret"]).verify(request.body or b"", dict(request.headers))
    assert (body["type"], body["data"]["twice"], body["userId"]) == ("shop.order", 10, USER)
    (delivery,) = client.get(of_user(f"/v1/subscription/{made['id']}/delivery")).ok()
    assert (delivery["state"], delivery["statusCode"], delivery["attempts"]) == ("delivered", 204, 1)
    assert delivery["messageId"] == request.headers["webhook-id"]
    assert delivery["occurrenceId"] == body["occurrenceId"]


def test_an_unknown_address_is_404_without_detail_and_asks_for_no_key(client: Client, service: str) -> None:
    make_event(client, service, name="hook")
    for key in ("x" * 43, "short"):
        answer = client.post(f"/v1/hook/{key}", {"a": 1}, key=None)
        assert (answer.status, answer.body["error"]) == (404, "there is nothing at this path")
    known = address(client, service)
    assert client.get(known, key=None).status == 200
    assert client.post(known, raw=b"x" * 1_048_577, key=None).status == 413
    client.put(of_user(f"/v1/service/{service}"), {"enabled": False}).ok()
    from chalicelib.core import cache

    cache.forget_all()
    assert client.post(known, {"a": 1}, key=None).status == 404


def test_a_response_hook_answers_the_third_party(client: Client, service: str) -> None:
    code = {
        "route": "return null",
        "response": "return {status: 201, headers: {'content-type': 'text/plain', 'set-cookie': 'a'}, "
        "body: notification.query.challenge}",
    }
    make_event(client, service, name="hook", logic=code)
    answer = client.get(with_query(address(client, service), challenge="c-1"), key=None)
    assert (answer.status, answer.body, answer.headers["content-type"]) == (201, "c-1", "text/plain")
    assert "set-cookie" not in answer.headers


def test_a_failing_response_hook_is_502_and_tells_nothing(client: Client, service: str) -> None:
    make_event(client, service, name="hook", logic={"route": "return null", "response": "throw new Error('hidden')"})
    answer = client.post(address(client, service), {"a": 1}, key=None)
    assert answer.status == 502 and "hidden" not in json.dumps(answer.body)


def test_both_ways_to_subscribe_list_read_and_delete(client: Client, service: str) -> None:
    make_trigger(client, service, name="order")
    one = subscribe(client, service, "order", variables={"a": 1})
    wish = {"platform": "acme", "service": "shop", "trigger": "order", "url": URL, "variables": {"a": 2}}
    two = client.post(of_user("/v1/subscription"), wish).ok()
    assert client.post(of_user("/v1/subscription"), wish).ok() == two
    listed = client.get(of_user("/v1/subscription")).ok()
    assert [entry["id"] for entry in listed] == [one["id"], two["id"]]
    assert listed[0].keys() == {
        *("id", "userId", "platform", "service", "serviceId", "trigger", "triggerId"),
        *("userCredentialId", "url", "variables", "state", "disabledReason", "insertedAt", "updatedAt"),
    }
    page = client.get(of_user("/v1/subscription", limit="1"))
    assert [entry["id"] for entry in page.ok()] == [one["id"]]
    rest = client.get(of_user("/v1/subscription", limit="1", cursor=page.headers["x-next-cursor"])).ok()
    assert [entry["id"] for entry in rest] == [two["id"]]
    shown = client.get(of_user(f"/v1/subscription/{one['id']}")).ok()
    assert shown["health"] == {"failuresInRow": 0, "pausedUntil": None, "failingSince": None}
    assert client.delete(of_user(f"/v1/subscription/{one['id']}")).ok() == ""
    assert client.delete(of_user(f"/v1/subscription/{one['id']}")).status == 404
    assert [entry["id"] for entry in client.get(of_user("/v1/subscription")).ok()] == [two["id"]]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"platform": "other"}, 404),
        ({"service": "nothing"}, 404),
        ({"trigger": "nothing"}, 404),
        ({"serviceVersion": "9.9.9"}, 404),
        ({"url": None}, 400),
        ({"url": "https://169.254.169.254/"}, 400),
        ({"variables": []}, 400),
        ({"userCredentialId": "nothing"}, 404),
    ],
)
def test_what_is_wrong_is_told(client: Client, service: str, change: dict[str, Any], status: int) -> None:
    make_trigger(client, service, name="order")
    wish = {"platform": "acme", "service": "shop", "trigger": "order", "url": URL}
    assert client.post(of_user("/v1/subscription"), wish | change).status == status
    assert client.get(of_user("/v1/subscription")).ok() == []


def test_another_version_is_another_subscription(client: Client, service: str) -> None:
    make_trigger(client, service, name="order")
    named = str(client.get(f"/v1/service/{service}/version").ok()[0]["name"])
    make_version(client, service, name="9.0.0")
    wish = {"platform": "acme", "service": "shop", "trigger": "order", "url": URL}
    made = [
        client.post(of_user("/v1/subscription"), {**wish, **version}).ok()["id"]
        for version in ({}, {"serviceVersion": named}, {"serviceVersion": "9.0.0"}, {"serviceVersion": named})
    ]
    assert (len(set(made)), made[1]) == (3, made[3])


def test_the_subscription_of_an_automation_is_out_of_reach(client: Client, service: str) -> None:
    make_trigger(client, service, name="order")
    definition = {"trigger": {"service": "shop", "trigger": "order", "variables": {}}, "steps": []}
    client.post(of_user("/v1/automation/import"), {"name": "a", "definition": definition}).ok()
    client.post(of_user("/v1/automation/a/version/1/publish")).ok()
    client.post(of_user("/v1/automation/a/enable"), {}).ok()
    user_id = client.get(f"/v1/user/{USER}").ok()["id"]
    (row,) = models.user_rows(client.key, user_id)
    path = f"/v1/subscription/{row['sk']}"
    assert (client.get(of_user(path)).status, client.delete(of_user(path)).status) == (404, 404)
    assert client.get(of_user("/v1/subscription")).ok() == []


def test_users_and_workspaces_see_only_their_own(client: Client, stranger: Client, service: str) -> None:
    make_trigger(client, service, name="order")
    make_user(client, "bob@example.com")
    made = subscribe(client, service, "order")
    make_user(stranger)
    paths = ["", "/secret", "/delivery"]
    for caller, user_id in ((client, "bob@example.com"), (stranger, USER)):
        for path in paths:
            assert caller.get(of_user(f"/v1/subscription/{made['id']}{path}", user_id)).status == 404
        for path in ("/enable", "/secret/rotate"):
            assert caller.post(of_user(f"/v1/subscription/{made['id']}{path}", user_id)).status == 404
        assert caller.post(of_user(f"/v1/subscription/{made['id']}/replay", user_id), {"from": 0}).status == 404
        assert caller.delete(of_user(f"/v1/subscription/{made['id']}", user_id)).status == 404
        assert caller.get(of_user("/v1/subscription", user_id)).ok() == []
    assert client.get("/v1/subscription").status == 400
    assert client.get(of_user("/v1/subscription", "unknown@example.com")).status == 404


def test_secrets_are_read_and_rotated(client: Client, service: str) -> None:
    make_trigger(client, service, name="order")
    made = subscribe(client, service, "order")
    path = f"/v1/subscription/{made['id']}/secret"
    assert client.get(of_user(path)).ok() == {"secret": made["secret"]}
    fresh = client.post(of_user(path + "/rotate")).ok()
    assert fresh != {"secret": made["secret"]} and client.get(of_user(path)).ok() == fresh


def test_failures_are_seen_and_replayed(client: Client, service: str, outside: FakeHttp) -> None:
    make_event(client, service, "return 'order'", name="hook")
    make_trigger(client, service, "throw new Error('boom')", name="order")
    made = subscribe(client, service, "order")
    client.post(address(client, service), {"n": 1}, key=None)
    pump()
    (delivery,) = client.get(of_user(f"/v1/subscription/{made['id']}/delivery")).ok()
    assert delivery["state"] == "failed" and "boom" in delivery["error"] and not outside.sent
    replay = of_user(f"/v1/subscription/{made['id']}/replay")
    assert client.post(replay, {"from": "2020-01-01T00:00:00Z", "to": "2021-01-01"}).ok() == {
        "queued": 0,
        "hasMore": False,
    }
    for wrong in ({}, {"from": "yesterday"}, {"from": 5, "to": 1}, {"from": 0, "states": ["pending"]}):
        assert client.post(replay, wrong).status == 400
    trigger = client.get(of_user(f"/v1/service/{service}/trigger/order")).ok()
    fixed = {"logic": {"trigger": "return notification.body"}}
    client.put(of_user(f"/v1/service/{service}/trigger/{trigger['id']}"), fixed).ok()
    assert client.post(replay, {"from": "2020-01-01T00:00:00Z"}).ok() == {"queued": 1, "hasMore": False}
    pump()
    assert [body["data"] for body in sent(outside)] == [{"n": 1}]


def test_forwarding_is_set_and_shown(client: Client, service: str, outside: FakeHttp) -> None:
    make_event(client, service, "return 'order'", name="hook")
    make_trigger(client, service, name="order")
    path = quoted("v1", "service", service, "trigger", "order", "subscription")
    assert client.post(of_user(path), {}).status == 400
    assert client.get("/v1/forwarding").ok() == {"url": None, "triggers": [], "secret": None}
    listed = {"url": URL, "triggers": [{"service": "shop", "trigger": "order"}]}
    shown = client.put("/v1/forwarding", listed).ok()
    assert shown == {**listed, "secret": shown["secret"]} == client.get("/v1/forwarding").ok()
    assert client.post(of_user(path), {}).status == 200
    client.post(address(client, service), {"n": 1}, key=None)
    pump()
    assert [body["userId"] for body in sent(outside)] == [USER]
    assert client.put("/v1/forwarding", {"url": "nonsense"}).status == 400


def test_hooks_run_with_the_users_token_and_the_platforms_values(
    client: Client, service: str, outside: FakeHttp
) -> None:
    security = make_security(client, service)
    token = make_token(client, security, key="k-123")
    make_variable(client, service, name="tenant", value="t-9")
    make_event(client, service, "return 'order'", name="hook")
    create = "return {url: webhook.url, key: service.token !== null, id: subscription.id}"
    logic = {"create": create, "trigger": "return {tenant: service.vars.tenant, has: service.token !== null}"}
    make_trigger(client, service, name="order", logic=logic)
    subscribe(client, service, "order")
    client.post(address(client, service), {"n": 1}, key=None)
    pump()
    assert [body["data"] for body in sent(outside)] == [{"tenant": "t-9", "has": True}]
    assert client.get(of_user("/v1/subscription")).ok()[0]["userCredentialId"] == token["id"]
    client.delete(of_user(quoted("v1", "user", USER, "token", token["id"])))


def test_a_named_version_is_kept_from_deletion(client: Client, service: str) -> None:
    make_trigger(client, service, name="order")
    version = make_version(client, service, name="2.0.0")
    wish = {"platform": "acme", "service": "shop", "trigger": "order", "url": URL, "serviceVersion": "2.0.0"}
    made = client.post(of_user("/v1/subscription"), wish).ok()
    assert client.delete(of_user(f"/v1/service/{service}/version/{version}")).status == 409
    client.delete(of_user(f"/v1/subscription/{made['id']}")).ok()
    assert client.delete(of_user(f"/v1/service/{service}/version/{version}")).status == 200


def test_a_polled_trigger_delivers_its_records(client: Client, service: str, outside: FakeHttp) -> None:
    poll = (
        "if (!cursor) return {records: [{id: 1}], cursor: {n: 1}, more: true, emit: true};"
        "return {records: [{id: 1}, {id: 2}], cursor: {n: 2}};"
    )
    make_trigger(client, service, name="changed", logic={"poll": poll}, schema={"pollSeconds": 30})
    made = subscribe(client, service, "changed")
    pump()
    assert sorted(body["data"]["id"] for body in sent(outside)) == [1, 2]
    assert client.get(of_user(f"/v1/subscription/{made['id']}")).ok()["poll"] | {"nextAt": ""} == {
        "everySeconds": 30,
        "failuresInRow": 0,
        "error": None,
        "nextAt": "",
    }


def test_what_was_given_up_is_listed_for_administrators_page_by_page(
    client: Client, service: str, outside: FakeHttp, still: Clock
) -> None:
    make_event(client, service, "return notification.body", name="hook")
    known = address(client, service)
    for number in range(5):
        still.advance_s(1)
        client.post(known, [f"nobody{number}"], key=None).ok()
    still.advance_s(1)
    queue.send(queues.DEAD_LETTERS, {"w": client.key, "s": "s-1", "ev": "e-1", "x": {"hidden": "match data"}})
    pump()
    drain(queues.DEAD_LETTERS, workers.bury)
    shown, path = [], "/v1/admin/dead?limit=2"
    while True:
        page = client.get(path)
        shown += page.ok()
        if "x-next-cursor" not in page.headers:
            break
        assert len(page.body) == 2
        path = with_query("/v1/admin/dead", limit="2", cursor=page.headers["x-next-cursor"])
    assert [one["reason"] for one in shown if one["kind"] == "event"] == [
        f"there is no trigger nobody{number}" for number in (4, 3, 2, 1, 0)
    ]
    assert {one["serviceId"] for one in shown if one["kind"] == "event"} == {service}
    (message,) = [one for one in shown if one["kind"] == "message"]
    assert (message["subscriptionId"], message["eventId"]) == ("s-1", "e-1") and "hidden" not in str(message)
    stranger = client.post("/v1/admin/keys", {"name": "reader", "scopes": ["read", "write", "run"]}).ok()
    assert Client(stranger["key"]).get("/v1/admin/dead").status == 403
