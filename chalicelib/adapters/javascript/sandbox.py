"""Run one script in a child and say what came of it."""

from __future__ import annotations

import struct
import time
from typing import Any

from chalicelib.adapters.javascript import failure, job
from chalicelib.adapters.javascript.calls import Calls
from chalicelib.adapters.javascript.model import Host, Outcome, Script
from chalicelib.adapters.javascript.pool import Child, Pool
from chalicelib.adapters.javascript.texts import read_json
from chalicelib.core.config import settings
from chalicelib.core.errors import InvalidInput, LogicFailed

MAX_FRAME_BYTES = 8 * 1024 * 1024
MAX_LOG_LINES = 200
_HEAD = struct.Struct("<IB")
_TAIL = struct.Struct("<dI")  # as in child.py


class Dead(Exception):
    """The child is gone."""


class Disorder(Exception):
    """The child wrote what no child writes: the script has got out of its engine. It is not listened to further."""


class Runner:
    """The runner of one process. Safe to use from many threads."""

    def __init__(self, pool: Pool | None = None) -> None:
        self.pool = pool or Pool()

    def run(self, workspace_id: str, script: Script, host: Host | None = None) -> Outcome:
        """Run a script to its end. Raises LogicFailed, TooLarge, InvalidInput, Unavailable."""
        timeout_s = settings().logic_timeout_s if script.timeout_s is None else script.timeout_s
        if not 0 < timeout_s <= 900:
            raise InvalidInput.at("timeout_s", "must be above 0 and at most 900")
        if not 8 <= script.memory_mb <= 512:
            raise InvalidInput.at("memory_mb", "must be from 8 to 512")
        text = job.encode(script, timeout_s)
        child = self._start(workspace_id, text)
        run = _Run(child, script, host, timeout_s)
        try:
            outcome = run.outcome()
        except Dead as dead:
            run.calls.close()
            raise failure.died(self.pool.discard(child), timeout_s, run.logs) from dead
        except Disorder as error:
            run.calls.close()
            self.pool.discard(child)
            raise failure.in_disorder(run.logs) from error
        except LogicFailed as failed:
            run.calls.close()
            if run.is_over:
                self.pool.give_back(child)
            else:
                self.pool.discard(child)
            raise failed
        except BaseException:
            run.calls.close()
            self.pool.discard(child)
            raise
        run.calls.close()
        self.pool.give_back(child)
        return outcome

    def close(self) -> None:
        """End every child."""
        self.pool.close()

    def _start(self, workspace_id: str, text: bytes) -> Child:
        frame = _HEAD.pack(len(text), ord("J")) + text
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


class _Run:
    def __init__(self, child: Child, script: Script, host: Host | None, timeout_s: float) -> None:
        self.child, self.code, self.timeout_s = child, script.code, timeout_s
        self.started = time.monotonic()
        self.deadline = self.started + timeout_s
        self.logs: list[dict[str, Any]] = []
        self.buffer = b""
        self.is_over = False
        self.calls = Calls(child.sock, host, lambda: self.deadline - time.monotonic())

    def outcome(self) -> Outcome:
        """Serve the child until it has written the end of the run."""
        try:
            return self._outcome()
        except (ValueError, TypeError, KeyError, AttributeError, struct.error) as error:
            if error is self.calls.bug:
                raise
            raise Disorder from error

    def _outcome(self) -> Outcome:
        while True:
            kind, body = self._read()
            if kind == "L":
                self._log(body)
            elif kind == "C":
                self.calls.batch(body)
            elif kind == "Q":
                self.calls.question(body)
            else:
                break
            if self.calls.bug is not None:
                raise self.calls.bug
        if self.calls.bug is not None:
            raise self.calls.bug
        cpu_ms, self.child.growth_kb = _TAIL.unpack_from(body)
        body = body[_TAIL.size :]
        if kind == "E":
            report = read_json(body)
            self.is_over = True
            raise failure.from_report(report, self.code, self.logs)
        if kind != "V":
            raise ValueError(kind)
        try:
            value = read_json(body)
            is_too_deep = job.is_too_deep(body, value)
        except RecursionError:  # a thousand levels and more
            is_too_deep = True
        self.is_over = True
        if is_too_deep:
            raise LogicFailed(f"the result is nested deeper than {job.MAX_DEPTH} levels", kind="output", logs=self.logs)
        wall_ms = (time.monotonic() - self.started) * 1000
        return Outcome(value, self.logs, cpu_ms, wall_ms, self.calls.count)

    def _log(self, body: bytes) -> None:
        if len(self.logs) < MAX_LOG_LINES:
            line = read_json(body)
            self.logs.append({"level": str(line["level"]), "message": str(line["message"]), "at": line["at"]})

    def _read(self) -> tuple[str, bytes]:
        while True:
            if len(self.buffer) >= _HEAD.size:
                size, kind = _HEAD.unpack_from(self.buffer)
                if size > MAX_FRAME_BYTES:
                    raise ValueError(size)
                end = _HEAD.size + size
                if len(self.buffer) >= end:
                    body, self.buffer = self.buffer[_HEAD.size : end], self.buffer[end:]
                    return chr(kind), body
            remaining_s = self.deadline - time.monotonic()
            if remaining_s <= 0:
                raise failure.timed_out(self.timeout_s, self.logs)
            self.child.sock.settimeout(remaining_s)
            try:
                chunk = self.child.sock.recv(262_144)
            except TimeoutError as error:
                raise failure.timed_out(self.timeout_s, self.logs) from error
            except OSError as error:
                raise Dead from error
            if not chunk:
                raise Dead
            self.buffer += chunk
