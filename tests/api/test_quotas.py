"""Quotas as callers meet them: 429 where scripts are run, 409 for a subscription too many, and what is shown."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.core import cache, config
from chalicelib.durable import counts
from chalicelib.storage.tables import DELIVERY, WORK
from chalicelib.subscriptions import subscriptions, workers
from tests.builders import (
    USER,
    execute,
    make_action,
    make_condition,
    make_datatype,
    make_event,
    make_service,
    make_trigger,
    make_user,
    make_version,
)
from tests.client import Answer, Client, quoted, with_query
from tests.conftest import Clock
from tests.counting import counting
from tests.queues import bodies, drain
from tests.quotas import to_midnight_s, use_up

URL = "https://receiver.example/hook"
ANY = {"schema": {"type": "object"}}
CODE = "function handler(request) { return { output: { said: request.operation } } }"


def is_refused(answer: Answer, kind: str = "QuotaExceeded") -> bool:
    assert (answer.status, answer.headers.get("retry-after")) == (429, "43200"), answer
    assert "36000 s" in answer.body["error" if kind == "QuotaExceeded" else "message"]
    assert answer.body["type"] == kind
    return True


@pytest.fixture
def service(client: Client, still: Clock) -> str:
    make_user(client)
    return make_service(client)


def subscribe(client: Client, service: str, trigger: str, number: int = 0, **headers: str) -> Answer:
    path = with_query(quoted("v1", "service", service, "trigger", trigger, "subscription"), userId=USER)
    return client.post(path, {"url": f"{URL}/{number}"}, headers=headers)


def address(client: Client, service: str) -> str:
    found = client.get(with_query(quoted("v1", "service", service, "webhookSetting"), userId=USER)).ok()["url"]
    return "/v1/hook/" + str(found).rpartition("/")[2]


def by_body(client: Client, service: str) -> Answer:
    make_version(client, service, name="2.0.0")
    named = {"service": service, "serviceVersion": "2.0.0", "action": make_action(client, service)["name"]}
    return client.post(f"/v1/execute?userId={USER}", {"@type": "action", "input": {}, **named})


# --- JavaScript of a day ----------------------------------------------------------------------------------------


def test_an_action_is_refused_until_midnight_and_runs_then(
    client: Client, stranger: Client, service: str, still: Clock
) -> None:
    action = make_action(client, service)["name"]
    execute(client, service, action, {"a": 1}).ok()
    use_up(client.key)
    assert is_refused(execute(client, service, action, {"a": 1}))
    make_user(stranger)
    other = make_service(stranger)
    assert execute(stranger, other, make_action(stranger, other)["name"], {"a": 2}).ok()["output"] == {"a": 2}
    still.advance_s(to_midnight_s())
    assert execute(client, service, action, {"a": 1}).ok()["output"] == {"a": 1}


@pytest.mark.parametrize(
    "ask",
    [
        lambda client, service: by_body(client, service),
        lambda client, service: client.post(
            with_query(
                quoted("v1", "service", service, "datatype", make_datatype(client, service), "execute"), userId=USER
            ),
            {"input": {}},
        ),
        lambda client, service: client.post(
            "/v1/test/logic", {"table": "Condition", "id": make_condition(client, service)}
        ),
        lambda client, service: client.post(
            "/v1/test/notification",
            {"service": service, "event": make_event(client, service)["name"], "notification": {"body": 1}},
        ),
        lambda client, service: subscribe(
            client, service, make_trigger(client, service, logic={"create": "return 1"})["id"]
        ),
    ],
    ids=["action by body", "datatype", "test logic", "test notification", "create hook"],
)
def test_whatever_runs_a_script_now_is_refused(
    client: Client, service: str, ask: Callable[[Client, str], Answer]
) -> None:
    use_up(client.key)
    assert is_refused(ask(client, service))


def test_an_idempotency_key_is_not_used_up(client: Client, service: str, still: Clock) -> None:
    path = with_query(
        quoted("v1", "service", service, "action", make_action(client, service)["name"], "execute"), userId=USER
    )
    use_up(client.key)
    assert is_refused(client.post(path, {"a": 1}, headers={"idempotency-key": "k"}))
    still.advance_s(to_midnight_s())
    assert client.post(path, {"a": 1}, headers={"idempotency-key": "k"}).ok()["output"] == {"a": 1}


def test_a_notification_is_taken_in_unless_a_script_has_to_answer_it(client: Client, service: str) -> None:
    make_event(client, service, "return 'order'")
    silent = address(client, service)
    other = make_service(client)
    make_event(client, other, logic={"route": "return null", "response": "return {status: 200}"})
    answering = address(client, other)
    use_up(client.key)
    assert client.post(silent, {"n": 1}, key=None).status == 200
    assert is_refused(client.post(answering, {"n": 1}, key=None))
    assert len(bodies("subscriptions_fan_out")) == 1


def test_integrations_that_are_code_are_refused_on_the_chat_surface(client: Client, still: Clock) -> None:
    bot = client.post("/v1/admin/bots", {}).ok()["bot"]["id"]
    body = {"name": "echo", "version": "0.1.0", "code": CODE, "actions": {"say": {"input": ANY, "output": ANY}}}
    made = client.post("/v1/admin/integrations", body).ok()["integration"]["id"]
    put = client.put(f"/v1/admin/bots/{bot}", {"integrations": {made: {}}}).ok()
    hook = put["bot"]["integrations"][made]["webhookUrl"].partition("1290")[2]
    use_up(client.key)
    asked = {"type": "echo:say", "input": {}}
    assert is_refused(client.post("/v1/chat/actions", asked, headers={"x-bot-id": bot}), "RateLimited")
    assert is_refused(client.post(hook, {}, key=None), "RateLimited")
    assert is_refused(client.post(f"/v1/admin/integrations/{made}/ping"), "RateLimited")
    still.advance_s(to_midnight_s())
    done = client.post("/v1/chat/actions", asked, headers={"x-bot-id": bot}).ok()
    assert done["output"] == {"said": "action_triggered"}


def test_figures_and_usage_show_how_much_is_left(client: Client, service: str) -> None:
    action = make_action(client, service)["name"]
    execute(client, service, action).ok()
    shown = client.get("/v1/usage").ok()["quota"]["javaScript"]
    assert 0 < shown["usedSeconds"] < 5
    assert (shown["limitSeconds"], shown["resetsAt"]) == (36_000, "2026-01-02T00:00:00.000Z")
    use_up(client.key, 35_999)
    execute(client, service, action).ok()
    use_up(client.key, 1)
    for _ in range(2):
        assert is_refused(execute(client, service, action))
    found = client.get("/v1/metrics").ok()
    assert found["quota"]["javaScript"]["usedSeconds"] >= 36_000
    assert (found["total"]["javaScript"]["putOff"], found["total"]["javaScript"]["runs"]) == (2, 2)
    text = client.get("/v1/metrics", headers={"accept": "text/plain"}).body
    assert "millrace_javascript_put_off_total 2" in text


def test_a_script_costs_no_write_for_it_and_a_look_every_ten_seconds(
    client: Client, service: str, still: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    action = make_action(client, service)["name"]
    execute(client, service, action).ok()
    looks: list[str] = []
    query = WORK.__class__.query

    def watched(table: Any, pk: str, **how: Any) -> Any:
        looks.extend([pk] if counts.MARK in pk else [])
        return query(table, pk, **how)

    monkeypatch.setattr(WORK.__class__, "query", watched)
    with counting() as calls:
        for _ in range(5):
            execute(client, service, action).ok()
    assert (looks, calls["writes"]) == ([], 0)
    still.advance_s(10)
    for _ in range(5):
        execute(client, service, action).ok()
    assert looks == [counts.partition(client.key, "2026-01-01")]


# --- subscriptions of a trigger -----------------------------------------------------------------------------------


@pytest.fixture
def most(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Let a trigger have so many subscriptions."""

    def change(number: int) -> None:
        changed = dataclasses.replace(config.settings(), subscriptions_per_trigger=number)
        monkeypatch.setattr(subscriptions, "settings", lambda: changed)

    return change


