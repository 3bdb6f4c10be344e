"""Subscribing, forwarding, and the end of subscriptions."""

from __future__ import annotations

from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from chalicelib.core.errors import Forbidden, InvalidInput, LogicFailed, NotFound, UpstreamFailed
from chalicelib.identity.models import User
from chalicelib.storage.tables import DELIVERY
from chalicelib.subscriptions import endings, fan_out, forwarding, models, public, subscriptions
from chalicelib.subscriptions.models import Subscription
from chalicelib.subscriptions.rules.deliveries import SubscriptionState
from chalicelib.subscriptions.schemas import ForwardingIn, SubscriptionIn, SubscriptionOut
from tests.workers.subscriptions.world import URL, Crash, World, bodies, ids_of

FORWARD = "https://forward.example/all"


def set_forwarding(world: World, **body: Any) -> dict[str, Any]:
    call = world.call()
    call.body = ForwardingIn.read(body)
    return forwarding.replace(call)


def subscribe_by_body(world: World, **body: Any) -> dict[str, Any]:
    call = world.call()
    call.body = SubscriptionIn.read({"platform": "acme", "service": "shop", "trigger": "hook", "url": URL, **body})
    return subscriptions.create(call)


def test_the_same_wish_twice_is_one_subscription_and_one_hook(world: World) -> None:
    trigger = world.add_trigger("hook")
    world.hook(trigger, "create", lambda **_: {"remote": 5})
    one, two = world.subscribe(trigger, variables={"a": 1}), world.subscribe(trigger, variables={"a": 1})
    assert one == two == subscribe_by_body(world, variables={"a": 1})
    assert world.runs["hook", "create"] == 1
    assert world.subscribe(trigger, variables={"a": 2})["id"] != one["id"]


def test_create_sees_address_and_id_and_delete_sees_what_it_kept(world: World) -> None:
    trigger, seen = world.add_trigger("hook"), []
    world.hook(trigger, "create", lambda **bindings: seen.append(bindings) or {"remote": 5})
    world.hook(trigger, "delete", lambda **bindings: seen.append(bindings))
    made = world.subscribe(trigger, variables={"a": 1})
    assert "remote" not in str(DELIVERY.get(Subscription.key("w1", id=made["id"])))
    endings.delete(world.call(path={"subscription_id": made["id"]}))
    world.pump()
    create, delete = seen
    assert create["webhook"]["url"] == "https://hooks.example/ev-hook"
    assert create["subscription"] == delete["subscription"] == {"id": made["id"]}
    assert (delete["variables"], delete["stored"]) == ({"a": 1}, {"remote": 5})


def test_a_failing_create_hook_stores_nothing(world: World) -> None:
    trigger = world.add_trigger("hook")
    world.hook(trigger, "create", lambda **_: (_ for _ in ()).throw(LogicFailed("no rights")))
    with pytest.raises(LogicFailed):
        world.subscribe(trigger)
    assert subscriptions.list_of_user(world.call()) == []


def test_a_crash_between_hook_and_rows_is_repaired_by_asking_again(world: World) -> None:
    trigger, seen = world.add_trigger("hook"), []
    world.hook(trigger, "create", lambda **bindings: seen.append(bindings["subscription"]["id"]))

    def crash(operation: str) -> None:
        if operation == "TransactWriteItems":
            raise Crash

    world.before_call, world.is_inside = crash, True
    with pytest.raises(Crash):
        world.subscribe(trigger)
    world.before_call = None
    assert world.subscribe(trigger)["id"] == seen[0] == seen[1]


def test_a_failing_delete_hook_is_tried_again_until_it_runs_or_is_refused(world: World) -> None:
    trigger = world.add_trigger("hook")
    errors = iter([UpstreamFailed("down", retryable=True), LogicFailed("refused")])

    def delete(**_: Any) -> None:
        for error in errors:
            raise error

    world.hook(trigger, "delete", delete)
    made = world.subscribe(trigger)
    endings.end(world.find(made["id"]))
    for _ in range(4):
        world.pump()
        world.advance(5)
    assert world.runs["hook", "delete"] == 2
    assert DELIVERY.query_all(f"w1#SUB#{made['id']}") == []


