"""The child's own parts, in this process: its pipe byte by byte, its stack, how it words what failed."""

from __future__ import annotations

import json
import resource
from collections.abc import Callable
from itertools import pairwise
from types import SimpleNamespace
from typing import Any, cast

import pytest

from chalicelib.adapters.javascript import child
from chalicelib.adapters.javascript.child import ANSWER, HEAD, STACK_BYTES, Gone, Pipe

MB = 1 << 20
WITHOUT_END = resource.RLIM_INFINITY


class Line:
    """Descriptor 0: what is read comes in the pieces given, what is written goes in pieces of `at_once` bytes."""

    def __init__(self, *pieces: bytes, at_once: int = 1 << 30) -> None:
        self.pieces, self.at_once, self.written = list(pieces), at_once, b""
        self.sizes: list[int] = []

    def read(self, _fd: int, size: int) -> bytes:
        self.sizes.append(size)
        return self.pieces.pop(0) if self.pieces else b""

    def write(self, _fd: int, data: bytes) -> int:
        taken = data[: self.at_once]
        self.written += taken
        return len(taken)


@pytest.fixture
def piped(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Pipe, Line]]:
    def make(*pieces: bytes, is_quiet: bool = False, **more: Any) -> tuple[Pipe, Line]:
        line = Line(*pieces, **more)
        monkeypatch.setattr(child, "os", line)
        poll = SimpleNamespace(register=lambda *_: None, poll=lambda _ms: [] if is_quiet else [(0, 1)])
        monkeypatch.setattr(child, "select", SimpleNamespace(poll=lambda: poll, POLLIN=1))
        return Pipe(), line

    return make


def frame(kind: str, body: bytes) -> bytes:
    return HEAD.pack(len(body), ord(kind)) + body


@pytest.mark.parametrize("at_once", [1, 7, 100])
def test_a_frame_is_written_whole(piped: Callable[..., tuple[Pipe, Line]], at_once: int) -> None:
    pipe, line = piped(at_once=at_once)
    pipe.write(b"V", b"some value")
    assert line.written == frame("V", b"some value")


