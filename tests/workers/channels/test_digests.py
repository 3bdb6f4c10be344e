"""Digests at their bounds: full ones, large ones, and those that changed hands."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.adapters import queue
from chalicelib.channels import calling_off, handing_over, waiting
from chalicelib.channels.models import runs
from chalicelib.core.errors import Unavailable
from chalicelib.storage.expressions import Change
from chalicelib.storage.tables import CHANNELS
from tests.queues import bodies
from tests.workers.channels.office import Office, delay, digest, in_app

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


def test_an_event_collected_by_a_worker_that_fell_is_told_once(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """It fell between adding the event to a digest and noting that; meanwhile that one closed and the next opened."""
    office.workflow(digest(), in_app(COUNT))
    collect(office, 1)
    late = _fallen_after_collecting(office, monkeypatch, 1)
    office.wait_s(3_700)
    collect(office, 1)
    office.clock.advance_s(200)
    office.wake(late)
    office.pump()
    office.wait_s(3_700)
    assert sorted(office.feed()) == ["1: 0 ", "2: 0 1 "]
    assert office.jobs(late)[0] == "digest merged"


def test_an_event_whose_digest_went_to_nobody_opens_its_own(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.workflow(digest(), in_app(COUNT))
    (first,) = collect(office, 1)
    late = _fallen_after_collecting(office, monkeypatch, 1)
    assert cancel(office, first).body == {"data": True}
    _recover(office, late)
    assert office.feed() == ["1: 1 "]


def test_an_event_that_went_along_with_its_digest_is_told_by_the_heir(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.workflow(digest(), in_app(COUNT))
    first, _ = collect(office, 2)
    late = _fallen_after_collecting(office, monkeypatch, 2)
    assert cancel(office, first).body == {"data": True}
    _recover(office, late)
    assert office.feed() == ["2: 1 2 "]
    assert office.jobs(late)[0] == "digest merged"


def _recover(office: Office, transaction: str) -> None:
    """Let another worker go on with an event whose worker fell, and the digest's time pass."""
    office.pump()
    office.clock.advance_s(200)
    office.wake(transaction)
    office.pump()
    office.wait_s(3_700)


def _fallen_after_collecting(office: Office, monkeypatch: pytest.MonkeyPatch, number: int) -> str:
    """Trigger an event whose worker falls once it has added it to the open digest; give its transaction id."""
    real = runs.collect

    def falls(*given: Any) -> bool:
        real(*given)
        raise RuntimeError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(runs, "collect", falls)
        made = office.trigger(payload={"n": number})
        office.pump_once()
    bodies("channels_notify")  # its message would come again much later
    return made


def test_a_closed_digest_is_not_called_off_with_its_first_event(office: Office) -> None:
    """It tells of the events of others too, and only waits for its provider."""
    office.integration("resend", "email", apiKey="k", **{"from": "a@example.com"})
    office.http.answer("https://api.resend.com/emails", 503, b"", {"Retry-After": "10"})
    office.http.answer("https://api.resend.com/emails", 200, b'{"id": "x"}')
    mail = {"template": {"type": "email", "subject": "S", "contentType": "customHtml", "content": COUNT}}
    office.workflow(digest(), mail)
    first, second = collect(office, 2)
    office.wait_s(3_700)
    assert office.jobs(first) == ["digest completed", "email queued"]
    assert cancel(office, first).body == {"data": False}
    assert cancel(office, second).body == {"data": False}
    office.wait_s(60)
    assert office.jobs(first) == ["digest completed", "email completed"]


def test_a_digest_that_closes_while_it_is_called_off_keeps_the_events_of_others(office: Office) -> None:
    office.workflow(digest(), in_app(COUNT))
    first, _ = collect(office, 2)
    read = CHANNELS.get(runs.run_key(office.client.key, first, "ann"))
    assert read is not None and calling_off.is_waiting(read)
    office.wait_s(3_700)
    assert not calling_off.ask(read)
    assert office.feed() == ["2: 0 1 "]


def test_calling_off_again_after_a_lost_message_sends_another(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.workflow(delay(3, "days"), in_app("late"))
    transaction = office.trigger()
    office.pump()

    def fails(*_: Any) -> None:
        raise Unavailable("the queue is down")

    with monkeypatch.context() as patch:
        patch.setattr(queue, "send", fails)
        assert cancel(office, transaction).status == 503
    assert cancel(office, transaction).body == {"data": True}
    office.pump()
    assert office.jobs(transaction) == ["delay canceled", "in_app canceled"]


def test_a_follower_taken_out_by_a_call_that_fell_is_called_off_by_the_next(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first call fell between taking the event out of the digest and noting that; then the digest closed."""
    office.workflow(digest(), in_app(COUNT))
    _, second = collect(office, 2)

    def falls(*_: Any) -> bool:
        raise Unavailable("killed")

    with monkeypatch.context() as patch:
        patch.setattr(calling_off, "_end", falls)
        assert cancel(office, second).status == 503
    office.wait_s(3_700)
    assert office.feed() == ["1: 0 "]
    assert cancel(office, second).body == {"data": True}
    assert office.jobs(second)[0] == "digest canceled"
