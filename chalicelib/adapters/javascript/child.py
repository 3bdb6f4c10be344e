"""What a child process does: run one script after another for one workspace, each in a fresh realm.

Loaded by zygote.py without the platform's packages; it knows its parent only as descriptor 0. Frames are a length
(4 bytes), a kind (1 byte) and a body. Read: `J` a job, `D` a job whose parent fires the timers, `A` an answer, `F`
the timer to fire. Written: `L` a console line, `C` a batch of calls, `Q` one call whose answer the script waits for,
`W` the timers of a script that waits for `A` or `F`, `V` the value, `E` the failure. Texts are JSON in UTF-8.
"""

from __future__ import annotations

import hashlib
import json
import os
import resource
import select
import struct
import time
from collections.abc import Callable
from typing import Any

HEAD = struct.Struct("<IB")
JOB = struct.Struct("<IIdIII")  # memory in MB, limit in ms, now in ms, lengths of seed, functions and code
ANSWER = struct.Struct("<I")
TAIL = struct.Struct("<dI")  # CPU ms of the run, growth of the process since its start in KB; before V and E bodies
PREFIX = "(async function(){"
PRELUDE_LINE = 4000
MAX_RESULT_BYTES = 1_048_576
STACK_BYTES = 16 << 20
AS_SLACK = 192 << 20
FINISH_BYTES = 8 << 20
NOTHING_THROWN = b'{"kind":"threw","message":"null"}'

answers: Any = None
engine: Any = None
compiler: Any = None
prelude: str | bytes = ""
libraries: dict[str, str | bytes] = {}
stack_bytes = 1 << 20


class Gone(ConnectionError):
    """The parent closed the socket."""


def prepare(quickjs: Any, folder: str, bytecode: Any, answers_module: Any) -> None:
    """Read every text a child may need and touch every code path that loads something late (in the zygote).

    bytecode is a Compiler, or None: then the same texts are compiled again in every realm.
    """
    global answers, engine, compiler, prelude, stack_bytes
    answers, engine, compiler = answers_module, quickjs, bytecode
    stack_bytes = _stack() // 2  # a script gets half; the rest is for what it calls
    prelude = _own(f"{folder}/prelude.js", PRELUDE_LINE)
    for name in os.listdir(f"{folder}/library"):  # noqa: PTH208 (as in zygote.py)
        libraries[name.removesuffix(".js")] = _own(f"{folder}/library/{name}", 0)
    answers.warm()
    Realm(None).control("idle")


def _stack() -> int:
    """Raise the stack to STACK_BYTES if that is permitted, and tell its size: about 1.7 KB a JavaScript call."""
    soft, hard = resource.getrlimit(resource.RLIMIT_STACK)
    size = STACK_BYTES if hard == resource.RLIM_INFINITY else min(STACK_BYTES, hard)
    if soft == resource.RLIM_INFINITY or soft >= size:
        return size
    resource.setrlimit(resource.RLIMIT_STACK, (size, hard))
    return size


def _own(path: str, line: int) -> str | bytes:
    """Read one of the sandbox's own scripts: an expression, whose value is left in the global `__made`."""
    with open(path, encoding="utf-8") as file:
        text = file.read().rstrip()
    if compiler is None:
        return "\n" * line + text
    code: bytes = compiler.compile(f"void (globalThis.__made = {text}\n)", "<platform>")
    return code


def serve() -> None:
    """Answer jobs until the parent goes away. The next realm is made ready after each answer."""
    pipe = Pipe()
    spent, born_kb = 0.0, _peak_kb()
    while True:
        realm = Realm(pipe)
        try:
            kind, body = pipe.read_any(b"JD")
            spent = Run(realm, pipe, body, is_driven=kind == ord("D")).finish(spent, born_kb)
        except ConnectionError:
            return


