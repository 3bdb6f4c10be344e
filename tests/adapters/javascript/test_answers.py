"""What the prelude is answered without waiting: texts only, so much and no more, never an exception."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
from typing import Any

import pytest

from chalicelib.adapters.javascript import answers, syscalls
from chalicelib.adapters.javascript.answers import MAX_LOG_BYTES, MAX_LOG_LINES, MAX_QUESTIONS, HostFunctions


class Pipe:
    """Keeps what is written, and answers every question alike."""

    def __init__(self) -> None:
        self.written: list[tuple[bytes, bytes]] = []

    def write(self, kind: bytes, body: bytes) -> None:
        self.written.append((kind, body))

    def answer_to_question(self) -> str:
        return "answer"


@pytest.fixture
def pipe() -> Pipe:
    return Pipe()


@pytest.fixture
def host(pipe: Pipe) -> HostFunctions:
    def load(name: str) -> str:
        return {"lodash": "text"}[name]

    return HostFunctions(pipe, load)


@pytest.mark.parametrize(
    "words", [(), ("say", "x"), ("say", "x", "", "", ""), ("none", "", "", ""), ("a b", "", "", "")]
)
def test_what_is_no_question_is_answered_with_a_fault(host: HostFunctions, words: tuple[str, ...]) -> None:
    assert host(*words).startswith("!")


@pytest.mark.parametrize("strange", [None, 1, True, ["x"], b"x"])
@pytest.mark.parametrize("place", range(4))
def test_anything_but_texts_is_refused(host: HostFunctions, pipe: Pipe, place: int, strange: Any) -> None:
    words: list[Any] = ["say", "x", "", ""]
    words[place] = strange
    assert host(*words) == "!the sandbox takes texts only"
    assert pipe.written == []


def test_a_text_of_a_kind_of_its_own_is_none(host: HostFunctions) -> None:
    class Text(str):
        pass

    assert host("say", Text("x"), "", "") == "!the sandbox takes texts only"


def test_so_many_lines_are_said_and_no_more(host: HostFunctions, pipe: Pipe) -> None:
    assert {host("say", f"{number}", "", "") for number in range(MAX_LOG_LINES + 1)} == {"="}
    assert pipe.written == [(b"L", f"{number}".encode()) for number in range(MAX_LOG_LINES)]


def test_lines_have_a_size_together(host: HostFunctions, pipe: Pipe) -> None:
    for size in (MAX_LOG_BYTES - 1, 2, 1, 1):
        assert host("say", "x" * size, "", "") == "="
    assert [len(body) for _, body in pipe.written] == [MAX_LOG_BYTES - 1, 1]


def test_so_many_questions_are_asked_and_no_more(host: HostFunctions, pipe: Pipe) -> None:
    assert {host("ask", "sign", '{"a":1}', "") for _ in range(MAX_QUESTIONS)} == {"=answer"}
    assert host("ask", "sign", "{}", "") == f"!a run may ask {MAX_QUESTIONS} times at most"
    assert len(pipe.written) == MAX_QUESTIONS
    assert (pipe.written[0][0], json.loads(pipe.written[0][1])) == (b"Q", {"kind": "sign", "request": {"a": 1}})


def test_without_a_parent_nothing_is_asked_or_said() -> None:
    alone = HostFunctions(None, str)
    assert alone("ask", "sign", "{}", "") == f"!a run may ask {MAX_QUESTIONS} times at most"
    assert alone("say", "x", "", "") == "="


def test_a_parent_that_is_gone_ends_the_process(
    host: HostFunctions, pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Ended(BaseException):
        pass

    def end(_code: int) -> None:
        raise Ended

    def broken(_kind: bytes, _body: bytes) -> None:
        raise BrokenPipeError

    monkeypatch.setattr(os, "_exit", end)
    monkeypatch.setattr(pipe, "write", broken)
    with pytest.raises(Ended):
        host("say", "x", "", "")


def test_libraries_are_loaded_by_name(host: HostFunctions) -> None:
    assert host("source", "lodash", "", "") == "=text"
    assert host("source", "other", "", "").startswith("!")


def test_chance_is_bound_to_the_seed_and_never_repeats(host: HostFunctions) -> None:
    host.seed = b"seed"
    drawn = [host("random", "16", "", "") for _ in range(3)]
    assert len(set(drawn)) == 3 and {len(text) for text in drawn} == {33}
    again = HostFunctions(None, str)
    again.seed = b"seed"
    assert [again("random", "16", "", "") for _ in range(3)] == drawn
    assert len(host("random", "100000", "", "")) == 1 + 2 * 65_536
    assert host("random", "many", "", "").startswith("!")


DATA = 'a"\u00fc'


@pytest.mark.parametrize("algorithm", answers.HASHES)
def test_hashes_are_those_of_the_standard_library(host: HostFunctions, algorithm: str) -> None:
    raw = hashlib.new(algorithm, DATA.encode()).digest()
    signed = hmac.digest(b"key", DATA.encode(), algorithm)
    assert host(f"hash {algorithm} hex", "u", f"u{DATA}", "") == "=" + raw.hex()
    assert host(f"hmac {algorithm} base64", "ukey", f"u{DATA}", "") == "=" + base64.b64encode(signed).decode()
    url = base64.urlsafe_b64encode(signed).decode().rstrip("=")
    assert host(f"hmac {algorithm} base64url", "ukey", f"u{DATA}", "") == "=" + url


@pytest.mark.parametrize("operation", ["hash shake_256 hex", "hash sm3 hex", "hash md5 none", "hash md5"])
def test_no_other_hash_and_no_other_spelling_is_known(host: HostFunctions, operation: str) -> None:
    assert host(operation, "u", "u", "").startswith("!")


@pytest.mark.parametrize(
    ("carried", "raw"),
    [
        ("uä", "ä".encode()),
        ('j"a\\u0000\\ud800"', "a\0\ufffd".encode()),
        ("bAP8=", b"\0\xff"),
        ('p["ua", "bAP8=", "p[\\"ub\\"]"]', b"a\0\xffb"),
        ("", b""),
        ("xa", b""),
    ],
)
def test_bytes_are_carried_in_texts(carried: str, raw: bytes) -> None:
    assert answers._bytes(carried) == raw


class Kernel:
    """Takes a filter, or refuses it."""

    def __init__(self, answer: int) -> None:
        self.answer, self.asked = answer, 0

    def prctl(self, *_: Any) -> int:
        self.asked += 1
        return self.answer


@pytest.mark.parametrize(("answer", "is_taken"), [(0, True), (-1, False)])
def test_it_is_told_whether_the_kernel_took_the_filter(answer: int, is_taken: bool) -> None:
    assert syscalls.restrict(Kernel(answer), syscalls.filter_code("x86_64")) is is_taken


def test_without_a_filter_the_kernel_is_not_asked() -> None:
    kernel = Kernel(0)
    assert not syscalls.restrict(kernel, b"")
    assert kernel.asked == 0


@pytest.mark.parametrize(("machine", "absent"), [("x86_64", 0), ("aarch64", 1)])
def test_the_filter_lists_the_calls_that_the_machine_has(machine: str, absent: int) -> None:
    numbers = [pair for pair in syscalls.ALLOWED.values() if (pair[0] if machine == "x86_64" else pair[1]) is not None]
    assert len(syscalls.filter_code(machine)) // 8 == 4 + 2 * len(numbers) + 5
    assert len(syscalls.ALLOWED) - len(numbers) == absent