@pytest.mark.parametrize("size", [0, 1, 262_144, 262_145, 3 * MB])
def test_a_frame_is_read_whole_however_it_comes(piped: Callable[..., tuple[Pipe, Line]], size: int) -> None:
    sent = frame("J", b"x" * size) + frame("A", b"next")
    cut = [1, 4, 6, size // 2 + 5, size + 5, size + 8]
    edges = [0, *sorted({at for at in cut if at < len(sent)}), len(sent)]
    pieces = [sent[start:end] for start, end in pairwise(edges)]
    pipe, _ = piped(*pieces)
    assert pipe.read_any(b"JD") == (ord("J"), b"x" * size)
    assert pipe.read(b"A") == b"next"


def test_a_long_frame_is_read_in_large_pieces(piped: Callable[..., tuple[Pipe, Line]]) -> None:
    sent = frame("J", b"x" * (3 * MB))
    pipe, line = piped(sent[:100], *(sent[at : at + MB] for at in range(100, len(sent), MB)))
    assert len(pipe.read(b"J")) == 3 * MB
    assert line.sizes[1:] == [MB] * 3


@pytest.mark.parametrize(
    "sent", [b"", b"\1", frame("A", b"abc")[:-1], frame("A", b"x" * 300_000)[:-1], frame("X", b"")]
)
def test_a_parent_that_is_gone_or_says_something_else_ends_it(
    piped: Callable[..., tuple[Pipe, Line]], sent: bytes
) -> None:
    pipe, _ = piped(*[sent] if sent else [])
    with pytest.raises(Gone):
        pipe.read(b"A")


def test_whoever_waits_no_longer_than_a_time_gets_nothing_after_it(piped: Callable[..., tuple[Pipe, Line]]) -> None:
    quiet, line = piped(frame("A", b"late"), is_quiet=True)
    assert quiet.read_any(b"A", 0.5) == (0, b"")
    assert line.sizes == []
    assert quiet.read(b"A") == b"late"
    loud, _ = piped(frame("A", b"here"))
    assert loud.read(b"A", 0.5) == b"here"


def test_it_is_its_parent_that_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    poll = SimpleNamespace(register=lambda *what: asked.append(what))
    monkeypatch.setattr(child, "select", SimpleNamespace(poll=lambda: poll, POLLIN=1))
    Pipe()
    assert asked == [(0, 1)]


def test_answers_to_others_are_kept_for_their_turn(piped: Callable[..., tuple[Pipe, Line]]) -> None:
    answers = [ANSWER.pack(number) + text for number, text in ((3, b"three"), (0, b"mine"), (4, b"four"))]
    pipe, _ = piped(*(frame("A", answer) for answer in answers))
    assert pipe.answer_to_question() == "mine"
    assert pipe.answers == [answers[0]]


@pytest.mark.parametrize(
    ("soft", "hard", "size", "is_set"),
    [
        (8 * MB, WITHOUT_END, STACK_BYTES, True),
        (8 * MB, 64 * MB, STACK_BYTES, True),
        (4 * MB, 8 * MB, 8 * MB, True),
        (8 * MB, 8 * MB, 8 * MB, False),
        (32 * MB, WITHOUT_END, STACK_BYTES, False),
        (WITHOUT_END, WITHOUT_END, STACK_BYTES, False),
    ],
)
def test_the_stack_is_raised_as_far_as_is_permitted(
    soft: int, hard: int, size: int, is_set: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    known = SimpleNamespace(
        RLIMIT_STACK=resource.RLIMIT_STACK,
        RLIM_INFINITY=WITHOUT_END,
        getrlimit=lambda _: (soft, hard),
        setrlimit=lambda *limit: asked.append(limit),
    )
    monkeypatch.setattr(child, "resource", known)
    assert child._stack() == size
    assert asked == ([(resource.RLIMIT_STACK, (size, hard))] if is_set else [])


def test_a_library_that_does_not_fit_is_a_lack_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    compiler = SimpleNamespace(run=lambda *what: asked.append(what) or len(asked) == 1)
    monkeypatch.setattr(child, "compiler", compiler)
    monkeypatch.setattr(child, "libraries", {"text": "source", "code": b"code"})
    load = child._loader(7)
    assert (load("text"), asked) == ("source", [])
    assert (load("code"), asked) == ("", [(7, b"code")])
    with pytest.raises(MemoryError):
        load("code")
    with pytest.raises(KeyError):
        load("other")


@pytest.mark.parametrize(
    ("text", "name", "message", "stack"),
    [
        ("TypeError: no\n  at a\n  at b", "TypeError", "no", "  at a\n  at b"),
        ("Error: a: b", "Error", "a: b", ""),
        ("no colon", "", "no colon", ""),
        ("TypeError", "", "TypeError", ""),
        ("My Error: no", "", "My Error: no", ""),
        ("Type-Error: no", "", "Type-Error: no", ""),
        ("Fault: no", "", "Fault: no", ""),
        ("x" * 5_000 + "\n" + "y" * 5_000, "", "x" * 4_000, "y" * 4_000),
    ],
)
def test_a_failure_is_told_by_name_message_and_stack(text: str, name: str, message: str, stack: str) -> None:
    told = json.loads(child._report("threw", text))
    assert told == {"kind": "threw", "name": name, "message": message, "stack": stack}


def test_a_job_is_read_and_nothing_of_the_one_before_is_left() -> None:
    realm, pipe = SimpleNamespace(control=None, host=SimpleNamespace(seed=b"old")), SimpleNamespace(answers=[b"old"])
    body = child.JOB.pack(16, 1500, 5.0, 1, 2, 3) + b"s" + b"{}" + b"abc" + b'{"a":1}'
    run = child.Run(cast(Any, realm), cast(Any, pipe), body)
    assert (pipe.answers, realm.host.seed, run.due) == ([], b"s", {})
    assert (run.functions, run.code, run.bindings) == ("{}", "abc", '{"a":1}')
    assert (run.memory, run.limit_s, run.now_ms, run.is_driven) == (16 * MB, 1.5, 5.0, False)


@pytest.mark.parametrize(
    ("text", "has_flooded", "kind"),
    [
        ("null", True, "memory"),
        ("null", False, "threw"),
        ("TypeError: no", True, "threw"),
        ("InternalError: out of memory", False, "memory"),
    ],
)
def test_an_engine_without_memory_for_an_error_throws_null(
    text: str, has_flooded: bool, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class JSException(Exception):
        pass

    class StackOverflow(Exception):
        pass

    def control(*_: Any) -> None:
        raise JSException(text)

    monkeypatch.setattr(child, "engine", SimpleNamespace(JSException=JSException, StackOverflow=StackOverflow))
    run = child.Run.__new__(child.Run)
    made = {"control": control, "bindings": "", "now_ms": 0.0, "functions": "", "_seed_words": lambda: "[]"}
    run.__dict__.update(made, _has_flooded=lambda: has_flooded)
    letter, body = run._outcome()
    assert (letter, json.loads(body)["kind"]) == (b"E", kind)


def test_the_space_taken_before_the_first_script_is_measured_once(monkeypatch: pytest.MonkeyPatch) -> None:
    peaks = iter([30_000, 90_000])
    monkeypatch.setattr(child, "_base", 0)
    monkeypatch.setattr(child, "_peak_kb", lambda: next(peaks))
    assert {child._base_bytes() for _ in range(2)} == {30_000 * 1024 + 256 * MB}


def test_whoever_is_stopped_is_told_why() -> None:
    stopped = child.Stopped("stuck", "it waits")
    assert (stopped.kind, str(stopped)) == ("stuck", "it waits")


def test_a_failure_has_a_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    class StackOverflow(Exception):
        pass

    monkeypatch.setattr(child, "engine", SimpleNamespace(StackOverflow=StackOverflow))
    kinds = [
        child._kind(error) for error in (StackOverflow("out of memory"), Exception("InternalError: out of memory"))
    ]
    kinds += [child._kind(Exception(text)) for text in ("Failed obtaining QuickJS result", "TypeError: no")]
    assert kinds == ["stack", "memory", "memory", "threw"]
