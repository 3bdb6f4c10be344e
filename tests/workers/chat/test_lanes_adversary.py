"""The worst of days, by a seeded chance: workers killed before and after any write, lost answers, copies, dead letters.

A copy that ends takes the original out of the queue, as SQS may. Messages, events of a conversation and without one,
scheduled ones, clocks and states go through it; each is told, first in its order, under one id, and nothing waits.
"""

from __future__ import annotations

import copy
import json
import random
from collections import defaultdict
from typing import Any

import pytest

from chalicelib.adapters.http_client import Headers, Request, Response
from chalicelib.chat import burying, workers
from chalicelib.core.errors import Unavailable, UpstreamFailed
from chalicelib.edge.worker import Message
from chalicelib.storage import table
from chalicelib.storage.tables import CHAT
from tests.api.chat.world import BOT_URL, OPEN, URL, World
from tests.client import Client
from tests.fakes.http_client import FakeHttp
from tests.workers.chat.post import Post, Sent

Json = dict[str, Any]
CLOCK = {"schedule": {"cron": "*/10 * * * *"}, "type": "tick", "payload": {"by": "clock"}}
MOOD = {"type": "bot", "schema": {"type": "object"}, "expiry": 120_000}


class WorstDay:
    """Handles messages one at a time, or one inside another, and falls where chance says so."""

    def __init__(self, post: Post, seed: int) -> None:
        self.post, self.chance, self.harm = post, random.Random(seed), 0.0
        self.told: list[tuple[str, str, str]] = []  # conversation, what, event's id
        self.at_work: list[Sent] = []
        self.taken_away: set[int] = set()
        self.call = table._call

    def aws(self, operation: str, **request: Any) -> Any:
        """Stand before DynamoDB: a call may not arrive, or its answer may not."""
        before, after = self.chance.random() < self.harm, self.chance.random() < self.harm
        if before and self.at_work:
            self.hurt()
        answer = self.call(operation, **request)
        if after and self.at_work:
            self.hurt()
        return answer

    def hurt(self) -> None:
        if self.chance.random() < 0.5:
            raise SystemExit
        raise Unavailable("lost")

    def answer(self, request: Request) -> Response:
        """Play the bot: told, and perhaps killed after; meanwhile a copy or another message may be handled."""
        event = json.loads(request.body or b"")["event"]
        if self.harm and self.chance.random() < 0.1:
            raise UpstreamFailed("away", retryable=True)
        payload = event["payload"]
        room = payload["conversation"]["id"] if "conversation" in payload else payload.get("conversationId", "")
        what = payload["message"]["payload"]["text"] if "message" in payload else event["type"]
        self.told.append((room, what, event["id"]))
        if self.harm and len(self.at_work) < 3:
            if self.chance.random() < 0.4:
                again = copy.deepcopy(self.at_work[-1])
                again.receives = self.chance.choice((0, again.receives))
                if self.handle(again):
                    self.taken_away.add(again.number)
            if self.chance.random() < 0.3:
                self.one()
            if self.chance.random() < 0.2:
                raise SystemExit
        return Response(200, Headers(()), b"", False, 1.0, request.url)

    def one(self) -> None:
        """Handle one of the visible messages."""
        found = self.post.take()
        if not found:
            return
        sent = found.pop(self.chance.randrange(len(found)))
        self.post.waiting += found
        if sent.receives >= 8:
            at_work, self.at_work = self.at_work, []
            burying.bury(sent.body, "poison")
            self.at_work = at_work
        elif not self.handle(sent) and sent.number not in self.taken_away:
            self.post.waiting.append(sent)

    def handle(self, sent: Sent) -> bool:
        """Have a message handled; True when it is done with, else it is hidden until it comes again."""
        sent.receives += 1
        letter = Message(str(sent.number), sent.body, sent.receives, "", sent.queue)
        self.at_work.append(sent)
        try:
            workers._deliver(letter, self.post.still.at_ms + 60_000)
            hide_s = letter.again_s
        except SystemExit:
            hide_s = 60
        finally:
            self.at_work.pop()
        if hide_s is not None:
            sent.at_ms = self.post.still.at_ms + int(hide_s * 1000)
        return hide_s is None


@pytest.mark.parametrize("seed", range(5))
def test_everything_accepted_is_told(
    client: Client, http: FakeHttp, post: Post, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    http.act(URL, lambda request: Response(200, Headers(()), b"{}", False, 1.0, request.url))
    world = World(client, events={"tick": OPEN, "deed": OPEN}, states={"mood": MOOD}, recurringEvents={"clock": CLOCK})
    post.work("chat_setup")
    day = WorstDay(post, seed)
    http.act(BOT_URL, day.answer)
    monkeypatch.setattr(table, "_call", day.aws)
    ann, rooms = world.user(id="ann")["id"], [world.conversation(id=name)["id"] for name in ("C1", "C2")]
    said: dict[str, list[str]] = defaultdict(list)
    made: set[str] = set()
    for number in range(24):
        room, delay = day.chance.choice(rooms), day.chance.choice((0, 0, 0, 30_000, 400_000))
        later = {"schedule": {"delay": delay}} if delay else {}
        if day.chance.random() < 0.7:
            text = f"{'later' if later else 'now'} {number}"
            made.add(world.hear(ann, room, text, **later)["id"])
            said[room].append(text)
        else:
            payload = day.chance.choice(({}, {"conversationId": room}))
            answer = world.as_bot("POST", "/events", {"type": "deed", "payload": payload, **later})
            made.add(answer.body["event"]["id"])
        if number == 12:
            world.as_bot("POST", f"/states/bot/{world.bot}/mood", {"payload": {"is": "good"}}).ok()
        day.harm = 0.03
        for _ in range(day.chance.randrange(4)):
            day.one()
        day.harm = 0.0
        post.still.advance_s(day.chance.choice((0.01, 1, 20, 70)))
    post.pass_time(2_700)
    assert made <= {one for _, _, one in day.told}
    assert len({(room, what) for room, what, _ in day.told if what.startswith(("now", "later"))}) == len(
        {one for _, what, one in day.told if what.startswith(("now", "later"))}
    )
    for room in rooms:
        first = list(dict.fromkeys(what for where, what, _ in day.told if where == room and what.startswith("now")))
        assert first == [text for text in said[room] if text.startswith("now")]
    events = CHAT.query(f"{client.key}#E#{world.bot}").rows
    assert {row["st"] for row in events} == {"processed"}
    assert {"tick", "state_expired"} <= {what for _, what, _ in day.told}
    for room in rooms:
        assert [row for row in CHAT.query(f"{client.key}#CM#{world.bot}#{room}").rows if "p" in row] == []
        assert all("dueB" not in row for row in CHAT.query(f"{client.key}#L#{world.bot}#{room}").rows)
