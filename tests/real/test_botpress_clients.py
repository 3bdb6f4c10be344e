"""The published clients and SDK of the chat surface, unmodified, against a running platform."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from infra.harness.stack import Stack, free_port
from tests.real.receiver import Receiver

HERE = Path(__file__).parent / "botpress"
FOLDER = Path(__file__).parents[2] / ".real" / "botpress"
CLIENTS = {"client-0.0.11": 50, "client-0.1.3": 53, "client-0.3.8": 55}
ROOMS, TEXTS = 6, 40
BEARER = {"Authorization": "Bearer default"}
Json = dict[str, Any]


@pytest.fixture(scope="module")
def node() -> Path:
    """Install the clients unless these very versions are there."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    lock, mark = HERE / "package-lock.json", FOLDER / ".installed"
    for script in HERE.glob("*.cjs"):
        shutil.copy(script, FOLDER)
    if not mark.is_file() or mark.read_bytes() != lock.read_bytes():
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, FOLDER)
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        subprocess.run(command, cwd=FOLDER, check=True, timeout=300, capture_output=True)
        shutil.copy(lock, mark)
    return FOLDER


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with Stack(tmp_path_factory.mktemp("chat"), MILLRACE_TICK_S="5") as running:
        yield running


@dataclass
class Programs:
    """The echo bot and the loop-back integration at their ports, and what came out of the integration."""

    stack: Stack
    bot_url: str
    integration_url: str
    outside: Receiver
    bot: str = ""
    integration: str = ""
    hook: str = ""
    made: list[Json] = field(default_factory=list)

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        answer = requests.request(method, self.stack.url + path, json=body, headers=BEARER, timeout=30)
        assert answer.ok, answer.text
        return answer.json()

    def install(self) -> None:
        """Make bot and integration, and wait until it is registered."""
        text = {"schema": {"type": "object", "properties": {"text": {"type": "string"}}}}
        room = {"messages": {"text": text}, "tags": {"messages": ["ts", "out"], "conversations": ["id"]}}
        body = {"name": "loop", "version": "0.1.0", "dev": True, "url": self.integration_url, "tags": {"users": ["id"]}}
        made = self.ask("POST", "/v1/admin/integrations", {**body, "channels": {"room": room}})
        self.integration = made["integration"]["id"]
        self.bot = self.ask("POST", "/v1/admin/bots", {"dev": True, "url": self.bot_url})["bot"]["id"]
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
            assert running.stdout.readline() == b"ready\n"
            made = Programs(stack, f"http://127.0.0.1:{bot_port}/", f"http://127.0.0.1:{integration_port}/", outside)
            made.install()
            yield made
        finally:
            running.kill()
            running.wait()


@pytest.mark.parametrize("client", CLIENTS)
def test_every_operation_of_a_client_works(stack: Stack, node: Path, programs: Programs, client: str) -> None:
    command = ["node", "every_operation.cjs", stack.url, client, programs.integration_url]
    done = subprocess.run(command, cwd=node, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    log = json.loads(done.stdout.strip().splitlines()[-1])
    assert [entry for entry in log if entry[1] != "ok"] == []
    assert len(log) >= CLIENTS[client]


def told(programs: Programs) -> dict[str, list[str]]:
    """What came out in each conversation, each text once, in order of its first arrival."""
    rooms: dict[str, list[str]] = defaultdict(list)
    for one in programs.outside.snapshot():
        body = json.loads(one.body)
        if body["text"] not in rooms[body["room"]]:
            rooms[body["room"]].append(body["text"])
    return rooms


def test_a_killed_stack_loses_no_message_and_mixes_none_up(programs: Programs) -> None:
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
        programs.stack.kill()
        programs.stack.start()
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
