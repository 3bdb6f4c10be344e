"""Rate limits as callers meet them, on each surface: 429 in its own words, when to come again, and nothing done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.adapters import http_client
from chalicelib.core import config
from chalicelib.edge import limits
from chalicelib.edge.limits import Limiter, Place
from chalicelib.identity.counters import TableCounters
from chalicelib.storage.tables import CHAT, IDENTITY, WORK
from tests.api.chat.world import World
from tests.builders import USER, make_event, make_service, make_user
from tests.client import Answer, Client, quoted, with_query
from tests.conftest import Clock
from tests.counting import counting
from tests.fakes.http_client import FakeHttp
from tests.queues import bodies

Lower = Callable[..., None]


@pytest.fixture
def lower(monkeypatch: pytest.MonkeyPatch) -> Lower:
    """Lower the deployment's limits, in requests a second."""

    def change(**rates: float) -> None:
        for name, rate in rates.items():
            monkeypatch.setitem(config.settings().rates_per_s, name, rate)  # type: ignore[arg-type]

    return change


@pytest.fixture
def chat_settings(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Change settings for the length of a test."""
    import dataclasses

    def change(**values: Any) -> None:
        changed = dataclasses.replace(config.settings(), **values)
        monkeypatch.setattr(limits, "settings", lambda: changed)

    return change


def is_refused(answer: Answer, retry_after_s: str = "3") -> bool:
    assert answer.status == 429, answer
    assert answer.headers["retry-after"] == retry_after_s
    assert answer.headers["ratelimit-limit"] == "2"
    assert answer.headers["ratelimit-remaining"] == "0"
    assert int(answer.headers["ratelimit-reset"]) == 5
    assert answer.headers["ratelimit-policy"].startswith("2;w=5")
    return True


def test_every_answer_to_a_key_tells_how_much_is_left(client: Client, still: Clock, lower: Lower) -> None:
    lower(read=2, write=1)
    seen = [client.get("/v1/group").headers["ratelimit-remaining"] for _ in range(3)]
    assert seen == ["9", "8", "7"]
    refused = client.post("/v1/group", {})
    assert (refused.status, refused.headers["ratelimit-remaining"]) == (400, "4")  # what is refused counts too
    still.advance_s(1)
    assert client.get("/v1/group").headers["ratelimit-remaining"] == "8"
    assert "ratelimit-limit" not in client.get("/healthz", key=None).headers
    assert "ratelimit-limit" not in client.get("/v1/group", key="nobody").headers


def test_on_the_interactor_surface(client: Client, still: Clock, lower: Lower) -> None:
    lower(read=0.4)
    for _ in range(2):
        client.get("/v1/group").ok()
    answer = client.get("/v1/group")
    assert is_refused(answer)
    assert (answer.body["type"], answer.body["status"]) == ("RateLimited", 429)
    assert answer.body["error"]
    still.advance_s(2.5)
    assert client.get("/v1/group").status == 200


def test_on_the_notification_surface(client: Client, still: Clock, lower: Lower) -> None:
    lower(read=0.4)
    for _ in range(2):
        client.get("/v1/subscribers").ok()
    answer = client.get("/v1/subscribers")
    assert is_refused(answer)
    assert (answer.body["statusCode"], answer.body["path"]) == (429, "/v1/subscribers")
    assert answer.body["message"].startswith("API rate limit exceeded")


def test_on_the_journeys_surface(client: Client, still: Clock, lower: Lower) -> None:
    lower(read=0.4)
    for _ in range(2):
        client.get("/flow/v1/nodes").ok()
    answer = client.get("/flow/v1/nodes")
    assert is_refused(answer)
    assert set(answer.body) == {"message", "logref", "errors"}


def test_on_the_chat_surface(client: Client, still: Clock, lower: Lower) -> None:
    lower(read=0.4)
    for _ in range(2):
        client.get("/v1/admin/bots").ok()
    answer = client.get("/v1/admin/bots")
    assert is_refused(answer)
    assert (answer.body["type"], answer.body["code"], answer.body["status"]) == ("RateLimited", 429, 429)


def test_kinds_of_requests_and_keys_have_buckets_of_their_own(client: Client, still: Clock, lower: Lower) -> None:
    lower(read=0.4, write=0.4)
    keys = [client.post("/v1/admin/keys", {"scopes": ["read", "write"]}).ok()["key"] for _ in range(2)]
    for key in keys:
        for _ in range(2):
            client.get("/v1/group", key=key).ok()
        assert client.get("/v1/group", key=key).status == 429
        client.post("/v1/group", {"name": f"group {key[-4:]}"}, key=key).ok()


def test_a_refused_request_does_nothing_and_may_be_sent_again_under_its_key(
    client: Client, still: Clock, lower: Lower
) -> None:
    lower(write=0.4)
    for number in range(2):
        client.post("/v1/group", {"name": f"group {number}"}).ok()
    once = {"headers": {"idempotency-key": "once"}}
    limits.settle()
    with counting() as calls:
        assert client.post("/v1/group", {"name": "third"}, **once).status == 429
    assert (calls["writes"], calls["sends"]) == (0, 0)
    assert len(client.get("/v1/group").ok()) == 2
    still.advance_s(3)
    made = client.post("/v1/group", {"name": "third"}, **once).ok()
    again = client.post("/v1/group", {"name": "third"}, **once)
    assert again.status == 429  # a replay counts
    still.advance_s(3)
    replayed = client.post("/v1/group", {"name": "third"}, **once)
    assert (replayed.body, replayed.headers["idempotent-replayed"]) == (made, "true")
    assert replayed.headers["ratelimit-remaining"] == "0"


def test_a_notification_above_the_limit_of_its_address_is_refused_before_anything_is_stored(
    client: Client, still: Clock, lower: Lower
) -> None:
    lower(hook=0.4)
    make_user(client)
    services = [make_service(client) for _ in range(2)]
    addresses = []
    for service in services:
        make_event(client, service, "return 'order'")
        path = with_query(quoted("v1", "service", service, "webhookSetting"), userId=USER)
        addresses.append("/v1/hook/" + client.get(path).ok()["url"].rpartition("/")[2])
    for number in range(2):
        assert client.post(addresses[0], {"n": number}, key=None).status == 200
    limits.settle()
    with counting() as calls:
        assert is_refused(client.post(addresses[0], {"n": 2}, key=None))
    assert (calls["writes"], calls["sends"], calls["reads"]) == (0, 0, 0)
    assert client.post(addresses[1], {"n": 3}, key=None).status == 200
    assert len(bodies("subscriptions_fan_out")) == 3
    still.advance_s(3)
    assert client.post(addresses[0], {"n": 2}, key=None).status == 200


def test_addresses_that_mean_nothing_take_no_place(client: Client, still: Clock, lower: Lower) -> None:
    lower(hook=0.4)
    answers = [client.post(f"/v1/hook/{number:043}", {}, key=None) for number in range(5)]
    assert {answer.status for answer in answers} == {404}
    assert "ratelimit-limit" not in answers[-1].headers
    assert len(limits._limiter._buckets) <= 1


def test_a_bot_is_told_so_much_a_minute_by_all_its_keys_together(
    client: Client, still: Clock, chat_settings: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_client, "send", FakeHttp().send)
    world = World(client)
    ann, room = world.user(id="ann")["id"], world.conversation(id="C1")["id"]
    chat_settings(chat_per_minute=3)
    world.hear(ann, room)
    world.say(room)
    said = world.as_bot("POST", "/events", {"type": "tick", "payload": {}})
    assert (said.headers["ratelimit-limit"], said.headers["ratelimit-remaining"]) == ("3", "0")
    rows = len(CHAT.query(f"{client.key}#M#{world.bot}").rows)
    for answer in (
        world.as_integration("POST", "/messages", world.message_body(ann, room)),
        world.as_bot("POST", "/events", {"type": "tick", "payload": {}}),
    ):
        assert (answer.status, answer.body["type"], answer.headers["retry-after"]) == (429, "RateLimited", "20")
        assert answer.headers["ratelimit-policy"].startswith("3;w=60")
    assert len(CHAT.query(f"{client.key}#M#{world.bot}").rows) == rows
    assert world.as_bot("GET", "/messages").status == 200
    still.advance_s(20)
    world.say(room)


def test_a_key_may_have_limits_of_its_own(client: Client, still: Clock, lower: Lower) -> None:
    made = client.post("/v1/admin/keys", {"scopes": ["read", "write"], "limits": {"read": 1}}).ok()
    assert made["limits"] == {"read": 1}
    (listed,) = client.get("/v1/admin/keys").ok()
    assert listed["limits"] == {"read": 1}
    for _ in range(5):
        client.get("/v1/group", key=made["key"]).ok()
    refused = client.get("/v1/group", key=made["key"])
    assert (refused.status, refused.headers["ratelimit-limit"]) == (429, "5")
    assert client.get("/v1/group").status == 200
    rotated = client.post(f"/v1/admin/keys/{made['id']}/rotate", {}).ok()["key"]
    assert client.get("/v1/group", key=rotated).status == 429  # it is the same key


@pytest.mark.parametrize(
    "wrong", [{"read": 0}, {"read": -1}, {"read": 1.5}, {"read": "2"}, {"hook": 1}, {"read": 10**9}, [], 1]
)
def test_limits_that_cannot_be_are_named(client: Client, wrong: Any) -> None:
    answer = client.post("/v1/admin/keys", {"limits": wrong})
    assert (answer.status, "limits" in answer.body["error"]) == (400, True)


def test_far_below_its_limit_a_request_costs_no_call(client: Client, still: Clock) -> None:
    client.get("/v1/group").ok()
    with counting() as calls:
        for _ in range(20):
            client.get("/v1/group").ok()
            still.advance_s(1)
    assert calls == {"reads": 20}


def test_what_processes_took_is_kept_in_one_row_that_goes_by_itself(client: Client, still: Clock, lower: Lower) -> None:
    lower(read=2)
    for _ in range(6):
        client.get("/v1/group").ok()
        limits.settle()
    (row,) = IDENTITY.query(f"{client.key}#RATE#dev:{client.key}").rows
    assert (row["sk"], row["n"], row["exp"]) == ("read", 1, still.at_ms // 1000 + 3_600)
    for _ in range(3):
        client.get("/v1/group").ok()
        limits.settle()
        still.advance_s(1)
    (row,) = IDENTITY.query(f"{client.key}#RATE#dev:{client.key}").rows
    assert row["n"] >= 7
    assert not WORK.query(f"{client.key}#RATE#dev:{client.key}").rows


def test_two_processes_share_a_limit_through_the_table(client: Client, still: Clock) -> None:
    def at_once(job: Callable[[], None]) -> None:
        job()

    one, other = (Limiter(TableCounters(), at_once) for _ in range(2))
    place, policy = Place(client.key, "key-1", "read"), limits.policy_of("read", {"read": 2})
    allowed = 0
    for _ in range(60):
        allowed += sum(limiter.take(place, policy).wait_s == 0 for limiter in (one, other) for _ in range(3))
        still.advance_s(0.5)
    assert 60 <= allowed <= 80  # two a second for 30 s, and a bucket full; each by itself would have let through 140
