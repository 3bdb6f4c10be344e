"""Batches once they are closed: released page by page, told of, aged out; over the real packets of the API."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from chalicelib.adapters import blobs, queue
from chalicelib.core import figures, ids
from chalicelib.core.errors import Conflict, NotFound
from chalicelib.journeys import batches, notifications, queues, releasing
from chalicelib.journeys.models.automations import Automation
from chalicelib.journeys.schemas_tokens import BatchIn
from tests.fakes.blobs import MemoryBlobs
from tests.workers.journeys import graphs
from tests.workers.journeys.world import MINUTE_MS, N, W, World

HOUR_S = 3600
SOURCE = "22222222-0000-4000-8000-000000000000"
LONG = graphs.row(graphs.mail(1), graphs.wait(2, 48), graphs.end())


@dataclass
class Sender:
    """Sends packets as the API does, below credentials and routes."""

    world: World
    head: Automation
    kept: MemoryBlobs = field(default_factory=MemoryBlobs)

    def send(self, packet: str | None, names: list[str], **more: Any) -> dict[str, Any]:
        people = [{"attributes": {"email": f"{name}@example.com", "name": name}} if name else {} for name in names]
        body = {"customers": people, **({"packet": packet} if packet else {}), "sourceUuid": SOURCE, **more}
        raw = json.dumps(body).encode()
        call = self._call(BatchIn.read(body), raw)
        return dict(batches.add(call).body)

    def drop(self) -> None:
        call = self._call(None, b"")
        call.required_query = lambda _name: SOURCE
        batches.drop(call)

    def row(self) -> dict[str, Any] | None:
        found = [row for key, row in self.world.tables["journeys"].rows.items() if key.pk.endswith(f"#BAT#{SOURCE}")]
        return next((row for row in found if row["sk"] == "B"), None)

    def _call(self, body: Any, raw: bytes) -> Any:
        return SimpleNamespace(
            workspace_id=W, body=body, raw_body=raw, answer_headers={}, new_id=lambda _kind: ids.new_uuid()
        )


@pytest.fixture
def sender(world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Sender:
    head = world.automation(LONG)
    made = Sender(world, head)
    monkeypatch.setattr(blobs, "blobs", lambda: made.kept)
    monkeypatch.setattr("chalicelib.journeys.automations.find", lambda _call: world.head(made.head))
    sealed = SimpleNamespace(seal=lambda _w, _c, text: text.decode(), open=lambda _w, _c, text: text.encode())
    monkeypatch.setattr(notifications, "vault", lambda: sealed)
    return made


def test_nobody_moves_before_the_last_packet(world: World, sender: Sender) -> None:
    sender.send("FIRST", ["a", "b"])
    assert sender.send("MIDDLE", ["c"])["status"] == "OPEN"
    world.run_for(HOUR_S)
    assert not world.tokens_of(sender.head)
    assert sender.send("LAST", ["d"])["status"] == "CLOSED"
    world.run_for(30)
    assert len(world.mails) == 4
    assert sender.row()["st"] == "ENABLED"
    assert not sender.kept.kept
    world.check_counters(sender.head)


def test_a_repeated_packet_is_acknowledged_and_not_stored_twice(world: World, sender: Sender) -> None:
    for _ in range(2):
        sender.send("FIRST", ["a", "b"])
    for _ in range(3):
        sender.send("MIDDLE", ["c"])
    for _ in range(2):
        sender.send("LAST", ["d"])
    world.run_for(30)
    assert sender.send("LAST", ["d"])["status"] == "ENABLED"
    world.run_for(30)
    assert len(world.tokens_of(sender.head)) == 4
    assert sender.row()["received"] == 4


def test_packets_after_the_end_are_refused(world: World, sender: Sender) -> None:
    with pytest.raises(NotFound):
        sender.send("MIDDLE", ["a"])
    sender.send("FIRST", ["a"])
    with pytest.raises(Conflict):
        sender.send("FIRST", ["other"])
    sender.send("LAST", [])
    with pytest.raises(Conflict):
        sender.send("MIDDLE", ["b"])
    with pytest.raises(Conflict):
        sender.drop()


def test_an_open_batch_can_be_dropped_and_an_abandoned_one_ages_out(
    world: World, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, str]] = []
    sender.send("FIRST", ["a"])
    sender.drop()
    assert sender.row() is None and not sender.kept.kept
    sender.send("FIRST", ["b"])
    world.run_for(20 * HOUR_S)
    sender.send("MIDDLE", ["c"])
    world.run_for(23 * HOUR_S)
    assert sender.row() is not None
    monkeypatch.setattr(figures, "add", lambda name, *_, workspace_id="": told.append((name, workspace_id)))
    world.run_for(2 * HOUR_S)
    assert ("JourneyBatchesAgedOut", W) in told
    assert sender.row() is None and not sender.kept.kept
    with pytest.raises(NotFound):
        sender.send("LAST", ["d"])


def test_the_sender_is_told_of_rejected_customers_and_discards(world: World, sender: Sender) -> None:
    head = sender.head = world.automation(LONG, unique_token=True)
    told = {"url": "https://example.com/told", "reference": "r1", "headers": {"X-Own": "1"}}
    sender.send(None, ["a", "a", "", "b"], notification=told, sourceLabel="list")
    world.run_for(30)
    ((request,),) = world.calls.values()
    assert request.headers["X-Own"] == "1" and request.headers["webhook-signature"].startswith("v1,")
    outcome = json.loads(request.body)
    assert outcome["customers"] == {"received": 4, "enabled": 2, "discarded": 1, "rejected": 1}
    assert (outcome["outcome"], outcome["reference"], outcome["sourceLabel"]) == ("ERROR", "r1", "list")
    assert outcome["errors"][0]["path"] == "/customers/2"
    assert sender.row()["st"] == "ENABLED_ERROR_NOTIFIED"
    assert world.counted(head)["-"]["discarded"] == 1


@pytest.mark.parametrize(("answers", "state"), [([500] * 4 + [204], "OK_NOTIFIED"), ([500] * 9, "OK_NOT_NOTIFIED")])
def test_telling_is_tried_five_times_in_about_an_hour(
    world: World, sender: Sender, answers: list[int], state: str
) -> None:
    left = iter(answers)
    world.answer = lambda _request: next(left)
    began = world.now_ms
    sender.send(None, ["a"], notification={"url": "https://example.com/told"})
    while sender.row()["st"].endswith("NOTIFYING") or sender.row()["st"] == "CLOSED":
        world.run_for(60)
    assert sender.row()["st"] == f"ENABLED_{state}"
    assert sum(len(calls) for calls in world.calls.values()) == 5
    assert 55 * MINUTE_MS <= world.now_ms - began <= 75 * MINUTE_MS


def test_a_release_is_cut_short_when_the_automation_closes(world: World, sender: Sender) -> None:
    sender.send(None, ["a", "b"], notification={"url": "https://example.com/told"})
    world.move(sender.head, "PAUSED")
    world.move(sender.head, "TO_ARCHIVE")
    world.run_for(60)
    assert sender.row()["st"] == "ENABLED_ERROR_NOTIFIED"
    assert not world.tokens_of(sender.head)
    assert world.head(sender.head).status == "ARCHIVED"


def test_a_release_that_falls_at_any_call_lets_everybody_in_once(world: World, sender: Sender) -> None:
    names = [f"p{number}" for number in range(100)]
    for place in range(1, 60, 2):
        sender.head = world.automation(LONG, unique_token=True)
        source = f"22222222-0000-4000-8000-{place:012d}"
        sender.send(None, [*names, "p0"], sourceUuid=source)
        world.kill_at = world.point + place
        world.run_for(HOUR_S)
        world.kill_at = -1
        assert len(world.tokens_of(sender.head)) == 100
        assert world.counted(sender.head)["-"]["discarded"] == 1
        world.check_counters(sender.head)
    assert world.kills >= 29


def test_a_copy_of_the_message_finds_a_released_batch_and_leaves_it_alone(world: World, sender: Sender) -> None:
    sender.send(None, ["a"])
    world.run_for(30)
    released = dict(sender.row() or {})
    assert releasing.work_on({"w": W, "n": N, "b": SOURCE, "job": "batch"}) is None
    assert sender.row() == released


def test_two_open_batches_cannot_both_win_a_unique_customer(world: World, sender: Sender) -> None:
    sender.head = world.automation(LONG, unique_token=True)
    sender.send("FIRST", ["a"])
    sender.send("FIRST", ["a"], sourceUuid=SOURCE[:-1] + "1")
    sender.send("LAST", [])
    sender.send("LAST", [], sourceUuid=SOURCE[:-1] + "1")
    world.run_for(60)
    assert len(world.tokens_of(sender.head)) == 1


def test_a_release_that_another_worker_took_over_counts_every_page_once(world: World, sender: Sender) -> None:
    sender.send("FIRST", [f"p{number}" for number in range(30)])

    def another_takes_over() -> None:
        world.now_ms += releasing.LEASE_MS + 1_000
        queue.send(queues.JOB, {"w": W, "n": N, "b": SOURCE, "job": "batch"})
        world.work()

    sender.send("LAST", ["last"])
    world.between_reads_and_writes(another_takes_over)
    world.run_for(10 * 60)
    row = sender.row()
    assert row is not None and (row["st"], row["enabled"]) == ("ENABLED", 31)
    assert len(world.tokens_of(sender.head)) == 31
    world.check_counters(sender.head)


def test_what_is_known_of_packets_goes_with_the_batch(world: World, sender: Sender) -> None:
    sender.send(None, ["a"])
    world.run_for(60)
    rows = [row for key, row in world.tables["journeys"].rows.items() if key.pk.endswith(f"#BAT#{SOURCE}")]
    assert len({row["exp"] for row in rows}) == 1 < len(rows)
    assert sender.send(None, ["a"])["status"] == "ENABLED"
