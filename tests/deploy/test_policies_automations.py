"""The policies under automations: every function that moves one on, from cold, with all that one may hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.adapters import http_client, queue
from chalicelib.adapters.http_client import Request, Response
from chalicelib.automations import bells, executions, models
from chalicelib.credentials.oauth import waiting
from chalicelib.storage.table import Key
from chalicelib.storage.tables import CATALOGUE, WORK
from tests.api.credentials.signing import CALL_ME, Signing
from tests.automations import begin, look, make
from tests.builders import (
    USER,
    make_action,
    make_event,
    make_security,
    make_service,
    make_trigger,
    make_user,
    make_variable,
)
from tests.client import Client, quoted, with_query
from tests.conftest import Clock
from tests.deploy.driving import HANDLERS, cold, pump, tick
from tests.fakes.http_client import FakeHttp
from tests.fakes.oauth_provider import BASE, CLIENT_ID, CLIENT_SECRET, SHORT, FakeProvider
from tests.queues import bodies, deliver, drain, receive

RECEIVER = "https://receiver.example/hook"
LARGE = "'x'.repeat(150000)"  # more than a row holds
LIFE_S = 10  # of a token: over before the next function works


class Outside:
    """The provider at its address, everything else beside it."""

    def __init__(self) -> None:
        self.provider, self.http = FakeProvider(), FakeHttp()
        self.provider.life_s = LIFE_S

    def send(self, workspace_id: str, request: Request) -> Response:
        side: Any = self.provider if request.url.startswith(BASE) else self.http
        return side.send(workspace_id, request)


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch, no_delays: None) -> Outside:
    made = Outside()
    monkeypatch.setattr(http_client, "send", made.send)
    return made


@pytest.fixture
def owner(client: Client, still: Clock) -> Iterator[Client]:
    make_user(client)
    executions.use_sleep(still.advance_s)
    waiting.use(still.advance_s)
    yield client
    executions.use_sleep(None)
    waiting.use(None)


@pytest.fixture
def signing(owner: Client, outside: Outside, still: Clock) -> Signing:
    """A service whose users sign in, and one who has."""
    service = make_service(owner)
    security = make_security(owner, service, type="oauth2", scheme="code", config={"auth": SHORT})
    for name, value in (("clientId", CLIENT_ID), ("clientSecret", CLIENT_SECRET)):
        make_variable(owner, service, name=name, required=True, value=value)
    action = make_action(owner, service, CALL_ME)["id"]
    made = Signing(owner, outside.provider, service, security, action, still)
    made.connect()
    return made


def steps(service: str, action: str) -> list[Any]:
    called = {"service": service, "action": action}
    return [
        {"id": "big", "type": "code", "code": f"return {LARGE}"},
        {"id": "first", "type": "action", **called},
        {"id": "pause", "type": "wait", "seconds": 1800},
        {"id": "second", "type": "action", **called},
        {"id": "again", "type": "code", "code": "return steps.big.output.length"},
        {"id": "heard", "type": "waitForEvent", "event": "paid"},
        {"id": "end", "type": "return", "value": "${steps.again.output}"},
    ]


def go_on(still: Clock, rounds: int = 3) -> None:
    """Let half an hour pass, longer than a message can wait, and everybody work."""
    pump(still, rounds)
    still.advance_s(1800)
    tick("automations_tick")
    pump(still, rounds)


def test_an_automation_moves_on_with_what_its_policies_grant(signing: Signing, still: Clock) -> None:
    owner = signing.client
    child, _ = make(owner, [])
    draft = {"definition": {"steps": steps(signing.service, signing.action)}}
    version = owner.post(f"/v1/automation/{child}/version?userId={USER}", draft).ok()["id"]
    large = {"large": "y" * 150_000}
    calls = [
        {"id": "child", "type": "automation", "automationId": child, "version": version, "input": large},
        {"id": "end", "type": "return", "value": "${steps.child.output}"},
    ]
    execution = begin(owner, make(owner, calls))
    go_on(still)
    go_on(still)
    owner.post("/v1/event", {"name": "paid", "payload": 1})
    go_on(still)
    found = look(owner, execution)
    assert (found["state"], found["output"]) == ("done", 150_000)
    assert signing.provider.refreshes >= 2
    owner.post(f"/v1/execution/{execution}/replay?userId={USER}", {"from": "end"})
    go_on(still)


def test_a_trigger_starts_one_with_what_its_policies_grant(signing: Signing, outside: Outside, still: Clock) -> None:
    owner, service = signing.client, signing.service
    outside.http.answer(RECEIVER, 500)
    outside.http.answer(RECEIVER, 204)
    make_event(owner, service, "return 'order'")
    seen = "return [service.token.access_token.length > 0, notification.body.n]"
    trigger = make_trigger(owner, service, seen, name="order")
    poll = f"const sub = (await (async () => {{ {CALL_ME} }})()); return {{records: [{{sub}}], cursor: 1, emit: true}}"
    make_trigger(owner, service, name="polled", logic={"poll": poll, "trigger": seen.replace(".body.n", ".sub")})
    made = [
        make(owner, steps(service, signing.action), trigger={"service": service, "trigger": name})
        for name in ("order", "polled")
    ]
    for automation, _ in made:
        owner.post(f"/v1/automation/{automation}/enable?userId={USER}").ok()
    for name in (trigger["id"], "polled"):
        path = quoted("v1", "service", service, "trigger", name, "subscription")
        owner.post(with_query(path, userId=USER), {"url": RECEIVER}).ok()
    address = owner.get(with_query(quoted("v1", "service", service, "webhookSetting"), userId=USER)).ok()["url"]
    cold()
    owner.post("/v1/hook/" + address.rpartition("/")[2], {"n": 1, "large": "z" * 150_000}).ok()
    for _ in range(3):
        go_on(still)
    listed = [owner.get(f"/v1/automation/{one}/execution?userId={USER}").ok() for one, _ in made]
    assert all(listed)


def test_a_clock_starts_one_with_what_its_policies_grant(owner: Client, outside: Outside, still: Clock) -> None:
    body = [{"id": "end", "type": "return", "value": "${input.large}"}]
    made = []
    for cron in ("0 * * * *", "*/5 * * * *"):  # one is brought by the sweep, the other by its own message
        trigger = {"cron": cron, "timeZone": "UTC", "input": {"large": "w" * 100_000}}
        made.append(make(owner, body, trigger=trigger)[0])
        owner.post(f"/v1/automation/{made[-1]}/enable?userId={USER}").ok()
    go_on(still)
    go_on(still)
    for automation in made:
        assert owner.get(f"/v1/automation/{automation}/execution?userId={USER}").ok()
        CATALOGUE.delete(Key(f"{owner.key}#AUT#{automation}", "A"))  # its deletion got no further
    go_on(still)
    go_on(still)
    assert [WORK.get(models.schedule_key(owner.key, automation)) for automation in made] == [None, None]


def test_an_event_for_many_goes_on_with_what_its_policies_grant(
    owner: Client, outside: Outside, still: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bells, "PAGE", 1)
    made = make(owner, [{"id": "heard", "type": "waitForEvent", "event": "all", "timeoutSeconds": 86_400}])
    running = [begin(owner, made) for _ in range(3)]
    pump(still, 1)
    owner.post(f"/v1/execution/{running[0]}/cancel?userId={USER}").ok()
    assert owner.post("/v1/event", {"name": "all", "payload": 1}).status == 202
    pump(still)
    assert [look(owner, one)["state"] for one in running] == ["cancelled", "done", "done"]


def test_above_its_share_one_goes_on_with_what_its_policies_grant(
    signing: Signing, still: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MILLRACE_EXECUTIONS_SHARE_PER_S", "0.001")
    owner, service = signing.client, signing.service
    make_event(owner, service, "return 'order'")
    make_trigger(owner, service, "return notification.body", name="order")
    child, _ = make(owner, [{"id": "pause", "type": "wait", "seconds": 5}])
    calls = [{"id": "child", "type": "automation", "automationId": child, "input": {}}]
    for trigger in (*[{"cron": "0 * * * *"}] * 4, {"service": service, "trigger": "order"}):
        automation, _ = make(owner, calls, trigger=trigger)
        owner.post(f"/v1/automation/{automation}/enable?userId={USER}").ok()
    running = [begin(owner, make(owner, calls)) for _ in range(4)]
    address = owner.get(with_query(quoted("v1", "service", service, "webhookSetting"), userId=USER)).ok()["url"]
    for number in range(4):
        owner.post("/v1/hook/" + address.rpartition("/")[2], {"n": number}).ok()
    for _ in range(3):
        go_on(still)
    assert {look(owner, one)["state"] for one in running} == {"done"}


def test_clocks_that_use_up_their_share_go_on_with_what_their_policies_grant(
    owner: Client, outside: Outside, still: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MILLRACE_EXECUTIONS_SHARE_PER_S", "1")
    made = [make(owner, [], trigger={"cron": "0 * * * *"})[0] for _ in range(4)]
    for automation in made:
        owner.post(f"/v1/automation/{automation}/enable?userId={USER}").ok()
    still.advance_s(3_600)
    tick("automations_tick")
    letters = receive("automations_schedule")
    assert len(letters) == len(made)  # one worker has them all, and reads again how much of the share is left
    assert deliver("automations_schedule", HANDLERS["fire_schedule"], letters) == 0
    pump(still)
    for automation in made:
        (found,) = owner.get(f"/v1/automation/{automation}/execution?userId={USER}").ok()
        assert found["state"] == "done"


def test_a_dead_letter_of_a_long_execution_needs_no_more_than_the_policies_grant(
    owner: Client, outside: Outside, still: Clock
) -> None:
    steps_ = [{"id": f"large{n}", "type": "code", "code": "return 'x'.repeat(30000)"} for n in range(4)]
    waits = [{"id": f"pause{n}", "type": "wait", "seconds": 1} for n in range(4)]
    pairs = [step for pair in zip(steps_, waits, strict=True) for step in pair]
    execution = begin(owner, make(owner, [*pairs, {"id": "heard", "type": "waitForEvent", "event": "paid"}]))
    pump(still)
    assert WORK.query(models.beside(owner.key, execution), prefix="H#").rows  # its journal fills more than a row
    owner.post("/v1/event", {"name": "paid", "payload": 1})
    drain("automations_event", HANDLERS["spread_event"])
    (letter,) = bodies("automations_advance")
    queue.send("dead_letters", letter)
    pump(still)
    assert look(owner, execution)["state"] == "failed"


def test_dead_letters_of_automations_need_no_more_than_the_policies_grant(signing: Signing, still: Clock) -> None:
    owner, service = signing.client, signing.service
    make_event(owner, service, "return 'order'")
    make_trigger(owner, service, "return notification.body", name="order")
    automation, _ = make(owner, [], trigger={"service": service, "trigger": "order"})
    owner.post(f"/v1/automation/{automation}/enable?userId={USER}").ok()
    child, _ = make(owner, [{"id": "heard", "type": "waitForEvent", "event": "never"}])
    parent = begin(owner, make(owner, [{"id": "child", "type": "automation", "automationId": child, "input": {}}]))
    deliver("automations_advance", HANDLERS["advance"], receive("automations_advance"))
    (begun,) = bodies("automations_advance")
    assert begun["x"] != parent
    address = owner.get(with_query(quoted("v1", "service", service, "webhookSetting"), userId=USER)).ok()["url"]
    owner.post("/v1/hook/" + address.rpartition("/")[2], {"n": 1}).ok()
    drain("subscriptions_fan_out", HANDLERS["fan_out"])
    (occurrence,) = bodies("automations_start")
    for letter in (occurrence, begun):
        queue.send("dead_letters", letter)
    pump(still)
    assert look(owner, begun["x"])["state"] == "failed"
    assert look(owner, parent)["state"] == "failed"
    (failed,) = owner.get(f"/v1/automation/{automation}/execution?userId={USER}").ok()
    assert failed["state"] == "failed"
