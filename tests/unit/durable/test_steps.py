from __future__ import annotations

from typing import Any

import pytest

from chalicelib.adapters.queue import Letter
from chalicelib.durable import due, inbox, leases, outbox, steps
from chalicelib.durable.leases import Lease, LeaseLost, NotTaken, Why
from chalicelib.durable.outbox import Message
from chalicelib.durable.steps import State
from chalicelib.storage.expressions import Change
from chalicelib.storage.table import Key
from tests.fakes.table import FakeTable

KEY = Key("w#X#1", "S")
NOW_MS, LEASE_MS, HOUR_MS = 1_800_000_000_000, 30_000, 3_600_000


class Repeats:
    """A client library that repeats a request although it was done."""

    def __init__(self) -> None:
        self.left = 0

    def before(self) -> None: ...

    def after(self) -> bool:
        self.left -= 1
        return self.left == 0


@pytest.fixture
def repeats() -> Repeats:
    return Repeats()


@pytest.fixture
def table(repeats: Repeats) -> FakeTable:
    table = FakeTable(repeats)
    table.put(steps.new_row(KEY, {}))
    return table


def _take(table: FakeTable, now_ms: int = NOW_MS) -> Lease | NotTaken:
    return steps.take(table, KEY, now_ms, LEASE_MS)


def _held(table: FakeTable, now_ms: int = NOW_MS) -> Lease:
    taken = _take(table, now_ms)
    assert isinstance(taken, Lease)
    return taken


def _deliver(table: FakeTable, name: str, event_id: str = "e1", now_ms: int = NOW_MS) -> bool | None:
    return inbox.deliver(table, KEY, name, event_id, {"ok": True}, due.at("kind", KEY, now_ms, now_ms))


def test_a_held_item_is_not_taken_until_its_lease_is_over(table: FakeTable) -> None:
    lease = _held(table)
    refused = _take(table, NOW_MS + LEASE_MS)
    assert isinstance(refused, NotTaken) and refused.why is Why.HELD
    assert refused.hide_s(NOW_MS) == pytest.approx(LEASE_MS / 1000, abs=0.1)
    assert _held(table, NOW_MS + LEASE_MS + 1).fence == lease.fence + 1


def test_an_absent_item_has_no_lease() -> None:
    assert _take(FakeTable()) == NotTaken(Why.ABSENT)
    assert NotTaken(Why.ABSENT).hide_s(NOW_MS) is None


def test_a_take_whose_answer_was_lost_is_known_to_be_made(table: FakeTable, repeats: Repeats) -> None:
    repeats.left = 1
    assert _held(table).fence == 1


def test_a_commit_whose_answer_was_lost_is_made_once(table: FakeTable, repeats: Repeats) -> None:
    lease, repeats.left = _held(table), 1
    lease = steps.commit(table, lease, NOW_MS + LEASE_MS, outcome="x", change=Change(add={"n": 1}))
    assert (lease.seq, lease.row["seq"], lease.row["memo"], lease.row["n"]) == (1, 1, {"0": "x"}, 1)


def test_a_late_holder_cannot_write(table: FakeTable) -> None:
    late = _held(table)
    _held(table, NOW_MS + LEASE_MS + 1)
    with pytest.raises(LeaseLost) as lost:
        steps.commit(table, late, NOW_MS + LEASE_MS)
    assert lost.value.row is not None and lost.value.row["fence"] == 2
    assert lost.value.retryable  # the message stays in the queue
    leases.release(table, late)
    assert isinstance(_take(table, NOW_MS + LEASE_MS + 2), NotTaken)


def test_create_takes_in_the_same_write_and_leaves_what_stands_alone() -> None:
    table = FakeTable()
    first = steps.create(table, steps.new_row(KEY, {"a": 1}), NOW_MS, LEASE_MS)
    again = steps.create(table, steps.new_row(KEY, {"a": 2}), NOW_MS, LEASE_MS)
    assert isinstance(first, Lease) and first.fence == 1 and table.writes == 2
    assert isinstance(again, NotTaken) and again.why is Why.HELD and table.rows[KEY]["a"] == 1


def test_what_a_commit_owes_must_be_sent_before_the_next(table: FakeTable) -> None:
    sent: list[tuple[str, Any]] = []
    lease = steps.commit(table, _held(table), NOW_MS, out=[Message("q", {"id": 1}, NOW_MS + 5_500)])
    with pytest.raises(ValueError, match="outbox"):
        steps.commit(table, lease, NOW_MS)
    lease = outbox.settle(lease, NOW_MS, lambda name, letters: sent.append((name, list(letters))))
    assert sent == [("q", [Letter({"id": 1}, 6)])]
    assert "out" not in steps.commit(table, lease, NOW_MS).row


