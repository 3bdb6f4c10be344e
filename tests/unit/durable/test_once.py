"""Cursors, requests, ingest, counters and flights: each act happens once."""

from __future__ import annotations

import pytest

from chalicelib.core.errors import Unavailable
from chalicelib.durable import cursor, due, fences, flight, ingest, leases, requests
from chalicelib.durable.flight import Flight
from chalicelib.durable.ingest import Outcome
from chalicelib.durable.leases import Lease, LeaseLost, NotTaken, Why
from chalicelib.durable.requests import Fresh, Mismatch, Replay, Running
from chalicelib.storage.expressions import Change, Row, eq
from chalicelib.storage.table import Key
from tests.fakes.table import FakeTable

NOW_MS, LEASE_MS = 1_800_000_000_000, 30_000
DAY_MS, HOUR_MS = 86_400_000, 3_600_000
POLL = Key("w#P#1", "P")
TOKEN = Key("w#U#1", "C")


@pytest.fixture
def table() -> FakeTable:
    return FakeTable()


# Cursors


def _poll(table: FakeTable, now_ms: int = NOW_MS) -> Lease:
    taken = leases.take(table, POLL, now_ms, LEASE_MS)
    assert isinstance(taken, Lease)
    return taken


def test_a_poll_moves_its_cursor_and_lets_go_until_it_is_due(table: FakeTable) -> None:
    table.put({"pk": POLL.pk, "sk": POLL.sk})
    timer = due.at("poll", POLL, NOW_MS + 60_000, NOW_MS)
    lease = cursor.advance(table, _poll(table), "c1", change=Change(put=timer.attributes))
    assert lease.row["cur"] == "c1" and lease.row["until"] == leases.FREE
    early = leases.take(table, POLL, NOW_MS + 1, LEASE_MS)
    assert isinstance(early, NotTaken) and early.why is Why.NOT_DUE
    assert _poll(table, NOW_MS + 60_000).row["cur"] == "c1"


def test_a_late_poll_cannot_move_the_cursor(table: FakeTable) -> None:
    table.put({"pk": POLL.pk, "sk": POLL.sk, "cur": 1})
    late = _poll(table)
    cursor.advance(table, _poll(table, NOW_MS + LEASE_MS + 1), 2)
    with pytest.raises(LeaseLost):
        cursor.advance(table, late, 5)
    assert table.rows[POLL]["cur"] == 2


def test_an_import_keeps_hold_from_batch_to_batch_and_counts_each_once(table: FakeTable) -> None:
    table.put({"pk": POLL.pk, "sk": POLL.sk, "off": 0})
    lease = _poll(table)
    for offset in (500, 1000):
        held = cursor.advance(table, lease, offset, name="off", until_ms=NOW_MS + 1, change=Change(add={"n": 500}))
        again = cursor.advance(table, lease, offset, name="off", until_ms=NOW_MS + 1, change=Change(add={"n": 500}))
        assert again.row == held.row
        lease = held
    assert table.rows[POLL]["n"] == 1000


def test_a_take_may_ask_for_more(table: FakeTable) -> None:
    table.put({"pk": POLL.pk, "sk": POLL.sk, "st": "OFF"})
    refused = leases.take(table, POLL, NOW_MS, LEASE_MS, when=eq("st", "ON"))
    assert isinstance(refused, NotTaken) and refused.why is Why.ENDED


def test_extending_needs_the_fence(table: FakeTable) -> None:
    table.put({"pk": POLL.pk, "sk": POLL.sk})
    first = _poll(table)
    assert leases.extend(table, first, NOW_MS, 2 * LEASE_MS).row["until"] == NOW_MS + 2 * LEASE_MS
    _poll(table, NOW_MS + 2 * LEASE_MS + 1)
    with pytest.raises(LeaseLost):
        leases.extend(table, first, NOW_MS, LEASE_MS)


# Requests


