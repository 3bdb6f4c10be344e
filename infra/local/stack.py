"""The parts of the stack on one machine, and what each process of it sets up before anything else.

Two Python processes share one data folder: this one answers HTTP and watches, a second one runs workers and schedules.
Both may be killed at any instant; the second is started again when it dies, and dies with the first.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import gc
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from chalicelib.adapters import aws, backlog, javascript, logs, queue
from chalicelib.core import clock, config
from chalicelib.edge import reporting
from chalicelib.storage import tables
from infra import queues
from infra.local.cloud import LocalCloud

SWITCH_S = 0.001  # threads that wait for the store must not wait 5 ms for one that computes
_SILENT_S = 5.0
_STOP_S = 8.0
_RESTART_PAUSE_S = 0.3
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8  # malloc.h
_LARGE_BYTES = 1024 * 1024


def attach() -> LocalCloud:
    """Make this process use the data folder as its cloud."""
    folder = Path(config.settings().data_dir)
    cloud = LocalCloud(folder / "millrace.db", now_ms=clock.now_ms)
    queue.forget()
    aws.reset(is_local=True)
    aws.on_client(lambda _service, client: cloud.attach(client, direct=True))
    if config.settings().runner:
        if config.settings().runner != "process":
            raise SystemExit("MILLRACE_RUNNER: on one machine only `process` is known")
        from infra.local.runner import Processes

        javascript.use(Processes())
    return cloud


def prepare() -> LocalCloud:
    """Make folder, tables and queues as needed, and give back to the queues what dead workers held."""
    folder = Path(config.settings().data_dir)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    cloud = attach()
    tables.create_all(aws.client("dynamodb"))
    queues.create_all(aws.client("sqs"))
    cloud.release_in_flight()
    return cloud


def start_reporting(cloud: LocalCloud, stopping: threading.Event) -> None:
    """Report what this process counts by the clock, until told to stop, instead of after each batch and request."""
    backlog.use(cloud.oldest_s)
    reporting.pace()
    threading.Thread(target=_report, args=(stopping,), name="reporter", daemon=True).start()


def _report(stopping: threading.Event) -> None:
    """Store sums every second, write a line every ten."""
    written = time.monotonic()
    while not stopping.wait(reporting.KEEP_MS / 1000):
        reporting.keep()
        if time.monotonic() - written >= reporting.LINE_MS / 1000:
            written = time.monotonic()
            reporting.write()


def report_last() -> None:
    """Report what is left when the process is about to end."""
    reporting.keep()
    reporting.write()


def lock(folder: Path) -> int:
    """Take the data folder for this stack; waits a little for one that is just ending. Raises SystemExit."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(folder / "lock", os.O_CREAT | os.O_RDWR, 0o600)
    for _ in range(50):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return descriptor
        except BlockingIOError:
            time.sleep(0.1)
    raise SystemExit(f"{folder} is in use by another Millrace")


def settle() -> None:
    """Leave what was imported out of every later collection: it stays until the process ends."""
    gc.collect()
    gc.freeze()


def spare_memory() -> None:
    """Let many threads share two heaps, and give back what was large at once (glibc; elsewhere nothing happens).

    Else each thread keeps a heap as large as the largest answer it ever made. Call it before there are threads.
    """
    with contextlib.suppress(AttributeError):
        for name, value in ((_ARENA_MAX, 2), (_MMAP_THRESHOLD, _LARGE_BYTES), (_TRIM_THRESHOLD, _LARGE_BYTES)):
            ctypes.CDLL(None).mallopt(name, value)


def die_with_parent() -> None:
    """Ask the kernel to end this process when the one that started it ends (Linux)."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


class Workers:
    """The second process: started, listened to, started again."""

    def __init__(self, cloud: LocalCloud) -> None:
        self._cloud = cloud
        self._process: subprocess.Popen[bytes] | None = None
        self._last_beat = 0.0
        self._stopping = False
        self._thread = threading.Thread(target=self._watch, name="watch-workers", daemon=True)
        self.ready = threading.Event()

    def start(self) -> None:
        """Start the process and its watcher."""
        self._thread.start()

    def is_up(self) -> bool:
        """Say whether the process gave a sign of life within the last seconds."""
        return time.monotonic() - self._last_beat < _SILENT_S

    def stop(self) -> None:
        """Let batches at hand finish, then end the process."""
        self._stopping = True
        process = self._process
        if process is None:
            return
        process.terminate()
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()

    def _watch(self) -> None:
        while not self._stopping:
            self._run_once()
            if not self._stopping:
                logs.log("workers.died", level="ERROR")
                self._cloud.release_in_flight()
                time.sleep(_RESTART_PAUSE_S)

    def _run_once(self) -> None:
        command = [sys.executable, "-m", "infra.local", "workers"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, bufsize=0) as process:
            self._process = process
            if process.stdout is None:
                raise RuntimeError("no pipe to the workers")
            for line in process.stdout:
                if line == b".\n":
                    self._last_beat = time.monotonic()
                    self.ready.set()
                else:
                    os.write(1, line)
        self._last_beat = 0.0


def handlers() -> tuple[list[tuple[str, Any, int]], dict[str, Any]]:
    """List what the app registered: queue consumers (queue name, function, batch size) and scheduled functions."""
    from chalice.app import ScheduledEventConfig, SQSEventConfig

    from app import app

    consumers, schedules = [], {}
    for source in app.event_sources:
        handler = app.handler_map[source.name]
        if isinstance(source, SQSEventConfig):
            consumers.append((source.queue, handler, source.batch_size))
        elif isinstance(source, ScheduledEventConfig):
            schedules[source.name] = handler
    return consumers, schedules
