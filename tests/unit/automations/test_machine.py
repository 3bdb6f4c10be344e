"""What comes next, from steps and journal alone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.automations.rules.journal import Journal, Record, Status
from chalicelib.automations.rules.machine import Fail, Frontier, Machine, Next
from chalicelib.automations.rules.machine import machine as machine_module

NOON_MS = 1_767_268_800_000
YEAR_S = 366 * 86_400


class Play:
    """An execution in memory whose tasks come to what a test says."""

    def __init__(self, steps: list[Any], **data: Any) -> None:
        self.journal, self.now_ms = Journal(NOON_MS), NOON_MS
        self.machine = Machine(steps, self.journal, data, lambda record: record.output)

    def decide(self) -> Frontier:
        return self.machine.decide(self.now_ms)

    def comes_to(self, address: str, output: Any = None, error: Any = None) -> Play:
        task = next(task for task in self.decide().tasks if task.address == address)
        status = Status.OK if error is None else Status.FAILED
        made = Record(address, task.step["id"], task.kind, status, self.now_ms, self.now_ms, output=output, error=error)
        self.journal.add(made)
        return self

    def addresses(self) -> list[str]:
        return [task.address for task in self.decide().tasks]


def code(name: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "type": "code", "code": "return 1", **more}


def value_of(frontier: Frontier) -> Any:
    assert isinstance(frontier.end, Next)
    return frontier.end.value


@pytest.mark.parametrize("width", [1, 2, 3])
def test_a_repetition_has_as_many_items_under_way_as_it_says_and_no_more(width: int) -> None:
    play = Play([{"id": "r", "type": "repeat", "count": 5, "parallelism": width, "steps": [code("c")]}])
    assert play.addresses() == [f"r[{number}]/c" for number in range(width)]
    play.comes_to("r[0]/c", "first")
    assert play.addresses() == [f"r[{number}]/c" for number in range(1, width + 1)]


@pytest.mark.parametrize(
    ("until", "due_ms"),
    [
        ("2026-01-01T13:00:00", NOON_MS + 3_600_000),  # without a zone it is UTC
        ("2026-01-01T13:00:00+01:00", NOON_MS),
        (NOON_MS + 5, NOON_MS + 5),
        (NOON_MS + YEAR_S * 1000, NOON_MS + YEAR_S * 1000),
    ],
)
def test_a_wait_until_a_time_is_due_then(until: Any, due_ms: int) -> None:
    play = Play([{"id": "w", "type": "wait", "until": "${input.t}"}], input={"t": until})
    assert datetime.fromtimestamp(NOON_MS / 1000, UTC).isoformat() == "2026-01-01T12:00:00+00:00"
    frontier = play.decide()
    if due_ms == NOON_MS:
        assert frontier.end is not None
        return
    assert (frontier.due, frontier.end) == (due_ms, None)
    play.now_ms = due_ms - 1
    assert play.decide().end is None
    play.now_ms = due_ms
    assert play.decide().end is not None


@pytest.mark.parametrize(
    "wait",
    [
        {"until": NOON_MS + YEAR_S * 1000 + 1},
        {"until": "tomorrow"},
        {"until": -1},
        {"until": True},
        {"until": None},
        {"seconds": YEAR_S + 1},
        {"seconds": -1},
        {"seconds": True},
        {"seconds": "5"},
    ],
)
def test_a_wait_for_what_is_no_time_fails(wait: dict[str, Any]) -> None:
    ((name, value),) = wait.items()
    play = Play([{"id": "w", "type": "wait", name: "${input.t}"}], input={"t": value})
    end = play.decide().end
    assert isinstance(end, Fail)
    assert (end.error["type"], end.step) == ("InvalidInput", "w")
    assert play.journal.records["w"].status is Status.FAILED


def test_what_a_condition_said_is_known_though_its_steps_failed() -> None:
    check = {"id": "check", "type": "condition", "service": "s", "condition": "c", "then": [code("bad")]}
    end = {"id": "end", "type": "return", "value": ["${steps.check.output}", "${steps.check.error.message}"]}
    play = Play([{**check, "onError": "continue"}, end])
    play.comes_to("check", True).comes_to("check/then/bad", error={"message": "no"})
    frontier = play.decide()
    assert frontier.end is not None
    assert getattr(frontier.end, "value", None) == [True, "no"]


def test_a_script_that_chooses_fails_its_step_with_its_own_error() -> None:
    play = Play([{"id": "which", "type": "if", "condition": "input.x.y", "then": []}])
    (task,) = play.decide().tasks
    assert (task.kind, task.code) == ("expression", "return (\ninput.x.y\n)")
    play.comes_to("which?0", error={"type": "LogicFailed", "line": 1})
    end = play.decide().end
    assert isinstance(end, Fail)
    assert end.error == {"type": "LogicFailed", "line": 1}


def test_steps_within_a_time_limit_end_at_that_time_and_not_before() -> None:
    play = Play([{"id": "r", "type": "repeat", "count": 1, "timeoutSeconds": 10, "steps": [code("c")]}])
    play.decide()
    play.now_ms += 9_999
    assert (play.decide().end, play.decide().due) == (None, NOON_MS + 10_000)
    play.now_ms += 1
    end = play.decide().end
    assert isinstance(end, Fail)
    assert end.error["type"] == "Timeout"


def test_jumps_are_counted_over_the_whole_execution(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine_module, "MAX_JUMPS", 3)
    play = Play([code("a"), {"id": "b", "type": "goto", "target": "a"}])
    for visit in ("a", "a~2", "a~3"):
        play.comes_to(visit)
    assert play.addresses() == ["a~4"]
    end = play.comes_to("a~4").decide().end
    assert isinstance(end, Fail)
    assert end.error["type"] == "EndlessLoop"


def test_the_last_value_of_each_item_is_the_output_in_the_order_of_the_items() -> None:
    steps = [code("c"), {"id": "i", "type": "ifValue", "value": "${item}", "equals": "b", "then": [code("d")]}]
    play = Play([{"id": "r", "type": "repeat", "over": ["a", "b"], "parallelism": 2, "steps": steps}])
    play.comes_to("r[1]/c", 1).comes_to("r[1]/i/then/d", "late").comes_to("r[0]/c", 0)
    assert value_of(play.decide()) == [None, "late"]


def test_a_step_is_to_be_run_once_however_many_items_around_it_end_meanwhile() -> None:
    longer = {"id": "i", "type": "ifValue", "value": "${item}", "equals": 2, "then": [code("d")]}
    inner = {"id": "in", "type": "repeat", "count": 2, "parallelism": 2, "steps": [code("e")]}
    steps = [code("c"), longer, {**longer, "id": "j", "equals": 3, "then": [inner]}]
    play = Play([{"id": "r", "type": "repeat", "over": [1, 2, 3, 4, 5], "parallelism": 3, "steps": steps}])
    play.comes_to("r[0]/c").comes_to("r[1]/c").comes_to("r[2]/c")
    wanted = ["r[1]/i/then/d", "r[2]/j/then/in[0]/e", "r[2]/j/then/in[1]/e", "r[3]/c"]
    assert play.addresses() == wanted
    play.comes_to("r[3]/c")
    assert play.addresses() == [*wanted[:3], "r[4]/c"]


def test_a_called_automation_that_failed_is_called_again_after_the_pause_that_begins_with_its_end() -> None:
    retry = {"maxAttempts": 2, "backoff": {"seconds": 5}}
    play = Play([{"id": "call", "type": "automation", "automationId": "a", "retry": retry}])
    play.comes_to("call", error={"type": "UpstreamFailed", "message": "no", "retryable": True})
    frontier = play.decide()
    assert (frontier.tasks, frontier.due, frontier.end) == ([], NOON_MS + 5_000, None)
    play.now_ms += 5_000
    (task,) = play.decide().tasks
    assert (task.address, task.attempt) == ("call", 2)