def end(client: Client, made: Answer) -> None:
    client.delete(with_query(quoted("v1", "subscription", made.ok()["id"]), userId=USER)).ok()


def test_a_subscription_too_many_is_refused_and_a_deleted_one_gives_its_place_back(
    client: Client, stranger: Client, service: str, most: Callable[[int], None]
) -> None:
    most(2)
    hooks = {"trigger": "return 1", "create": "throw new Error('must not be asked')"}
    trigger, other = (make_trigger(client, service)["id"] for _ in range(2))
    made = [subscribe(client, service, trigger, number) for number in range(2)]
    client.put(
        with_query(quoted("v1", "service", service, "trigger", trigger), userId="developer"), {"logic": hooks}
    ).ok()
    refused = subscribe(client, service, trigger, 2)
    assert (refused.status, refused.body["type"]) == (409, "LimitReached")
    assert refused.body["details"] == {"limit": 2, "triggerId": trigger}
    assert "a trigger may have 2 subscriptions" in refused.body["error"]
    subscribe(client, service, other).ok()  # another trigger has places of its own
    end(client, made[0])
    again = subscribe(client, service, trigger, 2)
    assert (again.status, again.body["type"]) == (422, "LogicFailed")  # it gets as far as its hook
    make_user(stranger)
    theirs = make_service(stranger)
    subscribe(stranger, theirs, make_trigger(stranger, theirs)["id"]).ok()


