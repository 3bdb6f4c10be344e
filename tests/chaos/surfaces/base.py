"""What every surface under load has in common: its shape, and a client as patient as a real one."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

from tests.chaos.store import Store

PATIENCE_S = 150.0  # longer than the mark of a request whose runner fell stands in the way of its repeats
TRY_S = 35.0
PAUSE_S, LONGEST_PAUSE_S = 0.2, 2.0
TIMES_OVER = frozenset({429, 502, 503, 504})
CONFLICT = 409


class Surface(Protocol):
    """The load of one surface. Made with `(url, sinks)`; `act` is called by several threads at once."""

    name: str
    client: Client

    def prepare(self) -> None:
        """Make, in calm weather and over HTTP, what the load needs."""

    def act(self, number: int) -> None:
        """Do one unit of load, repeated under the same key until it was answered; note what was accepted (2xx)."""

    def owed(self) -> int:
        """Count what was accepted and is not yet seen to be done; asked over HTTP and in the sinks' log only."""

    def accepted(self) -> int:
        """Count what was accepted."""

    def audit(self, store: Store) -> list[str]:
        """Give every violation as a sentence, once all is settled."""


class GaveUpError(Exception):
    """Nobody gave an answer that holds for as long as the client tried."""


@dataclass(frozen=True)
class Answer:
    """What came back at last; `tries` counts the requests sent, `ms` is the time of the last one."""

    status: int
    headers: Mapping[str, str]
    body: Any
    tries: int
    ms: float

    @property
    def is_ok(self) -> bool:
        """Say whether it was accepted."""
        return 200 <= self.status < 300

    def ok(self) -> Any:
        """Give the body of a success. Raises AssertionError."""
        assert self.is_ok, f"{self.status} {str(self.body)[:600]}"
        return self.body


class Client:
    """Sends JSON and repeats what was not answered, as every client has to that wants its work done.

    `headers` go with every request. Used by any number of threads; each has a connection of its own. `statuses` counts
    what was answered; `strange` lists answers that must never come, in any weather.
    """

    def __init__(self, url: str, headers: Mapping[str, str] | None = None, patience_s: float = PATIENCE_S) -> None:
        self.url, self.headers, self.patience_s = url, dict(headers or {}), patience_s
        self.statuses: Counter[int] = Counter()
        self.strange: list[str] = []
        self._times: deque[float] = deque()
        self._local = threading.local()
        self._made: list[http.client.HTTPConnection] = []

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        key: str | None = None,
        *,
        raw: bytes | None = None,
    ) -> Answer:
        """Send until it is answered: lost connections, 429, 502 to 504 and 409 with Retry-After are tried again.

        `body` becomes JSON unless `raw` bytes are given; `key` travels as Idempotency-Key. Raises GaveUpError.
        """
        sent = raw if raw is not None or body is None else json.dumps(body).encode()
        whole = {
            **({"Content-Type": "application/json"} if sent is not None else {}),
            **self.headers,
            **(headers or {}),
        }
        if key is not None:
            whole["Idempotency-Key"] = key
        ends, pause, tries = time.monotonic() + self.patience_s, PAUSE_S, 0
        while True:
            tries += 1
            found = self._once(method, path, sent, whole, tries)
            if found is not None and not _is_to_come(found):
                if found.status >= 500:
                    self.strange.append(f"{method} {path} was answered {found.status}: {str(found.body)[:300]}")
                return found
            wish = float(found.headers.get("retry-after", 0)) if found is not None else 0.0
            if time.monotonic() > ends:
                raise GaveUpError(f"{method} {path}: {'no answer' if found is None else found.status} after {tries}")
            time.sleep(min(max(wish, pause), LONGEST_PAUSE_S))
            pause *= 1.5

    def get(self, path: str, **headers: str) -> Any:
        """Read what must be there. Raises AssertionError, GaveUpError."""
        return self.send("GET", path, headers=headers).ok()

    def post(self, path: str, body: Any = None, key: str | None = None) -> Any:
        """Post what must be accepted. Raises AssertionError, GaveUpError."""
        return self.send("POST", path, {} if body is None else body, key=key).ok()

    def take_times(self) -> list[float]:
        """Give how long the answers took that came since this was asked last, in milliseconds."""
        return [self._times.popleft() for _ in range(len(self._times))]

    def _once(self, method: str, path: str, sent: bytes | None, headers: dict[str, str], tries: int) -> Answer | None:
        started = time.monotonic()
        try:
            connection = self._connection()
            connection.request(method, path, sent, headers)
            response = connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException):
            self._close()
            return None
        self.statuses[response.status] += 1
        try:
            body = json.loads(content) if content else None
        except ValueError:
            body = content
        named = {name.lower(): value for name, value in response.getheaders()}
        took_ms = (time.monotonic() - started) * 1000
        self._times.append(took_ms)
        return Answer(response.status, named, body, tries, took_ms)

    def _connection(self) -> http.client.HTTPConnection:
        made: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        if made is None:
            made = self._local.connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=TRY_S)
            self._made.append(made)
        return made

    def close(self) -> None:
        """Close every thread's connection, once nobody sends any more."""
        for made in self._made:
            made.close()

    def _close(self) -> None:
        made = getattr(self._local, "connection", None)
        if made is not None:
            made.close()
        self._local.connection = None


def _is_to_come(answer: Answer) -> bool:
    """Say whether the same request will be answered otherwise in a while."""
    return answer.status in TIMES_OVER or (answer.status == CONFLICT and "retry-after" in answer.headers)
