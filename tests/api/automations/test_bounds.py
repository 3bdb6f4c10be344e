"""What an execution keeps stays within a row and within memory, whatever its steps produce."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.automations import models
from chalicelib.automations.rules import references
from chalicelib.storage.tables import WORK
from tests.automations import begin, look, make, pump, run, step_of
from tests.builders import USER, make_action, make_service, make_variable, number
from tests.client import Client

OF_USER = f"?userId={USER}"
EMOJI = "\U0001f600"


def test_a_history_of_wide_characters_is_counted_by_its_bytes(owner: Client) -> None:
    """Characters of four bytes: a row may hold 400 KB, not 400,000 characters."""
    code = f"return '{EMOJI}'.repeat(7000)"
    wait = {"id": "w", "type": "wait", "seconds": 1}
    steps = [{"id": "each", "type": "repeat", "count": 9, "steps": [{"id": "c", "type": "code", "code": code}, wait]}]
    end = {"id": "end", "type": "return", "value": "${steps.each.output.length}"}
    answer = run(owner, [*steps, end])
    assert answer.ok()["output"] == 9
    row = WORK.get(models.execution_key(owner.key, answer.headers["x-execution-id"])) or {}
    assert sum(len(text.encode()) for text in row["memo"].values()) <= 100_000
    shown = look(owner, answer.headers["x-execution-id"])
    assert step_of(shown, "each[8]/c")["output"] == EMOJI * 7000


@pytest.mark.parametrize(
    "step",
    [
        {"type": "return", "value": ["${input.big}"] * 2_000},
        {"type": "http", "url": "https://example.com", "body": ["${input.big}"] * 2_000},
        {"type": "ifValue", "value": ["x${input.big}"] * 2_000, "equals": 1, "then": []},
        {"type": "repeat", "over": ["${input.big}"] * 1_000, "steps": []},
        {"type": "automation", "automationId": "me", "input": {"all": ["${input.big}"] * 2_000}},
    ],
)
def test_one_big_value_named_many_times_is_refused(owner: Client, step: dict[str, Any]) -> None:
    name = f"automation{number()}"
    step = {"id": "many", **step}
    if step["type"] == "automation":
        step["automationId"] = name
    made = owner.post(f"/v1/automation/import{OF_USER}", {"name": name, "definition": {"steps": [step]}})
    execution = begin(owner, (made.ok()["id"], made.ok()["versionId"]), {"big": "x" * 100_000})
    pump()
    shown = look(owner, execution)
    assert (shown["state"], shown["error"]["type"], shown["error"]["step"]) == ("failed", "TooLarge", "many")
    assert step_of(shown, "many")["error"]["message"] == "references may put in at most 16 MB"


def test_references_are_counted_together_in_texts_and_objects() -> None:
    one = {"@type": "reference", "path": ["a"]}
    half = "x" * (references.MAX_PUT_IN // 2)
    assert references.resolve([one, "${a}"], lambda _: half) == [half, half]
    with pytest.raises(references.TooLarge):
        references.resolve([one, "${a}", "-${a}"], lambda _: half)


def test_a_value_of_the_service_that_is_a_word_of_ours_does_not_stop_the_execution(owner: Client) -> None:
    """It counts as a secret from the moment an output holds it, and what is noted of steps then lies sealed."""
    service = make_service(owner, name=f"shop{number()}")
    make_variable(owner, service, name="mode", value="default")
    action = make_action(owner, service, "return 'default'")["name"]
    inner = [{"id": "h", "type": "waitForEvent", "event": "go"}, {"id": "end", "type": "return", "value": 1}]
    steps = [
        {"id": "act", "type": "action", "service": service, "action": action},
        {"id": "which", "type": "caseValue", "value": 1, "branches": [{"equals": 2, "steps": []}], "default": inner},
    ]
    execution = begin(owner, make(owner, steps))
    pump()
    owner.post(f"/v1/execution/{execution}/event{OF_USER}", {"name": "go"}).ok()
    pump()
    shown = look(owner, execution)
    assert (shown["state"], shown["output"]) == ("done", 1)