def _begin(table: FakeTable, print_: str = "p", now_ms: int = NOW_MS) -> requests.Begun:
    return requests.begin(table, "w", "createThing", "k1", print_, now_ms, LEASE_MS)


def _fresh(table: FakeTable, now_ms: int = NOW_MS) -> Fresh:
    begun = _begin(table, now_ms=now_ms)
    assert isinstance(begun, Fresh)
    return begun


def test_a_repeat_gets_the_first_answer_for_two_writes_and_no_read(table: FakeTable) -> None:
    assert requests.finish(table, _fresh(table), 201, {"x": "y"}, b"body")
    assert (table.writes, table.reads) == (2, 0)
    assert _begin(table) == Replay(201, {"x": "y"}, b"body")


def test_a_repeat_while_the_first_runs_is_told_to_wait(table: FakeTable) -> None:
    _fresh(table)
    assert _begin(table, now_ms=NOW_MS + 500) == Running(30)


def test_another_body_is_a_mismatch_also_while_the_first_runs_or_has_fallen(table: FakeTable) -> None:
    fresh = _fresh(table)
    assert _begin(table, "other") == Mismatch()
    assert _begin(table, "other", NOW_MS + LEASE_MS + 1) == Mismatch()
    requests.finish(table, fresh, 200, {}, b"")
    assert _begin(table, "other") == Mismatch()


def test_a_late_first_runner_cannot_overwrite_who_took_over(table: FakeTable) -> None:
    late = _fresh(table)
    second = _fresh(table, NOW_MS + LEASE_MS + 1)
    assert second.fence == late.fence + 1
    assert not requests.finish(table, late, 200, {}, b"late")
    requests.abandon(table, late)
    assert requests.finish(table, second, 200, {}, b"second")
    assert requests.finish(table, second, 200, {}, b"second")
    assert not requests.finish(table, late, 200, {}, b"late")
    assert _begin(table) == Replay(200, {}, b"second")


def test_an_abandoned_key_can_be_used_with_another_body(table: FakeTable) -> None:
    requests.abandon(table, _fresh(table))
    assert table.rows == {}
    assert isinstance(_begin(table, "other"), Fresh)


def test_a_key_is_free_again_after_a_day_though_its_row_still_stands(table: FakeTable) -> None:
    requests.finish(table, _fresh(table), 200, {}, b"old")
    assert isinstance(_begin(table, "other", NOW_MS + DAY_MS + HOUR_MS), Mismatch)
    assert isinstance(_begin(table, "other", NOW_MS + DAY_MS + HOUR_MS + 1000), Fresh)


def test_keys_are_apart_by_workspace_and_scope() -> None:
    keys = {requests.key_of(*parts) for parts in (("w", "a", "k"), ("v", "a", "k"), ("w", "b", "k"))}
    assert len(keys) == 3 and requests.key_of("w", "a", "k").pk.startswith("w#")


# Ingest


