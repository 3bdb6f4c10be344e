"""A queue with virtual time: delays, hiding and receive counts are kept; nothing is visible before its time."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest

from chalicelib.adapters import queue
from chalicelib.adapters.queue import Letter
from chalicelib.chat import workers
from tests.conftest import Clock

HANDLERS = {"chat_deliver": workers.chat_deliver, "chat_setup": workers.chat_setup}
MAX_RECEIVES = 8


@dataclass
class Sent:
    """One message in the queue."""

    queue: str
    body: dict[str, Any]
    at_ms: int
    number: int
    receives: int = 0


@dataclass
class Post:
    """All queues of chat; `dead` holds what was received too often."""

    still: Clock
    waiting: list[Sent] = field(default_factory=list)
    dead: list[Sent] = field(default_factory=list)
    hidden: dict[str, float] = field(default_factory=dict)
    count: int = 0

    def send(self, name: str, body: dict[str, Any], delay_s: float = 0) -> None:
        self.count += 1
        delay_ms = min(900, -(-delay_s // 1)) * 1000
        self.waiting.append(Sent(name, json.loads(json.dumps(body)), self.still.at_ms + int(delay_ms), self.count))

    def send_many(self, name: str, letters: Iterable[Letter]) -> None:
        for letter in letters:
            self.send(name, letter.body, letter.delay_s)

    def hide(self, _name: str, receipt: str, seconds: float) -> None:
        self.hidden[receipt] = seconds

    def take(self, name: str = "chat_deliver") -> list[Sent]:
        """Take out what is visible now, the oldest first."""
        found = [one for one in self.waiting if one.queue == name and one.at_ms <= self.still.at_ms]
        self.waiting = [one for one in self.waiting if one not in found]
        return sorted(found, key=lambda one: (one.at_ms, one.number))

    def give(self, sent: Sent) -> None:
        """Hand one message to its worker; what it does not finish comes again when it said."""
        sent.receives += 1
        if sent.receives > MAX_RECEIVES:
            self.dead.append(sent)
            return
        record = {
            "messageId": str(sent.number),
            "receiptHandle": str(sent.number),
            "body": json.dumps(sent.body),
            "attributes": {"ApproximateReceiveCount": str(sent.receives)},
        }
        answer = HANDLERS[sent.queue]({"Records": [record]}, None)
        if answer["batchItemFailures"]:
            sent.at_ms = self.still.at_ms + int(self.hidden.pop(str(sent.number), 60) * 1000)
            self.waiting.append(sent)

    def work(self, name: str = "chat_deliver", rounds: int = 500) -> None:
        """Handle what is visible now, and what comes of it."""
        for _ in range(rounds):
            found = self.take(name)
            if not found:
                return
            for sent in found:
                self.give(sent)
        raise AssertionError(f"{name} did not become empty")

    def pass_time(self, seconds: float) -> None:
        """Let time pass, minute by minute: the schedule runs, and messages are handled when they become visible."""
        end_ms = self.still.at_ms + int(seconds * 1000)
        while True:
            soon = [one.at_ms for one in self.waiting if one.at_ms > self.still.at_ms]
            minute = (self.still.at_ms // 60_000 + 1) * 60_000
            self.still.at_ms = min([end_ms, minute, *soon])
            if self.still.at_ms == minute:
                tick()
            self.work()
            if self.still.at_ms >= end_ms:
                return


def tick() -> None:
    """Run the schedule."""
    fields = ("version", "account", "region", "detail-type", "source", "time", "id")
    workers.chat_tick(dict.fromkeys(fields, "") | {"detail": {}, "resources": []}, None)


@pytest.fixture
def post(still: Clock, monkeypatch: pytest.MonkeyPatch) -> Post:
    """Stand in for the queues."""
    made = Post(still)
    monkeypatch.setattr(queue, "send", made.send)
    monkeypatch.setattr(queue, "send_many", made.send_many)
    monkeypatch.setattr(queue, "hide", made.hide)
    return made
