"""Digests at their bounds: full ones, large ones, and those that changed hands."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.channels import handing_over, waiting
from chalicelib.channels.models import runs
from chalicelib.storage.expressions import Change
from chalicelib.storage.tables import CHANNELS
from tests.workers.channels.office import Office, digest, in_app

COUNT = "{{step.total_count}}: {{#each step.events}}{{n}} {{/each}}"


def collect(office: Office, count: int) -> list[str]:
    """Trigger some events a second apart; give their transaction ids."""
    made = []
    for number in range(count):
        made.append(office.trigger(payload={"n": number}))
        office.pump()
        office.clock.advance_s(1)
    return made


def cancel(office: Office, transaction: str) -> Any:
    return office.client.delete(f"/v1/events/trigger/{transaction}")


def test_a_full_digest_lets_the_next_event_open_another(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "MOST", 3)
    office.workflow(digest(), in_app(COUNT))
    transactions = collect(office, 7)
    assert [office.jobs(one)[0] for one in transactions] == [
        "digest delayed", "digest merged", "digest merged", "digest delayed", "digest merged", "digest merged",
        "digest delayed",
    ]  # fmt: skip
    assert office.details(transactions[3])[0] == "The digest opened, because the one before it is full"
    office.wait_s(3_700)
    assert sorted(office.feed()) == ["1: 6 ", "3: 0 1 2 ", "3: 3 4 5 "]
    assert office.details(transactions[0])[0] == "The digest closed with 3 events"


def test_long_transaction_ids_fill_a_digest_sooner(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "MAX_DIGEST_BYTES", 500)
    office.workflow(digest(), in_app(COUNT))
    for number in range(3):
        office.trigger(payload={"n": number}, transactionId=f"{number}" * 200)
        office.pump()
        office.clock.advance_s(1)
    office.wait_s(3_700)
    assert sorted(office.feed()) == ["1: 2 ", "2: 0 1 "]


def test_payloads_beyond_what_a_process_can_hold_are_left_out(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    from chalicelib.channels import stored_events

    monkeypatch.setattr(stored_events, "MAX_DIGEST_BYTES", 2_500)
    office.workflow(digest(), in_app("{{step.total_count}}: {{#each step.events}}{{n}},{{/each}}"))
    for number in range(4):
        office.trigger(payload={"n": number, "big": "x" * 1_000})
        office.pump()
        office.clock.advance_s(1)
    office.wait_s(3_700)
    assert office.feed() == ["4: 0,1,,,"]


def test_a_follower_can_be_called_off_after_its_digest_changed_hands(office: Office) -> None:
    office.workflow(digest(), in_app(COUNT))
    transactions = collect(office, 4)
    for first in transactions[:2]:  # twice: the heir of the heir
        assert cancel(office, first).body == {"data": True}
        office.pump()
    assert cancel(office, transactions[3]).body == {"data": True}
    assert cancel(office, transactions[3]).body == {"data": False}
    office.wait_s(3_700)
    assert office.feed() == ["1: 2 "]
    assert [office.jobs(one)[0] for one in transactions] == [
        "digest canceled", "digest canceled", "digest completed", "digest canceled",
    ]  # fmt: skip


def test_an_heir_that_is_called_off_hands_over_too(office: Office) -> None:
    office.workflow(digest(), in_app(COUNT))
    transactions = collect(office, 3)
    cancel(office, transactions[0])
    office.pump()
    assert office.jobs(transactions[1])[0] == "digest delayed"
    assert "taken over" in office.details(transactions[1])[0]
    assert cancel(office, transactions[1]).body == {"data": True}
    office.pump()
    office.wait_s(3_700)
    assert office.feed() == ["1: 2 "]


def test_while_a_digest_is_handed_over_its_events_cannot_be_called_off(office: Office) -> None:
    office.workflow(digest(), in_app(COUNT))
    transactions = collect(office, 2)
    cancel(office, transactions[0])
    master = runs.run_key(office.client.key, transactions[0], "ann")
    CHANNELS.update(master, Change(put={"hand": office.clock.at_ms}, remove=("dgo",)))  # as its worker leaves it
    answer = cancel(office, transactions[1])
    assert (answer.status, answer.headers.get("retry-after")) == (409, "1")
    office.pump()
    office.wait_s(3_700)
    assert office.feed() == ["1: 1 "]


def test_after_a_crash_amid_handing_over_there_is_one_heir(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.workflow(digest(), in_app(COUNT))
    transactions = collect(office, 4)
    cancel(office, transactions[0])
    follow = handing_over._follow

    def dies(*_: Any) -> None:
        raise RuntimeError("killed")

    monkeypatch.setattr(handing_over, "_follow", dies)
    office.pump_once()
    monkeypatch.setattr(handing_over, "_follow", follow)
    office.clock.advance_s(4_000)  # the lease of the dead worker, and the heir's window, are over
    office.wake(transactions[1])
    office.pump()
    office.wake(transactions[0])
    office.pump()
    office.wait_s(3_700)
    assert office.feed() == ["3: 1 2 3 "]
    assert [office.jobs(one)[0] for one in transactions] == [
        "digest canceled", "digest completed", "digest merged", "digest merged",
    ]  # fmt: skip
