"""What becomes of a child after a run, however the run ends; and which frames of a run are believed."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any, cast

import pytest

from chalicelib.adapters.javascript import Script
from chalicelib.adapters.javascript.exchange import HEAD, TAIL, Dead, Disorder, Exchange
from chalicelib.adapters.javascript.pool import Child, Pool, Zygote
from chalicelib.adapters.javascript.sandbox import Runner, _Run
from chalicelib.core.errors import LogicFailed
from tests.adapters.javascript.fakes import Web


class Lender:
    """A pool of children that are nothing but sockets; `broken` are those nothing can be written to."""

    def __init__(self, *broken: bool, runs: int = 0) -> None:
        self.broken, self.runs = list(broken), runs
        self.taken: list[Child] = []
        self.back: list[Child] = []
        self.ended: list[Child] = []
        self.others: list[socket.socket] = []

    def take(self, workspace_id: str) -> Child:
        ours, theirs = socket.socketpair()
        child = Child(cast(Zygote, None), len(self.taken), ours, workspace_id)
        child.runs = self.runs
        self.taken.append(child)
        self.others.append(theirs)
        if self.broken and self.broken.pop(0):
            theirs.close()
        return child

    def give_back(self, child: Child) -> None:
        self.back.append(child)

    def discard(self, child: Child) -> int:
        self.ended.append(child)
        return 9

    def close(self) -> None:
        for end in (*self.others, *(child.sock for child in self.taken)):
            end.close()


@pytest.fixture
def lender() -> Iterator[Lender]:
    made = Lender()
    yield made
    made.close()


class Ending(Exchange):
    """Ends as it is told."""

    def __init__(self, child: Child, end: Any, is_over: bool) -> None:
        super().__init__(child, 5)
        self.end, self.is_over, self.closed = end, is_over, 0

    def outcome(self) -> Any:
        if isinstance(self.end, BaseException):
            raise self.end
        return self.end

    def close(self) -> None:
        self.closed += 1


def lend(pool: Any, end: Any, is_over: bool = True) -> Any:
    runs: list[Ending] = []

    def begin(child: Child) -> Ending:
        runs.append(Ending(child, end, is_over))
        return runs[0]

    try:
        return Runner(cast(Pool, pool)).lend("w", b"J", b"job", begin)
    finally:
        assert [run.closed for run in runs] in ([], [1])  # none when nothing could be handed over


@pytest.mark.parametrize("end", ["value", LogicFailed("threw", kind="threw")])
@pytest.mark.parametrize("is_over", [True, False])
def test_a_child_that_ended_the_run_is_lent_again_and_any_other_is_ended(
    lender: Lender, end: Any, is_over: bool
) -> None:
    if isinstance(end, str):
        assert lend(lender, end, is_over) == end
    else:
        with pytest.raises(LogicFailed):
            lend(lender, end, is_over)
    assert (lender.back, lender.ended) == ((lender.taken, []) if is_over else ([], lender.taken))
    assert lender.others[0].recv(100) == HEAD.pack(3, ord("J")) + b"job"


@pytest.mark.parametrize(
    ("end", "raised", "words"),
    [
        (Dead(), LogicFailed, "memory"),
        (Disorder(), LogicFailed, "no longer followed the rules"),
        (RuntimeError("ours"), RuntimeError, "ours"),
        (KeyboardInterrupt("stop"), KeyboardInterrupt, "stop"),
    ],
)
def test_a_child_that_nobody_can_answer_for_is_ended(
    lender: Lender, end: BaseException, raised: type[BaseException], words: str
) -> None:
    with pytest.raises(raised, match=words):
        lend(lender, end)
    assert (lender.back, lender.ended) == ([], lender.taken)


def test_a_child_that_died_while_idle_is_replaced() -> None:
    lender = Lender(True, True, runs=1)
    assert lend(lender, "value") == "value"
    assert lender.ended == lender.taken[:2]
    assert lender.back == lender.taken[2:]
    assert lender.taken[2].sock.gettimeout() == 5
    lender.close()


def test_a_new_child_that_cannot_be_written_to_is_a_fault() -> None:
    lender = Lender(True)
    with pytest.raises(OSError, match="pipe"):
        lend(lender, "value")
    assert lender.ended == lender.taken
    lender.close()


# --- the frames of a run ----------------------------------------------------------------------------------------


class Talk:
    """A run, and its child's end of the socket."""

    def __init__(self, web: Web | None = None) -> None:
        ours, self.theirs = socket.socketpair()
        self.run = _Run(Child(cast(Zygote, None), 0, ours, "w"), Script("code", {}), web, 5)

    def say(self, kind: str, body: bytes) -> None:
        self.theirs.sendall(HEAD.pack(len(body), ord(kind)) + body)

    def end(self) -> None:
        self.run.child.sock.close()
        self.theirs.close()


