"""Waits, events, executions that start executions, cancelling, and what a caller sees meanwhile."""

from __future__ import annotations

from typing import Any

from tests.automations import begin, look, make, nudge, pump, run, step_of
from tests.builders import USER, make_user
from tests.client import Client
from tests.conftest import Clock

DAY_S = 86_400
OF_USER = f"?userId={USER}"


def wait_for(event: str, **more: Any) -> dict[str, Any]:
    return {"id": "heard", "type": "waitForEvent", "event": event, **more}


END = {"id": "end", "type": "return", "value": "${steps.heard.output}"}


def tell(client: Client, execution: str, name: str, payload: Any = None) -> None:
    client.post(f"/v1/execution/{execution}/event{OF_USER}", {"name": name, "payload": payload}).ok()


def test_a_long_wait_is_over_when_its_time_has_come(owner: Client, still: Clock) -> None:
    execution = begin(owner, make(owner, [{"id": "w", "type": "wait", "seconds": 2 * DAY_S}]))
    pump()
    assert look(owner, execution)["state"] == "waiting"
    still.advance_s(DAY_S)
    nudge(owner, execution)
    assert look(owner, execution)["state"] == "waiting"
    still.advance_s(DAY_S)
    nudge(owner, execution)
    assert look(owner, execution)["state"] == "done"


def test_a_caller_waits_for_a_short_wait_and_is_told_timeout_by_a_long_one(owner: Client) -> None:
    assert (
        run(owner, [{"id": "w", "type": "wait", "seconds": 3}, {"id": "r", "type": "return", "value": 1}]).ok()[
            "output"
        ]
        == 1
    )
    late = run(owner, [{"id": "w", "type": "wait", "seconds": 60}])
    assert (late.status, late.body["error"]) == (500, "Timeout")


def test_an_event_ends_its_wait_and_others_do_not(owner: Client) -> None:
    execution = begin(
        owner,
        make(
            owner,
            [wait_for("paid", match={"order.id": "${input.order}"}), END],
        ),
        {"order": 7},
    )
    pump()
    tell(owner, execution, "other", {"order": {"id": 7}})
    tell(owner, execution, "paid", {"order": {"id": 8}})
    pump()
    assert look(owner, execution)["state"] == "waiting"
    tell(owner, execution, "paid", {"order": {"id": 7}, "by": "card"})
    pump()
    found = look(owner, execution)
    assert found["output"] == {"timedOut": False, "payload": {"order": {"id": 7}, "by": "card"}}


def test_an_event_that_came_before_the_wait_counts(owner: Client, still: Clock) -> None:
    steps = [{"id": "w", "type": "wait", "seconds": 100}, wait_for("early"), END]
    execution = begin(owner, make(owner, steps))
    pump()
    tell(owner, execution, "early", 1)
    still.advance_s(101)
    nudge(owner, execution)
    assert look(owner, execution)["output"] == {"timedOut": False, "payload": 1}


def test_a_wait_for_an_event_gives_up_after_its_time(owner: Client, still: Clock) -> None:
    execution = begin(owner, make(owner, [wait_for("never", timeoutSeconds=50), END]))
    pump()
    still.advance_s(51)
    nudge(owner, execution)
    assert look(owner, execution)["output"] == {"timedOut": True, "payload": None}


def test_an_event_for_the_workspace_reaches_whoever_waits(owner: Client) -> None:
    made = make(owner, [wait_for("go"), END])
    waiting = [begin(owner, made) for _ in range(3)]
    pump()
    assert owner.post("/v1/event", {"name": "go", "payload": {"n": 1}}).status == 202
    pump()
    assert [look(owner, one)["output"]["payload"] for one in waiting] == [{"n": 1}] * 3


def test_items_of_a_repetition_wait_side_by_side(owner: Client) -> None:
    inner = [
        wait_for("done", match={"n": "${item}"}),
        {"id": "v", "type": "code", "code": "return steps.heard.output.payload.n"},
    ]
    steps = [{"id": "each", "type": "repeat", "count": 3, "parallelism": 3, "steps": inner}]
    execution = begin(owner, make(owner, steps))
    pump()
    for number in (2, 0, 1):
        tell(owner, execution, "done", {"n": number})
    pump()
    assert look(owner, execution)["output"] == [0, 1, 2]


def test_an_automation_calls_another_and_gets_its_output_or_its_error(owner: Client) -> None:
    child, _ = make(
        owner, [{"id": "c", "type": "code", "code": "if (!input.n) throw new Error('none'); return input.n + 1"}]
    )
    call = {"id": "call", "type": "automation", "automationId": child, "input": {"n": "${input.n}"}}
    made = make(owner, [call, {"id": "end", "type": "return", "value": "${steps.call.output}"}])
    good, bad = begin(owner, made, {"n": 1}), begin(owner, made, {})
    pump()
    assert look(owner, good)["output"] == 2
    found = look(owner, bad)
    assert (found["state"], found["error"]["step"]) == ("failed", "call")
    assert look(owner, step_of(found, "call")["executionId"])["parentId"] == bad


def test_a_chain_of_automations_that_start_one_another_ends(owner: Client) -> None:
    made = make(owner, [{"id": "c", "type": "return", "value": 1}])
    definition = {"steps": [{"id": "self", "type": "automation", "automationId": made[0]}]}
    version = owner.post(f"/v1/automation/{made[0]}/version{OF_USER}", {"definition": definition}).ok()["id"]
    owner.post(f"/v1/automation/{made[0]}/version/{version}/publish{OF_USER}").ok()
    first = begin(owner, (made[0], version))
    pump()
    assert look(owner, first)["state"] == "failed"
    listed = owner.get(f"/v1/automation/{made[0]}/execution{OF_USER}").ok()
    assert len(listed) == 11