def test_a_deleted_one_is_gone_and_nothing_is_sent_after_five_seconds(world: World) -> None:
    made = world.subscribe(world.add_trigger("hook"))
    world.notify()
    world.pump()
    world.notify()
    world.pump("subscriptions_fan_out")
    call = world.call(path={"subscription_id": made["id"]})
    endings.delete(call)
    with pytest.raises(NotFound):
        endings.delete(call)
    world.advance(5)
    world.pump()
    assert len(world.sent) == 1


def test_a_deleted_one_may_be_made_again_under_its_id_with_another_secret(world: World) -> None:
    trigger = world.add_trigger("hook")
    made = world.subscribe(trigger)
    world.notify()
    world.pump()
    endings.end(world.find(made["id"]))
    world.advance(0.01)
    again = world.subscribe(trigger)
    assert again["id"] == made["id"] and again["secret"] != made["secret"]
    world.notify()
    world.pump()
    for secret, request in zip((made["secret"], again["secret"]), world.sent, strict=True):
        Webhook(secret).verify(request.body, dict(request.headers))


def test_the_log_of_an_ended_one_goes_page_by_page(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endings, "DELIVERIES_PAGE", 3)
    item = world.insert(world.add_trigger("hook"))
    for _ in range(10):
        world.notify()
    world.pump()
    assert len(world.deliveries(item)) == 10
    endings.end(item)
    world.pump()
    assert world.deliveries(item) == [] and DELIVERY.query_all(f"w1#SUB#{item.id}") == []


def test_other_users_subscriptions_are_absent(world: World) -> None:
    User.new("w1", id="u-2", user_id="bob").insert()
    made = world.subscribe(world.add_trigger("hook"))
    call = world.call(path={"subscription_id": made["id"]}, query={"userId": "bob"})
    for act in (subscriptions.read, subscriptions.read_secret, subscriptions.rotate_secret, endings.delete):
        with pytest.raises(NotFound):
            act(call)
    assert subscriptions.list_of_user(call) == []
    (shown,) = [SubscriptionOut.of(item) for item in subscriptions.list_of_user(world.call())]
    assert (shown["id"], shown["userId"], shown["trigger"], shown["url"]) == (
        made["id"],
        "ann@example.com",
        "hook",
        URL,
    )
    assert "secret" not in shown


@pytest.mark.parametrize("url", ["ftp://a.example/", "https://127.0.0.1/", "no", "javascript:1"])
def test_addresses_are_checked(world: World, url: str) -> None:
    trigger = world.add_trigger("hook")
    with pytest.raises(InvalidInput) as caught:
        world.subscribe(trigger, url=url)
    assert caught.value.faults[0].location == "body.url"


def test_what_cannot_be_subscribed_to(world: World) -> None:
    trigger = world.add_trigger("hook")
    with pytest.raises(NotFound):
        subscribe_by_body(world, platform="other")
    with pytest.raises(NotFound):
        subscribe_by_body(world, trigger="nothing")
    with pytest.raises(InvalidInput):
        world.subscribe(trigger, url=None)
    service = world.service.get("w1", id="svc-1")
    service.enabled = False
    service.save()
    with pytest.raises(Forbidden):
        world.subscribe(trigger)


# --- forwarding -----------------------------------------------------------------------------------------------


def test_without_a_url_deliveries_go_to_the_forwarding_url(world: World) -> None:
    trigger = world.add_trigger("hook")
    shown = set_forwarding(world, url=FORWARD)
    made = world.subscribe(trigger, url=None)
    world.notify()
    world.pump()
    (request,) = world.sent
    assert request.url == FORWARD
    for secret in (made["secret"], shown["secret"]):
        assert Webhook(secret).verify(request.body, dict(request.headers))["subscriptionId"] == made["id"]