class Pipe:
    """The socket to the parent."""

    def __init__(self) -> None:
        self.buffer = b""
        self.answers: list[bytes] = []
        self.poll = select.poll()
        self.poll.register(0, select.POLLIN)

    def write(self, kind: bytes, body: bytes) -> None:
        data = HEAD.pack(len(body), kind[0]) + body
        sent = os.write(0, data)
        while sent < len(data):
            sent += os.write(0, data[sent:])

    def read(self, kind: bytes, timeout_s: float | None = None) -> bytes:
        """Read the next frame, which must be of that kind; b"" when the time is over first."""
        return self.read_any(kind, timeout_s)[1]

    def read_any(self, kinds: bytes, timeout_s: float | None = None) -> tuple[int, bytes]:
        """Read the next frame, which must be of one of the kinds; its kind and body, the body b"" as above."""
        while True:
            if len(self.buffer) >= HEAD.size:
                size, got = HEAD.unpack_from(self.buffer)
                end = HEAD.size + size
                if len(self.buffer) >= end:
                    body, self.buffer = self.buffer[HEAD.size : end], self.buffer[end:]
                    if got not in kinds:
                        raise Gone
                    return got, body
                if size > 262_144:
                    self._fill(end)
                    continue
            if timeout_s is not None and not self.poll.poll(timeout_s * 1000):
                return 0, b""
            chunk = os.read(0, 262_144)
            if not chunk:
                raise Gone
            self.buffer = self.buffer + chunk if self.buffer else chunk

    def answer_to_question(self) -> str:
        """Wait for the answer numbered 0; others that come before it are kept for their turn."""
        while True:
            answer = self.read(b"A")
            if ANSWER.unpack_from(answer)[0] == 0:
                return answer[ANSWER.size :].decode()
            self.answers.append(answer)

    def _fill(self, end: int) -> None:
        chunks, have = [self.buffer], len(self.buffer)
        while have < end:
            chunk = os.read(0, 1 << 20)
            if not chunk:
                raise Gone
            chunks.append(chunk)
            have += len(chunk)
        self.buffer = b"".join(chunks)


class Realm:
    """A fresh engine with the prelude evaluated, and the one function it may call outside itself."""

    def __init__(self, pipe: Pipe | None) -> None:
        self.context = engine.Context()
        self.context.set_max_stack_size(stack_bytes)
        self.host = answers.HostFunctions(pipe, _loader(id(self.context)))
        self.context.add_callable("__host", self.host)
        if isinstance(prelude, str):
            self.control = self.context.eval(prelude)
        else:
            compiler.run(id(self.context), prelude)
            self.control = self.context.get("__made")


def _loader(context_id: int) -> Callable[[str], str]:
    """Give what loads a library into a context, named by id() so that the context does not keep itself alive."""

    def load(name: str) -> str:
        library = libraries[name]
        if isinstance(library, str):
            return library
        if not compiler.run(context_id, library):
            raise MemoryError("out of memory")
        return ""

    return load