def test_cancelling_ends_a_wait_at_once(owner: Client) -> None:
    execution = begin(owner, make(owner, [wait_for("never")]))
    pump()
    owner.post(f"/v1/execution/{execution}/cancel{OF_USER}").ok()
    pump()
    assert look(owner, execution)["state"] == "cancelled"
    assert owner.post(f"/v1/execution/{execution}/cancel{OF_USER}").status == 409


def test_another_user_sees_nothing(owner: Client) -> None:
    make_user(owner, "other@example.com")
    automation, version = make(owner, [wait_for("never")])
    execution = begin(owner, (automation, version))
    for path in (
        f"/v1/execution/{execution}",
        f"/v1/automation/{automation}",
        f"/v1/automation/{automation}/execution",
    ):
        assert owner.get(f"{path}?userId=other@example.com").status == 404
    assert owner.post(f"/v1/execution/{execution}/cancel?userId=other@example.com").status == 404


def test_a_time_limit_around_steps_ends_them(owner: Client, still: Clock) -> None:
    inner = [{"id": "w", "type": "wait", "seconds": 100}]
    steps = [{"id": "each", "type": "repeat", "count": 1, "timeoutSeconds": 10, "steps": inner, "onError": "continue"}]
    execution = begin(
        owner, make(owner, [*steps, {"id": "end", "type": "return", "value": "${steps.each.error.type}"}])
    )
    pump()
    still.advance_s(11)
    nudge(owner, execution)
    assert look(owner, execution)["output"] == "Timeout"


def calling(client: Client, inner: list[Any]) -> dict[str, Any]:
    """Make an automation, and a step that calls it."""
    return {"id": "call", "type": "automation", "automationId": make(client, inner)[0]}


def test_cancelling_an_execution_cancels_what_it_started_down_to_the_last(owner: Client) -> None:
    middle = calling(owner, [calling(owner, [wait_for("never")])])
    side_by_side = {"id": "each", "type": "repeat", "count": 3, "parallelism": 3, "steps": [middle]}
    execution = begin(owner, make(owner, [side_by_side]))
    pump()
    children = [step_of(look(owner, execution), f"each[{number}]/call")["executionId"] for number in range(3)]
    grandchildren = [step_of(look(owner, child), "call")["executionId"] for child in children]
    assert {look(owner, one)["state"] for one in grandchildren} == {"waiting"}
    owner.post(f"/v1/execution/{execution}/cancel{OF_USER}").ok()
    pump()
    states = {look(owner, one)["state"] for one in [execution, *children, *grandchildren]}
    assert states == {"cancelled"}


def test_a_time_limit_cancels_the_execution_its_step_started(owner: Client, still: Clock) -> None:
    call = {**calling(owner, [wait_for("never")]), "timeoutSeconds": 10, "onError": "continue"}
    execution = begin(owner, make(owner, [call, wait_for("more"), END]))
    pump()
    child = step_of(look(owner, execution), "call")["executionId"]
    still.advance_s(11)
    nudge(owner, execution)
    found = look(owner, execution)
    assert (found["state"], step_of(found, "call")["error"]["type"]) == ("waiting", "Timeout")
    assert look(owner, child)["state"] == "cancelled"


def test_a_time_limit_of_a_repetition_cancels_what_its_items_started_and_waited_for(
    owner: Client, still: Clock
) -> None:
    call = calling(owner, [wait_for("never")])
    slow = {"id": "each", "type": "repeat", "count": 2, "parallelism": 2, "timeoutSeconds": 10, "steps": [call]}
    end = {"id": "end", "type": "return", "value": "${steps.each.error.type}"}
    execution = begin(owner, make(owner, [{**slow, "onError": {"goto": "end"}}, end]))
    pump()
    children = [step_of(look(owner, execution), f"each[{number}]/call")["executionId"] for number in range(2)]
    still.advance_s(11)
    nudge(owner, execution)
    found = look(owner, execution)
    assert (found["state"], found["output"], step_of(found, "each")["state"]) == ("done", "Timeout", "failed")
    assert {step_of(found, f"each[{number}]/call")["error"]["type"] for number in range(2)} == {"Abandoned"}
    assert {look(owner, child)["state"] for child in children} == {"cancelled"}


def test_an_item_that_fails_cancels_what_the_others_started(owner: Client) -> None:
    fails = {"id": "check", "type": "if", "condition": {"left": "${item}", "operator": "==", "right": 1}}
    fails["then"] = [wait_for("go"), {"id": "bad", "type": "code", "code": "throw new Error('no')"}]
    each = {"id": "each", "type": "repeat", "count": 2, "parallelism": 2, "onError": "continue"}
    each["steps"] = [fails, calling(owner, [wait_for("never")])]
    execution = begin(
        owner, make(owner, [each, {"id": "end", "type": "return", "value": "${steps.each.error.message}"}])
    )
    pump()
    child = step_of(look(owner, execution), "each[0]/call")["executionId"]
    tell(owner, execution, "go")
    pump()
    assert look(owner, execution)["output"] == "no"
    assert look(owner, child)["state"] == "cancelled"