@pytest.fixture
def talk() -> Iterator[Talk]:
    made = Talk(Web())
    yield made
    made.end()


END = TAIL.pack(1.5, 77)


def test_lines_calls_and_questions_come_before_the_value(talk: Talk) -> None:
    call = {"id": 3, "kind": "http", "request": {"url": "https://a/", "method": "GET", "body": None}}
    talk.say("L", b'{"level":"log","message":"x","at":1}')
    talk.say("C", b"-" + json.dumps([call]).encode())
    talk.say("Q", b'{"kind":"nothing","request":{}}')
    talk.say("V", END + b"[1]")
    outcome = talk.run.outcome()
    assert (outcome.value, outcome.cpu_ms, outcome.calls, len(outcome.logs)) == ([1], 1.5, 2, 1)
    assert (talk.run.is_over, talk.run.child.growth_kb) == (True, 77)
    first = talk.theirs.recv(10_000)
    assert first[4:5] == b"A" and first[5:9] == b"\3\0\0\0"


def test_a_failure_that_the_child_reports_ends_the_run(talk: Talk) -> None:
    talk.say("E", END + b'{"kind":"stuck","message":"waits"}')
    with pytest.raises(LogicFailed, match="waits"):
        talk.run.outcome()
    assert talk.run.is_over


def test_a_value_that_is_too_deep_ends_the_run_too(talk: Talk) -> None:
    talk.say("V", END + b"[" * 100 + b"]" * 100)
    with pytest.raises(LogicFailed, match="nested deeper"):
        talk.run.outcome()
    assert talk.run.is_over


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("X", END + b"1"),
        ("W", END),
        ("V", b"short"),
        ("V", END + b"{"),
        ("E", END + b"{"),
        ("L", b"{}"),
        ("C", b"-{"),
        ("C", b"-" + json.dumps([{"id": 1}] * 201).encode()),
        ("Q", b"1"),
    ],
)
def test_what_no_child_writes_is_disorder(talk: Talk, kind: str, body: bytes) -> None:
    talk.say(kind, body)
    with pytest.raises(Disorder):
        talk.run.outcome()


def test_a_bug_of_ours_ends_the_run_as_it_is(talk: Talk) -> None:
    call = {"id": 3, "kind": "http", "request": {"url": "https://bug/", "method": "GET", "body": None}}
    talk.say("C", b"-" + json.dumps([call]).encode())
    with pytest.raises(RuntimeError, match="a bug of ours"):
        talk.run.outcome()
    assert not talk.run.is_over


def test_a_bug_of_ours_that_comes_with_the_value_is_not_lost(talk: Talk) -> None:
    talk.run.calls.bug = ValueError("a bug of ours")
    talk.say("V", END + b"1")
    with pytest.raises(ValueError, match="a bug of ours"):
        talk.run.outcome()
    assert not talk.run.is_over


def test_an_answer_to_a_child_that_is_gone_comes_to_nothing(talk: Talk) -> None:
    talk.theirs.close()
    talk.run._answer(1, b"{}")
    with pytest.raises(Dead):
        talk.run.outcome()


def test_once_closed_a_run_answers_nothing_more(talk: Talk) -> None:
    talk.run.close()
    talk.run.calls.start([{"id": 1, "kind": "file", "request": {}}], is_beside_timers=False)
    talk.theirs.setblocking(False)
    with pytest.raises(BlockingIOError):
        talk.theirs.recv(1)
