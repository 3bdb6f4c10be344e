"""Delays and digests: what waits, what merges, what is called off."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from botocore.client import BaseClient

from chalicelib.adapters import queue
from chalicelib.channels import workers
from chalicelib.channels.models import runs
from chalicelib.storage.tables import CHANNELS
from tests.queues import deliver, receive
from tests.workers.channels.office import Office, delay, digest, in_app

COUNT = "{{step.total_count}}: {{#each step.events}}{{n}} {{/each}}"


def test_a_delay_holds_the_steps_after_it_until_its_time(office: Office) -> None:
    office.workflow(in_app("a"), delay(2), in_app("b"))
    transaction = office.trigger()
    office.pump()
    assert (office.feed(), office.jobs(transaction)) == (["a"], ["in_app completed", "delay delayed", "in_app pending"])
    office.wait_s(3_600)
    assert office.feed() == ["a"]
    office.wait_s(3_700)
    assert (office.feed(), office.jobs(transaction)[1:]) == (["b", "a"], ["delay completed", "in_app completed"])


def test_a_delay_of_months_keeps_what_it_needs(office: Office) -> None:
    office.workflow(delay(90, "days"), in_app("b {{n}}"))
    transaction = office.trigger(payload={"n": 1})
    office.pump()
    event = CHANNELS.get(runs.event_key(office.client.key, transaction)) or {}
    (run,) = runs.runs_of(office.client.key, transaction)
    for row in (event, run):
        assert row["exp"] >= office.clock.at_ms // 1000 + 91 * 86_400
    office.wait_s(90 * 86_400 + 1)
    assert office.feed() == ["b 1"]


def test_a_scheduled_delay_takes_its_time_from_the_payload(office: Office) -> None:
    step = {"template": {"type": "delay"}, "metadata": {"type": "scheduled", "delayPath": "at"}}
    office.workflow(step, in_app("b"))
    office.trigger(payload={"at": "2026-01-01T12:30:00Z"})
    late = office.trigger(payload={"at": "2025-01-01T12:30:00Z"})
    office.pump()
    office.wait_s(1_801)
    assert office.feed() == ["b"]
    assert office.jobs(late) == ["delay failed", "in_app canceled"]


def test_a_delayed_notification_can_be_called_off_once(office: Office) -> None:
    office.workflow(delay(2), in_app("b"))
    transaction = office.trigger()
    office.pump()
    assert office.client.delete(f"/v1/events/trigger/{transaction}").body == {"data": True}
    office.pump()
    assert office.client.delete(f"/v1/events/trigger/{transaction}").body == {"data": False}
    office.wait_s(8_000)
    assert (office.feed(), office.jobs(transaction)) == ([], ["delay canceled", "in_app canceled"])


def test_a_digest_gives_one_message_with_all_events_in_order(office: Office) -> None:
    office.workflow(digest(), in_app(COUNT))
    transactions = []
    for number in range(3):
        transactions.append(office.trigger(payload={"n": number}))
        office.clock.advance_s(1)
        office.pump()
    office.wait_s(3_700)
    assert office.feed() == ["3: 0 1 2 "]
    assert [office.jobs(one)[0] for one in transactions] == ["digest completed", "digest merged", "digest merged"]
    office.trigger(payload={"n": 9})
    office.pump()
    office.wait_s(3_700)
    assert office.feed() == ["1: 9 ", "3: 0 1 2 "]


def test_events_with_another_value_at_the_key_are_collected_apart(office: Office) -> None:
    office.workflow(digest(digestKey="post.id"), in_app(COUNT))
    for number, post in enumerate(["x", "y", "x"]):
        office.trigger(payload={"n": number, "post": {"id": post}})
        office.clock.advance_s(1)
    office.pump()
    office.wait_s(3_700)
    assert sorted(office.feed()) == ["1: 1 ", "2: 0 2 "]


def test_a_backoff_lets_the_first_event_pass_at_once(office: Office) -> None:
    office.workflow(digest(type="backoff", backoffAmount=1, backoffUnit="hours"), in_app("{{step.digest}} {{n}}"))
    for number in range(3):
        office.trigger(payload={"n": number})
        office.pump()
        office.clock.advance_s(1)
    assert office.feed() == ["false 0"]
    office.wait_s(3_700)
    assert len(office.feed()) == 2


def test_a_cancelled_digest_goes_over_to_its_oldest_follower(office: Office) -> None:
    office.workflow(digest(), in_app(COUNT))
    transactions = []
    for number in range(3):
        transactions.append(office.trigger(payload={"n": number}))
        office.pump()
        office.clock.advance_s(1)
    assert office.client.delete(f"/v1/events/trigger/{transactions[0]}").body == {"data": True}
    office.pump()
    office.trigger(payload={"n": 3})
    office.pump()
    office.wait_s(3_700)
    assert office.feed() == ["3: 1 2 3 "]


def test_a_merged_event_can_be_called_off(office: Office) -> None:
    office.workflow(digest(), in_app(COUNT))
    office.trigger(payload={"n": 0})
    office.pump()
    second = office.trigger(payload={"n": 1})
    office.pump()
    assert office.client.delete(f"/v1/events/trigger/{second}").body == {"data": True}
    office.wait_s(3_700)
    assert office.feed() == ["1: 0 "]


@contextmanager
def one_call_at_a_time() -> Iterator[None]:
    """Let the emulator, which is not made for threads, see one call at a time; what lies between still interleaves."""
    made, lock = BaseClient._make_api_call, threading.Lock()

    def call(client: Any, operation: str, request: Any) -> Any:
        with lock:
            return made(client, operation, request)

    with mock.patch.object(BaseClient, "_make_api_call", call):
        yield


def test_events_at_once_make_one_message(office: Office) -> None:
    office.workflow(digest(), in_app("{{step.total_count}}"))
    for number in range(40):
        office.trigger(payload={"n": number})
    batches: list[list[dict[str, Any]]] = []
    while found := receive("channels_notify"):
        batches.append(found)
    failed: list[int] = []
    threads = [
        threading.Thread(
            target=lambda own=own: [failed.append(deliver("channels_notify", workers.notify, one)) for one in own]
        )
        for own in (batches[number::8] for number in range(8))
    ]
    with one_call_at_a_time():
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sum(failed) == 0
    office.wait_s(3_700)
    assert office.feed() == ["40"]


def test_a_message_that_comes_twice_does_nothing_twice(office: Office) -> None:
    office.workflow(in_app("a"), delay(1), in_app("b"))
    transaction = office.trigger()
    body = {"w": office.client.key, "tx": transaction}
    for _ in range(3):
        queue.send("channels_notify", body)
    office.pump()
    office.wait_s(3_700)
    for _ in range(3):
        queue.send("channels_notify", body)
    office.pump()
    assert office.feed() == ["b", "a"]
