"""The shape of graphs: every rule broken once, and graphs that keep them all."""

from __future__ import annotations

import random
from typing import Any

import pytest

from chalicelib.journeys.rules.graph import Graph, faults_of_shape

Json = dict[str, Any]
CHECK = "WAIT_FOR_TRIGGER"


def step(name: str, operation: str = "WEBHOOK") -> Json:
    return {"uuid": name, "operation": operation}


def way(before: str, after: str, outcome: str = "NEXT", **more: Any) -> Json:
    return {"fromStepUuid": before, "toStepUuid": after, "outcome": outcome, **more}


def graph(steps: list[Json], ways: list[Json]) -> Graph:
    return Graph({"steps": steps, "connections": ways})


def codes(made: Graph) -> set[str]:
    return {fault.kind for fault in faults_of_shape(made)}


def places(made: Graph, code: str) -> list[str]:
    return [fault.location for fault in faults_of_shape(made) if fault.kind == code]


GOOD = [step("a"), step("end", "NO_ACTION")], [way("a", "end")]


def test_a_path_of_an_action_and_an_end_is_good() -> None:
    made = graph(*GOOD)
    assert faults_of_shape(made) == []
    assert (made.entry, made.after("a"), made.after("end"), made.operations()) == (
        "a",
        "end",
        None,
        ["NO_ACTION", "WEBHOOK"],
    )


def test_an_empty_graph_has_no_entry_and_no_action() -> None:
    assert codes(graph([], [])) == {"NO_ENTRY", "NO_ACTION_STEP"}


def test_two_entries_are_one_too_many() -> None:
    steps, ways = GOOD
    made = graph([*steps, step("b")], [*ways, way("b", "end")])
    assert codes(made) == {"NO_ENTRY"}
    assert made.entry is None


def test_waiting_alone_is_no_journey() -> None:
    made = graph([step("a", "FROM_LAST_STEP"), step("end", "NO_ACTION")], [way("a", "end")])
    assert codes(made) == {"NO_ACTION_STEP"}


def test_a_circle_is_named_at_each_of_its_steps() -> None:
    steps = [step("a"), step("b"), step("c"), step("end", "NO_ACTION")]
    made = graph(steps, [way("a", "b"), way("b", "c"), way("c", "b")])
    assert places(made, "CYCLE") == ["body.steps.1", "body.steps.2"]


def test_a_step_that_leads_to_itself_is_a_circle() -> None:
    made = graph([step("a"), step("b")], [way("a", "b"), way("b", "b")])
    assert places(made, "CYCLE") == ["body.steps.1"]


def test_an_island_that_turns_in_a_circle_is_not_reached() -> None:
    steps, ways = GOOD
    made = graph([*steps, step("x"), step("y")], [*ways, way("x", "y"), way("y", "x")])
    assert places(made, "UNREACHABLE") == ["body.steps.2", "body.steps.3"]
    assert "NO_ENTRY" not in codes(made)


def test_a_path_that_ends_in_an_action_is_open() -> None:
    made = graph([step("a"), step("b")], [way("a", "b")])
    assert places(made, "OPEN_PATH") == ["body.steps.1"]


def test_a_uuid_may_stand_once() -> None:
    steps, ways = GOOD
    assert places(graph([*steps, step("a")], ways), "DUPLICATE_STEP") == ["body.steps.2.uuid"]


def test_connections_must_have_both_ends() -> None:
    steps, ways = GOOD
    made = graph(steps, [*ways, way("ghost", "end"), way("a", "nowhere", "NO")])
    assert places(made, "DANGLING") == ["body.connections.1.fromStepUuid", "body.connections.2.toStepUuid"]


def test_paths_may_meet_again() -> None:
    steps = [step("split", "AB_TEST"), step("a"), step("b"), step("end", "NO_ACTION")]
    ways = [way("split", "a", "A"), way("split", "b", "B"), way("a", "end"), way("b", "end")]
    assert faults_of_shape(graph(steps, ways)) == []


@pytest.mark.parametrize(
    ("operation", "good"),
    [
        ("CLAB_CAMPAIGN", ["NEXT"]),
        ("CLAB_CAMPAIGN_SMS", ["NEXT"]),
        ("WEBHOOK", ["NEXT"]),
        ("TAG", ["NEXT"]),
        ("FROM_LAST_STEP", ["NEXT"]),
        ("WAIT_AND_CHECK", ["YES", "NO"]),
        ("WAIT_AND_CHECK", ["YES", "YES", "NO"]),
        (CHECK, ["YES", "TIMEOUT"]),
        ("AB_TEST", ["A", "B"]),
    ],
)
def test_outcomes_are_complete_and_none_is_strange(operation: str, good: list[str]) -> None:
    def leaving(outcomes: list[str]) -> set[str]:
        steps = [step("x", operation), step("a"), step("end", "NO_ACTION")]
        return codes(graph(steps, [*(way("x", "a", outcome) for outcome in outcomes), way("a", "end")]))

    assert leaving(good) == set()
    assert "OUTGOING" in leaving([*good, "NEXT" if "NEXT" not in good else "YES"])
    if good.count("YES") < 2:
        for missing in good:
            assert leaving([one for one in good if one != missing]) & {"OUTGOING", "OPEN_PATH"}
    for outcome in set(good) - {"YES"}:
        assert "OUTGOING" in leaving([*good, outcome])


def test_an_end_is_left_by_nothing() -> None:
    steps, ways = GOOD
    assert "OUTGOING" in codes(graph([*steps, step("z", "NO_ACTION")], [*ways, way("end", "z")]))


def test_ten_yes_are_allowed_and_eleven_are_not() -> None:
    def with_yes(count: int) -> Graph:
        steps = [step("x", CHECK), step("a"), step("end", "NO_ACTION")]
        yes = [way("x", "a", "YES") for _ in range(count)]
        return graph(steps, [*yes, way("x", "end", "TIMEOUT"), way("a", "end")])

    assert codes(with_yes(10)) == set()
    assert places(with_yes(11), "LIMITS") == ["body.steps.0"]


def test_yes_is_tried_by_priority_then_as_listed() -> None:
    ways = [
        way("x", "a", "YES", priority=2),
        way("x", "b", "YES", priority=0, label="first of two"),
        way("x", "c", "YES", label="second of two"),
        way("x", "d", "TIMEOUT"),
    ]
    made = graph([step(name, CHECK) for name in "xabcd"], ways)
    assert [one["toStepUuid"] for one in made.leaving("x", "YES")] == ["b", "c", "a"]


def test_what_lies_before_a_step_is_every_way_to_it() -> None:
    steps = [step(name) for name in "abcde"]
    made = graph(steps, [way("a", "b"), way("a", "c", "B"), way("b", "d"), way("c", "d"), way("d", "e")])
    assert made.before("d") == {"a", "b", "c"}
    assert made.before("a") == set()


def test_any_tree_of_steps_keeps_the_rules_and_any_step_cut_off_breaks_one() -> None:
    chance = random.Random(7)
    for _ in range(200):
        size = chance.randint(2, 30)
        steps = [step(str(number)) for number in range(size)] + [step("end", "NO_ACTION")]
        ways = [way(str(number), str(number + 1)) for number in range(size - 1)] + [way(str(size - 1), "end")]
        chance.shuffle(ways)
        assert faults_of_shape(graph(steps, ways)) == []
        cut = ways[: (at := chance.randrange(len(ways)))] + ways[at + 1 :]
        assert codes(graph(steps, cut)) & {"NO_ENTRY", "OPEN_PATH"}
