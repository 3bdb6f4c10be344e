"""Sums of usage: each execution once, whoever falls, whatever answer is lost, and one write for a batch."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.automations import tallies
from chalicelib.automations.tallies import Book, Place
from chalicelib.core import cache
from chalicelib.core.errors import Unavailable
from tests.fakes.table import FakeTable

PLACE = Place("w", "2026-01-01", "a")
NOON_MS = 1_767_268_800_000
ONE = Counter(executions=1, done=1, writes=2)


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> FakeTable:
    made = FakeTable()
    monkeypatch.setattr(tallies, "WORK", made)
    cache.forget_all()
    return made


@pytest.fixture
def book(monkeypatch: pytest.MonkeyPatch) -> Book:
    made = Book()
    monkeypatch.setattr(tallies, "_book", made)
    return made


def total(table: FakeTable) -> int:
    return sum(row.get("executions", 0) for row in table.rows.values())


def end(book: Book, number: int, *, is_noted: bool = True) -> dict[str, Any]:
    """End an execution: mark it, and count it unless the process fell before it could; give its row."""
    mark, execution = book.mark(PLACE), f"a.{number:028x}"
    if is_noted:
        book.note(PLACE, mark, execution, ONE)
    return {"sk": execution, "st": "DONE", "fin": NOON_MS, "doc": {"a": "a"}, tallies.MARK: mark}


def recover(row: dict[str, Any]) -> None:
    tallies.recover("w", row, ONE)


class Lost:
    """Loses the answer of the next write, or of those that are drawn."""

    def __init__(self, when: Callable[[], bool]) -> None:
        self.when = when

    def before(self) -> None:
        return

    def after(self) -> bool:
        if self.when():
            raise Unavailable("no answer")
        return False


def test_a_batch_is_one_write(table: FakeTable, book: Book) -> None:
    for number in range(10):
        end(book, number)
    book.flush()
    assert (total(table), table.writes) == (10, 1)


def test_a_message_that_comes_again_adds_nothing(table: FakeTable, book: Book) -> None:
    rows = [end(book, number) for number in range(3)]
    recover(rows[0])
    book.flush()
    for row in rows:
        recover(row)
    assert total(table) == 3


def test_what_fell_with_its_process_is_added_once_by_whoever_meets_it(
    table: FakeTable, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    end(book, 1)
    book.flush()
    fallen = [end(book, 2), end(book, 3, is_noted=False)]
    monkeypatch.setattr(tallies, "_book", Book())
    for _ in range(2):
        for row in fallen:
            recover(row)
    assert total(table) == 3


def test_a_process_that_was_only_slow_leaves_out_what_others_added(
    table: FakeTable, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [end(book, number) for number in range(3)]
    with monkeypatch.context() as patch:
        patch.setattr(tallies, "_book", Book())
        recover(rows[1])
    book.flush()
    assert total(table) == 3


def test_an_end_under_way_while_others_are_written_is_counted_later(table: FakeTable, book: Book) -> None:
    slow = book.mark(PLACE)
    end(book, 2)
    book.flush()
    (row,) = table.rows.values()
    assert row["gaps"] == [1]
    book.note(PLACE, slow, "a.0", ONE)
    book.flush()
    assert total(table) == 2


def test_what_a_row_holds_stays_held_when_an_earlier_number_is_written_later(
    table: FakeTable, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = book.mark(PLACE)
    row = end(book, 2)
    book.flush()
    book.note(PLACE, slow, "a.0", ONE)
    book.flush()
    monkeypatch.setattr(tallies, "_book", Book())
    recover(row)
    assert total(table) == 2


def test_a_lost_answer_counts_nothing_twice_and_loses_nothing(table: FakeTable, book: Book) -> None:
    end(book, 1)
    table.hooks = Lost(lambda: True)
    with pytest.raises(Unavailable):
        book.flush()
    table.hooks = None
    end(book, 2)
    book.flush()
    assert total(table) == 2


@pytest.mark.parametrize("seed", range(300))
def test_every_execution_is_counted_once_in_random_schedules(
    table: FakeTable, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    rng = random.Random(seed)
    table.hooks = Lost(lambda: rng.random() < 0.2)
    books, rows = [Book() for _ in range(3)], []

    def act(does: Callable[[], None]) -> None:
        try:
            does()
        except Unavailable:
            return

    def meet(row: dict[str, Any], by: Book) -> None:
        monkeypatch.setattr(tallies, "_book", by)
        cache.forget_all()
        act(lambda: recover(row))

    for number in range(40):
        place, by = rng.randrange(3), Book()
        if rng.random() < 0.1:
            books[place] = by  # a process falls, with all it had not written
        rows.append(end(books[place], number, is_noted=rng.random() < 0.9))
        if rng.random() < 0.3:
            act(books[rng.randrange(3)].flush)
        if rng.random() < 0.3:
            meet(rng.choice(rows), rng.choice(books))
    table.hooks = None
    for one in books:
        one.flush()
    for row in rows:
        meet(row, rng.choice(books))
    assert total(table) == len(rows)
