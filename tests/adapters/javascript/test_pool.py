"""Who gets which child, and which one has to go: with a zygote that makes nothing but notes what it is asked."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chalicelib.adapters.javascript import pool as pools
from chalicelib.adapters.javascript.pool import Child, Pool, Zygote
from chalicelib.core.errors import Unavailable


class Notes:
    """Stands for the zygote."""

    def __init__(self) -> None:
        self.is_dead = False
        self.failures = 0
        self.made: list[Child] = []
        self.reaped: list[Child] = []
        self.closed = 0

    def spawn(self, workspace_id: str) -> Child:
        if self.failures:
            self.failures -= 1
            raise Unavailable("no more processes")
        ours, theirs = socket.socketpair()
        theirs.close()
        self.made.append(Child(self, len(self.made), ours, workspace_id))  # type: ignore[arg-type]
        return self.made[-1]

    def reap(self, child: Child) -> int:
        child.sock.close()
        self.reaped.append(child)
        return 9

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def zygote() -> Iterator[Notes]:
    notes = Notes()
    yield notes
    for child in notes.made:
        child.sock.close()


def pool_of(size: int, zygote: Any) -> Pool:
    made = Pool(size)
    made._zygote = zygote
    return made


def test_a_child_is_lent_again_to_its_own_workspace_the_one_used_last_first(zygote: Notes) -> None:
    pool = pool_of(4, zygote)
    first, second, other = pool.take("a"), pool.take("a"), pool.take("b")
    for child in (first, second, other):
        pool.give_back(child)
    assert pool.pids() == {0: "a", 1: "a", 2: "b"}
    assert [pool.take("a"), pool.take("a"), pool.take("b")] == [second, first, other]
    assert (len(zygote.made), zygote.reaped, pool.pids()) == (3, [], {})


def test_the_longest_unused_goes_only_when_there_is_no_room_for_another(zygote: Notes) -> None:
    pool = pool_of(2, zygote)
    for name in ("a", "b"):
        pool.give_back(pool.take(name))
    assert zygote.reaped == []
    pool.give_back(pool.take("a"))
    assert zygote.reaped == []
    taken = pool.take("c")
    assert [child.workspace_id for child in zygote.reaped] == ["b"]
    assert list(pool.pids().values()) == ["a"]
    pool.give_back(taken)
    assert len(zygote.made) == 3


@pytest.mark.parametrize(("size", "share"), [(1, 1), (2, 1), (8, 5)])
def test_one_workspace_holds_five_eighths_and_all_together_no_more_than_there_are(
    zygote: Notes, size: int, share: int
) -> None:
    pool = pool_of(size, zygote)
    for _ in range(share):
        pool.take("a", 0)
    with pytest.raises(Unavailable, match="busy"):
        pool.take("a", 0)
    for number in range(size - share):
        pool.take(f"b{number}", 0)
    with pytest.raises(Unavailable, match="busy"):
        pool.take("c", 0)
    assert len(zygote.made) == size
    assert pool._waiting == []


@pytest.mark.parametrize(
    ("runs", "growth_kb", "is_kept"), [(2, 0, True), (3, 0, False), (1, 1024, True), (1, 1025, False)]
)
def test_a_child_that_has_served_or_grown_enough_is_replaced(
    zygote: Notes, runs: int, growth_kb: int, is_kept: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pools, "MAX_RUNS", 3)
    monkeypatch.setattr(pools, "MAX_GROWTH_KB", 1024)
    pool = pool_of(2, zygote)
    for _ in range(runs):
        child = pool.take("a", 0)
        child.growth_kb = growth_kb
        pool.give_back(child)
    assert (zygote.reaped == []) is is_kept
    assert bool(pool.pids()) is is_kept


def test_a_child_that_cannot_be_forked_is_tried_once_more_and_takes_no_place(zygote: Notes) -> None:
    pool = pool_of(1, zygote)
    zygote.failures = 1
    pool.discard(pool.take("a", 0))
    zygote.failures = 2
    with pytest.raises(Unavailable, match="processes"):
        pool.take("a", 0)
    assert pool.take("b", 0).workspace_id == "b"


def test_a_child_that_cannot_be_ended_takes_no_place_either(zygote: Notes, monkeypatch: pytest.MonkeyPatch) -> None:
    pool = pool_of(1, zygote)
    child = pool.take("a", 0)

    def fail(_child: Child) -> int:
        raise RuntimeError("no answer")

    with monkeypatch.context() as patch:
        patch.setattr(zygote, "reap", fail)
        with pytest.raises(RuntimeError):
            pool.discard(child)
    assert pool.discard(pool.take("b", 0)) == 9


def waiting(pool: Pool, names: list[str]) -> list[tuple[str, Child]]:
    """Let a thread for each name wait for a child; give the list that fills with what they get."""
    got: list[tuple[str, Child]] = []
    for number, name in enumerate(names):
        threading.Thread(target=lambda name=name: got.append((name, pool.take(name, 20))), daemon=True).start()
        until(lambda number=number: len(pool._waiting) == number + 1)
    return got


def until(is_so: Any) -> None:
    ends = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < ends
        time.sleep(0.001)


def test_one_place_goes_to_one_of_those_who_wait_the_first(zygote: Notes) -> None:
    pool = pool_of(3, zygote)  # so each workspace may hold one
    held = pool.take("a")
    got = waiting(pool, ["a", "a"])
    pool.give_back(held)
    until(lambda: got)
    assert (got, len(pool._waiting), len(zygote.made)) == ([("a", held)], 1, 1)
    pool.give_back(held)
    until(lambda: len(got) == 2)
    assert got == [("a", held)] * 2
    pool.discard(held)
    assert (pool._waiting, dict(pool._busy), pool.pids()) == ([], {}, {})


def test_whoever_may_not_have_the_place_leaves_it_to_the_next(zygote: Notes) -> None:
    pool = pool_of(2, zygote)
    held, other = pool.take("a"), pool.take("b")
    got = waiting(pool, ["a", "c"])
    pool.discard(other)
    until(lambda: got)
    assert [name for name, _ in got] == ["c"]
    pool.give_back(held)
    until(lambda: len(got) == 2)
    assert got[1] == ("a", held)


def test_a_place_given_when_the_time_is_just_over_is_taken(zygote: Notes) -> None:
    pool = pool_of(1, zygote)
    waiter = pools._Waiter("a")
    waiter.grant = pools._Grant(None, None)
    assert pool._wait(waiter, 0) is waiter.grant


def test_when_the_pool_ends_everything_idle_ends(zygote: Notes) -> None:
    pool = pool_of(2, zygote)
    child = pool.take("a")
    pool.give_back(child)
    pool.close()
    assert (zygote.closed, pool.pids(), child.sock.fileno()) == (1, {}, -1)
    pool.close()
    assert zygote.closed == 1


def test_a_dead_zygote_is_closed_and_another_one_started(zygote: Notes) -> None:
    pool = pool_of(1, zygote)
    zygote.is_dead = True
    child = pool.take("a")
    assert (zygote.closed, zygote.made) == (1, [])
    assert child.zygote is pool._zygote is not zygote
    pool.discard(child)
    pool.close()


def test_a_zygote_that_is_stuck_is_ended_all_the_same() -> None:
    zygote = Zygote()
    assert zygote._control.gettimeout()
    os.kill(zygote.pid, signal.SIGSTOP)
    zygote.close()
    assert (zygote.is_dead, zygote._control.fileno(), zygote._process.returncode) == (True, -1, -signal.SIGKILL)
    assert not Path(f"/proc/{zygote.pid}").exists()


def test_a_zygote_that_is_gone_forks_nothing_and_leaves_nothing_open() -> None:
    zygote = Zygote()
    child = zygote.spawn("a")
    os.kill(zygote.pid, signal.SIGKILL)
    zygote._process.wait()
    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(Unavailable, match="not running"):
        zygote.spawn("a")
    assert (zygote.is_dead, len(list(Path("/proc/self/fd").iterdir()))) == (True, before)
    assert zygote.reap(child) == 0
    assert child.sock.fileno() == -1
    zygote.close()


def test_a_child_is_ended_with_how_it_ended() -> None:
    zygote = Zygote()
    child = zygote.spawn("a")
    os.kill(child.pid, signal.SIGSTOP)  # else it may end by itself when its socket is closed
    assert os.WTERMSIG(zygote.reap(child)) == signal.SIGKILL
    assert zygote.reap(child) == 0
    assert child.sock.fileno() == -1
    zygote.close()
