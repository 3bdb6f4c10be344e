"""Messages that were given up: the notification goes on later, or ends where one can see why."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.adapters import queue
from chalicelib.channels import burying, running
from chalicelib.channels.models import runs
from chalicelib.durable import leases
from chalicelib.subscriptions import workers
from tests.queues import bodies, drain
from tests.workers.channels.office import Office, delay, in_app

WORDS = "its message was given up"


def fall(office: Office, monkeypatch: pytest.MonkeyPatch) -> str:
    """Have a worker fall at the first step; give the transaction's id."""

    def falls(*_: Any) -> None:
        raise RuntimeError("fallen")

    with monkeypatch.context() as patch:
        patch.setattr(running, "run_channel_step", falls)
        transaction = office.trigger()
        office.pump_once()
    return transaction


def letter(office: Office, transaction: str, **more: Any) -> dict[str, Any]:
    return {"w": office.client.key, "tx": transaction, "s": "ann", **more}


def test_it_is_tried_again_after_a_minute_and_later_and_later(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.workflow(in_app("Hi"))
    transaction = fall(office, monkeypatch)
    drain("channels_notify", lambda _: None)
    sent: list[tuple[Any, ...]] = []
    monkeypatch.setattr(burying.queue, "send", lambda *given: sent.append(given))
    burying.bury(letter(office, transaction), WORDS)
    ((name, body, delay_s),) = sent
    assert (name, body, delay_s) == ("channels_notify", letter(office, transaction, again=1), 60)
    for repeats in range(1, burying.MOST_REPEATS):
        burying.bury(letter(office, transaction, again=repeats), WORDS)
    assert [one[2] for one in sent] == [60, 120, 240, 480, 900, 900, 900, 900]
    office.clock.advance_s(delay_s + 60)  # the lease of who fell is over, too
    running.run(body, office.clock() + 60_000)
    assert office.feed() == ["Hi"]


def test_after_many_repeats_it_ends_as_failed(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.workflow(in_app("Hi"), in_app("and more"))
    transaction = fall(office, monkeypatch)
    drain("channels_notify", lambda _: None)
    burying.bury(letter(office, transaction, again=burying.MOST_REPEATS), WORDS)
    assert office.jobs(transaction)[0] == "in_app failed"
    assert office.details(transaction) == [WORDS]
    assert bodies("channels_notify") == []
    office.clock.advance_s(3_600)
    office.wake(transaction)
    office.pump()
    assert office.feed() == []


def test_who_still_works_at_it_writes_no_more(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.workflow(in_app("Hi"), in_app("and more"))
    write = running.run_channel_step

    def slow(*given: Any) -> Any:
        burying.bury(letter(office, transaction, again=burying.MOST_REPEATS), WORDS)
        return write(*given)

    monkeypatch.setattr(running, "run_channel_step", slow)
    transaction = office.trigger(transactionId="one")
    transaction = "one"
    office.pump()
    assert office.jobs(transaction)[0] == "in_app failed"
    assert office.feed() == ["Hi"]


def test_one_that_waits_is_left_to_its_due_time(office: Office) -> None:
    office.workflow(delay(1), in_app("Hi"))
    transaction = office.trigger()
    office.pump()
    burying.bury(letter(office, transaction, again=burying.MOST_REPEATS), WORDS)
    office.wait_s(3_700)
    assert office.feed() == ["Hi"]


def test_the_worker_of_dead_letters_hands_them_over(
    office: Office, no_delays: None, monkeypatch: pytest.MonkeyPatch
) -> None:

    office.workflow(in_app("Hi"))
    transaction = fall(office, monkeypatch)
    drain("channels_notify", lambda _: None)
    queue.send("dead_letters", letter(office, transaction))
    drain("dead_letters", workers.bury)
    assert [body["again"] for body in bodies("channels_notify")] == [1]
    row = runs.runs_of(office.client.key, transaction)[0]
    assert row["st"] == "RUN" and row["until"] != leases.FREE
