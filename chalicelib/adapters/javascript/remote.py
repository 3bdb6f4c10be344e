"""The caller's side of the runner function: run a script there, step by step, and do here what it asks for.

The function may do nothing, so calls are made here, through the caller's Host. Each step replays the script with what
has happened so far; what happened, and in which order, is decided and kept here alone. What comes back is as
untrustworthy as the script. Source: docs/decisions/0011-a-function-for-logic.md
"""

from __future__ import annotations

import base64
import queue
import time
from collections.abc import Callable
from typing import Any

import orjson

from chalicelib.adapters.javascript import failure, job, parcel
from chalicelib.adapters.javascript.calls import Calls
from chalicelib.adapters.javascript.exchange import MAX_LOG_LINES, log_line, value_of
from chalicelib.adapters.javascript.model import Host, Outcome, Script
from chalicelib.core.errors import LogicFailed, Unavailable

MAX_STEP_S = 20.0  # of one invocation, below the time-out of the client that waits for it
GATHER_S, GATHER_AT_MOST_S = 0.02, 0.2  # answers that come so close together travel together: a step costs more
MAX_TIMERS = 100  # as in prelude.js
Invoke = Callable[[dict[str, str]], Any]


class RemoteRunner:
    """Runs scripts in the runner function. Safe to use from many threads.

    invoke sends a parcel and gives the parcel that comes back; it raises Unavailable when the function cannot be had.
    """

    def __init__(self, invoke: Invoke) -> None:
        self._invoke = invoke

    def run(self, workspace_id: str, script: Script, host: Host | None = None) -> Outcome:
        """Run a script to its end. Raises LogicFailed, TooLarge, InvalidInput, Unavailable."""
        run = _Run(self._invoke, workspace_id, script, host)
        try:
            return run.outcome()
        except LogicFailed as failed:
            failed.logs = failed.logs or run.logs
            raise
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            if error is run.calls.bug:
                raise
            raise failure.in_disorder(run.logs) from error
        finally:
            run.calls.close()

    def close(self) -> None:
        """Nothing runs here."""


class _Run:
    def __init__(self, invoke: Invoke, workspace_id: str, script: Script, host: Host | None) -> None:
        self._invoke, self._code = invoke, script.code
        self._timeout_s = job.limit_s(script)
        encoded = base64.b64encode(job.encode(script, self._timeout_s)).decode()
        self._request: dict[str, Any] = {"workspace": workspace_id, "job": encoded}
        self._started = time.monotonic()
        self._deadline = self._started + self._timeout_s
        self._events: list[list[Any]] = []
        self._arrived: queue.SimpleQueue[tuple[int, bytes]] = queue.SimpleQueue()
        self._due: dict[int, float] = {}
        self._asked_for: set[int] = set()
        self._in_flight = 0
        self.logs: list[dict[str, Any]] = []
        self.calls = Calls(lambda number, text: self._arrived.put((number, text)), host, self._remaining_s)

    def outcome(self) -> Outcome:
        """Go from step to step until the script has ended."""
        first = 0
        while True:
            step = self._step(first)
            if step["state"] != "waits":
                return self._end(step)
            for place, text in step["asked"]:
                self._events.insert(place, ["Q", 0, str(text)])
                self.calls.count += 1
            first = len(self._events) + 1
            self._start(step)
            self._await()

    def _step(self, first: int) -> dict[str, Any]:
        remaining_s = self._remaining_s()
        if remaining_s <= 0:
            raise self._timed_out()
        limit_s = min(remaining_s, MAX_STEP_S)
        request = {**self._request, "events": self._events, "first": first, "timeout_s": limit_s}
        step = parcel.unpack(self._invoke(parcel.pack(request)))
        self.logs = [log_line(line) for line in step.get("logs", ())[:MAX_LOG_LINES]]
        if step["state"] == "unavailable":
            raise Unavailable("the runner function has no room")
        if step["state"] == "failed":
            raise self._failed(str(step["kind"]), str(step["message"]))
        return step

    def _failed(self, kind: str, message: str) -> LogicFailed:
        if kind == "timeout":
            return self._timed_out()
        return LogicFailed(message[:4000], kind=kind if kind in failure.KINDS else "threw", logs=self.logs)

    def _end(self, step: dict[str, Any]) -> Outcome:
        body = step["body"].encode()
        if step["state"] == "error":
            failed = failure.from_report(orjson.loads(body), self._code, self.logs)
            failed.cpu_ms = float(step["cpu_ms"])
            raise failed
        if step["state"] != "value":
            raise ValueError(step["state"])
        value = value_of(body, self.logs)
        wall_ms = (time.monotonic() - self._started) * 1000
        return Outcome(value, self.logs, float(step["cpu_ms"]), wall_ms, self.calls.count)

    def _start(self, step: dict[str, Any]) -> None:
        """Take over the timers, and start the calls that are new."""
        waits = [entry.partition(":") for entry in step["timers"].split(",") if entry]
        if len(waits) > MAX_TIMERS:
            raise ValueError("too many timers")
        now = time.monotonic()
        self._due = {int(name): self._due.get(int(name), now + float(wait) / 1000) for name, _, wait in waits}
        requests = step["requests"]
        numbers = [int(entry["id"]) for entry in requests]
        if len(set(numbers)) != len(numbers) or self._asked_for.intersection(numbers):
            raise ValueError("a call is made twice")
        self._asked_for.update(numbers)
        self._in_flight += len(numbers)
        if requests:
            self.calls.start(requests, is_beside_timers=bool(self._due))

    def _await(self) -> None:
        """Wait for what happens next, an answer or the earliest timer, and write it down."""
        timer = min(self._due, key=lambda number: (self._due[number], number), default=None)
        if timer is None and not self._in_flight:
            raise ValueError("it waits for nothing")
        ends = self._deadline if timer is None else self._due[timer]
        if not self._in_flight and ends > self._deadline:
            raise LogicFailed("a timer is longer than the run may last", kind="timeout", logs=self.logs)
        if self._take(min(ends, self._deadline)):
            self._gather(min(ends, self._deadline))
        elif timer is not None and ends <= self._deadline:
            self._events.append(["F", timer, ""])
        else:
            raise self._timed_out()

    def _gather(self, ends: float) -> None:
        ends = min(ends, time.monotonic() + GATHER_AT_MOST_S)
        while self._in_flight and self._take(min(ends, time.monotonic() + GATHER_S)):
            pass

    def _take(self, ends: float) -> bool:
        """Take an answer that comes before a moment."""
        try:
            number, text = self._arrived.get(timeout=max(0.0, ends - time.monotonic()))
        except queue.Empty:
            return False
        if self.calls.bug is not None:
            raise self.calls.bug
        self._in_flight -= 1
        self._events.append(["A", number, text.decode()])
        return True

    def _remaining_s(self) -> float:
        return self._deadline - time.monotonic()

    def _timed_out(self) -> LogicFailed:
        return failure.timed_out(self._timeout_s, self.logs)
