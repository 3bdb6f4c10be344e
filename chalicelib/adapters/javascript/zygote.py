"""The warm process from which children are forked; run as a program, never imported by the platform.

`python -I -S -E zygote.py CONTROL_FD QUICKJS_FILE bytecode|source`, started by pool.py with an empty environment in
its own session. It is single-threaded, so forking is safe, and has everything loaded, so a child is ready within a
millisecond. Over the control socket it reads `S` with one descriptor (fork a child that owns it; answers its pid)
and `R` + pid (kill and reap that child; answers its wait status). A child stays unreaped until `R`, so its pid cannot
come to mean another process. When the control socket closes, the zygote ends and every child with it.
"""

from __future__ import annotations

import ctypes
import gc
import importlib.machinery
import importlib.util
import os
import resource
import signal
import socket
import struct
import sys
from types import ModuleType
from typing import Any

PID = struct.Struct("<i")
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 1, 4, 38
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000


def main(control_fd: int, engine_file: str, use_bytecode: bool) -> None:
    """Load the engine and the child's program, then fork on request until the parent goes away."""
    libc = _libc()
    _leave_network(libc)
    here = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 (pathlib is not worth its import here)
    engine = _load("_quickjs", engine_file)
    child = _load("child", f"{here}/child.py")
    bytecode = _load("bytecode", f"{here}/bytecode.py")
    answers = _load("answers", f"{here}/answers.py")
    child.prepare(engine, here, bytecode.Compiler.probe(engine) if use_bytecode else None, answers)
    syscalls = _load("syscalls", f"{here}/syscalls.py")
    allowed = syscalls.for_this_machine()
    gc.disable()
    gc.freeze()
    control = socket.socket(fileno=control_fd)
    control.sendall(b"Z")
    while True:
        command, fds, _, _ = socket.recv_fds(control, 5, 1)
        if not command:
            return
        if command[:1] == b"S":
            pid = os.fork()
            if pid == 0:
                control.detach()
                _become_child(libc, fds[0])
                if libc is not None:
                    syscalls.restrict(libc, allowed)
                child.serve()
                os._exit(0)
            os.close(fds[0])
            control.sendall(PID.pack(pid))
        else:
            control.sendall(PID.pack(_reap(PID.unpack(command[1:])[0])))


def _reap(pid: int) -> int:
    try:
        os.kill(pid, signal.SIGKILL)
        return os.waitpid(pid, 0)[1]
    except (ProcessLookupError, ChildProcessError):
        return 0


def _become_child(libc: Any, fd: int) -> None:
    """Keep one descriptor, as number 0, and give up every right a child does not need."""
    os.dup2(fd, 0)
    os.closerange(1, max(fd, 63) + 1)
    if libc is not None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if os.getppid() == 1:
        os._exit(0)
    for limit, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_NOFILE, 1),
    ):
        resource.setrlimit(limit, (value, value))


def _libc() -> Any:
    try:
        return ctypes.CDLL(None, use_errno=True)
    except OSError:
        return None


def _leave_network(libc: Any) -> None:
    """Move to a network namespace without interfaces, where that is permitted; elsewhere the other walls stand."""
    if libc is not None and libc.unshare(_CLONE_NEWNET) != 0:
        libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)


def _load(name: str, file: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ImportError(name)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3] == "bytecode")
