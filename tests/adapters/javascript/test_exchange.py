"""What the lender of a child makes of the bytes that come: whole frames, a dead child, one that talks nonsense."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from typing import Any, cast

import pytest

from chalicelib.adapters.javascript.exchange import (
    HEAD,
    MAX_FRAME_BYTES,
    MAX_LOG_LINES,
    Dead,
    Disorder,
    Exchange,
    value_of,
)
from chalicelib.adapters.javascript.job import MAX_DEPTH
from chalicelib.adapters.javascript.pool import Child, Zygote
from chalicelib.core.errors import LogicFailed


class Reading(Exchange):
    """Its outcome is the next frame, or what `fault` says."""

    fault: BaseException | None = None

    def _outcome(self) -> Any:
        if self.fault is not None:
            raise self.fault
        return self.read()


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    ours.settimeout(5)  # as after a job was handed over
    with ours, theirs:
        yield ours, theirs


@pytest.fixture
def reading(pair: tuple[socket.socket, socket.socket]) -> Reading:
    return Reading(Child(cast(Zygote, None), 0, pair[0], "w"), 5)


def test_frames_are_read_whole_however_they_come(reading: Reading, pair: tuple[socket.socket, socket.socket]) -> None:
    sent = HEAD.pack(3, ord("L")) + b"abc" + HEAD.pack(0, ord("V"))
    for at in range(len(sent)):
        pair[1].sendall(sent[at : at + 1])
        if at == 7:
            assert reading.outcome() == ("L", b"abc")
    assert reading.outcome() == ("V", b"")


def test_a_frame_of_the_largest_size_is_waited_for_and_one_byte_more_is_disorder(
    reading: Reading, pair: tuple[socket.socket, socket.socket]
) -> None:
    pair[1].sendall(HEAD.pack(MAX_FRAME_BYTES + 1, ord("V")))
    with pytest.raises(Disorder):
        reading.outcome()
    reading._buffer = HEAD.pack(MAX_FRAME_BYTES, ord("V")) + b"x" * MAX_FRAME_BYTES
    assert len(reading.outcome()[1]) == MAX_FRAME_BYTES


def test_a_run_is_over_when_its_time_is_however_long_the_child_may_be_silent(
    reading: Reading,
) -> None:
    reading.deadline = time.monotonic() + 0.1
    for _ in range(2):  # the time runs out while it waits; then it is over before
        with pytest.raises(LogicFailed) as over:
            reading.outcome()
        assert over.value.kind == "timeout"
    assert time.monotonic() - reading.started < 3


def test_a_child_that_is_gone_is_dead(reading: Reading, pair: tuple[socket.socket, socket.socket]) -> None:
    pair[0].sendall(b"what it never reads")
    pair[1].close()
    for _ in range(2):  # the first time the connection is reset, then it is at its end
        with pytest.raises(Dead):
            reading.outcome()


def test_a_bug_of_ours_is_raised_as_it_is_and_any_other_fault_is_disorder(reading: Reading) -> None:
    reading.fault = ValueError("nonsense")
    with pytest.raises(Disorder):
        reading.outcome()
    reading.bug = reading.fault
    with pytest.raises(ValueError, match="nonsense"):
        reading.outcome()


def test_so_many_lines_are_kept_and_no_more(reading: Reading) -> None:
    for number in range(MAX_LOG_LINES + 1):
        reading.log(b'{"level":"log","message":"%d","at":1}' % number)
    assert [line["message"] for line in reading.logs] == [str(number) for number in range(MAX_LOG_LINES)]


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 5_000])
def test_a_value_that_is_nested_too_deeply_is_refused(depth: int) -> None:
    assert value_of(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH, []) is not None
    with pytest.raises(LogicFailed, match="nested deeper") as refused:
        value_of(b"[" * depth + b"]" * depth, [{"message": "x"}])
    assert (refused.value.kind, refused.value.logs) == ("output", [{"message": "x"}])
