"""The platform in real processes that can be killed one by one, with one clock that can be moved.

The parts are those of `python -m infra.local`: one process answers HTTP, another runs workers and schedules, on one
data folder. They are forked from a process that has imported everything, so that a killed worker is replaced within a
tenth of a second; and their clock is the system's, moved ahead by what they share with whoever started them, so that a
lease or a day need not be waited for.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import sqlite3
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from infra.harness.stack import free_port

KEY, WORKSPACE = "figures", "figures"
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["benchmarks.figures.warm"])


class Crew:
    """Use as a context manager. `ahead_ms` is how far its clock is ahead of the system's."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder, self.port = folder, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._ahead = _context.Value("q", 0)
        self._settings = {
            "MILLRACE_PORT": str(self.port),
            "MILLRACE_DATA_DIR": str(folder / "data"),
            "MILLRACE_DEV_KEYS": f"{KEY}={WORKSPACE}",
            "MILLRACE_EGRESS_ALLOW": "127.0.0.1:*",
            "MILLRACE_TICK_S": "1",
            "AWS_EC2_METADATA_DISABLED": "true",
            **settings,
        }
        self.workers: BaseProcess | None = None
        self.gateway: BaseProcess | None = None
        self.kills = 0
        self._lock = threading.Lock()

    def __enter__(self) -> Crew:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.gateway = self._start(_answer)
        self._until_up()
        self.begin()
        return self

    def __exit__(self, *_: object) -> None:
        for process in (self.workers, self.gateway):
            if process is not None:
                process.kill()
                process.join()

    def begin(self) -> None:
        """Start the workers."""
        self.workers = self._start(_work)

    def kill(self) -> None:
        """SIGKILL the workers, and start others."""
        with self._lock:
            self.end_workers()
            self.begin()

    def end_workers(self) -> None:
        """SIGKILL the workers."""
        if self.workers is not None and self.workers.pid is not None:
            os.kill(self.workers.pid, signal.SIGKILL)
            self.workers.join()
            self.kills += 1

    def stop(self, process: BaseProcess | None) -> None:
        """Let a process stand still, as one whose machine is overloaded."""
        if process is not None and process.pid is not None:
            os.kill(process.pid, signal.SIGSTOP)

    def go_on(self, process: BaseProcess | None) -> None:
        """Let it go on."""
        if process is not None and process.pid is not None:
            os.kill(process.pid, signal.SIGCONT)

    @property
    def now_ms(self) -> int:
        """What time it is for the platform."""
        return time.time_ns() // 1_000_000 + int(self._ahead.value)

    def advance(self, seconds: float) -> None:
        """Let time pass for all processes at once."""
        with self._ahead.get_lock():
            self._ahead.value += int(seconds * 1000)

    def messages(self, *names: str) -> int:
        """Count the messages in queues (in all of them when none is named), those that are delayed or hidden too."""
        with self._store() as store:
            found = store.execute("SELECT name, relation FROM catalog WHERE kind = 'queue'").fetchall()
            chosen = [relation for name, relation in found if not names or name.removeprefix("millrace-") in names]
            return sum(store.execute(f"SELECT count(*) FROM {one}").fetchone()[0] for one in chosen)

    def rows(self) -> list[tuple[str, str, str]]:
        """List every row of every table: the table's name, pk and sk."""
        with self._store() as store:
            tables = store.execute("SELECT name, relation FROM catalog WHERE kind = 'table'").fetchall()
            return [
                (name, _text(pk), _text(sk))
                for name, relation in tables
                for pk, sk in store.execute(f"SELECT pk, sk FROM {relation}")
            ]

    @contextmanager
    def _store(self) -> Iterator[sqlite3.Connection]:
        store = sqlite3.connect(f"file:{self.folder / 'data' / 'millrace.db'}?mode=ro", uri=True, timeout=30)
        try:
            yield store
        finally:
            store.close()

    def _start(self, does: Any) -> BaseProcess:
        process = _context.Process(target=does, args=(self._settings, self._ahead, str(self.folder)), daemon=True)
        process.start()
        return process

    def _until_up(self) -> None:
        ends = time.monotonic() + 60
        while time.monotonic() < ends:
            try:
                with urllib.request.urlopen(f"{self.url}/healthz", timeout=2) as answer:
                    json.load(answer)
                    return
            except urllib.error.HTTPError:
                return
            except OSError:
                time.sleep(0.02)
        raise RuntimeError(f"the platform did not start:\n{(self.folder / 'log').read_text()[-2000:]}")


def _text(key: bytes | str) -> str:
    """Read a key as the store keeps it: a byte for its type, then the text."""
    return key if isinstance(key, str) else bytes(key).decode("utf-8", "replace")


# --- inside the processes -------------------------------------------------------------------------------------------


def _attach(settings: dict[str, str], ahead: Any, folder: str) -> Any:
    """Make this process one of the platform's; gives its cloud."""
    log = os.open(Path(folder) / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.environ.update(settings)
    from chalicelib.core import clock, config
    from infra.local import stack

    config.forget()
    offset = ahead.get_obj()
    clock.use(lambda: time.time_ns() // 1_000_000 + int(offset.value))
    sys.setswitchinterval(stack.SWITCH_S)
    stack.die_with_parent()
    return stack.prepare()


def _answer(settings: dict[str, str], ahead: Any, folder: str) -> None:
    _attach(settings, ahead, folder)
    from app import app
    from infra.local import gateway

    gateway.serve(app, "127.0.0.1", int(settings["MILLRACE_PORT"])).run()


def _work(settings: dict[str, str], ahead: Any, folder: str) -> None:
    _attach(settings, ahead, folder).close()
    from infra.local import workers

    workers.run()
