"""Digests on the local cloud: a hundred events at once on real threads, and as many as one can collect."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from chalicelib.adapters import aws, queue
from chalicelib.channels import waiting, workers
from chalicelib.channels.models import runs
from chalicelib.core import cache, config
from chalicelib.storage.expressions import Change
from chalicelib.storage.tables import CHANNELS
from infra.harness.stack import free_port
from infra.local import stack
from tests.client import Client
from tests.conftest import ENVIRONMENT, Clock
from tests.queues import deliver, drain, receive

EVENTS, THREADS = 100, 10


class Mailbox:
    """Keeps what it is sent."""

    def __init__(self) -> None:
        self.mails: list[bytes] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.mails.append(envelope.content)
        return "250 OK"


@pytest.fixture
def local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, still: Clock) -> Iterator[Client]:
    """One process on a cloud of its own: a file, real locks, no emulator."""
    for name, value in {**ENVIRONMENT, "MILLRACE_DATA_DIR": str(tmp_path / "data")}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("MILLRACE_EGRESS_ALLOW", "127.0.0.1:*")
    config.forget()
    cache.forget_all()
    made = stack.prepare()
    yield Client("default")
    made.close()
    aws.reset()
    queue.forget()
    config.forget()
    cache.forget_all()


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, int]]:
    box, port = Mailbox(), free_port()
    server = Controller(box, hostname="127.0.0.1", port=port)
    server.start()
    yield box, port
    server.stop()


def set_up(client: Client, port: int) -> None:
    group = client.get("/v1/notification-groups").body["data"][0]["_id"]
    credentials = {"host": "127.0.0.1", "port": str(port), "from": "shop@example.com"}
    account = {"providerId": "nodemailer", "channel": "email", "active": True, "check": False}
    assert client.post("/v1/integrations", {**account, "credentials": credentials}).status == 201
    steps = [
        {"template": {"type": "digest"}, "metadata": {"type": "regular", "amount": 5, "unit": "minutes"}},
        {"template": {"type": "email", "subject": "{{step.total_count}} news", "contentType": "customHtml",
                      "content": "{{#each step.events}}[{{n}}]{{/each}}"}},
    ]  # fmt: skip
    flow = {"name": "news", "notificationGroupId": group, "active": True, "steps": steps}
    assert client.post("/v1/workflows", flow).status == 201


def at_once(work: Any) -> list[Any]:
    """Run something on every thread; give what came back."""
    found: list[Any] = []
    start = threading.Barrier(THREADS)

    def run(number: int) -> None:
        start.wait()
        found.extend(work(number))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def test_a_hundred_events_at_once_are_one_mail(local: Client, mailbox: tuple[Mailbox, int], still: Clock) -> None:
    set_up(local, mailbox[1])
    to = {"subscriberId": "ann", "email": "ann@example.com"}

    def trigger(number: int) -> list[int]:
        own = range(number * EVENTS // THREADS, (number + 1) * EVENTS // THREADS)
        bodies = ({"name": "news", "to": to, "payload": {"n": one}, "transactionId": f"t{one}"} for one in own)
        return [local.post("/v1/events/trigger", body).status for body in bodies]

    def work(_: int) -> list[int]:
        failed = []
        while messages := receive("channels_notify", 3):
            failed.append(deliver("channels_notify", workers.notify, messages))
        return failed

    assert at_once(trigger) == [201] * EVENTS
    assert sum(at_once(work)) == 0
    assert mailbox[0].mails == []
    still.advance_s(301)
    for row in runs.runs_of("default", holder()):
        queue.send("channels_notify", runs.run_message(row["pk"], row["sk"]))
    drain("channels_notify", workers.notify)
    (mail,) = mailbox[0].mails
    assert b"Subject: 100 news" in mail
    text = mail.decode().replace("=\r\n", "")
    assert all(f"[{number}]" in text for number in range(EVENTS))
    jobs = [job(f"t{number}") for number in range(EVENTS)]
    assert (jobs.count("completed"), jobs.count("merged")) == (1, EVENTS - 1)


def test_three_thousand_events_are_one_message(local: Client, still: Clock) -> None:
    group = local.get("/v1/notification-groups").body["data"][0]["_id"]
    content = "{{step.total_count}} {{step.events.length}} {{#each step.events}}x{{/each}}"
    steps = [
        {"template": {"type": "digest"}, "metadata": {"type": "regular", "amount": 5, "unit": "minutes"}},
        {"template": {"type": "in_app", "content": content}},
    ]
    local.post("/v1/workflows", {"name": "news", "notificationGroupId": group, "active": True, "steps": steps})

    def trigger(name: str) -> None:
        assert local.post("/v1/events/trigger", {"name": "news", "to": "ann", "transactionId": name}).status == 201
        drain("channels_notify", workers.notify)

    trigger("first")
    event = CHANNELS.get(runs.event_key("default", "first"))
    assert event is not None
    others = [f"{number:024d}" for number in range(1, waiting.MOST - 1)]  # one more will come
    for name in others:
        key = runs.event_key("default", name)
        CHANNELS.put({**event, **key._asdict(), "doc": {**event["doc"], "tx": name}})
    entries = {runs.entry_name(name): [name, event["doc"]["at"]] for name in ["first", *others]}
    size = sum(runs.entry_bytes(entry) for entry in entries.values())
    CHANNELS.update(
        runs.run_key("default", "first", "ann"), Change(put={"dg": entries, "dgn": len(entries), "dgs": size})
    )
    trigger("last")
    trigger("beyond")
    assert (job("last"), job("beyond")) == ("merged", "delayed")
    still.advance_s(301)
    for name in ("first", "beyond"):
        queue.send("channels_notify", {"w": "default", "tx": name, "s": "ann"})
    drain("channels_notify", workers.notify)
    feed = local.get("/v1/subscribers/ann/notifications/feed").body["data"]
    assert sorted(one["content"] for one in feed) == ["1 1 x", f"3000 3000 {'x' * 3_000}"]


def holder() -> str:
    """Name the event whose notification collects."""
    (found,) = [f"t{number}" for number in range(EVENTS) if runs.runs_of("default", f"t{number}")[0]["st"] == "WAIT"]
    return found


def job(transaction: str) -> str:
    """Say what became of the digest of an event."""
    found = runs.job_of(runs.runs_of("default", transaction)[0], 0)
    return str((found or {})["st"])