def _row(hash_: str = "h1") -> Row:
    return {"pk": "w#EV#1", "sk": "E", "h": hash_, "exp": NOW_MS // 1000 + 100}


def test_what_is_taken_in_is_stored_before_it_is_sent(table: FakeTable) -> None:
    stood: list[bool] = []
    done = ingest.accept(table, _row(), NOW_MS // 1000, lambda row: stood.append(Key("w#EV#1", "E") in table.rows))
    assert done.outcome is Outcome.NEW and stood == [True]


def test_the_same_again_is_sent_again_and_another_is_refused(table: FakeTable) -> None:
    sent: list[Row] = []
    first = ingest.accept(table, _row() | {"at": 1}, NOW_MS // 1000, sent.append)
    same = ingest.accept(table, _row() | {"at": 2}, NOW_MS // 1000, sent.append)
    other = ingest.accept(table, _row("h2"), NOW_MS // 1000, sent.append)
    assert [first.outcome, same.outcome, other.outcome] == [Outcome.NEW, Outcome.SAME, Outcome.DIFFERENT]
    assert [row["at"] for row in sent] == [1, 1]


def test_a_failed_send_is_told_and_the_repeat_sends(table: FakeTable) -> None:
    def fail(_: Row) -> None:
        raise Unavailable("down")

    sent: list[Row] = []
    with pytest.raises(Unavailable):
        ingest.accept(table, _row(), NOW_MS // 1000, fail)
    assert ingest.accept(table, _row(), NOW_MS // 1000, sent.append).outcome is Outcome.SAME and sent


def test_an_expired_id_is_free_though_its_row_still_stands(table: FakeTable) -> None:
    ingest.store(table, _row(), NOW_MS // 1000)
    assert ingest.store(table, _row("h2"), NOW_MS // 1000 + 100).outcome is Outcome.DIFFERENT
    assert ingest.store(table, _row("h2"), NOW_MS // 1000 + 101).outcome is Outcome.NEW


# Counters and flights


def test_of_two_copies_only_one_writes(table: FakeTable) -> None:
    assert fences.advance(table, POLL, 0, Change(put={"err": "a"}))["n"] == 1
    with pytest.raises(LeaseLost) as lost:
        fences.advance(table, POLL, 0, Change(put={"err": "b"}))
    assert lost.value.row is not None and lost.value.row["err"] == "a"
    assert fences.advance(table, POLL, 1, Change())["n"] == 2


def test_a_row_without_a_number_stands_at_zero_and_a_deleted_one_is_not_made_again(table: FakeTable) -> None:
    with pytest.raises(LeaseLost) as lost:
        fences.advance(table, POLL, 0, Change(), creates=False)
    assert lost.value.row is None and table.rows == {}
    table.put({"pk": POLL.pk, "sk": POLL.sk})
    assert fences.advance(table, POLL, 0, Change(), creates=False)["n"] == 1


def test_a_repeat_of_the_same_write_succeeds(table: FakeTable) -> None:
    for _ in range(2):
        assert fences.advance(table, POLL, 0, Change(add={"count": 1}), owner="me")["count"] == 1


def _fly(table: FakeTable, now_ms: int = NOW_MS) -> Flight | Row | None:
    return flight.take(table, TOKEN, 1, now_ms, LEASE_MS)


def test_one_caller_refreshes_and_the_others_see_whose_turn_it_is(table: FakeTable) -> None:
    table.put({"pk": TOKEN.pk, "sk": TOKEN.sk, "ver": 1, "ct": "old"})
    first, second = _fly(table), _fly(table)
    assert isinstance(first, Flight) and isinstance(second, dict) and second["ru"] == NOW_MS + LEASE_MS
    assert flight.store(table, first, {"ct": "new"})["ver"] == 2
    assert flight.store(table, first, {"ct": "new"})["ct"] == "new"
    after = _fly(table)
    assert isinstance(after, dict) and after["ct"] == "new"


def test_a_flight_that_outlived_its_right_cannot_store(table: FakeTable) -> None:
    table.put({"pk": TOKEN.pk, "sk": TOKEN.sk, "ver": 1})
    late, second = _fly(table), _fly(table, NOW_MS + LEASE_MS + 1)
    assert isinstance(late, Flight) and isinstance(second, Flight)
    with pytest.raises(LeaseLost):
        flight.store(table, late, {"ct": "late"})
    flight.give_up(table, late, NOW_MS)
    assert table.rows[TOKEN]["ro"] == second.owner


def test_after_a_failure_nobody_tries_for_a_while(table: FakeTable) -> None:
    table.put({"pk": TOKEN.pk, "sk": TOKEN.sk, "ver": 1})
    first = _fly(table)
    assert isinstance(first, Flight)
    flight.give_up(table, first, NOW_MS + 1000, {"st": "FAILING"})
    assert isinstance(_fly(table, NOW_MS + 1000), dict)
    assert isinstance(_fly(table, NOW_MS + 1001), Flight)
    assert flight.take(table, Key("w", "none"), 1, NOW_MS, LEASE_MS) is None
