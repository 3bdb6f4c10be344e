"""Every published webhook example through the github connector's own code, in the platform's runner."""

from __future__ import annotations

from collections import Counter
from typing import Any

import jsonschema_rs
import pytest

from tests.real import expectations
from tests.unit.connectors.connector_logic import SECRET, Logic, github, notification

Examples = list[tuple[str, dict[str, Any]]]


@pytest.fixture(scope="module")
def delivered(octokit_examples: Examples) -> list[tuple[str, str, dict[str, Any], Any]]:
    """Route every example and run its triggers: (event, trigger, payload, what is delivered)."""
    logic, ran = Logic(), []
    for number, (event, payload) in enumerate(octokit_examples):
        note = notification(event, payload, delivery=f"d-{number}")
        for trigger in logic.run("event", "webhook", "route", notification=note) or []:
            ran.append(
                (event, trigger, payload, logic.run("trigger", trigger, "trigger", notification=note, variables={}))
            )
    return ran


def test_the_package_holds_what_it_held_when_pinned(octokit_examples: Examples) -> None:
    assert len(octokit_examples) == expectations.EXAMPLES
    assert len({event for event, _ in octokit_examples}) == expectations.EVENTS


def test_every_example_is_accepted_when_signed(octokit_examples: Examples) -> None:
    logic, statuses = Logic(vars={"webhookSecret": SECRET}), Counter[int]()
    for number, (event, payload) in enumerate(octokit_examples):
        note = notification(event, payload, form=number % 2 == 0)
        statuses[logic.run("event", "webhook", "response", notification=note)["status"]] += 1
    assert statuses == {202: expectations.EXAMPLES}


def test_every_example_reaches_its_own_trigger_and_any(octokit_examples: Examples, delivered: Any) -> None:
    expected = Counter((event, trigger) for event, _ in octokit_examples for trigger in expectations.triggers_of(event))
    assert Counter((event, trigger) for event, trigger, _, _ in delivered) == expected


def test_every_delivery_keeps_its_declared_output(delivered: Any) -> None:
    validators = {
        name: jsonschema_rs.validator_for(trigger["schema"]["output"]) for name, trigger in github()["triggers"].items()
    }
    faults = [
        f"{event} -> {trigger}: {'/'.join(map(str, fault.instance_path))}: {fault.message}"
        for event, trigger, _, output in delivered
        for fault in validators[trigger].iter_errors(output)
    ]
    assert faults == []


def test_every_delivery_says_what_happened_where_and_by_whom(delivered: Any) -> None:
    for event, trigger, payload, output in delivered:
        assert (output["event"], output["action"]) == (event, payload.get("action")), trigger
        for field, key in (("repository", "full_name"), ("organization", "login"), ("sender", "login")):
            assert (output[field] or {}).get(key) == payload.get(field, {}).get(key), (event, trigger, field)


def test_every_trigger_with_an_event_of_its_own_was_reached(delivered: Any) -> None:
    assert {trigger for _, trigger, _, _ in delivered} == set(github()["triggers"]) - {"issue.updated"}


@pytest.mark.parametrize(
    "variables",
    [
        {"repository": "codertocat/HELLO-WORLD"},
        {"repository": "nobody/nothing"},
        {"actions": ["opened", "closed"]},
        {"events": ["issues", "push", "star"]},
        {"events": ["issues"], "actions": ["labeled"], "repository": "Codertocat/Hello-World"},
    ],
)
def test_filters_of_any_agree_with_the_payloads(octokit_examples: Examples, variables: dict[str, Any]) -> None:
    logic = Logic()
    for event, payload in octokit_examples:
        note = notification(event, payload)
        output = (
            logic.run("trigger", "any", "trigger", notification=note, variables=variables) if event != "ping" else None
        )
        assert (output is not None) == expectations.fits(event, payload, "any", variables), (
            event,
            payload.get("action"),
        )
