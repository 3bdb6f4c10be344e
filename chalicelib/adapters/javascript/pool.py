"""The processes of the sandbox: one zygote, and the children forked from it, each bound to one workspace."""

from __future__ import annotations

import contextlib
import importlib.util
import socket
import struct
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from chalicelib.core.errors import Unavailable

MAX_CHILDREN = 8
MAX_RUNS = 500
MAX_GROWTH_KB = 16 * 1024  # an allocator that has swollen stays so; and a child's peak tells floods by its growth
WAIT_S = 10.0
_PID = struct.Struct("<i")


class Child:
    """One child process as its parent sees it. Used by one thread at a time."""

    def __init__(self, zygote: Zygote, pid: int, sock: socket.socket, workspace_id: str) -> None:
        self.zygote, self.pid, self.sock, self.workspace_id = zygote, pid, sock, workspace_id
        self.runs = 0
        self.growth_kb = 0


class Zygote:
    """The process children are forked from. Its program is zygote.py; one command at a time."""

    def __init__(self, use_bytecode: bool = True) -> None:
        spec = importlib.util.find_spec("_quickjs")
        if spec is None or spec.origin is None:
            raise Unavailable("the JavaScript engine is not installed")
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        form = "bytecode" if use_bytecode else "source"
        program = Path(__file__).with_name("zygote.py")
        self._process = subprocess.Popen(  # noqa: S603 (our own program, no shell)
            [sys.executable, "-I", "-S", "-E", "-X", "utf8", str(program), str(theirs.fileno()), spec.origin, form],
            env={"TZ": "UTC0"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(theirs.fileno(),),
            start_new_session=True,
            cwd="/",
        )
        theirs.close()
        ours.settimeout(10)
        self._control = ours
        self._lock = threading.Lock()
        self.is_dead = False
        self._exchange([b""], 1)

    @property
    def pid(self) -> int:
        """The process id of the zygote itself."""
        return self._process.pid

    def spawn(self, workspace_id: str) -> Child:
        """Fork a child for this workspace."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            (pid,) = _PID.unpack(self._exchange([b"S"], _PID.size, theirs.fileno()))
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        return Child(self, pid, ours, workspace_id)

    def reap(self, child: Child) -> int:
        """Kill the child if it still lives, and answer its wait status."""
        child.sock.close()
        try:
            return int(_PID.unpack(self._exchange([b"R" + _PID.pack(child.pid)], _PID.size))[0])
        except Unavailable:
            return 0

    def close(self) -> None:
        """End the zygote, and with it every child."""
        self.is_dead = True
        self._control.close()
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        self._process.wait()

    def _exchange(self, command: list[bytes], size: int, fd: int | None = None) -> bytes:
        with self._lock:
            try:
                if fd is not None:
                    socket.send_fds(self._control, command, [fd])
                else:
                    self._control.sendall(command[0])
                answer = b""
                while len(answer) < size:
                    chunk = self._control.recv(size - len(answer))
                    if not chunk:
                        raise ConnectionResetError
                    answer += chunk
                return answer
            except OSError as error:
                self.is_dead = True
                raise Unavailable("the JavaScript sandbox is not running") from error


class _Grant(NamedTuple):
    """A place that was given: an idle child, or the right to fork one, once a victim was reaped."""

    child: Child | None
    victim: Child | None


class _Waiter:
    """A thread that waits for a place. It alone is woken, when there is one for its workspace."""

    def __init__(self, workspace_id: str) -> None:
        self.workspace_id = workspace_id
        self.grant: _Grant | None = None
        self.is_called = threading.Lock()
        self.is_called.acquire()


class Pool:
    """Lends children. At most `size` exist; an idle one of another workspace makes room, longest unused first.

    One workspace may hold five eighths of them at a time, so its endless loops leave room for the others.
    """

    def __init__(self, size: int = MAX_CHILDREN, use_bytecode: bool = True) -> None:
        self._size, self._use_bytecode = size, use_bytecode
        self._share = max(1, size * 5 // 8)
        self._lock = threading.Lock()
        self._waiting: list[_Waiter] = []
        self._idle: list[Child] = []
        self._busy: Counter[str] = Counter()
        self._zygote: Zygote | None = None
        self._zygote_lock = threading.Lock()

    def take(self, workspace_id: str, wait_s: float = WAIT_S) -> Child:
        """Lend a child of this workspace, forked if need be. Raises Unavailable when all stay busy too long."""
        with self._lock:
            grant = self._grant(workspace_id) if self._has_room(workspace_id) else None
            if grant is None:
                self._waiting.append(waiter := _Waiter(workspace_id))
        grant = grant or self._wait(waiter, wait_s)
        if grant.child is not None:
            return grant.child
        try:
            if grant.victim is not None:
                grant.victim.zygote.reap(grant.victim)
            return self._spawn(workspace_id)
        except BaseException:
            self._return(workspace_id, None)
            raise

    def give_back(self, child: Child) -> None:
        """Take a child back after a run that ended well; it is replaced when it has served long enough."""
        child.runs += 1
        if child.runs >= MAX_RUNS or child.growth_kb > MAX_GROWTH_KB:
            self.discard(child)
        else:
            self._return(child.workspace_id, child)

    def discard(self, child: Child) -> int:
        """End a child and answer its wait status."""
        try:
            return child.zygote.reap(child)
        finally:
            self._return(child.workspace_id, None)

    def pids(self) -> dict[int, str]:
        """Tell which idle process belongs to which workspace (tests and diagnosis)."""
        with self._lock:
            return {child.pid: child.workspace_id for child in self._idle}

    def close(self) -> None:
        """End everything."""
        with self._lock:
            for child in self._idle:
                child.sock.close()
            self._idle.clear()
        with self._zygote_lock:
            if self._zygote is not None:
                self._zygote.close()
                self._zygote = None

    def _wait(self, waiter: _Waiter, wait_s: float) -> _Grant:
        waiter.is_called.acquire(timeout=wait_s)
        with self._lock:  # a place may have been given when the time was already over
            if waiter.grant is None:
                self._waiting.remove(waiter)
                raise Unavailable("every JavaScript child is busy")
            return waiter.grant

    def _grant(self, workspace_id: str) -> _Grant:
        """Count a place as taken, and say how it is filled."""
        child = self._find(workspace_id)
        is_full = len(self._idle) + self._busy.total() >= self._size  # never, when a child was found: it has left
        victim = self._idle.pop(0) if is_full else None
        self._busy[workspace_id] += 1
        return _Grant(child, victim)

    def _find(self, workspace_id: str) -> Child | None:
        for index in range(len(self._idle) - 1, -1, -1):
            if self._idle[index].workspace_id == workspace_id:
                return self._idle.pop(index)
        return None

    def _has_room(self, workspace_id: str) -> bool:
        return self._busy[workspace_id] < self._share and self._busy.total() < self._size

    def _return(self, workspace_id: str, child: Child | None) -> None:
        with self._lock:
            self._busy[workspace_id] -= 1
            if not self._busy[workspace_id]:
                del self._busy[workspace_id]
            if child is not None:
                self._idle.append(child)
            for waiter in [one for one in self._waiting if self._has_room(one.workspace_id)]:
                if self._has_room(waiter.workspace_id):
                    waiter.grant = self._grant(waiter.workspace_id)
                    self._waiting.remove(waiter)
                    waiter.is_called.release()

    def _spawn(self, workspace_id: str) -> Child:
        try:
            return self._zygote_now().spawn(workspace_id)
        except Unavailable:
            return self._zygote_now().spawn(workspace_id)  # the zygote had died: once more, from a new one

    def _zygote_now(self) -> Zygote:
        with self._zygote_lock:
            if self._zygote is None or self._zygote.is_dead:
                if self._zygote is not None:
                    self._zygote.close()
                self._zygote = Zygote(self._use_bytecode)
            return self._zygote