def test_a_listed_trigger_is_forwarded_without_any_subscription(world: World) -> None:
    trigger = world.add_trigger("hook")
    shown = set_forwarding(world, url=FORWARD, triggers=[{"service": "shop", "trigger": "hook"}])
    assert shown["triggers"] == [{"service": "shop", "trigger": "hook"}]
    world.notify()
    world.pump()
    assert [body["userId"] for body in bodies(world.sent)] == [None]
    made = world.subscribe(trigger, url=None)
    world.insert(trigger, 7)
    world.advance(10)
    world.notify()
    world.pump()
    assert {body["subscriptionId"] for body in bodies(world.sent[1:])} == {made["id"], "sub-00007"}
    assert subscriptions.list_of_user(world.call())[0].id == made["id"]
    set_forwarding(world, triggers=[])
    endings.end(world.find(made["id"]))
    world.notify()
    world.pump()
    assert len(world.sent) == 4 and len(set(ids_of(world.sent))) == 4
    assert forwarding.read(world.call())["url"] == FORWARD


def test_two_who_set_the_forwarding_at_once_both_succeed_and_the_last_ones_wish_stands(world: World) -> None:
    for name in ("a", "b"):
        world.add_trigger(name)

    def listed(*names: str) -> list[dict[str, str]]:
        return [{"service": "shop", "trigger": name} for name in names]

    rounds = [(listed("a"), listed("b")), (listed("a", "b"), []), (listed("b"), listed("a", "b"))]
    for ours, theirs in rounds:
        once = iter([theirs])

        def meanwhile(operation: str, once: Any = once) -> None:
            if operation in ("PutItem", "TransactWriteItems"):
                for wanted in once:
                    set_forwarding(world, url=FORWARD, triggers=wanted)

        world.before_call = meanwhile
        with world.inside():
            shown = set_forwarding(world, url=FORWARD, triggers=ours)
        world.before_call = None
        assert shown["triggers"] == ours == forwarding.read(world.call())["triggers"]
        rows = [DELIVERY.query_all(f"w1#TR#tr-{name}#f") for name in ("a", "b")]
        found = [name for name, page in zip(("a", "b"), rows, strict=True) if any(row["sk"] == "~" for row in page)]
        assert found == [one["trigger"] for one in ours]


def test_without_a_forwarding_url_its_deliveries_fail_visibly(world: World) -> None:
    set_forwarding(world, url=FORWARD)
    made = world.subscribe(world.add_trigger("hook"), url=None)
    set_forwarding(world, url=None)
    world.notify()
    world.pump()
    assert world.deliveries(made["id"])[0]["err"] == "NotFound: there is no forwarding URL"


def test_forwarding_refuses_bad_addresses_and_unknown_triggers(world: World) -> None:
    with pytest.raises(InvalidInput):
        set_forwarding(world, url="https://10.0.0.1/")
    with pytest.raises(NotFound):
        set_forwarding(world, triggers=[{"service": "shop", "trigger": "nothing"}])
    assert forwarding.read(world.call()) == {"url": None, "triggers": [], "secret": None}


# --- cascades -------------------------------------------------------------------------------------------------


def rows_left(world: World) -> list[str]:
    from chalicelib.adapters import aws

    items = aws.client("dynamodb").scan(TableName="millrace-delivery")["Items"]
    return [item["pk"]["S"] for item in items if "#DL#" not in item["pk"]["S"]]


@pytest.mark.parametrize("of", ["user", "trigger", "service"])
def test_cascades_end_everything_page_by_page(world: World, of: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endings, "PAGE", 4)
    trigger = world.add_trigger("hook")
    set_forwarding(world, url=FORWARD, triggers=[{"service": "shop", "trigger": "hook"}])
    for number in range(10):
        world.subscribe(trigger, variables={"n": number}, url=None if number % 3 else URL)
    end = {
        "user": lambda: public.end_subscriptions_of_user("w1", "u-1"),
        "trigger": lambda: public.end_subscriptions_of_trigger("w1", trigger.id, "svc-1"),
        "service": lambda: public.end_subscriptions_of_service("w1", "svc-1"),
    }[of]
    calls = 1
    while not end():
        calls += 1
    assert calls >= 3 and end()
    assert subscriptions.list_of_user(world.call()) == []
    world.notify()
    world.pump()
    assert len(world.sent) == (1 if of == "user" else 0)  # the trigger is still forwarded
    if of == "service":
        assert rows_left(world) == ["w1#FWD"]


