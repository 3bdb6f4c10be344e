"""Decisions of chat: names, versions, tags, channels, schedules."""

from __future__ import annotations

import random

import pytest

from chalicelib.chat import rules, scheduling
from chalicelib.chat.chat_schemas import Schedule
from chalicelib.core import clock
from chalicelib.core.errors import InvalidInput, NotFound


def test_versions_are_ordered_as_semver_says() -> None:
    ordered = [
        "0.0.1",
        "0.2.0",
        "0.10.0-1",
        "0.10.0-2",
        "0.10.0-11",
        "0.10.0-alpha",
        "0.10.0-alpha.1",
        "0.10.0",
        "1.0.0",
    ]
    mixed = random.Random(1).sample(ordered, len(ordered))
    assert sorted(mixed, key=rules.version_order) == ordered


@pytest.mark.parametrize("version", ["1", "1.2", "01.2.3", "1.2.3.4", "v1.2.3", "1.2.3-", "latest", "", "1.2.3\n"])
def test_what_is_no_version_is_refused(version: str) -> None:
    with pytest.raises(InvalidInput):
        rules.check_version(version, "body.version")


def test_a_version_is_chosen_by_number_or_as_the_highest() -> None:
    found = [{"v": "0.2.0"}, {"v": "0.10.0"}, {"v": "0.9.0"}]
    assert rules.chosen_version(found, "latest") == {"v": "0.10.0"}
    assert rules.chosen_version(found, "0.9.0") == {"v": "0.9.0"}
    for wanted, listed in (("0.3.0", found), ("latest", [])):
        with pytest.raises(NotFound):
            rules.chosen_version(listed, wanted)


@pytest.mark.parametrize("name", ["a", "Ab", "a-b", "a_b", "1ab", "a" * 101, "ab\n", "äb"])
def test_a_name_that_breaks_the_rule_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        rules.check_identifier(name, "body.name")
    assert refused.value.faults[0].kind == "identifier"


def test_a_list_of_tags_replaces_and_keeps_texts_while_a_map_merges() -> None:
    old = {"a": {"title": "A"}, "b": {}}
    assert rules.tags_merged(old, ["a", "c"], None) == {"a": {"title": "A"}, "c": {}}
    assert rules.tags_merged(old, None, {"b": None, "c": {"title": "C"}}) == {"a": {"title": "A"}, "c": {"title": "C"}}
    assert rules.tags_merged(old, None, None) == old


def test_a_channel_keeps_what_is_not_sent() -> None:
    made = rules.channel_merged(
        None, {"title": "T", "messages": {"text": {"schema": {}}}, "tags": {"messages": ["ts"]}}
    )
    changed = rules.channel_merged(made, {"messages": {"image": {"schema": {}}}, "message": {"tags": {"id": {}}}})
    assert (changed["title"], set(changed["messages"])) == ("T", {"text", "image"})
    assert changed["tags"] == {"messages": {"ts": {}, "id": {}}, "conversations": {}}
    assert changed["creation"] == rules.no_creation()


@pytest.mark.parametrize(
    ("code", "runs"),
    [
        ("function handler(request) {}", True),
        ("const a = 1\n  async function handler (r) { return 1 }", True),
        ("module.exports.handler = () => 1", False),
        ("// function handler(x)", False),
        ("functionhandler(x)", False),
    ],
)
def test_code_runs_that_declares_a_handler(code: str, runs: bool) -> None:
    assert rules.has_handler(code) is runs


def test_who_cannot_be_reached_is_tried_for_a_day_and_who_refuses_for_minutes() -> None:
    def delays(*, has_answered: bool) -> list[int]:
        found, tries = [], 1
        while (delay := rules.retry_delay_s(tries, has_answered=has_answered)) is not None:
            found.append(delay)
            tries += 1
        return found

    assert 20 * 3_600 < sum(delays(has_answered=False)) < 28 * 3_600
    assert delays(has_answered=False) == sorted(delays(has_answered=False))
    assert sum(delays(has_answered=True)) == 155


@pytest.mark.parametrize("cron", ["* * * * * *", "* * * *", "61 * * * *", "0 0 31 2 *", "@daily", ""])
def test_a_clock_that_cannot_be_read_or_never_comes_is_refused(cron: str) -> None:
    with pytest.raises(InvalidInput):
        rules.check_cron(cron, "body.cron")


def test_the_next_time_of_a_clock_is_strictly_later() -> None:
    noon = 1_767_268_800_000
    assert rules.next_cron_ms("*/30 * * * *", noon) == noon + 1_800_000
    assert rules.next_cron_ms("*/30 * * * *", noon - 1) == noon


def test_an_integrations_bare_event_gets_its_name() -> None:
    assert rules.event_type_of("chat", "opened") == "chat:opened"
    assert rules.event_type_of("chat", "chat:opened") == "chat:opened"
    assert rules.event_type_of(None, "tick") == "tick"


def test_a_delay_of_a_part_of_a_millisecond_is_never_too_early() -> None:
    clock.use(lambda: 1_000)
    assert scheduling.read(Schedule.read({"delay": 0.2})) == 1_001
    assert scheduling.read(Schedule.read({"delay": 0})) == 0
