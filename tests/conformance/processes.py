"""Other processes for the tests: forked, because starting Python anew for each would take most of the time."""

import os
import signal
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.local.cloud import LocalCloud
from tests.conformance.clouds import Clock, Cloud, attached_clients


class Child:
    """A process that works on a local cloud of its own, on a file it shares with others.

    It is forked at once, before this process opens the file, and opens the file itself when told to go.
    """

    def __init__(self, path: Path, work: Callable[[Cloud, Callable[[str], None]], None]) -> None:
        """Prepare work(cloud, tell); what it tells can be read line by line."""
        go_read, self._go = os.pipe()
        told_read, told_write = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            code = 1
            try:
                os.close(self._go)
                if os.read(go_read, 1):
                    work(open_cloud(path), lambda line: void(os.write(told_write, f"{line}\n".encode())))
                code = 0
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(code)
        os.close(go_read)
        os.close(told_write)
        self._told = os.fdopen(told_read)

    def go(self) -> None:
        """Let it begin."""
        os.write(self._go, b"!")
        os.close(self._go)

    def line(self) -> str:
        """Wait for the next line."""
        return self._told.readline().rstrip("\n")

    def rest(self) -> list[str]:
        """Wait for the end; give the lines not read yet. A last line without its end was not told."""
        text = self._told.read()
        self._told.close()
        return text.split("\n")[:-1]

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)

    def join(self) -> None:
        """Wait for the end, which must be a good one."""
        self._told.close()
        _, status = os.waitpid(self.pid, 0)
        assert status == 0


def open_cloud(path: Path, *, later_s: float = 0) -> Cloud:
    clock = Clock()
    clock.advance(later_s)
    local = LocalCloud(path, now_ms=clock)
    return Cloud("direct", clock, attached_clients(local, direct=True), local)


@contextmanager
def opened(path: Path, *, later_s: float = 0) -> Iterator[Cloud]:
    cloud = open_cloud(path, later_s=later_s)
    assert cloud.local is not None
    try:
        yield cloud
    finally:
        cloud.local.close()


def void(_: object) -> None:
    return None