def test_who_takes_an_item_over_sends_what_its_holder_owed(table: FakeTable) -> None:
    steps.commit(table, _held(table), NOW_MS, out=[Message("q", {"id": 1})])
    lease = _held(table, NOW_MS + LEASE_MS + 1)
    assert lease.owes and outbox.owed(lease.row) == [Message("q", {"id": 1})]


def test_an_ended_item_still_shows_what_it_owes(table: FakeTable) -> None:
    steps.finish(table, _held(table), State.DONE, out=[Message("q", {"id": 1})])
    refused = _take(table)
    assert isinstance(refused, NotTaken) and refused.why is Why.ENDED and refused.hide_s(NOW_MS) is None
    assert outbox.owed(refused.row) == [Message("q", {"id": 1})]


def test_a_wait_is_not_taken_before_it_is_due(table: FakeTable) -> None:
    timer = due.at("kind", KEY, NOW_MS + 50_000, NOW_MS)
    steps.suspend(table, _held(table), timer=timer, out=outbox.wake("q", {}, timer))
    early = _take(table, NOW_MS + 1)
    assert isinstance(early, NotTaken) and early.why is Why.NOT_DUE and early.hide_s(NOW_MS) == 50
    assert _held(table, NOW_MS + 50_000).seq == 1


def test_a_message_long_before_its_time_is_dropped_because_the_index_brings_another(table: FakeTable) -> None:
    timer = due.at("kind", KEY, NOW_MS + HOUR_MS, NOW_MS)
    assert outbox.wake("q", {}, timer) == []
    steps.suspend(table, _held(table), timer=timer)
    early = _take(table)
    assert isinstance(early, NotTaken) and early.hide_s(NOW_MS) is None


def test_the_index_entry_stays_until_the_item_waits_anew_or_ends(table: FakeTable) -> None:
    timer = due.at("kind", KEY, NOW_MS, NOW_MS)
    steps.suspend(table, _held(table), timer=timer)
    lease = steps.commit(table, _held(table), NOW_MS + LEASE_MS)
    assert lease.row["dueB"] == timer.attributes["dueB"]
    assert "dueB" not in steps.finish(table, lease, State.DONE)


def test_an_event_wakes_the_item_that_waits_for_it(table: FakeTable) -> None:
    steps.suspend(table, _held(table), awaits="order.paid")
    idle = _take(table)
    assert isinstance(idle, NotTaken) and idle.why is Why.NOT_DUE and idle.hide_s(NOW_MS) is None
    assert _deliver(table, "order.paid") is True
    assert "dueB" in table.rows[KEY]
    found = inbox.find(_held(table).row, "order.paid")
    assert found is not None and found.payload == {"ok": True}


def test_an_event_that_came_before_the_wait_is_seen_by_who_suspends(table: FakeTable) -> None:
    lease = _held(table)
    assert _deliver(table, "a") is False
    going_on = steps.suspend(table, lease, awaits="a", outcome="x", out=[Message("q", {"id": 1})])
    assert isinstance(going_on, Lease) and going_on.owes
    assert (going_on.seq, going_on.row["st"], going_on.row["memo"]) == (1, "RUN", {"0": "x"})
    again = steps.suspend(table, lease, awaits="a", outcome="x", out=[Message("q", {"id": 1})])
    assert isinstance(again, Lease) and again.row == going_on.row


def test_an_event_for_a_later_wait_is_kept_while_the_item_waits_for_another(table: FakeTable) -> None:
    steps.suspend(table, _held(table), awaits="a")
    assert _deliver(table, "b") is False
    assert isinstance(_take(table), NotTaken)
    assert _deliver(table, "a") is True
    assert isinstance(steps.suspend(table, _held(table), awaits="b"), Lease)


def test_an_event_is_consumed_once(table: FakeTable) -> None:
    steps.suspend(table, _held(table), awaits="a.b")
    _deliver(table, "a.b")
    lease = _held(table)
    found = inbox.find(lease.row, "a.b")
    assert found is not None
    assert isinstance(steps.suspend(table, lease, awaits="a.b", change=Change(put=inbox.consume(found))), dict)
    _deliver(table, "a.b")
    assert isinstance(_take(table), NotTaken)
    assert _deliver(table, "a.b", "e2") is True
    assert isinstance(_take(table), Lease)


