"""Start, kill and stop a local stack in a process group of its own."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from infra.harness import processes

_ROOT = Path(__file__).parents[2]


def free_port() -> int:
    """Find a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Stack:
    """`python -m infra.local` on a port and folder of its own. Use as a context manager."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder, self.port = folder, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        self.log = folder / "stack.log"

    def __enter__(self) -> Stack:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self, timeout_s: float = 30) -> float:
        """Start it and wait until every part is up; answer how many seconds that took. Raises RuntimeError."""
        self.folder.mkdir(parents=True, exist_ok=True)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("MILLRACE_")}
        environment |= {
            "MILLRACE_PORT": str(self.port),
            "MILLRACE_DATA_DIR": str(self.folder / "data"),
            "MILLRACE_EGRESS_ALLOW": "127.0.0.1:*",
            **self._settings,
        }
        started = time.monotonic()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "infra.local"],
                cwd=_ROOT,
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        while not self.is_up():
            if self._process.poll() is not None or time.monotonic() - started > timeout_s:
                self.kill()  # whoever started it in a `with` does not get to stop it
                raise RuntimeError(f"the stack did not start:\n{self.log.read_text()[-2000:]}")
            time.sleep(0.02)
        return time.monotonic() - started

    def is_up(self) -> bool:
        """Ask /healthz."""
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=2) as answer:  # noqa: S310
                return bool(json.load(answer)["status"] == "ok")
        except (OSError, ValueError):
            return False

    def kill(self) -> None:
        """SIGKILL every process of it, at once."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def kill_workers(self) -> None:
        """SIGKILL the process that runs workers and schedules; the stack starts another."""
        for process_id in self.processes():
            if b"workers" in Path(f"/proc/{process_id}/cmdline").read_bytes():
                os.kill(process_id, signal.SIGKILL)

    def stop(self) -> float:
        """SIGTERM it and wait; answer how many seconds it took."""
        if self._process is None:
            return 0.0
        started = time.monotonic()
        self._process.terminate()
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None
        return time.monotonic() - started

    def processes(self) -> list[int]:
        """List the process ids of the stack and all it started."""
        return [] if self._process is None else processes.tree(self._process.pid)

    def cpu_s(self) -> float:
        """Sum the CPU seconds of all its processes, ended children included."""
        return processes.cpu_s(self.processes())

    def memory_bytes(self) -> int:
        """Sum the proportional memory of all its processes."""
        return processes.memory_bytes(self.processes())
