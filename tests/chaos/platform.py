"""A stack with weather in each of its processes, and the hand that kills them."""

from __future__ import annotations

import json
import os
import random
import signal
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from infra.harness.stack import Stack
from tests.chaos.sinks import Sinks
from tests.chaos.store import Store
from tests.chaos.weather.forecast import VARIABLE, Forecast, Switch

_WEATHER = Path(__file__).with_name("weather")
_ROOT = Path(__file__).parents[2]
KEY = "chaos"
PARTS = ("api", "workers")
SETTINGS = {
    "MILLRACE_DEV_KEYS": f"default=default,{KEY}={KEY}",
    "MILLRACE_RETRY_SCHEDULE_S": "0,1,2,3,4,5,8" + 30 * ",10",
    "MILLRACE_DELIVERY_TIMEOUT_S": "2",
    "MILLRACE_TICK_S": "2",
    "MILLRACE_LOG_LEVEL": "WARNING",
    "MILLRACE_CHAT_PER_MINUTE": "1000000",
    "MILLRACE_CHAT_FILES_MB": "10000",
}


class Platform:
    """A stack on a folder and port of its own. Use as a context manager; it starts in calm weather."""

    def __init__(self, folder: Path, seed: str, forecast: Forecast | None = None, **settings: str) -> None:
        self.folder, self.seed = folder, seed
        folder.mkdir(parents=True, exist_ok=True)
        self.forecast = replace(forecast or Forecast("", ""), folder=str(folder), seed=seed)
        path = os.pathsep.join((str(_WEATHER), str(_ROOT)))
        weather = {"PYTHONPATH": path, VARIABLE: self.forecast.text()}
        self.stack = Stack(folder / "stack", **SETTINGS | weather | settings)
        self.sinks = Sinks()
        self.kills: Counter[str] = Counter()
        self.slowest_start_s = 0.0
        self._switch, self._is_stormy = Switch(folder), False
        self._jump_ms = dict.fromkeys(PARTS, 0)
        self._guard, self._ending = threading.Lock(), threading.Event()
        self._dice = random.Random(f"{seed} kills")
        self._set()

    def __enter__(self) -> Platform:
        self.stack.start(timeout_s=90)
        if not self._switch_is_seen():
            raise RuntimeError("the weather did not reach the stack's processes")
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self.stack.stop()

    @property
    def url(self) -> str:
        """Where it answers."""
        return self.stack.url

    @property
    def store(self) -> Store:
        """Its store, read from outside."""
        return Store(self.stack.folder / "data" / "millrace.db")

    # --- weather ----------------------------------------------------------------------------------------------------

    def storm(self) -> None:
        """Let the forecast come true."""
        self._is_stormy = True
        self._set()

    def calm(self) -> None:
        """Let it be over."""
        self._is_stormy = False
        self._set()

    def jump(self, by_ms: int, *parts: str) -> None:
        """Set the clocks of these processes (all, if none is named) ahead, or back."""
        for part in parts or PARTS:
            self._jump_ms[part] += by_ms
        self._set()

    def jumped_ms(self, part: str) -> int:
        """Say by how much the clock of a process is set ahead now."""
        return self._jump_ms[part]

    def fell(self) -> Counter[str]:
        """Count what happened to the calls of all processes, those killed since included."""
        total: Counter[str] = Counter()
        for file in self.folder.glob("fell.*.json"):
            with suppress(ValueError):
                total.update(json.loads(file.read_text()))
        return total

    def _set(self) -> None:
        self._switch.set(storm=self._is_stormy, jump_ms=self._jump_ms)

    def _lives(self, part: str) -> int:
        file = self.folder / f"lives.{part}"
        return file.stat().st_size if file.exists() else 0

    def _switch_is_seen(self) -> bool:
        ends = time.monotonic() + 20
        while time.monotonic() < ends:
            if all(self._lives(part) for part in PARTS):
                return True
            time.sleep(0.1)
        return False

    # --- kills ------------------------------------------------------------------------------------------------------

    def kill_times(self, times: int, pauses_s: tuple[float, float]) -> None:
        """SIGKILL in turn the workers and all processes, so many times, at random instants."""
        for number in range(times):
            if self._ending.wait(self._dice.uniform(*pauses_s)):
                return
            if number % 2:
                self.kill()
            else:
                self.kill_workers()

    def kill(self) -> None:
        """SIGKILL every process at once and start the stack again on what it left."""
        with self._guard:
            self.stack.kill()
            self.kills["stack"] += 1
            self.slowest_start_s = max(self.slowest_start_s, self.stack.start(timeout_s=90))

    def kill_workers(self) -> None:
        """SIGKILL the process that runs the workers; the stack starts another."""
        with self._guard:
            while not (found := self._workers()) and not self._ending.wait(0.2):
                pass  # it is only being started
            for process_id in found:
                with suppress(OSError):
                    os.kill(process_id, signal.SIGKILL)
            self.kills["workers"] += 1

    def _workers(self) -> list[int]:
        found = []
        for process_id in self.stack.processes():
            with suppress(OSError):
                if b"workers" in Path(f"/proc/{process_id}/cmdline").read_bytes().split(b"\0"):
                    found.append(process_id)
        return found