def test_an_ended_item_takes_no_event_and_no_cancellation(table: FakeTable) -> None:
    steps.finish(table, _held(table), State.DONE)
    assert _deliver(table, "a") is None
    assert steps.cancel(table, KEY, NOW_MS) is None


def test_a_cancelled_item_ends_its_wait_and_tells_its_holder(table: FakeTable) -> None:
    lease = _held(table)
    assert steps.cancel(table, KEY, NOW_MS) is not None
    assert steps.commit(table, lease, NOW_MS).is_cancelled
    going_on = steps.suspend(table, _held(table, NOW_MS + 1), awaits="never")
    assert isinstance(going_on, Lease) and going_on.is_cancelled


def test_cancelling_wakes_a_waiting_item(table: FakeTable) -> None:
    steps.suspend(table, _held(table), awaits="never")
    assert isinstance(_take(table), NotTaken)
    steps.cancel(table, KEY, NOW_MS)
    assert _held(table).is_cancelled


def test_a_visitor_sends_what_an_ended_item_owes_once(table: FakeTable) -> None:
    sent: list[Any] = []

    def collect(name: str, letters: Any) -> None:
        sent.extend(letters)

    steps.finish(table, _held(table), State.DONE, out=[Message("q", {"id": 1})])
    for _ in range(2):
        refused = _take(table)
        assert isinstance(refused, NotTaken)
        outbox.flush(table, KEY, refused.row, NOW_MS, collect)
    assert len(sent) == 1


def test_the_index_stands_behind_what_an_ended_item_owes_until_it_is_sent(table: FakeTable) -> None:
    steps.suspend(table, _held(table), timer=due.at("kind", KEY, NOW_MS, NOW_MS))
    row = steps.finish(table, _held(table), State.DONE, out=[Message("q", {"id": 1})])
    assert isinstance(row, dict) and "dueB" in row and "due" not in row
    outbox.flush(table, KEY, row, NOW_MS, lambda *_: None, is_own=True)
    assert not {"out", "dueB", "dueK"} & table.rows[KEY].keys()


def test_sending_at_the_end_costs_no_write_where_no_index_entry_was(table: FakeTable) -> None:
    row = steps.finish(table, _held(table), State.DONE, out=[Message("q", {"id": 1})])
    writes = table.writes
    outbox.flush(table, KEY, row, NOW_MS, lambda *_: None, is_own=True)
    assert table.writes == writes


def test_a_step_that_must_not_happen_twice_is_in_doubt_after_a_fall(table: FakeTable) -> None:
    lease = _held(table)
    assert not steps.is_in_doubt(lease, "a#1")
    steps.intend(table, lease, "a#1")
    assert steps.is_in_doubt(_held(table, NOW_MS + LEASE_MS + 1), "a#1")
    with pytest.raises(LeaseLost):
        steps.intend(table, lease, "a#1")


def test_a_step_whose_outcome_is_known_is_not_in_doubt(table: FakeTable) -> None:
    lease = steps.intend(table, _held(table), "a#1")
    assert not steps.is_in_doubt(steps.commit(table, lease, NOW_MS, outcome=1), "b#1")


def test_a_tombstone_fences_off_the_holder(table: FakeTable) -> None:
    lease = _held(table)
    row = leases.revoke(table, KEY, "DELETING", 1)
    assert row is not None and row["st"] == "DELETING"
    with pytest.raises(LeaseLost):
        steps.commit(table, lease, NOW_MS)
    refused = _take(table, NOW_MS + HOUR_MS)
    assert isinstance(refused, NotTaken) and refused.why is Why.ENDED
    assert leases.revoke(FakeTable(), KEY, "DELETING", 1) is None


def test_a_run_of_three_steps_costs_four_writes_and_no_read() -> None:
    table = FakeTable()
    lease = steps.create(table, steps.new_row(KEY, {}), NOW_MS, LEASE_MS)
    assert isinstance(lease, Lease)
    lease = steps.commit(table, lease, NOW_MS + LEASE_MS, outcome=1)
    lease = steps.commit(table, lease, NOW_MS + LEASE_MS, outcome=2)
    row = steps.finish(table, lease, State.DONE, outcome=3)
    assert row["memo"] == {"0": 1, "1": 2, "2": 3}
    assert (table.writes, table.reads) == (4, 0)
