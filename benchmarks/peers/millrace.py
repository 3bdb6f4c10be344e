"""Millrace as one of the peers: its local stack, as `make run` starts it."""

from __future__ import annotations

from benchmarks.peers.base import Peer
from benchmarks.workload import FREE, KEY, build_at
from infra.harness.stack import Stack


class Millrace(Peer):
    """One service, one trigger, one subscription; the delivery is recorded before it counts as done."""

    name = "millrace"
    what = "Millrace, make run, SQLite"
    _stack: Stack | None = None

    def start(self) -> None:
        if self._stack is None:
            self._stack = Stack(self.folder, MILLRACE_DEV_KEYS=f"{KEY}=bench", **FREE)
            self._stack.start()
            self.url, (self.secret,) = build_at(self._stack.url, [self.target])
        else:
            self._stack.start()

    def kill(self) -> None:
        """SIGKILL every process at once."""
        assert self._stack is not None
        self._stack.kill()

    def stop(self) -> None:
        """End it."""
        if self._stack is not None:
            self._stack.stop()

    def processes(self) -> list[int]:
        """List its processes."""
        return self._stack.processes() if self._stack is not None else []
