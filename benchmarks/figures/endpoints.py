"""Figure 3: receivers that fail in twelve ways, beside one that is well."""

from __future__ import annotations

import itertools
import socket
import socketserver
import struct
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.figures.crew import Crew
from benchmarks.figures.finding import Finding, at_most, exactly
from benchmarks.figures.outside import USER, Api, javascript, wait_until
from infra.harness.receiver import is_genuine
from infra.harness.stack import free_port

HUGE_BYTES, PAUSE_S, LIMIT_S = 20_000_000, 0.2, 3
Fault = Callable[["Sink", socket.socket], None]


@dataclass
class Attempt:
    """One request that arrived whole: its message id, when (the platform's clock, and this machine's)."""

    message_id: str
    at_ms: int
    at: float


@dataclass
class Sink:
    """A receiver with one fault until it is healed."""

    name: str
    fault: Fault | None
    crew: Crew
    secret: str = ""
    url: str = ""
    attempts: list[Attempt] = field(default_factory=list)
    taken: dict[str, float] = field(default_factory=dict)  # by message id: when it was answered with 200
    forged: int = 0
    connections: int = 0
    is_healed: bool = False
    server: Any = None

    def open(self, port: int = 0) -> None:
        """Listen."""
        sink = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                sink.serve(self.request)

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = allow_reuse_address = True
            request_queue_size = 128

            def handle_error(self, *_: Any) -> None:
                """Say nothing of senders that hang up."""

        self.server = Server(("127.0.0.1", port), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def serve(self, link: socket.socket) -> None:
        """Take one request, and answer as this sink does now."""
        self.connections += 1
        link.settimeout(10)
        head, body = _read(link)
        if head is None:
            return
        message_id = head.get(b"webhook-id", b"").decode()
        self.forged += not is_genuine(self.secret, head, body)
        self.attempts.append(Attempt(message_id, self.crew.now_ms, time.monotonic()))
        if self.fault is not None and not self.is_healed:
            self.fault(self, link)
        else:
            self.taken.setdefault(message_id, time.monotonic())
            link.sendall(_answer("200 OK"))


def _read(link: socket.socket) -> tuple[dict[bytes, bytes] | None, bytes]:
    text = b""
    while b"\r\n\r\n" not in text:
        more = link.recv(65_536)
        if not more:
            return None, b""
        text += more
    head, _, body = text.partition(b"\r\n\r\n")
    lines = (line.partition(b":") for line in head.split(b"\r\n")[1:])
    headers = {name.lower(): value.strip() for name, _, value in lines}
    while len(body) < int(headers.get(b"content-length", b"0")):
        body += link.recv(65_536)
    return headers, body


def _answer(status: str, *more: str, body: bytes = b"") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *more]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


# --- the faults -----------------------------------------------------------------------------------------------------


def _says(status: str, *more: str) -> Fault:
    return lambda _sink, link: link.sendall(_answer(status, *more))


def _reset(_sink: Sink, link: socket.socket) -> None:
    link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    link.close()


def _half(_sink: Sink, link: socket.socket) -> None:
    link.sendall(b"HTTP/1.1 200 OK\r\nContent-Le")


def _not_http(_sink: Sink, link: socket.socket) -> None:
    link.sendall(b"SSH-2.0-OpenSSH_9.6\r\n")


def _slow(_sink: Sink, link: socket.socket) -> None:
    for letter in _answer("200 OK", "X-Slow: " + "z" * 100):
        link.sendall(bytes([letter]))
        time.sleep(0.25)


def _silent(_sink: Sink, _link: socket.socket) -> None:
    time.sleep(LIMIT_S * 3)


