"""Answer what a running script asks of the outside, several things at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import orjson

from chalicelib.adapters.javascript.model import Host
from chalicelib.adapters.javascript.texts import read_json
from chalicelib.core.errors import AddressRefused, PlatformError, UpstreamTimeout

MAX_CALLS = 200
MAX_ANSWER_BYTES = 8 * 1024 * 1024
MAX_AT_ONCE = 32
_NO_HOST = {"message": "this script may not call the outside", "code": "ERR_NETWORK"}

_threads: ThreadPoolExecutor | None = None
_threads_lock = threading.Lock()


class Calls:
    """The outside of one run. Answers are given back as they come, one at a time, from whichever thread has them."""

    def __init__(self, give: Callable[[int, bytes], None], host: Host | None, remaining_s: Callable[[], float]) -> None:
        """give takes the number of a call and its answer, as JSON; remaining_s tells how long the run may last yet."""
        self._give, self._host, self._remaining_s = give, host, remaining_s
        self._write = threading.Lock()
        self._open = True
        self.count = 0
        self._in_flight = 0
        self.bug: BaseException | None = None

    def batch(self, body: bytes) -> None:
        """Start the calls of one batch. A lone call with nothing beside it is made right here."""
        self.start(read_json(body[1:]), is_beside_timers=body[:1] == b"T")

    def start(self, requests: list[dict[str, Any]], *, is_beside_timers: bool) -> None:
        """Start these calls. Raises ValueError when they are more than a run may make."""
        self.count += len(requests)
        if self.count > MAX_CALLS:
            raise ValueError("more calls than a run may make")
        with self._write:
            is_alone = len(requests) == 1 and not self._in_flight and not is_beside_timers
            self._in_flight += len(requests)
        for entry in requests:
            if is_alone:
                self._one(entry["id"], entry["kind"], entry["request"])
            else:
                _pool().submit(self._one, entry["id"], entry["kind"], entry["request"])

    def question(self, body: bytes) -> None:
        """Answer the one question the script is waiting for without a promise."""
        self.count += 1
        if self.count > MAX_CALLS:
            raise ValueError("more calls than a run may make")
        self._answer(0, answer_to_question(body))

    def close(self) -> None:
        """Let late answers come to nothing."""
        with self._write:
            self._open = False

    def _one(self, call_id: int, kind: str, request: dict[str, Any]) -> None:
        try:
            answer = self._http(request) if kind == "http" else {"error": {"message": "no such call"}}
        except BaseException as bug:  # noqa: BLE001 (raised again by the thread that owns the run)
            self.bug = bug
            answer = {"error": {"message": "the call failed", "code": "ERR_NETWORK"}}
        with self._write:
            self._in_flight -= 1
        self._answer(call_id, answer)

    def _http(self, request: dict[str, Any]) -> dict[str, Any]:
        host = self._host
        if host is None:
            return {"error": _NO_HOST}
        remaining_ms = max(1.0, self._remaining_s() * 1000)
        asked_ms: Any = request.get("timeout_ms")
        own_limit = isinstance(asked_ms, (int, float)) and 0 < asked_ms < remaining_ms
        request["timeout_ms"] = max(1, int(asked_ms if own_limit else remaining_ms))
        try:
            reply = host.http(request)
        except UpstreamTimeout as error:
            text = f"timeout of {request['timeout_ms']}ms exceeded" if own_limit else error.message
            return {"error": {"message": text, "code": "ECONNABORTED"}}
        except AddressRefused as error:
            return {"error": {"message": error.message, "code": "ERR_ADDRESS_REFUSED"}}
        except PlatformError as error:
            is_refused = isinstance(error.__cause__, ConnectionRefusedError)
            return {"error": {"message": error.message, "code": "ECONNREFUSED" if is_refused else "ERR_NETWORK"}}
        return {"value": reply}

    def _answer(self, call_id: int, answer: dict[str, Any]) -> None:
        text = orjson.dumps(answer)
        if len(text) > MAX_ANSWER_BYTES:
            text = orjson.dumps({"error": {"message": "the answer is larger than 8 MB", "code": "ERR_BAD_RESPONSE"}})
        with self._write:
            if self._open:
                self._give(call_id, text)


def answer_to_question(body: bytes) -> dict[str, Any]:
    """Answer what can be computed and needs no outside: a signature, or whether one is good."""
    from chalicelib.adapters.javascript import signatures

    entry = read_json(body)
    try:
        return {"value": signatures.answer(entry["kind"], entry["request"])}
    except PlatformError as error:
        return {"error": {"message": error.message, **error.details}}


def _pool() -> ThreadPoolExecutor:
    global _threads
    with _threads_lock:
        if _threads is None:
            _threads = ThreadPoolExecutor(MAX_AT_ONCE, thread_name_prefix="javascript-call")
        return _threads
