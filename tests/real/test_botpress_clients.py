"""The published clients and SDK of the chat surface, unmodified, against a running platform."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from infra.harness.stack import Stack, free_port
from tests.real import packages
from tests.real.receiver import Receiver

CLIENTS = {"client-0.0.11": ("old", 85), "client-0.1.3": ("mid", 95), "client-0.3.8": ("new", 100)}  # key, least calls
KEYS = "default=default,old=old,mid=mid,new=new"
ROOMS, TEXTS = 6, 40
BEARER = {"Authorization": "Bearer default"}
Json = dict[str, Any]
BOT: Json = {"dev": True, "states": {"mood": {"type": "user", "schema": {"type": "object"}}}}


@pytest.fixture(scope="module")
def node() -> Path:
    """Install the clients."""
    return packages.install("botpress", "*.cjs")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    more = {"MILLRACE_TICK_S": "5", "MILLRACE_DEV_KEYS": KEYS, "MILLRACE_CHAT_PER_MINUTE": "1000000"}
    with Stack(tmp_path_factory.mktemp("chat"), **more) as running:
        yield running


@dataclass
class Programs:
    """The echo bot and the loop-back integration at their ports, and what came out of the integration."""

    stack: Stack
    bot_url: str
    integration_url: str
    outside: Receiver
    definition: Json
    bot: str = ""
    integration: str = ""
    hook: str = ""

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        answer = requests.request(method, self.stack.url + path, json=body, headers=BEARER, timeout=30)
        assert answer.ok, answer.text
        return answer.json()

    def end(self, integration: str) -> None:
        """Delete an integration as soon as its deleted bot has let go of it."""
        ends = time.monotonic() + 60
        while (
            requests.delete(f"{self.stack.url}/v1/admin/integrations/{integration}", headers=BEARER, timeout=30).ok
            is False
        ):
            assert time.monotonic() < ends
            time.sleep(0.2)

    def install(self) -> None:
        """Make bot and integration, as the SDK defines it, and wait until it is registered."""
        for one in self.ask("GET", "/v1/admin/integrations?name=loop")["integrations"]:
            self.end(one["id"])
        body = {**self.definition, "dev": True, "url": self.integration_url}
        self.integration = self.ask("POST", "/v1/admin/integrations", body)["integration"]["id"]
        self.bot = self.ask("POST", "/v1/admin/bots", BOT | {"url": self.bot_url})["bot"]["id"]
        path = f"/v1/admin/bots/{self.bot}"
        self.ask("PUT", path, {"integrations": {self.integration: {"enabled": True}}})
        ends = time.monotonic() + 30
        while time.monotonic() < ends:
            one = self.ask("GET", path)["bot"]["integrations"][self.integration]
            if one["status"] == "registered":
                self.hook = self.stack.url + "/v1/" + one["webhookUrl"].partition("/v1/")[2]
                return
            time.sleep(0.1)
        raise AssertionError(one)


@pytest.fixture
def programs(stack: Stack, node: Path) -> Iterator[Programs]:
    bot_port, integration_port = free_port(), free_port()
    with Receiver() as outside:
        environment = {"BP_API_URL": stack.url, "BP_TOKEN": "default", "PATH": "/usr/local/bin:/usr/bin:/bin"}
        command = ["node", "servers.cjs", str(bot_port), str(integration_port), f"{outside.url}/out"]
        running = subprocess.Popen(command, cwd=node, env=environment, stdout=subprocess.PIPE)
        try:
            assert running.stdout is not None
            definition = json.loads(running.stdout.readline())
            made = Programs(stack, port_url(bot_port), port_url(integration_port), outside, definition)
            made.install()
            yield made
            requests.delete(f"{stack.url}/v1/admin/bots/{made.bot}", headers=BEARER, timeout=30)
        finally:
            running.kill()
            running.communicate()


@pytest.mark.parametrize("client", CLIENTS)
def test_the_whole_life_of_everything_through_a_client(stack: Stack, node: Path, client: str) -> None:
    key, least = CLIENTS[client]
    command = ["node", "whole_life.cjs", stack.url, key, client]
    done = subprocess.run(command, cwd=node, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    log = json.loads(done.stdout.strip().splitlines()[-1])
    assert [entry for entry in log if entry[1] != "ok"] == []
    assert len(log) >= least


def test_programs_built_with_the_sdk_take_every_operation(programs: Programs) -> None:
    def noted(name: str) -> Any:
        """Wait until the programs have told the outside of something."""
        ends = time.monotonic() + 30
        while time.monotonic() < ends:
            for one in programs.outside.snapshot():
                body = json.loads(one.body)
                if name in body:
                    return body[name]
            time.sleep(0.1)
        raise AssertionError(name)

    as_bot = {**BEARER, "x-bot-id": programs.bot}

    def chat(path: str, body: Json) -> Any:
        answer = requests.post(f"{programs.stack.url}/v1/chat/{path}", json=body, headers=as_bot, timeout=30)
        return answer.json()

    made = {"integrationName": "loop", "tags": {"loop:id": "7"}}
    user = chat("users", made)["user"]
    room = chat("conversations", {**made, "channel": "room"})["conversation"]
    assert (user["tags"], room["tags"]) == ({"loop:id": "7"}, {"loop:id": "7"})
    assert requests.post(programs.hook, json={"room": "7", "text": "hi"}, timeout=30).text == "ok"
    assert noted("text") == "echo hi"
    assert chat("actions", {"type": "loop:ask", "input": {"a": 1}})["output"] == {"got": {"a": 1}}
    refused = chat("actions", {"type": "loop:ask", "input": {"a": 1, "fail": "not today"}})
    assert (refused["type"], refused["message"]) == ("Runtime", "not today")
    assert chat(f"states/user/{user['id']}/mood", {"payload": {"n": 1}, "expiry": 500})["state"]["payload"] == {"n": 1}
    assert noted("expired") == {"n": 1}
    assert noted("registered").startswith("http")
    programs.ask("PUT", f"/v1/admin/bots/{programs.bot}", {"integrations": {programs.integration: None}})
    assert noted("unregistered") == noted("registered")


def test_fifty_who_ask_at_once_get_the_same(programs: Programs) -> None:
    headers = {**BEARER, "x-bot-id": programs.bot, "x-integration-id": programs.integration}

    def ask(path: str, body: Json) -> Json:
        answer = requests.post(
            f"{programs.stack.url}/v1/chat/{path}/get-or-create", json=body, headers=headers, timeout=60
        )
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def race(path: str, noun: str, body: Json) -> str:
        with ThreadPoolExecutor(50) as pool:
            (found,) = set(pool.map(lambda _: ask(path, body)[noun]["id"], range(50)))
        return str(found)

    user = race("users", "user", {"tags": {"loop:id": "race"}})
    room = race("conversations", "conversation", {"channel": "room", "tags": {"loop:id": "race"}})
    said = {"conversationId": room, "userId": user, "type": "text", "payload": {"text": "once"}, "tags": {"ts": "1"}}
    race("messages", "message", said)
    ends = time.monotonic() + 30
    while time.monotonic() < ends and not told(programs).get("race"):
        time.sleep(0.1)
    listed = requests.get(
        f"{programs.stack.url}/v1/chat/messages?conversationId={room}", headers=headers, timeout=30
    ).json()["messages"]
    assert [one["payload"]["text"] for one in listed] == ["echo once", "once"]


def port_url(port: int) -> str:
    return f"http://127.0.0.1:{port}/"


def told(programs: Programs) -> dict[str, list[str]]:
    """What came out in each conversation, each text once, in order of its first arrival."""
    rooms: dict[str, list[str]] = defaultdict(list)
    for one in programs.outside.snapshot():
        body = json.loads(one.body)
        if "text" in body and body["text"] not in rooms[body["room"]]:
            rooms[body["room"]].append(body["text"])
    return rooms


@pytest.mark.parametrize("victim", ["stack", "workers"])
def test_a_kill_loses_no_message_and_mixes_none_up(programs: Programs, victim: str) -> None:
    kills = threading.Event()

    def converse(room: int) -> None:
        """Post text after text, each until it is taken."""
        for number in range(TEXTS):
            if number == TEXTS // 2:
                kills.set()
            body = {"room": f"r{room}", "text": f"{number:03d}"}
            ends = time.monotonic() + 60
            while time.monotonic() < ends:
                try:
                    if requests.post(programs.hook, json=body, timeout=30).ok:
                        break
                except requests.RequestException:
                    time.sleep(0.2)
            else:
                raise AssertionError("the stack did not come back")

    with ThreadPoolExecutor(ROOMS) as pool:
        under_way = [pool.submit(converse, room) for room in range(ROOMS)]
        assert kills.wait(60)
        if victim == "stack":
            programs.stack.kill()
            programs.stack.start()
        else:
            programs.stack.kill_workers()
        for one in under_way:
            one.result()
    expected = {f"r{room}": [f"echo {number:03d}" for number in range(TEXTS)] for room in range(ROOMS)}
    ends = time.monotonic() + 180
    while time.monotonic() < ends and any(len(texts) < TEXTS for texts in told(programs).values()):
        time.sleep(0.5)
    assert dict(told(programs)) == expected


def test_pages_hold_each_user_and_message_once_while_others_come(programs: Programs, node: Path) -> None:
    command = ["node", "pages.cjs", programs.stack.url, programs.bot, programs.integration, "1000", "10000"]
    done = subprocess.run(command, cwd=node, capture_output=True, text=True, timeout=1_500, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout.strip().splitlines()[-1])
    assert found["users"] == {"made": 1_000, "seen": found["users"]["seen"], "twice": 0, "missing": 0}
    assert found["messages"] == {"made": 10_000, "seen": found["messages"]["seen"], "twice": 0, "missing": 0}
