"""Tell the kernel which system calls a child may make: those of computing and of its one open socket.

A seccomp filter, the wall behind the engine: should a script break out of QuickJS it finds no file, network, process
or signal to reach for. Everything not listed answers EPERM. Best effort: where the kernel or the machine is another,
the other limits stand alone. Loaded by zygote.py.
"""

from __future__ import annotations

import ctypes
import os
import struct
from typing import Any

# name: (x86_64, aarch64); numbers of include/uapi/asm-generic/unistd.h and arch/x86/entry/syscalls/syscall_64.tbl
ALLOWED = {
    "read": (0, 63),
    "write": (1, 64),
    "poll": (7, None),
    "ppoll": (271, 73),
    "mmap": (9, 222),
    "mprotect": (10, 226),
    "munmap": (11, 215),
    "brk": (12, 214),
    "mremap": (25, 216),
    "madvise": (28, 233),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "sigaltstack": (131, 132),
    "sched_yield": (24, 124),
    "getrusage": (98, 165),
    "gettimeofday": (96, 169),
    "clock_gettime": (228, 113),
    "clock_nanosleep": (230, 115),
    "getpid": (39, 172),
    "gettid": (186, 178),
    "futex": (202, 98),
    "restart_syscall": (219, 128),
    "getrandom": (318, 278),
    "exit": (60, 93),
    "exit_group": (231, 94),
}
OWN_LIMITS = (302, 261)  # prlimit64, for the caller itself only
_ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
_LOAD, _IS, _RETURN = 0x20, 0x15, 0x06  # BPF: load a word, jump if equal, return
_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050001, 0x80000000
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data
_PR_SET_SECCOMP, _MODE_FILTER = 22, 2


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_char_p))


def filter_code(machine: str) -> bytes:
    """Write the filter for a machine name as os.uname() gives it; b"" for a machine it does not know."""
    if machine not in _ARCHITECTURES:
        return b""
    column, token = _ARCHITECTURES[machine]
    numbers = [number for pair in ALLOWED.values() if (number := pair[column]) is not None]
    code = [(_LOAD, 0, 0, _ARCHITECTURE), (_IS, 1, 0, token), (_RETURN, 0, 0, _KILL), (_LOAD, 0, 0, _NUMBER)]
    for number in numbers:
        code += [(_IS, 0, 1, number), (_RETURN, 0, 0, _ALLOW)]
    code += [(_IS, 0, 3, OWN_LIMITS[column]), (_LOAD, 0, 0, _FIRST_ARGUMENT), (_IS, 0, 1, 0), (_RETURN, 0, 0, _ALLOW)]
    code += [(_RETURN, 0, 0, _REFUSE)]
    return b"".join(struct.pack("<HBBI", *step) for step in code)


def restrict(libc: Any, code: bytes) -> bool:
    """Put the calling process behind the filter, for good; tell whether the kernel took it. Needs no_new_privs."""
    if not code:
        return False
    program = _Program(len(code) // 8, code)
    return bool(libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(program), 0, 0) == 0)


def for_this_machine() -> bytes:
    """Write the filter of this machine."""
    return filter_code(os.uname().machine)