def test_what_is_asked_for_again_counts_once(client: Client, service: str, most: Callable[[int], None]) -> None:
    most(2)
    trigger = make_trigger(client, service)["id"]
    first = subscribe(client, service, trigger, 1, **{"idempotency-key": "k"}).ok()
    assert subscribe(client, service, trigger, 1, **{"idempotency-key": "k"}).ok() == first
    assert subscribe(client, service, trigger, 1).ok() == first  # the same wish is the same subscription
    second = subscribe(client, service, trigger, 2)
    assert subscribe(client, service, trigger, 3).status == 409
    assert subscribe(client, service, trigger, 2).ok() == second.ok()  # also of a trigger that is full
    end(client, second)
    assert client.delete(with_query(quoted("v1", "subscription", second.body["id"]), userId=USER)).status == 404
    subscribe(client, service, trigger, 3).ok()
    assert subscribe(client, service, trigger, 4).status == 409


def test_an_automation_counts_as_a_subscription_of_its_trigger(
    client: Client, service: str, most: Callable[[int], None]
) -> None:
    from tests.automations import make

    most(1)
    trigger = make_trigger(client, service)
    made = [make(client, [], trigger={"service": service, "trigger": trigger["name"]})[0] for _ in range(2)]
    client.post(f"/v1/automation/{made[0]}/enable?userId={USER}", {}).ok()
    refused = client.post(f"/v1/automation/{made[1]}/enable?userId={USER}", {})
    assert (refused.status, refused.body["type"]) == (409, "LimitReached")
    assert client.get(f"/v1/automation/{made[1]}?userId={USER}").ok()["enabled"] is False
    client.post(f"/v1/automation/{made[0]}/disable?userId={USER}").ok()
    client.post(f"/v1/automation/{made[1]}/enable?userId={USER}", {}).ok()


def test_without_a_limit_nothing_is_looked_at(client: Client, service: str, most: Callable[[int], None]) -> None:
    trigger = make_trigger(client, service)["id"]
    subscribe(client, service, trigger, 0).ok()
    with counting() as limited:
        subscribe(client, service, trigger, 1).ok()
    most(0)
    with counting() as free:
        subscribe(client, service, trigger, 2).ok()
    assert (limited["reads"] - free["reads"], limited["writes"], free["writes"]) == (1, 5, 5)


def test_the_number_goes_with_its_trigger(client: Client, service: str, no_delays: None) -> None:
    from chalicelib.identity import workers as identity_workers

    trigger = make_trigger(client, service)["id"]
    for number in range(3):
        subscribe(client, service, trigger, number).ok()
    partition = f"{client.key}#TRN#{trigger}"
    assert sum(row["n"] for row in DELIVERY.query_all(partition)) == 3
    client.delete(with_query(quoted("v1", "service", service, "trigger", trigger), userId="developer")).ok()
    cache.forget_all()
    drain("platform_cleanup", identity_workers.platform_cleanup)
    drain("subscriptions_retry", workers.retry)
    drain("platform_cleanup", identity_workers.platform_cleanup)
    assert DELIVERY.query_all(partition) == []
