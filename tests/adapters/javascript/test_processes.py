"""Processes: who shares one, what a child is allowed, and what happens when one dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent import futures
from concurrent.futures import ThreadPoolExecutor
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from chalicelib.adapters.javascript import Script, job, syscalls
from chalicelib.adapters.javascript.pool import MAX_CHILDREN, Pool
from chalicelib.adapters.javascript.sandbox import Runner
from chalicelib.core.errors import LogicFailed, Unavailable
from tests.adapters.javascript.fakes import Web

ONE = Script("return 1", {})


@pytest.fixture
def own() -> Iterator[Runner]:
    runner = Runner()
    yield runner
    runner.close()


def test_a_timer_past_the_end_is_waited_for_only_beside_a_call(own: Runner) -> None:
    started = time.monotonic()
    with pytest.raises(LogicFailed, match="timer") as caught:
        own.run("w", Script("await new Promise((done) => setTimeout(done, 60000))", {}, timeout_s=10))
    assert caught.value.kind == "timeout"
    beside = "setTimeout(() => {}, 60000); return (await $.axios.get('https://here/')).status"
    assert own.run("w", Script(beside, {}, timeout_s=10), Web()).value == 200
    assert time.monotonic() - started < 5


def test_a_script_has_the_memory_it_asks_for_and_no_more(own: Runner) -> None:
    code = "const all = []; for (let n = 0; n < 100; n++) all.push(new ArrayBuffer(1 << 20)); return all.length"
    assert own.run("w", Script(code, {}, memory_mb=128)).value == 100
    with pytest.raises(LogicFailed) as caught:
        own.run("w", Script(code, {}, memory_mb=64))
    assert caught.value.kind == "memory"
    flood = "try { for (;;) all.push(new ArrayBuffer(1 << 12)) } catch { }"
    full = f"globalThis.all = []; const text = 'x'.repeat(900_000); {flood} return text"
    assert own.run("w", Script(full, {}, memory_mb=16)).value == "x" * 900_000  # what it returns has room of its own


def test_workspaces_never_share_a_process(own: Runner) -> None:
    seen: dict[str, set[int]] = {}
    for round_ in range(3):
        for name in ("a", "b", "c"):
            own.run(name, ONE)
        for pid, workspace_id in own.pool.pids().items():
            seen.setdefault(workspace_id, set()).add(pid)
        assert len(own.pool.pids()) == 3, round_
    assert sum(len(pids) for pids in seen.values()) == len(set.union(*seen.values())) == 3


def test_the_longest_unused_workspace_makes_room(own: Runner) -> None:
    for i in range(MAX_CHILDREN + 2):
        own.run(f"w{i}", ONE)
    assert list(own.pool.pids().values()) == [f"w{i}" for i in range(2, MAX_CHILDREN + 2)]


def test_a_child_is_walled_in(own: Runner) -> None:
    own.run("w", ONE)
    (pid,) = own.pool.pids()
    status = dict(
        line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line
    )
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2" or not syscalls.for_this_machine()
    assert status["Threads"] == "1"
    limits = Path(f"/proc/{pid}/limits").read_text()
    for name, value in (
        ("Max file size", "0"),
        ("Max open files", "1"),
        ("Max processes", "0"),
        ("Max core file size", "0"),
    ):
        row = next(line for line in limits.splitlines() if line.startswith(name))
        assert row[len(name) :].split()[:2] == [value, value]
    for name, most in (("Max cpu time", 30), ("Max address space", 1 << 30)):
        row = next(line for line in limits.splitlines() if line.startswith(name))
        assert int(row[len(name) :].split()[0]) <= most
    if os.geteuid() == 0:  # a child is not dumpable: only root may look into it
        assert [file.name for file in Path(f"/proc/{pid}/fd").iterdir()] == ["0"]
        assert Path(f"/proc/{pid}/environ").read_bytes() == b"TZ=UTC0\0"
    assert int(status["PPid"]) != os.getpid()
    assert os.getsid(pid) != os.getsid(0)


def test_a_child_killed_while_idle_is_replaced(own: Runner) -> None:
    own.run("w", ONE)
    (pid,) = own.pool.pids()
    os.kill(pid, signal.SIGKILL)
    time.sleep(0.05)
    assert own.run("w", ONE).value == 1
    assert pid not in own.pool.pids()


def test_a_child_killed_while_running_is_a_clear_failure(own: Runner) -> None:
    own.run("w", ONE)
    (pid,) = own.pool.pids()
    threading.Timer(0.2, os.kill, (pid, signal.SIGKILL)).start()
    with pytest.raises(LogicFailed) as caught:
        own.run("w", Script("for (;;) {}", {}, timeout_s=3))
    assert caught.value.kind == "memory"
    assert own.run("w", ONE).value == 1


def test_the_zygote_killed_is_started_anew(own: Runner) -> None:
    own.run("w", ONE)
    assert own.pool._zygote is not None
    os.kill(own.pool._zygote.pid, signal.SIGKILL)
    time.sleep(0.05)
    assert [own.run(name, ONE).value for name in ("w", "v", "w")] == [1, 1, 1]


def test_no_process_outlives_its_parent() -> None:
    program = (
        "import os, sys, time\n"
        "from chalicelib.adapters.javascript import Script, runner\n"
        "r = runner(); r.run('w', Script('return 1', {}))\n"
        "print(r.runner.pool._zygote.pid, *r.runner.pool.pids(), flush=True)\n"
        "import threading; endless = Script('for (;;) {}', {}, timeout_s=60)\n"
        "threading.Thread(target=lambda: r.run('w', endless), daemon=True).start()\n"
        "time.sleep(0.2); os.kill(os.getpid(), 9)\n"
    )
    root = str(Path(__file__).parents[3])
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=root, timeout=20)
    pids = [int(word) for word in done.stdout.split()]
    assert len(pids) == 2, done.stderr
    deadline = time.monotonic() + 3
    while any(Path(f"/proc/{pid}").exists() and " Z " not in Path(f"/proc/{pid}/stat").read_text() for pid in pids):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_many_threads_at_once(own: Runner) -> None:
    def work(i: int) -> bool:
        script = Script("let n = 0; for (let k = 0; k < input * 1000; k++) n += k; return [input, n]", {"input": i})
        return own.run(f"w{i % 3}", script).value == [i, sum(range(i * 1000))]

    with ThreadPoolExecutor(16) as threads:
        assert all(threads.map(work, range(120)))
    assert len(own.pool.pids()) <= MAX_CHILDREN


def test_when_all_are_busy_too_long_it_says_so() -> None:
    pool = Pool(size=1)
    child = pool.take("w")
    started = time.monotonic()
    with pytest.raises(Unavailable):
        pool.take("w", wait_s=0.1)
    assert time.monotonic() - started < 1
    pool.give_back(child)
    assert pool.take("w", wait_s=0.1) is child
    pool.discard(child)
    pool.close()


def test_one_workspace_cannot_hold_every_child(own: Runner) -> None:
    endless = Script("for (;;) {}", {}, timeout_s=1.5)
    with ThreadPoolExecutor(MAX_CHILDREN) as threads:
        loops = [threads.submit(own.run, "greedy", endless) for _ in range(MAX_CHILDREN)]
        time.sleep(0.2)
        started = time.monotonic()
        assert [own.run(name, ONE).value for name in ("a", "b", "a")] == [1, 1, 1]
        assert time.monotonic() - started < 1
        assert all(isinstance(loop.exception(), LogicFailed) for loop in loops)


def test_who_waits_is_served_in_turn_and_holds_up_no_other_workspace() -> None:
    pool = Pool(size=2)  # so each workspace may hold one
    first = pool.take("a")
    with ThreadPoolExecutor(2) as threads:
        waiting = [threads.submit(pool.take, "a", 20) for _ in range(2)]
        pool.give_back(pool.take("b", wait_s=5))
        pool.give_back(first)
        for _ in waiting:
            (served, *more), waiting = futures.wait(waiting, 20, futures.FIRST_COMPLETED)
            assert served.result() is first
            assert not more
            pool.give_back(first)
    assert set(pool.pids().values()) == {"a", "b"}
    pool.close()


def test_a_child_is_replaced_after_enough_runs(own: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chalicelib.adapters.javascript.pool.MAX_RUNS", 3)
    pids = []
    for _ in range(4):
        own.run("w", ONE)
        pids += own.pool.pids()
    assert len(set(pids)) == 2


def test_it_also_works_from_source_texts() -> None:
    runner = Runner(Pool(use_bytecode=False))
    try:
        code = "const r = $.lodash.sum([1, 2]) + $.crypto.createHash('md5').update('').digest('hex').length; return r"
        assert runner.run("w", Script(code, {})).value == 35
        with pytest.raises(LogicFailed) as caught:
            runner.run("w", Script("\n$.nothing", {}))
        assert caught.value.line == 2
        with pytest.raises(LogicFailed) as caught:
            runner.run("w", Script("\n\nreturn $.lodash.map([1], () => { throw new Error('inside') })", {}))
        assert (caught.value.line, caught.value.message) == (3, "inside")
    finally:
        runner.close()


def test_the_runner_of_the_process_ends_and_starts_again() -> None:
    from chalicelib.adapters import javascript

    first = javascript.runner()
    assert first is javascript.runner()
    assert first.run("w", ONE).value == 1
    javascript.shutdown()
    assert javascript.runner() is not first
    assert javascript.runner().run("w", ONE).value == 1
    javascript.shutdown()


def test_a_pool_that_was_never_used_ends_as_well() -> None:
    Pool().close()


@pytest.mark.parametrize("spec", [None, ModuleSpec("_quickjs", None)], ids=["nothing", "no file"])
def test_without_the_engine_it_says_so(spec: ModuleSpec | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chalicelib.adapters.javascript.pool.importlib.util.find_spec", lambda _: spec)
    with pytest.raises(Unavailable, match="not installed"):
        Pool().take("w")


def test_the_filter_is_written_for_known_machines_only() -> None:
    assert syscalls.filter_code("riscv64") == b""
    for machine in ("x86_64", "aarch64"):
        assert len(syscalls.filter_code(machine)) % 8 == 0


def test_depth_is_counted_without_recursion() -> None:
    assert [job.depth_of(value) for value in (1, [], [1], {"a": [1]}, [[[]]])] == [0, 1, 1, 2, 3]
