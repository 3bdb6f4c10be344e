"""The statuses of automations: every pair, for both who may ask."""

from __future__ import annotations

import itertools

import pytest

from chalicelib.journeys.rules import lifecycle
from chalicelib.journeys.rules.lifecycle import (
    ARCHIVED,
    COMMITTED,
    DRAFT,
    ERROR,
    PAUSED,
    RUNNING,
    TO_ARCHIVE,
    TO_DELETE,
    Actor,
    Status,
)

CLIENT, ENGINE = Actor.CLIENT, Actor.ENGINE
# spelled out once more, as pairs: a slip in the table must not slip into its own test
LEGAL = {
    CLIENT: {
        (DRAFT, COMMITTED), (DRAFT, RUNNING), (DRAFT, TO_DELETE),
        (COMMITTED, DRAFT), (COMMITTED, RUNNING), (COMMITTED, TO_DELETE),
        (RUNNING, PAUSED),
        (PAUSED, RUNNING), (PAUSED, TO_ARCHIVE), (PAUSED, TO_DELETE),
        (ERROR, RUNNING), (ERROR, PAUSED), (ERROR, TO_ARCHIVE), (ERROR, TO_DELETE),
        (ARCHIVED, TO_DELETE),
    },
    ENGINE: {
        (COMMITTED, RUNNING), (COMMITTED, TO_ARCHIVE),
        (RUNNING, ERROR), (RUNNING, TO_ARCHIVE),
        (PAUSED, TO_ARCHIVE), (ERROR, TO_ARCHIVE),
        (TO_ARCHIVE, ARCHIVED), (TO_DELETE, None),
    },
}  # fmt: skip
NOON, LATER = 1_000_000, 2_000_000


@pytest.mark.parametrize("actor", list(Actor))
@pytest.mark.parametrize(("before", "after"), list(itertools.product(Status, [*Status, None])))
def test_every_pair_is_as_the_table_of_the_surface_says(actor: Actor, before: Status, after: Status | None) -> None:
    assert lifecycle.may(actor, before, after) == ((before, after) in LEGAL[actor])


def test_nobody_leads_from_a_status_to_itself() -> None:
    assert not any(lifecycle.may(actor, status, status) for actor in Actor for status in Status)


@pytest.mark.parametrize("current", [None, DRAFT, COMMITTED])
@pytest.mark.parametrize("asked", [COMMITTED, RUNNING])
def test_before_the_first_run_the_start_date_decides_between_ready_and_running(
    current: Status | None, asked: Status
) -> None:
    assert lifecycle.meant(current, asked, None, NOON) is RUNNING
    assert lifecycle.meant(current, asked, NOON, NOON) is RUNNING
    assert lifecycle.meant(current, asked, LATER, NOON) is COMMITTED


def test_no_wish_stays_where_it_is_but_a_start_that_has_come_starts() -> None:
    for status in Status:
        meant = lifecycle.meant(status, None, LATER, NOON)
        assert meant is status
    assert lifecycle.meant(COMMITTED, None, None, NOON) is RUNNING
    assert lifecycle.meant(None, None, None, NOON) is DRAFT


def test_archived_and_to_archive_are_one_wish() -> None:
    assert lifecycle.meant(PAUSED, ARCHIVED, None, NOON) is TO_ARCHIVE
    assert lifecycle.meant(TO_ARCHIVE, ARCHIVED, None, NOON) is TO_ARCHIVE
    assert lifecycle.meant(ARCHIVED, TO_ARCHIVE, None, NOON) is ARCHIVED
    assert lifecycle.meant(ARCHIVED, ARCHIVED, None, NOON) is ARCHIVED


def test_after_the_first_run_running_means_running() -> None:
    for status in (PAUSED, ERROR, RUNNING):
        assert lifecycle.meant(status, RUNNING, LATER, NOON) is RUNNING


def test_the_graph_must_be_valid_to_run_and_where_customers_stand() -> None:
    assert lifecycle.needs_valid_graph(DRAFT, RUNNING)
    assert lifecycle.needs_valid_graph(None, COMMITTED)
    assert lifecycle.needs_valid_graph(PAUSED, PAUSED)
    assert lifecycle.needs_valid_graph(ERROR, ERROR)
    assert not lifecycle.needs_valid_graph(DRAFT, DRAFT)
    assert not lifecycle.needs_valid_graph(COMMITTED, DRAFT)
    assert not lifecycle.needs_valid_graph(ERROR, PAUSED)
    assert not lifecycle.needs_valid_graph(PAUSED, TO_ARCHIVE)


def test_the_clock_looks_at_the_date_that_comes_next() -> None:
    assert lifecycle.due_ms(COMMITTED, 5, 9) == 5
    assert lifecycle.due_ms(COMMITTED, None, 9) == 9
    assert lifecycle.due_ms(RUNNING, 5, 9) == 9
    assert lifecycle.due_ms(RUNNING, 5, None) is None
    for status in (DRAFT, TO_ARCHIVE, ARCHIVED, TO_DELETE):
        assert lifecycle.due_ms(status, 5, 9) is None


def test_the_clock_starts_what_is_ready_and_ends_what_lives() -> None:
    assert lifecycle.by_clock(COMMITTED, NOON, None, NOON) is RUNNING
    assert lifecycle.by_clock(COMMITTED, LATER, None, NOON) is None
    assert lifecycle.by_clock(COMMITTED, NOON, NOON, NOON) is TO_ARCHIVE
    for status in (RUNNING, PAUSED, ERROR):
        assert lifecycle.by_clock(status, None, NOON, NOON) is TO_ARCHIVE
        assert lifecycle.by_clock(status, None, LATER, NOON) is None
    for status in (DRAFT, TO_ARCHIVE, ARCHIVED, TO_DELETE):
        assert lifecycle.by_clock(status, NOON, NOON, NOON) is None


def test_the_clock_does_only_what_the_engine_may() -> None:
    for status, start, end in itertools.product(Status, (None, NOON, LATER), (None, NOON, LATER)):
        to = lifecycle.by_clock(status, start, end, NOON)
        assert to is None or lifecycle.may(ENGINE, status, to)