class Run:
    """One job: set the limits, start the script, keep it going until it has settled, write what came of it."""

    def __init__(self, realm: Realm, pipe: Pipe, body: bytes, *, is_driven: bool = False) -> None:
        self.realm, self.pipe, self.control, self.is_driven = realm, pipe, realm.control, is_driven
        memory_mb, limit_ms, now_ms, *sizes = JOB.unpack_from(body)
        parts, start = [], JOB.size
        for size in sizes:
            parts.append(body[start : start + size])
            start += size
        seed, functions, code = parts
        self.bindings = body[start:].decode()
        self.code, self.functions, self.now_ms = code.decode(), functions.decode(), now_ms
        self.memory, self.limit_s = memory_mb << 20, limit_ms / 1000
        self.deadline = time.monotonic() + self.limit_s
        self.due: dict[str, float] = {}
        realm.host.seed = seed
        pipe.answers.clear()

    def finish(self, spent: float, born_kb: int) -> float:
        """Run the job and write its frame. Takes and returns the CPU seconds this process has used up to here."""
        self._limit(spent)
        kind, body = self._outcome()
        usage = resource.getrusage(resource.RUSAGE_SELF)
        cpu = usage.ru_utime + usage.ru_stime
        self.pipe.write(kind, TAIL.pack((cpu - spent) * 1000, usage.ru_maxrss - born_kb) + body)
        return cpu

    def _limit(self, spent: float) -> None:
        self.realm.context.set_memory_limit(self.memory)
        cpu_s = int(spent + self.limit_s) + 2
        resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, resource.RLIM_INFINITY))
        size = _base_bytes() + self.memory + AS_SLACK
        resource.setrlimit(resource.RLIMIT_AS, (size, resource.RLIM_INFINITY))

    def _outcome(self) -> tuple[bytes, bytes]:
        try:
            self.peak_kb = _peak_kb()
            self.control("begin", self.bindings, self.now_ms, self._seed_words(), self.functions)
            self.bindings = ""
            try:
                main = self.realm.context.eval(f"{PREFIX}{self.code}\n}})")
            except engine.JSException as error:
                return b"E", _report("syntax", str(error))
            self.control("run", main)
            self._turn()
            self.realm.context.set_memory_limit(self.memory + FINISH_BYTES)
            text = self.control("finish")
            body = text[1:].encode()
            if body == NOTHING_THROWN and self._has_flooded():
                return b"E", _report("memory", "out of memory")
            if text[0] == "V" and len(body) > MAX_RESULT_BYTES:
                return b"E", _report("output", "the result is larger than 1 MB")
            return text[0].encode(), body
        except Stopped as stop:
            return b"E", _report(stop.kind, str(stop))
        except engine.JSException as error:
            text = str(error)
            return b"E", _report("memory" if text[:4] == "null" and self._has_flooded() else _kind(error), text)
        except MemoryError:
            return b"E", _report("memory", "out of memory")
        except (TypeError, ValueError, AttributeError, IndexError) as error:  # only code that broke out of its function
            return b"E", _report("threw", f"the script cannot be run as the body of a function ({error})")

    def _has_flooded(self) -> bool:
        """Tell whether null was thrown because the engine had no memory left for an error: the run took most of it."""
        return (_peak_kb() - self.peak_kb) * 1024 > self.memory / 2

    def _seed_words(self) -> str:
        words = struct.unpack("<4i", hashlib.sha256(self.realm.host.seed).digest()[:16])
        return json.dumps(words)

    def _turn(self) -> None:
        """Run jobs, hand calls over, take answers, fire timers: until the script is done."""
        work = self.realm.context.execute_pending_job
        while True:
            while work():
                pass
            state = self.control("idle")
            step = state[0]
            if step == "D":
                return
            if step == "S":
                raise Stopped("stuck", "the script waits for a promise that nothing will settle")
            timers, _, batch = state[1:].partition("\n")
            self._note(timers)
            if step == "C":
                self.pipe.write(b"C", (b"T" if self.due else b"-") + batch.encode())
            elif self.is_driven:
                self._be_driven(timers)
            else:
                self._wait(step == "T")

    def _note(self, timers: str) -> None:
        now = time.monotonic()
        due = {}
        for entry in timers.split(",") if timers else ():
            name, _, wait = entry.partition(":")
            due[name] = self.due[name] if name in self.due else now + float(wait) / 1000
        self.due = due

    def _be_driven(self, timers: str) -> None:
        """Let the parent say what happens next: it owns the clock, and knows what happened when this ran before."""
        self.pipe.write(b"W", timers.encode())
        kind, body = self.pipe.read_any(b"AF")
        (number,) = ANSWER.unpack_from(body)
        if kind == ord("A"):
            self.control("answer", number, body[ANSWER.size :].decode())
        else:
            self.control("fire", number)

    def _wait(self, is_alone: bool) -> None:
        """Let the next thing happen: the earliest timer, or an answer."""
        timeout_s = None
        if self.due:
            first = min(self.due, key=lambda name: (self.due[name], int(name)))
            if is_alone and self.due[first] > self.deadline:
                raise Stopped("timeout", "a timer is longer than the run may last")
            timeout_s = max(0.0, self.due[first] - time.monotonic())
        answer = self.pipe.answers.pop(0) if self.pipe.answers else self.pipe.read(b"A", timeout_s)
        if answer:
            self.control("answer", ANSWER.unpack_from(answer)[0], answer[ANSWER.size :].decode())
        else:
            self.control("fire", int(first))


class Stopped(Exception):
    """The child ends the run itself."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def _report(kind: str, text: str) -> bytes:
    message, _, stack = text.partition("\n")
    name, colon, rest = message.partition(": ")
    if not (colon and name.endswith("Error") and name.isalnum()):
        name, rest = "", message
    return json.dumps({"kind": kind, "name": name, "message": rest[:4000], "stack": stack[:4000]}).encode()


def _kind(error: Exception) -> str:
    if isinstance(error, engine.StackOverflow):
        return "stack"
    return "memory" if "out of memory" in str(error) or "Failed obtaining" in str(error) else "threw"


def _peak_kb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


_base = 0


def _base_bytes() -> int:
    """Tell the address space in use before the first script, roughly: grown by what the allocator keeps."""
    global _base
    if not _base:
        _base = _peak_kb() * 1024 + (256 << 20)
    return _base
