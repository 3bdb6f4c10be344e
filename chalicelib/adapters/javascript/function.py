"""The runner function's side: run a script as far as it gets without the outside, and say what it waits for.

One invocation replays the script from its start with everything that has happened to it so far: answers to its calls
and timers that fired, in the order in which they happened, and answers to its questions at the places where they were
asked. Clock and chance are in the job, so every replay reaches the same point. Nothing is remembered in between, so
any instance can do the next step. Source: docs/decisions/0011-a-function-for-logic.md
"""

from __future__ import annotations

import base64
from typing import Any

import orjson

from chalicelib.adapters.javascript import calls, parcel
from chalicelib.adapters.javascript.exchange import Exchange, value_of
from chalicelib.adapters.javascript.pool import Child
from chalicelib.adapters.javascript.sandbox import Runner
from chalicelib.adapters.javascript.texts import read_json
from chalicelib.core.errors import LogicFailed, TooLarge, Unavailable

MAX_QUESTIONS = 200


def answer(runner: Runner, request: Any) -> dict[str, str]:
    """Do one step of a run.

    The request holds workspace, job (base64), events, first (the event after which calls are new), timeout_s. The
    answer's `state` is value or error (`body`: what the child wrote), failed (`kind`, `message`), waits (`requests`,
    `timers`, `asked`: answers to questions with their places among the events), or unavailable; and logs and cpu_ms.
    """
    content = parcel.unpack(request)
    job, timeout_s = base64.b64decode(content["job"]), float(content["timeout_s"])
    try:
        step = runner.lend(
            content["workspace"],
            b"D",
            job,
            lambda child: _Replay(child, timeout_s, content["events"], content["first"]),
        )
        return parcel.pack(step)
    except LogicFailed as failed:
        return parcel.pack({"state": "failed", "kind": failed.kind, "message": failed.message, "logs": failed.logs})
    except TooLarge:
        words = "the script's calls are together larger than can be carried"
        return parcel.pack({"state": "failed", "kind": "output", "message": words})
    except Unavailable as error:
        return parcel.pack({"state": "unavailable", "message": error.message})


class _Replay(Exchange):
    """A run whose past is known. Raises what Exchange does; a child that strays from the past is in disorder."""

    def __init__(self, child: Child, timeout_s: float, events: list[list[Any]], first: int) -> None:
        super().__init__(child, timeout_s)
        self._events, self._first = events, first
        self._done = 0
        self._open: set[int] = set()
        self._requests: list[dict[str, Any]] = []
        self._asked: list[tuple[int, str]] = []

    def _outcome(self) -> dict[str, Any]:
        while True:
            kind, body = self.read()
            if kind == "L":
                self.log(body)
            elif kind == "C":
                self._call(read_json(body[1:]))
            elif kind == "Q":
                self._question(body)
            elif kind == "W":
                if self._done == len(self._events):
                    return self._step("waits", timers=body.decode(), requests=self._requests, asked=self._asked)
                self._next()
            else:
                return self._ended(kind, body)

    def _call(self, requests: list[dict[str, Any]]) -> None:
        self._open |= {entry["id"] for entry in requests}
        if self._done >= self._first:
            self._requests += requests

    def _next(self) -> None:
        """Let happen what happened next."""
        kind, number, text = self._events[self._done]
        self._done += 1
        if kind == "A":
            self._open.remove(number)
        elif kind != "F":
            raise ValueError(kind)
        self._tell(kind.encode(), number, text)

    def _question(self, body: bytes) -> None:
        """Answer as before, or for the first time: a signature may come out differently each time it is made."""
        if self._done < len(self._events) and self._events[self._done][0] == "Q":
            text = self._events[self._done][2]
        elif self._done < self._first - 1 or len(self._asked) >= MAX_QUESTIONS:
            raise ValueError("a question that was not asked before")
        else:
            text = orjson.dumps(calls.answer_to_question(body)).decode()
            self._events.insert(self._done, ["Q", 0, text])
            self._asked.append((self._done, text))
        self._done += 1
        self._tell(b"A", 0, text)

    def _tell(self, kind: bytes, number: int, text: str) -> None:
        try:
            self.give(kind, number, text.encode())
        except OSError:
            """It is gone; reading from it says so, and why."""

    def _ended(self, kind: str, body: bytes) -> dict[str, Any]:
        cpu_ms, text = self.tail(body)
        if kind == "E":
            read_json(text)
        elif kind == "V":
            value_of(text, self.logs)
        else:
            raise ValueError(kind)
        self.is_over = True
        words = text.decode("utf-8", "replace")
        return self._step("error" if kind == "E" else "value", body=words, cpu_ms=cpu_ms)

    def _step(self, state: str, **more: Any) -> dict[str, Any]:
        return {"state": state, "logs": self.logs, **more}
