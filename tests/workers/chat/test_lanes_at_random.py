"""Lanes under disorder: any order, twice, workers that fall, outages, schedules; nothing lost, no order lost."""

from __future__ import annotations

import copy
import json
import random
from collections import defaultdict
from typing import Any

import pytest

from chalicelib.adapters.http_client import Headers, Request, Response
from chalicelib.chat import delivering
from chalicelib.core.errors import UpstreamFailed
from chalicelib.edge.worker import Message
from tests.api.chat.world import BOT_URL, World
from tests.client import Client
from tests.fakes.http_client import FakeHttp
from tests.workers.chat.post import Post, Sent

VISIBILITY_S = 60


class Disorder:
    """Plays the queue badly, by a seeded chance."""

    def __init__(self, world: World, post: Post, seed: int) -> None:
        self.world, self.post, self.chance = world, post, random.Random(seed)
        self.told: dict[str, list[str]] = defaultdict(list)
        self.falls = self.is_down = False

    def answer(self, request: Request) -> Response:
        if self.falls and self.chance.random() < 0.5:
            raise SystemExit
        if self.is_down:
            raise UpstreamFailed("down", retryable=True)
        payload = json.loads(request.body or b"")["event"]["payload"]
        self.told[payload["conversation"]["id"]].append(payload["message"]["payload"]["text"])
        if self.falls and self.chance.random() < 0.3:
            raise SystemExit  # told, and fallen before that was written down
        return Response(200, Headers(()), b"", False, 1.0, request.url)

    def give_one(self) -> None:
        """Give a message that is visible; perhaps twice, perhaps to a worker that falls."""
        found = self.post.take()
        if not found:
            return
        one = found.pop(self.chance.randrange(len(found)))
        self.post.waiting += found
        if self.chance.random() < 0.2:
            self.post.waiting.append(copy.deepcopy(one))
        self.falls = self.chance.random() < 0.25
        if self.falls:
            self._give_to_who_falls(one)
        else:
            self.post.give(one)
        self.falls = False

    def _give_to_who_falls(self, one: Sent) -> None:
        one.receives += 1
        letter = Message(str(one.number), one.body, one.receives, str(one.number), one.queue)
        try:
            delivering.handle(letter, self.post.still.at_ms + 60_000)
        except SystemExit:
            one.at_ms = self.post.still.at_ms + VISIBILITY_S * 1000
            self.post.waiting.append(one)
            return
        if letter.again_s is not None:
            one.at_ms = self.post.still.at_ms + int(letter.again_s * 1000)
            self.post.waiting.append(one)


@pytest.mark.parametrize("seed", range(6))
def test_everything_is_told_in_order(client: Client, http: FakeHttp, post: Post, seed: int) -> None:
    world = World(client)
    post.waiting.clear()
    play = Disorder(world, post, seed)
    http.act(BOT_URL, play.answer)
    ann = world.user(id="ann")["id"]
    rooms = [world.conversation(id=f"C{number}")["id"] for number in range(2)]
    said: dict[str, list[str]] = defaultdict(list)
    for number in range(30):
        room = play.chance.choice(rooms)
        more: dict[str, Any] = {}
        if play.chance.random() < 0.1:
            more = {"schedule": {"delay": play.chance.choice((500, 30_000, 200_000))}}
        world.hear(ann, room, f"{'later' if more else 'now'} {number}", **more)
        said[room].append(f"{'later' if more else 'now'} {number}")
        play.is_down = play.chance.random() < 0.1
        for _ in range(play.chance.randrange(3)):
            play.give_one()
        if play.chance.random() < 0.3:
            post.still.advance_s(play.chance.choice((0.5, 5, 70)))
    play.is_down = False
    post.pass_time(600)
    assert post.dead == []
    for room in rooms:
        first = list(dict.fromkeys(play.told[room]))
        assert sorted(first) == sorted(said[room])
        assert [one for one in first if one.startswith("now")] == [one for one in said[room] if one.startswith("now")]