def _huge(sink: Sink, link: socket.socket) -> None:
    sink.taken.setdefault(sink.attempts[-1].message_id, time.monotonic())  # what is said first counts: 200
    link.sendall(_answer("200 OK", body=b"")[:-2].replace(b"Length: 0", b"Length: %d" % HUGE_BYTES) + b"\r\n")
    for _ in range(HUGE_BYTES // 1_000_000):
        link.sendall(b"x" * 1_000_000)


def _sinks(crew: Crew, well: Sink, wish_s: int) -> list[Sink]:
    wish = f"Retry-After: {wish_s}"
    faults: dict[str, Fault | None] = {
        "500": _says("500 Internal Server Error"),
        "reset": _reset,
        "half an answer": _half,
        "not HTTP": _not_http,
        "slow": _slow,
        "silent": _silent,
        "429": _says("429 Too Many Requests", wish),
        "503": _says("503 Service Unavailable", wish),
        "410": _says("410 Gone"),
        "redirect": _says("302 Found", f"Location: {well.url}stolen"),
        "20 MB answer": _huge,
        "dead": None,
    }
    return [Sink(name, fault, crew) for name, fault in faults.items()]


def measure(events: int = 9, wish_s: int = 7) -> list[Finding]:
    """Send events to all of them at once, heal the sick, let time pass until nothing is owed."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Crew(
            Path(folder), MILLRACE_RETRY_SCHEDULE_S="0,1,2,2,2,2,60,60,60,60", MILLRACE_DELIVERY_TIMEOUT_S=f"{LIMIT_S}"
        ) as crew,
    ):
        well = Sink("well", None, crew)
        well.open()
        sinks = _sinks(crew, well, wish_s)
        api, accepted = Api(crew.url), []
        hook = _hook(api)
        _subscribe(api, [well])
        api.call("POST", hook, {"n": "the first, while the workers still start"})
        wait_until(lambda: len(well.taken) == 1, 60)
        well.taken.clear()
        well.attempts.clear()
        _subscribe(api, sinks)
        for number in range(events):  # fewer than open the breaker, which would hide Retry-After
            api.call("POST", hook, {"n": number})
            accepted.append(time.monotonic())
            time.sleep(PAUSE_S)
        time.sleep(wish_s + 2)
        _heal(sinks)
        owed = [sink for sink in sinks if sink.name != "410"]
        for _ in range(60):
            if all(len(sink.taken) >= events for sink in owed):
                break
            crew.advance(61)
            time.sleep(1.2)
        time.sleep(1)
    everything = [well, *sinks]
    for sink in everything:
        sink.server.shutdown()
        sink.server.server_close()
    return _judged(everything, events, accepted, wish_s)


def _hook(api: Api) -> str:
    """Make a service with a trigger; give the path where it is notified."""
    service = api.service("shop")
    api.part(service, "event", "order", logic={"route": javascript("return 'placed'")})
    api.part(service, "trigger", "placed", logic={"trigger": javascript("return notification.body")})
    return "/v1/" + str(api.call("GET", f"{service}/webhookSetting?userId={USER}")["url"]).partition("/v1/")[2]


def _subscribe(api: Api, sinks: list[Sink]) -> None:
    """Make a subscription for each sink."""
    for sink in sinks:
        if sink.name == "dead":
            sink.url = f"http://127.0.0.1:{free_port()}/"
        elif sink.server is None:
            sink.open()
        made = api.call("POST", f"/v1/service/shop/trigger/placed/subscription?userId={USER}", {"url": sink.url})
        sink.secret = made["secret"]


def _heal(sinks: list[Sink]) -> None:
    for sink in sinks:
        sink.is_healed = True
        if sink.server is None:
            sink.open(int(sink.url.rstrip("/").rpartition(":")[2]))


def _judged(everything: list[Sink], events: int, accepted: list[float], wish_s: int) -> list[Finding]:
    well, *sick = everything
    gone = next(sink for sink in sick if sink.name == "410")
    owed = {sink.name: events - len(sink.taken) for sink in everything if sink is not gone}
    served = sorted(well.taken.values())
    delays = [there - here for here, there in zip(accepted, served, strict=False)]
    attempts = sum(len(sink.attempts) for sink in everything)
    soonest = min(_pause_s(sink) for sink in sick if sink.name in ("429", "503"))
    return [
        exactly(f"kinds of faults met by {events} events each", len({sink.name for sink in sick}), 12),
        exactly("owed deliveries not made", {name: left for name, left in owed.items() if left}, {}),
        exactly(f"signatures of {attempts} attempts that are not valid", sum(sink.forged for sink in everything), 0),
        exactly("messages under more than one id, at any endpoint", _too_many_ids(everything, events), {}),
        Finding(
            f"Retry-After of {wish_s} s kept", f"next attempt after {soonest:.2f} s at the soonest", soonest >= wish_s
        ),
        at_most("calls after 410 beside those on their way", max(0, len(gone.attempts) - events), 0),
        exactly("requests at the address a redirect named", len(well.attempts) - len(well.taken), 0),
        at_most(
            "the healthy endpoint, from accepted to delivered, the slowest",
            max(delays, default=99),
            1,
            " s",
            is_speed=True,
        ),
    ]


def _too_many_ids(everything: list[Sink], events: int) -> dict[str, int]:
    found = {sink.name: len({one.message_id for one in sink.attempts}) for sink in everything}
    return {name: count for name, count in found.items() if count > events}


def _pause_s(sink: Sink) -> float:
    """Give the shortest time between two attempts of the same message, by the platform's clock."""
    by_id: dict[str, list[int]] = defaultdict(list)
    for one in sink.attempts:
        by_id[one.message_id].append(one.at_ms)
    pauses = [later - first for times in by_id.values() for first, later in itertools.pairwise(times)]
    return min(pauses, default=0) / 1000
