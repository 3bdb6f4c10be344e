"""Hostile scripts, sent over the API: each ends in time, tells nothing of its host, and leaves nothing for the next."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.javascript.hostile import FAILING, HARMLESS
from tests.attack.figures import Figures
from tests.attack.platform import STRANGER, VICTIM, WORKSPACES, Platform
from tests.attack.sending import Api, Reply
from tests.attack.world import USER, World

LEAST = 100
LIMIT_MS = 6_000
MOST_BYTES = 600_000_000  # of the server and everything it started
SLOWEST_READ_MS = 1_000
AT_ONCE, LOOPS = 2, 8
AFTER = """return [
  1 + 1, typeof leak, ({}).polluted === undefined, JSON.stringify({a: 1}), typeof Promise.prototype.then,
  $.lodash.sum([1, 2]), $.crypto.createHash('sha1').update('').digest('hex').slice(0, 4),
]"""
AFTER_VALUE = [2, "undefined", True, '{"a":1}', "function", 3, "da39"]
HOST = (
    "root:x:0:", "/usr/lib/", "site-packages", "Traceback", "zygote", "chalicelib", "MILLRACE_", "LD_LIBRARY_PATH",
    str(Path.cwd()), os.uname().nodename + "\\n", *WORKSPACES,
)  # fmt: skip


class Peak(threading.Thread):
    """Watches the memory of a platform; `bytes` is the most there was at any time."""

    def __init__(self, platform: Platform) -> None:
        super().__init__(daemon=True)
        self.platform, self.bytes, self._over = platform, 0, threading.Event()

    def run(self) -> None:
        """Look ten times a second."""
        while not self._over.wait(0.1):
            self.bytes = max(self.bytes, self.platform.stack.memory_bytes())

    def end(self) -> None:
        """Look no more."""
        self._over.set()
        self.join()


@contextmanager
def watched(platform: Platform) -> Iterator[Peak]:
    peak = Peak(platform)
    peak.start()
    try:
        yield peak
    finally:
        peak.end()


class Stage:
    """Where scripts are run: an action of its own for each that runs at the same time."""

    def __init__(self, world: World) -> None:
        self.world, self.below = world, f"/v1/service/{world.ids['service']}/action"

    def action(self, code: str) -> tuple[Api, str]:
        """Store a script; give who may run it, and where."""
        api = Api(self.world.port, self.world.key)
        body = {"name": f"script{time.monotonic_ns()}{threading.get_ident()}", "logic": {"execute": code}}
        made = api.post(self.below, body, userId=USER)
        return api, f"{self.below}/{made.ok()['id']}/execute" if made.status < 400 else ""

    def run(self, code: str) -> Reply | None:
        """Store a script and run it; None when it cannot be stored."""
        api, path = self.action(code)
        return api.post(path, {"a": 1}, userId=USER) if path else None


@pytest.fixture(scope="module")
def stage(platform: Platform) -> Stage:
    return Stage(platform.world(VICTIM))


def _attack(stage: Stage, name: str, code: str) -> tuple[str, Reply | None, Reply | None]:
    return name, stage.run(code), stage.run(AFTER)


@pytest.fixture(scope="module")
def ended(platform: Platform, stage: Stage, every: int) -> tuple[list[tuple[str, Reply | None, Reply | None]], int]:
    """Run all of them, a few at a time; give what came of each, and the peak of memory."""
    outside = platform.outside.url + "/"
    codes = {name: code for name, (_, code) in FAILING.items()} | {name: code for name, (code, _) in HARMLESS.items()}
    chosen = [
        (name, "globalThis.leak = 1;" + code.replace("http://x/", outside))
        for name, code in list(codes.items())[::every]
    ]
    with watched(platform) as peak, ThreadPoolExecutor(AT_ONCE) as threads:
        ends = list(threads.map(lambda one: _attack(stage, *one), chosen))
    return ends, peak.bytes


def test_every_hostile_script_ends_in_time_and_clearly(ended: Any, every: int, figures: Figures) -> None:
    ends, _ = ended
    assert len(ends) >= LEAST // every
    wrong, slowest, refused = [], 0.0, 0
    for name, reply, _ in ends:
        if reply is None:
            refused += 1  # it is not JavaScript, and was never stored
            continue
        slowest = max(slowest, reply.ms)
        is_well = 400 <= reply.status < 500 if name in FAILING else reply.status == 200
        if name in HARMLESS and is_well and reply.json["output"] != HARMLESS[name][1]:
            is_well = False
        if not is_well or reply.ms > LIMIT_MS:
            wrong.append(f"{name}: {reply.status} {reply.ms:.0f} ms {reply.body[:200]!r}")
    assert not wrong, "\n".join(wrong)
    figures.note("hostile scripts", len(ends), f"{refused} not stored, slowest {slowest / 1000:.1f} s")


def test_no_script_leaves_anything_for_the_next(ended: Any) -> None:
    wrong = [name for name, _, after in ended[0] if after is None or (after.json or {}).get("output") != AFTER_VALUE]
    assert wrong == []


def test_no_script_learns_anything_of_its_host(ended: Any, platform: Platform, figures: Figures) -> None:
    own = [*platform.world(VICTIM).secrets.values(), str(platform.folder)]
    found = [
        (name, mark)
        for name, reply, _ in ended[0]
        for mark in (*HOST, *own)
        if reply is not None and mark in reply.body.decode("utf-8", "replace")
    ]
    assert found == []
    assert platform.strange_dials() == []
    figures.note("answers of scripts searched for host data", len(ended[0]), "0 found")


def test_scripts_take_no_more_memory_than_allowed(ended: Any, figures: Figures) -> None:
    figures.note("peak memory under hostile scripts, MB", ended[1] // 1_000_000, "of 600 allowed")
    assert 0 < ended[1] < MOST_BYTES


def test_endless_loops_keep_nobody_waiting(platform: Platform, stage: Stage, figures: Figures) -> None:
    actions = [stage.action("while (true) {}") for _ in range(LOOPS)]
    reader, slowest, reads = platform.api(STRANGER), 0.0, 0
    with ThreadPoolExecutor(LOOPS) as threads:
        loops = [threads.submit(api.post, path, {}, userId=USER) for api, path in actions]
        while not all(one.done() for one in loops):
            for path in ("/v1/service", "/v1/subscribers", "/v1/admin/bots", "/flow/v1/nodes"):
                reply = reader.get(path)
                assert reply.status == 200, reply
                slowest, reads = max(slowest, reply.ms), reads + 1
    ends = [one.result() for one in loops]
    assert [one.status for one in ends if not 400 <= one.status < 500] == []
    figures.note("reads beside 8 endless loops", reads, f"slowest {slowest:.0f} ms")
    assert reads > LOOPS
    assert slowest < SLOWEST_READ_MS
