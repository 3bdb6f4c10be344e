from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest

from chalicelib.adapters.queue import Letter
from chalicelib.core.errors import Unavailable
from chalicelib.durable import due, leases, sweep
from chalicelib.storage.table import Key
from tests.fakes.table import FakeTable

NOW_MS = 1_800_000_000_000
MINUTE_MS = 60_000


class Line:
    """A queue that remembers when each message may come, and may be out of order."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []
        self.is_down = False

    def __call__(self, letters: Sequence[Letter]) -> None:
        if self.is_down:
            raise Unavailable("down")
        self.letters += letters

    def names(self) -> list[str]:
        return [letter.body["sk"] for letter in self.letters]


def _list(table: FakeTable, name: str, due_ms: int, written_ms: int) -> due.Timer:
    key = Key("w#X", name)
    timer = due.at("kind", key, due_ms, written_ms)
    table.put({"pk": key.pk, "sk": key.sk, **timer.attributes})
    return timer


def _tick(table: FakeTable, line: Line, now_ms: int, **bounds: int) -> sweep.Tick | None:
    return sweep.sweep(table, "kind", line, lambda pk, sk: {"pk": pk, "sk": sk}, now_ms, **bounds)


@pytest.fixture
def table() -> FakeTable:
    table = FakeTable()
    _tick(table, Line(), NOW_MS)
    return table


def test_a_wait_of_up_to_fifteen_minutes_is_also_sent_directly() -> None:
    key = Key("w", "x")
    assert due.at("kind", key, NOW_MS + 900_000, NOW_MS).is_direct
    assert not due.at("kind", key, NOW_MS + 900_001, NOW_MS).is_direct


def test_an_entry_is_never_listed_in_the_past() -> None:
    timer = due.at("kind", Key("w", "x"), NOW_MS - 86_400_000, NOW_MS)
    assert timer.attributes["dueB"].split("#")[1] == str(NOW_MS // MINUTE_MS)
    assert timer.attributes["due"] == NOW_MS - 86_400_000


def test_a_long_wait_is_sent_ahead_once_hidden_until_it_is_due(table: FakeTable) -> None:
    line, due_ms = Line(), NOW_MS + 30 * MINUTE_MS
    _list(table, "a", due_ms, NOW_MS)
    for minute in range(1, 30):
        _tick(table, line, NOW_MS + minute * MINUTE_MS)
        if line.letters and len(line.letters) == 1 and minute == 17:
            assert line.letters[0].delay_s == (due_ms - NOW_MS - minute * MINUTE_MS) // 1000
    assert line.names() == ["a"]
    assert 0 < line.letters[0].delay_s <= 900


def test_what_was_sent_directly_is_sent_again_only_when_it_still_stands_after_its_time(table: FakeTable) -> None:
    line = Line()
    _list(table, "a", NOW_MS + 5 * MINUTE_MS, NOW_MS)
    for minute in range(1, 7):
        _tick(table, line, NOW_MS + minute * MINUTE_MS)
    assert line.names() == []
    for minute in range(7, 10):
        _tick(table, line, NOW_MS + minute * MINUTE_MS)
    assert line.names() == ["a"]


def test_an_entry_that_nobody_moves_is_sent_at_most_every_twelve_minutes_and_forgotten_when_gone(
    table: FakeTable,
) -> None:
    line = Line()
    _list(table, "a", NOW_MS + MINUTE_MS, NOW_MS)
    times = []
    for minute in range(1, 180):
        before = len(line.letters)
        tick = _tick(table, line, NOW_MS + minute * MINUTE_MS)
        times += [minute] * (len(line.letters) - before)
    assert tick is not None and tick.left == 1
    assert len(times) > 8
    assert min(later - earlier for earlier, later in pairwise(times)) >= 12
    table.delete(Key("w#X", "a"))
    sent = len(line.letters)
    for minute in range(180, 200):
        tick = _tick(table, line, NOW_MS + minute * MINUTE_MS)
    assert tick is not None and tick.left == 0 and len(line.letters) == sent


@pytest.mark.parametrize("missed", [60, 7 * 24 * 60])
def test_missed_ticks_are_caught_up_in_bounded_batches(table: FakeTable, missed: int) -> None:
    line, count = Line(), 3_000
    for number in range(count):
        _list(table, f"i{number}", NOW_MS + 16 * MINUTE_MS + number * missed * MINUTE_MS // count, NOW_MS)
    now_ms, ticks = NOW_MS + missed * MINUTE_MS, 0
    while len(set(line.names())) < count:
        before, queries = len(line.letters), table.reads
        tick = _tick(table, line, now_ms, letters=1_000)
        assert tick is not None
        assert table.reads - queries <= 1_000 and len(line.letters) - before <= 1_200
        now_ms += MINUTE_MS
        ticks += 1
    assert ticks <= (6 if missed == 60 else 50)
    assert len(line.letters) < count * 1.01  # what was sent ahead and still stands after its time comes once more


def test_after_a_week_without_ticks_new_dues_come_at_once(table: FakeTable) -> None:
    line, now_ms = Line(), NOW_MS + 7 * 24 * 60 * MINUTE_MS
    for number in range(500):
        _list(table, f"old{number}", NOW_MS + 20 * MINUTE_MS + number, NOW_MS)
    _list(table, "new", now_ms + 3 * MINUTE_MS, NOW_MS)
    _tick(table, line, now_ms, letters=300)
    assert line.letters[0].body["sk"] == "new" and line.letters[0].delay_s == 180


def test_a_crowded_minute_is_worked_through_over_several_ticks(table: FakeTable) -> None:
    line = Line()
    for number in range(2_500):
        _list(table, f"i{number}", NOW_MS + 20 * MINUTE_MS, NOW_MS)
    for minute in range(7, 20):
        _tick(table, line, NOW_MS + minute * MINUTE_MS, letters=300)
    assert sorted(line.names()) == sorted(f"i{number}" for number in range(2_500))


def test_an_entry_that_the_index_shows_late_is_found(table: FakeTable) -> None:
    line = Line()
    table.lags = True
    _list(table, "a", NOW_MS + 20 * MINUTE_MS, NOW_MS)
    for minute in range(1, 33):
        _tick(table, line, NOW_MS + minute * MINUTE_MS)
    assert line.names() == []
    table.catch_up()
    for minute in range(33, 50):
        _tick(table, line, NOW_MS + minute * MINUTE_MS)
    assert line.names() == ["a"]


def test_a_queue_that_is_down_loses_nothing(table: FakeTable) -> None:
    line = Line()
    line.is_down = True
    _list(table, "a", NOW_MS + 20 * MINUTE_MS, NOW_MS)
    with pytest.raises(Unavailable):
        _tick(table, line, NOW_MS + 10 * MINUTE_MS)
    line.is_down = False
    _tick(table, line, NOW_MS + 10 * MINUTE_MS)
    assert line.names() == ["a"]


def test_a_tick_that_failed_half_way_is_gone_on_with_by_the_next(table: FakeTable) -> None:
    class Failing(Line):
        def __call__(self, letters: Sequence[Letter]) -> None:
            super().__call__(letters)
            self.is_down = True

    line = Failing()
    for minute, name in ((20, "a"), (21, "b"), (22, "c")):
        _list(table, name, NOW_MS + minute * MINUTE_MS, NOW_MS)
    for _ in range(2):
        with pytest.raises(Unavailable):
            _tick(table, line, NOW_MS + 10 * MINUTE_MS)
        line.is_down = False
    tick = _tick(table, line, NOW_MS + 10 * MINUTE_MS)
    assert tick is not None and tick.is_done
    assert line.names() == ["a", "b", "c"]


def test_two_ticks_never_run_at_once(table: FakeTable) -> None:
    taken = leases.take(table, sweep.sweep_key("kind"), NOW_MS + 1, 50_000)
    assert isinstance(taken, leases.Lease)
    assert _tick(table, Line(), NOW_MS + 2) is None


def test_a_quiet_tick_costs_two_writes_and_a_dozen_queries(table: FakeTable) -> None:
    for minute in range(1, 30):
        _tick(table, Line(), NOW_MS + minute * MINUTE_MS)
    writes, reads = table.writes, table.reads
    _tick(table, Line(), NOW_MS + 30 * MINUTE_MS)
    assert (table.writes - writes, table.reads - reads) == (2, 12)
