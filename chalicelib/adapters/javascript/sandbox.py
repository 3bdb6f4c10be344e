"""Run one script in a child and say what came of it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import Any

from chalicelib.adapters.javascript import failure, job
from chalicelib.adapters.javascript.calls import Calls
from chalicelib.adapters.javascript.exchange import HEAD, Dead, Disorder, Exchange, value_of
from chalicelib.adapters.javascript.model import Host, Outcome, Script
from chalicelib.adapters.javascript.pool import Child, Pool
from chalicelib.adapters.javascript.texts import read_json
from chalicelib.core.errors import LogicFailed


class Runner:
    """The runner of one process. Safe to use from many threads."""

    def __init__(self, pool: Pool | None = None) -> None:
        self.pool = pool or Pool()

    def run(self, workspace_id: str, script: Script, host: Host | None = None) -> Outcome:
        """Run a script to its end. Raises LogicFailed, TooLarge, InvalidInput, Unavailable."""
        timeout_s = job.limit_s(script)
        text = job.encode(script, timeout_s)
        outcome: Outcome = self.lend(workspace_id, b"J", text, lambda child: _Run(child, script, host, timeout_s))
        return outcome

    def lend(self, workspace_id: str, kind: bytes, text: bytes, begin: Callable[[Child], Exchange]) -> Any:
        """Give a child a job, and give what its exchange makes of it. Raises LogicFailed, Unavailable."""
        child = self._start(workspace_id, kind, text)
        run = begin(child)
        try:
            outcome = run.outcome()
        except Dead as dead:
            run.close()
            raise failure.died(self.pool.discard(child), run.timeout_s, run.logs) from dead
        except Disorder as error:
            run.close()
            self.pool.discard(child)
            raise failure.in_disorder(run.logs) from error
        except LogicFailed:
            self._end(run)
            raise
        except BaseException:
            run.close()
            self.pool.discard(child)
            raise
        self._end(run)
        return outcome

    def close(self) -> None:
        """End every child."""
        self.pool.close()

    def _end(self, run: Exchange) -> None:
        run.close()
        if run.is_over:
            self.pool.give_back(run.child)
        else:
            self.pool.discard(run.child)

    def _start(self, workspace_id: str, kind: bytes, text: bytes) -> Child:
        frame = HEAD.pack(len(text), kind[0]) + text
        while True:
            child = self.pool.take(workspace_id)
            try:
                child.sock.settimeout(5)
                child.sock.sendall(frame)
                return child
            except OSError:  # it died while idle: nothing has run yet, another may
                is_new = child.runs == 0
                self.pool.discard(child)
                if is_new:
                    raise


class _Run(Exchange):
    """A run whose calls are made here, while the child waits."""

    def __init__(self, child: Child, script: Script, host: Host | None, timeout_s: float) -> None:
        super().__init__(child, timeout_s)
        self.code = script.code
        self.calls = Calls(self._answer, host, lambda: self.deadline - time.monotonic())

    def close(self) -> None:
        """Let answers that come later come to nothing."""
        self.calls.close()

    def _answer(self, number: int, text: bytes) -> None:
        with contextlib.suppress(OSError):
            self.give(b"A", number, text)

    def _outcome(self) -> Outcome:
        while True:
            kind, body = self.read()
            if kind == "L":
                self.log(body)
            elif kind == "C":
                self.calls.batch(body)
            elif kind == "Q":
                self.calls.question(body)
            else:
                break
            self._raise_bug()
        self._raise_bug()
        cpu_ms, body = self.tail(body)
        if kind == "E":
            report = read_json(body)
            self.is_over = True
            failed = failure.from_report(report, self.code, self.logs)
            failed.cpu_ms = cpu_ms
            raise failed
        if kind != "V":
            raise ValueError(kind)
        self.is_over = True
        value = value_of(body, self.logs)
        return Outcome(value, self.logs, cpu_ms, (time.monotonic() - self.started) * 1000, self.calls.count)

    def _raise_bug(self) -> None:
        self.bug = self.calls.bug
        if self.bug is not None:
            raise self.bug