def test_the_subscriptions_of_a_token_end(world: World) -> None:
    trigger = world.add_trigger("hook")
    world.insert(trigger, 1, credential_id="t-1")
    world.insert(trigger, 2, credential_id="t-2")
    assert public.end_subscriptions_of_token("w1", "u-1", "t-1")
    assert [item.id for item in subscriptions.list_of_user(world.call())] == ["sub-00002"]


def test_a_version_in_use_is_known(world: World) -> None:
    trigger = world.add_trigger("hook")
    item = world.insert(trigger, 1, version="v-1")
    assert public.is_version_in_use("w1", "svc-1", "v-1") and not public.is_version_in_use("w1", "svc-1", "v-2")
    endings.end(item)
    assert not public.is_version_in_use("w1", "svc-1", "v-1")


def test_a_forwarded_trigger_that_was_disabled_is_seen_and_comes_back(world: World) -> None:
    world.add_trigger("hook")
    wanted = [{"service": "shop", "trigger": "hook"}]
    set_forwarding(world, url=FORWARD, triggers=wanted)
    world.answer(410, url=FORWARD)
    world.notify()
    world.pump()
    assert forwarding.read(world.call())["triggers"] == [{**wanted[0], "state": "disabled", "disabledReason": "gone"}]
    world.advance(10)
    world.notify()
    world.pump()
    assert len(world.sent) == 1
    assert set_forwarding(world, url=FORWARD + "/new")["triggers"] == wanted
    world.notify()
    world.pump()
    assert [request.url for request in world.sent] == [FORWARD, FORWARD + "/new"]


def test_a_rotation_that_is_repeated_after_a_crash_keeps_the_secret_receivers_know(world: World) -> None:
    made = world.subscribe(world.add_trigger("hook"))
    call = world.call(path={"subscription_id": made["id"]}, idempotency_key="k-1")
    once, again = subscriptions.rotate_secret(call), subscriptions.rotate_secret(call)
    assert once == again != {"secret": made["secret"]}
    world.notify()
    world.pump()
    (request,) = world.sent
    for secret in (made["secret"], once["secret"]):
        Webhook(secret).verify(request.body, dict(request.headers))


@pytest.mark.parametrize("is_made_again", [False, True])
def test_what_an_attempt_writes_after_the_end_goes_and_reaches_nobody(world: World, is_made_again: bool) -> None:
    trigger = world.add_trigger("hook")
    made = world.subscribe(trigger)
    world.answer(500)
    world.notify()
    world.pump()
    (late,) = world.deliveries(made["id"])
    endings.delete(world.call(path={"subscription_id": made["id"]}))
    world.pump()
    world.advance(10)
    if is_made_again:
        assert world.subscribe(trigger)["id"] == made["id"]
    DELIVERY.put(late)
    world.bring_due(made["id"])
    assert len(world.sent) == 1
    assert world.deliveries(made["id"]) == []


def test_a_forwarded_trigger_is_not_silenced_by_disabled_subscriptions(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fan_out, "PAGE", 2)
    trigger = world.add_trigger("hook")
    set_forwarding(world, url=FORWARD, triggers=[{"service": "shop", "trigger": "hook"}])
    made = [world.find(world.subscribe(trigger, url=None, variables={"n": number})["id"]) for number in range(5)]
    world.notify()
    world.pump()
    assert len(world.sent) == len(set(ids_of(world.sent))) == 5
    for item in made:
        models.switch(item, SubscriptionState.DISABLED, "failing")
    world.notify()
    world.pump()
    assert [body["userId"] for body in bodies(world.sent[5:])] == [None]
