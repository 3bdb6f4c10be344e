"""Two at one token at the same moment: what was read is no longer so when it is written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.adapters import queue
from chalicelib.journeys import checks, feedback, forgetting, profiles, queues, waking
from chalicelib.journeys.feedback import Feedback
from chalicelib.journeys.rules.entry import Identity
from chalicelib.storage.expressions import Row
from infra.queues import MAX_RECEIVES
from tests.workers.journeys import graphs
from tests.workers.journeys.world import NOON_MS, N, W, World

HOUR_S = 3600


def test_two_workers_who_walk_one_token_write_it_once(world: World) -> None:
    head = world.automation(graphs.row(graphs.wait(1, 1), graphs.wait(2, 1), graphs.mail(3), graphs.end()))
    ann = world.enter(head, "ann")[0]
    world.run_until(NOON_MS + HOUR_S * 1000 - 1)
    world.now_ms += 1

    def other_worker() -> None:
        world.wake(ann.token)
        world.work()

    world.between_reads_and_writes(other_worker)
    world.wake(ann.token)
    world.run_for(10)
    assert world.counted(head)[graphs.uuid(2)] == {"entered": 1}
    world.check_counters(head)
    world.run_for(2 * HOUR_S)
    assert (world.token(ann)["st"], len(world.mails)) == ("COMPLETED", 1)
    world.check_counters(head)


def test_a_match_that_comes_after_the_time_out_does_not_reach_the_next_wait(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = graphs.forked(graphs.trigger(2, "loggedIn", hours=1), "TIMEOUT")
    graph["steps"][3] = graphs.trigger(12, "loggedIn", hours=48)
    graph["connections"][4:] = [graphs.way(12, 99, "YES"), graphs.way(12, 99, "TIMEOUT")]
    graph["connections"].append(graphs.way(11, 99))
    head = world.automation(graph)
    ann = world.enter(head, "ann")[0]
    world.run_for(60)
    seen: Callable[..., Row | None] = checks.matched

    def after_the_time_out(*told: Any) -> Row | None:
        monkeypatch.setattr(checks, "matched", seen)
        world.now_ms = NOON_MS + HOUR_S * 1000 + 1_000
        world.wake(ann.token)
        world.work()
        assert world.token(ann)["s"] == graphs.uuid(12)
        return seen(*told)

    monkeypatch.setattr(checks, "matched", after_the_time_out)
    event = {"id": "e1", "eventType": "loggedIn", "context": None, "properties": {}, "at": world.now_ms}
    row = world.token(ann)
    assert not waking.wake(*_place(row), row, event)
    world.run_for(60)
    now = world.token(ann)
    assert (now["st"], now["s"], "m" in now) == ("WAITING", graphs.uuid(12), False)
    assert world.counted(head)[graphs.uuid(2)]["outcomeTIMEOUT"] == 1
    world.check_counters(head)


def _place(row: Row) -> tuple[str, str]:
    workspace_id, _, rest = row["pk"].partition("#N#")
    return workspace_id, rest.partition("#TOK#")[0]


# --- a step under way while something else happens ------------------------------------------------------------------


@pytest.mark.parametrize("how", ["PAUSED", "endDate", "node off"])
def test_no_further_action_begins_after_a_pause_or_an_end(world: World, how: str) -> None:
    end_at = NOON_MS + 10_000 if how == "endDate" else None
    head = world.automation(graphs.row(graphs.mail(1), graphs.mail(2), graphs.end()), end_at=end_at)
    ann = world.enter(head, "ann")[0]

    def meanwhile() -> None:
        if how == "PAUSED":
            world.move(head, "PAUSED")
        elif how == "node off":
            world.switch(active=False)
        else:
            world.now_ms = NOON_MS + 10_000

    world.during_mail(meanwhile)
    world.run_for(2)
    row = world.token(ann)
    assert (len(world.mails), row["s"]) == (1, graphs.uuid(2))
    assert row["st"] == ("EXPIRED" if how == "endDate" else "READY")
    world.check_counters(head)
    if how == "PAUSED":
        world.move(head, "RUNNING", removes=True)
        world.run_for(60)
        assert (world.token(ann)["st"], len(world.mails)) == ("COMPLETED", 2)


def test_feedback_that_is_faster_than_our_own_write_counts_and_is_matched(world: World) -> None:
    check = graphs.trigger(2, "campaignOpened", referencedStepUuid=graphs.uuid(1))
    head = world.automation(graphs.forked(check, "TIMEOUT"))
    ann = world.enter(head, "ann")[0]
    opened = Feedback("f1", "OPENED", ann.token, graphs.uuid(1), world.now_ms)

    def meanwhile() -> None:
        assert feedback.record(W, N, opened)
        world.now_ms += 2_000  # the provider takes its time to answer us

    world.during_mail(meanwhile)
    world.run_for(60)
    assert world.counted(head)[graphs.uuid(1)]["opened"] == 1
    assert world.counted(head)[graphs.uuid(2)]["outcomeYES"] == 1


def test_a_person_who_is_forgotten_during_a_step_is_not_written_back(world: World) -> None:
    head = world.automation(graphs.row(graphs.mail(1), graphs.mail(2), graphs.end()), unique_token=True)
    ann = world.enter(head, "ann")[0]
    world.during_mail(lambda: forgetting.forget(W, N, world.identity("ann")))
    world.run_for(60)
    row = world.token(ann)
    assert (row["st"], row["who"], set(row["doc"])) == ("REMOVED", {"pk": "-"}, {"sent"})
    assert not [key for key in world.tables["journeys"].rows if "#UNIQ#" in key.pk or "ann@" in key.pk]
    assert world.enter(head, "ann")[0].fate == "ENTERED"


def test_nothing_begins_while_an_automation_waits_to_be_erased(world: World) -> None:
    head = world.automation(graphs.row(graphs.wait(1, 1), graphs.mail(2), graphs.end()))
    ann = world.enter(head, "ann")[0]
    world.run_for(10)
    world.move(head, "PAUSED")
    world.move(head, "TO_DELETE")
    world.messages.clear()  # the job that erases comes late
    world.now_ms += 2 * HOUR_S * 1000
    world.wake(ann.token)
    world.work()
    assert (world.token(ann)["st"], len(world.mails)) == ("WAITING", 0)


# --- messages that come to nothing ----------------------------------------------------------------------------------


def test_the_message_of_a_token_that_never_was_is_dropped_before_the_queue_calls_it_poison(world: World) -> None:
    body = {"w": W, "n": N, "t": "33333333-0000-4000-8000-000000000000", "new": world.now_ms}
    queue.send(queues.STEP, body)
    receives = 0
    for _ in range(120):
        world.run_for(1, ticks=False)
        receives = max([receives, *(message[4] for message in world.messages)])
    assert not world.messages and 3 <= receives < MAX_RECEIVES


def test_a_profile_store_that_is_down_when_a_wait_begins_takes_no_neighbour_along(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    rome = {"subject": "CUSTOMER", "path": "city", "operator": "EQUALS", "value": "Rome"}
    check = graphs.trigger(3, "loggedIn", hours=2, since="AUTOMATION_ENTRY")
    graph = graphs.forked(check, "TIMEOUT")
    graph["steps"].insert(1, graphs.wait(2, 1))
    graph["connections"][0] = graphs.way(1, 2)
    graph["connections"][1]["conditions"] = {"match": "ALL", "conditions": [rome]}
    graph["connections"].append(graphs.way(2, 3))
    head, mails = world.automation(graph), world.automation(graphs.row(graphs.mail(21), graphs.end(22)))
    ann = world.enter(head, "ann")[0]
    world.run_for(60)
    world.profile("mail:ann@example.com", {"city": "Rome"})
    world.happen("e1", "loggedIn", email="ann@example.com")
    seen, down = profiles.read, iter([True])

    def read(*told: Any) -> Any:
        if next(down, False):
            raise profiles.Unreachable("down")
        return seen(*told)

    monkeypatch.setattr(profiles, "read", read)
    world.run_until(NOON_MS + HOUR_S * 1000)
    ben = world.enter(mails, "ben")[0]
    world.run_for(30)
    assert (world.token(ann)["st"], world.token(ben)["st"]) == ("WAITING", "COMPLETED")
    world.run_for(3 * HOUR_S)
    assert world.counted(head)[graphs.uuid(3)]["outcomeYES"] == 1
    world.check_counters(head)


# --- settings that nobody's step can work with ----------------------------------------------------------------------


@pytest.mark.parametrize("operation", ["CLAB_CAMPAIGN", "CLAB_CAMPAIGN_SMS"])
def test_a_profile_store_that_refuses_us_stops_the_automation_and_no_token(
    world: World, monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    step = graphs.mail(1, subscriptionId="news")
    if operation == "CLAB_CAMPAIGN_SMS":
        given = {"campaignName": "c", "modelIdentifier": 3, "text": "Hi", "subscriptionId": "news"}
        step = graphs.step(1, operation, given)
    head = world.automation(graphs.row(step, graphs.end()))

    def refused(*_: Any) -> Any:
        raise profiles.Denied("the profile store refused our credentials")

    monkeypatch.setattr(profiles, "read", refused)
    ann = world.enter(head, "ann", mobilePhone="+393331234567")[0]
    world.run_for(2 * HOUR_S)
    assert (world.head(head).status, world.token(ann)["st"]) == ("ERROR", "READY")


@pytest.mark.parametrize("removes", [False, True])
@pytest.mark.parametrize("is_down_first", [False, True])
def test_a_check_that_a_profile_store_refuses_stops_the_automation_and_is_decided_when_that_is_repaired(
    world: World, monkeypatch: pytest.MonkeyPatch, removes: bool, is_down_first: bool
) -> None:
    parameters = {"wait": {"amount": 1, "unit": "HOURS"}, "subject": "CUSTOMER"}
    graph = graphs.forked(graphs.step(2, "WAIT_AND_CHECK", parameters), "NO")
    milan = {"subject": "CUSTOMER", "path": "city", "operator": "EQUALS", "value": "Milan"}
    graph["connections"][1]["conditions"] = {"match": "ALL", "conditions": [milan]}
    head = world.automation(graph)
    faults = [profiles.Unreachable("it is down")] if is_down_first else []

    def refused(*_: Any) -> Any:
        raise faults.pop() if faults else profiles.Denied("the profile store refused our credentials")

    with monkeypatch.context() as broken:
        broken.setattr(profiles, "read", refused)
        entered = world.enter(head, *(f"p{number}" for number in range(12)))
        world.run_for(2 * HOUR_S)
        stopped = world.head(head)
        assert (stopped.status, stopped.reason) == ("ERROR", "the profile store refused our credentials")
        assert {world.token(one)["st"] for one in entered} <= {"READY", "WAITING", "RETRYING"}
        assert "READY" in {world.token(one)["st"] for one in entered}
    world.profile("mail:p3@example.com", {"city": "Milan"})
    world.move(head, "RUNNING", removes=removes)
    world.run_for(120)
    assert {world.token(one)["st"] for one in entered} == {"COMPLETED"}
    counted = world.counted(head)[graphs.uuid(2)]
    assert (counted["outcomeYES"], counted["outcomeNO"]) == (1, 11)
    world.check_counters(head)


def test_a_profile_setting_that_was_just_repaired_is_used_at_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def setting(_node: Any, *, fresh: bool = False) -> dict[str, str]:
        return {"endpoint": "https://hub.example/v1", "workspaceId": "w", "token": "new" if fresh else "old"}

    monkeypatch.setattr(profiles, "_value", setting)
    world.answer = lambda request: 200 if request.headers["Authorization"] == "Bearer new" else 401
    assert profiles.read(world.node, Identity(clab_uuid=graphs.uuid(5))) == {}
    world.answer = lambda _request: 401
    with pytest.raises(profiles.Denied):
        profiles.read(world.node, Identity(clab_uuid=graphs.uuid(5)))


def test_a_number_alone_asks_a_profile_store_for_nobody(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profiles, "_value", lambda *_, **__: {"endpoint": "https://hub.example/v1"})
    assert profiles.read(world.node, Identity(phone="+393331234567")) == {}
    assert not world.calls


def test_a_customer_takes_the_same_branch_on_every_entry(world: World) -> None:
    shares = [{"outcome": "A", "share": 50}, {"outcome": "B", "share": 50}]
    graph = graphs.forked(graphs.step(2, "AB_TEST", {"shares": shares}), "B")
    graph["connections"][1]["outcome"] = "A"
    head = world.automation(graph)
    names = [f"p{number}" for number in range(20)]
    branches = []
    for _ in range(2):
        entered = world.enter(head, *names)
        world.run_for(30)
        branches.append([set(world.token(one)["doc"]["sent"]) - {graphs.uuid(1)} for one in entered])
    assert branches[0] == branches[1]
    assert world.counted(head)[graphs.uuid(2)]["outcomeA"] not in (0, 40)
