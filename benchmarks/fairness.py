"""A noisy workspace floods; how long does a start of a quiet one wait? On a whole stack, over HTTP.

The quiet workspace starts an automation of one POST twice a second; its delay is from asking to the POST's arrival.
"""

from __future__ import annotations

import itertools
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import requests

from benchmarks.report import Report, percentile
from benchmarks.workload import FREE
from infra.harness.stack import Stack

USER = "?userId=ada"
SENDERS = 6
HANG_S = 3.0
TARGET_S = 2.0
COLUMNS = ("beside", "flood", "p50", "worst", "target")


class Target(ThreadingHTTPServer):
    """Takes POSTs, and notes when each path was asked for first; what is under /slow answers late."""

    request_queue_size = 256
    daemon_threads = True

    def __init__(self) -> None:
        self.arrived: dict[str, float] = {}
        super().__init__(("127.0.0.1", 0), _Taker)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def url(self, path: str) -> str:
        """Give the address of a path."""
        return f"http://127.0.0.1:{self.server_port}{path}"

    def handle_error(self, *_: Any) -> None:
        """Say nothing of callers that gave up."""


class _Taker(BaseHTTPRequestHandler):
    server: Target
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.server.arrived.setdefault(self.path, time.monotonic())
        self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.path.startswith("/slow"):
            time.sleep(HANG_S)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class Workspace:
    """One tenant, by its key."""

    def __init__(self, stack: Stack, key: str) -> None:
        self.base, self.key, self._own = stack.url, key, threading.local()

    def call(self, method: str, path: str, body: Any = None) -> requests.Response:
        """Send one request on this thread's connection."""
        if not hasattr(self._own, "session"):
            self._own.session = requests.Session()
            self._own.session.headers["api_key"] = self.key
        answer: requests.Response = self._own.session.request(method, self.base + path, json=body, timeout=30)
        return answer

    def make(self, name: str, url: str, **more: Any) -> str:
        """Make an automation of one POST; give the path that starts it."""
        post = {"id": "post", "type": "http", "method": "POST", "url": url, "body": "${input}"}
        body = {"name": name, "definition": {"steps": [post], **more}}
        made = self.call("POST", f"/v1/automation/import{USER}", body).json()
        path = f"/v1/automation/{made['id']}/version/{made['versionId']}"
        self.call("POST", f"{path}/publish{USER}").raise_for_status()
        return path


def main(report: Report) -> None:
    """Say the quiet workspace's delays alone and beside each flood."""
    with tempfile.TemporaryDirectory() as folder, _stack(folder) as stack:
        target, noisy, quiet = Target(), Workspace(stack, "noisy"), Workspace(stack, "quiet")
        for one in (noisy, quiet):
            one.call("POST", "/v1/user", {"userId": "ada"}).raise_for_status()
        path, numbers = quiet.make("quiet", target.url("/quiet/${input.n}")), itertools.count()
        floods: dict[str, Callable[[], int] | None] = {
            "nothing": None,
            "starts by requests": _asking(noisy, noisy.make("quick", target.url("/quick"))),
            f"starts whose POST takes {HANG_S:.0f} s": _asking(noisy, noisy.make("slow", target.url("/slow"))),
            "starts by notifications": _notifying(noisy, target),
        }
        for name, send in floods.items():
            _measure(report, name, send, quiet, path, target, numbers)


def _stack(folder: str) -> Stack:
    return Stack(Path(folder), MILLRACE_DEV_KEYS="noisy=noisy,quiet=quiet", MILLRACE_TICK_S="1", **FREE)


def _asking(noisy: Workspace, path: str) -> Callable[[], int]:
    return lambda: noisy.call("POST", f"{path}/execute?async=true", {"input": {"n": 0}}).status_code


def _notifying(noisy: Workspace, target: Target) -> Callable[[], int]:
    noisy.call("POST", f"/v1/service{USER}", {"name": "shop"}).raise_for_status()
    route = {"name": "order", "logic": {"route": "return 'placed'"}}
    noisy.call("POST", f"/v1/service/shop/event{USER}", route).raise_for_status()
    logic = {"name": "placed", "logic": {"trigger": "return notification.body"}}
    noisy.call("POST", f"/v1/service/shop/trigger{USER}", logic).raise_for_status()
    path = noisy.make("told", target.url("/told"), trigger={"service": "shop", "trigger": "placed"})
    noisy.call("POST", f"{path.partition('/version')[0]}/enable{USER}", {}).raise_for_status()
    hook = noisy.call("GET", f"/v1/service/shop/webhookSetting{USER}").json()["url"]
    hook = hook[hook.index("/v1/") :]
    return lambda: noisy.call("POST", hook, {"n": 0}).status_code


def _measure(
    report: Report,
    name: str,
    send: Callable[[], int] | None,
    quiet: Workspace,
    path: str,
    target: Target,
    numbers: Any,
) -> None:
    seconds = report.sizes.of(15, 1)
    over, answers, lock = threading.Event(), Counter[int](), threading.Lock()

    def flood() -> None:
        while send is not None and not over.is_set():
            status = send()
            with lock:
                answers[status] += 1

    senders = [threading.Thread(target=flood) for _ in range(SENDERS)]
    for sender in senders:
        sender.start()
    time.sleep(1.0)
    asked = {}
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        number, at = next(numbers), time.monotonic()
        answer = quiet.call("POST", f"{path}/execute?async=true", {"input": {"n": number}})
        answer.raise_for_status()
        asked[f"/quiet/{number}"] = at
        time.sleep(max(0.0, 0.5 - (time.monotonic() - at)))
    over.set()
    for sender in senders:
        sender.join()
    _wait(lambda: all(one in target.arrived for one in asked), 30)
    delays = sorted(target.arrived.get(one, float("inf")) - at for one, at in asked.items())
    told = ", ".join(f"{count / seconds:.0f} a second answered {status}" for status, count in sorted(answers.items()))
    middle, worst = percentile(delays, 0.5), delays[-1]
    report.row(COLUMNS, name, told, f"{middle * 1000:.0f} ms", f"{worst * 1000:.0f} ms", f"{TARGET_S:.0f} s")
    report.must(worst < float("inf"), f"a start beside {name} never arrived")


def _wait(is_so: Callable[[], bool], timeout_s: float) -> None:
    ends = time.monotonic() + timeout_s
    while not is_so() and time.monotonic() < ends:
        time.sleep(0.02)
