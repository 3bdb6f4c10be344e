"""What the acts of a conversation write, read and send, exactly, beside the floor: what nobody could do without.

The floor: accepting 1 write and 1 send, each list or tag that finds the object 1; handing over 2, the take and the
commit. The table in docs/CHAT.md is held to these figures.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from chalicelib.chat import workers
from tests.api.chat.world import BOT_URL, URL, World
from tests.client import Client
from tests.counting import counting
from tests.fakes.http_client import FakeHttp
from tests.queues import drain

ROW = re.compile(r"^\| ([^|]+?) +\| +(\d+) +\| +(\d+) +\| +(\d+) +\| +(\d+) W, (\d+) M +\|", re.MULTILINE)
ROOT = Path(__file__).parents[3]
BURST = 10
Cost = tuple[int, int, int]


class Talk(World):
    """A conversation in which everybody has spoken already, and caches are warm."""

    def __init__(self, client: Client, http: FakeHttp) -> None:
        super().__init__(client)
        for _ in range(100):
            http.answer(URL)
            http.answer(BOT_URL)
        drain("chat_setup", workers.chat_setup)
        self.ann, self.room = self.user(id="ann")["id"], self.conversation(id="C1")["id"]
        self.hear(self.ann, self.room)
        self.say(self.room)
        self.hand_over()

    def hand_over(self, batch_size: int = 1) -> None:
        drain("chat_deliver", workers.chat_deliver, batch_size=batch_size)

    def cost(self, act: Callable[[], object]) -> Cost:
        with counting() as calls:
            act()
        return calls["writes"], calls["reads"], calls["sends"]


@pytest.fixture
def talk(client: Client, http: FakeHttp) -> Talk:
    return Talk(client, http)


def measured(talk: Talk) -> dict[str, Cost]:
    both_tags = talk.message_body(talk.bot, talk.room, tags={"seen": "1", "chat:ts": "2"})
    found = {
        "createMessage": talk.cost(lambda: talk.hear(talk.ann, talk.room)),
        "createMessage with two tags": talk.cost(lambda: talk.as_bot("POST", "/messages", both_tags)),
    }
    talk.hand_over()
    bob = talk.user(id="bob")["id"]
    found["createMessage, the first of a user there"] = talk.cost(lambda: talk.hear(bob, talk.room))
    found["handing over a message"] = talk.cost(talk.hand_over)
    for _ in range(BURST):
        talk.hear(talk.ann, talk.room)
    found[f"handing over {BURST} that wait"] = talk.cost(talk.hand_over)
    found["createUser with a tag"] = talk.cost(lambda: talk.user(id="cy"))
    again = {"tags": {"chat:id": "cy"}}
    found["getOrCreateUser, there already"] = talk.cost(
        lambda: talk.as_integration("POST", "/users/get-or-create", again)
    )
    found["createEvent"] = talk.cost(lambda: talk.as_bot("POST", "/events", {"type": "tick", "payload": {}}))
    found["handing over an event"] = talk.cost(talk.hand_over)
    return found


def test_the_table_is_what_is_counted_and_nothing_is_above_twice_its_floor(talk: Talk) -> None:
    rows = ROW.findall((ROOT / "docs/CHAT.md").read_text())
    assert {name: (int(w), int(r), int(m)) for name, w, r, m, _, _ in rows} == measured(talk)
    for name, writes, _, sends, least_writes, least_sends in rows:
        assert int(writes) <= 2 * int(least_writes), name
        assert int(sends) == int(least_sends), name


def test_a_burst_handled_side_by_side_stays_within_twice_the_floor(talk: Talk) -> None:
    for _ in range(BURST):
        talk.hear(talk.ann, talk.room)
    writes, _, sends = talk.cost(lambda: talk.hand_over(BURST))
    assert (writes <= 2 * 2 * BURST, sends) == (True, 0)
