"""One run as the process that lends the child sees it: frames come in, log lines are kept, the time runs out."""

from __future__ import annotations

import struct
import time
from typing import Any

from chalicelib.adapters.javascript import failure, job
from chalicelib.adapters.javascript.pool import Child
from chalicelib.adapters.javascript.texts import read_json
from chalicelib.core.errors import LogicFailed

MAX_FRAME_BYTES = 8 * 1024 * 1024
MAX_LOG_LINES = 200
HEAD = struct.Struct("<IB")
TAIL = struct.Struct("<dI")  # as in child.py
ANSWER_HEAD = struct.Struct("<IBI")


class Dead(Exception):
    """The child is gone."""


class Disorder(Exception):
    """The child wrote what no child writes: the script has got out of its engine. It is not listened to further."""


class Exchange:
    """What a run's parent does with the child in every case. `is_over` once the child has ended the run itself."""

    def __init__(self, child: Child, timeout_s: float) -> None:
        self.child, self.timeout_s = child, timeout_s
        self.started = time.monotonic()
        self.deadline = self.started + timeout_s
        self.logs: list[dict[str, Any]] = []
        self.is_over = False
        self.bug: BaseException | None = None
        self._buffer = b""

    def outcome(self) -> Any:
        """Serve the child until the run is over. Raises LogicFailed, Dead, Disorder, and a bug of ours as it is."""
        try:
            return self._outcome()
        except (ValueError, TypeError, KeyError, AttributeError, struct.error) as error:
            if error is self.bug:
                raise
            raise Disorder from error

    def close(self) -> None:
        """Let answers that come later come to nothing."""

    def _outcome(self) -> Any:
        raise NotImplementedError

    def log(self, body: bytes) -> None:
        """Keep a console line."""
        if len(self.logs) < MAX_LOG_LINES:
            self.logs.append(log_line(read_json(body)))

    def tail(self, body: bytes) -> tuple[float, bytes]:
        """Split the last frame into the CPU milliseconds of the run and what it says."""
        cpu_ms, self.child.growth_kb = TAIL.unpack_from(body)
        return cpu_ms, body[TAIL.size :]

    def give(self, kind: bytes, number: int, text: bytes = b"") -> None:
        """Write an answer, or the timer to fire. A child that is gone is noticed when it is read from."""
        self.child.sock.sendall(ANSWER_HEAD.pack(len(text) + 4, kind[0], number) + text)

    def read(self) -> tuple[str, bytes]:
        """Read the next frame: its kind and body."""
        while True:
            if len(self._buffer) >= HEAD.size:
                size, kind = HEAD.unpack_from(self._buffer)
                if size > MAX_FRAME_BYTES:
                    raise ValueError(size)
                end = HEAD.size + size
                if len(self._buffer) >= end:
                    body, self._buffer = self._buffer[HEAD.size : end], self._buffer[end:]
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
            self._buffer += chunk


def log_line(line: Any) -> dict[str, Any]:
    """Read a console line. Raises TypeError or KeyError when it is none."""
    return {"level": str(line["level"]), "message": str(line["message"]), "at": line["at"]}


def value_of(body: bytes, logs: list[dict[str, Any]]) -> Any:
    """Read the value a script returned. Raises LogicFailed when it is nested too deeply, ValueError when it is none."""
    try:
        value = read_json(body)
        if not job.is_too_deep(body, value):
            return value
    except RecursionError:  # a thousand levels and more
        pass
    raise LogicFailed(f"the result is nested deeper than {job.MAX_DEPTH} levels", kind="output", logs=logs)
