"""One event to thousands of subscriptions: undisturbed, and killed five times on the way."""

from __future__ import annotations

import http.client
import json
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from benchmarks.load import Load
from benchmarks.report import Report
from benchmarks.traffic import arrived, stack_in, until
from benchmarks.workload import KEY, Scene, body_of, build
from infra.harness.receiver import Inbox, Receiver
from infra.harness.stack import Stack

_TARGET = "/v1/service/shop/trigger/order.placed/subscription?userId=bench"
_MAKERS = 8


def main(report: Report) -> None:
    """Send an event to every subscription and measure; send another, kill everything on the way, and count."""
    count = report.sizes.of(report.sizes.subscriptions, 250)
    with tempfile.TemporaryDirectory() as folder, stack_in(folder) as stack:
        receiver = Receiver()
        hook_url = build(stack, receiver, subscriptions=0).hook_url
        began = time.monotonic()
        scene = Scene(hook_url, _subscribe(stack, receiver, count))
        report.figure("subscriptions made", f"{count}, {count / (time.monotonic() - began):.0f} a second")
        _undisturbed(report, stack, scene)
        _killed(report, stack, scene, report.sizes.of(5, 2))


def _subscribe(stack: Stack, receiver: Receiver, count: int) -> list[Inbox]:
    own = threading.local()

    def make(number: int) -> Inbox:
        if not hasattr(own, "link"):
            own.link = http.client.HTTPConnection("127.0.0.1", urlsplit(stack.url).port or 80, timeout=60)
        path = f"/wide/{number}"
        body = json.dumps({"url": receiver.url(path)})
        own.link.request("POST", _TARGET, body, {"api_key": KEY, "content-type": "application/json"})
        answer = own.link.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{answer.status} {text[:300]!r}")
        return receiver.inbox(path, json.loads(text)["secret"])

    with ThreadPoolExecutor(_MAKERS) as makers:
        return list(makers.map(make, range(count)))


def _undisturbed(report: Report, stack: Stack, scene: Scene) -> None:
    count, cpu, began = len(scene.inboxes), stack.cpu_s(), time.monotonic()
    Load(scene.hook_url, body_of, 1, connections=1, prefix="whole").run()
    is_whole = arrived(scene, 1, 300)
    took_s, cpu_s = time.monotonic() - began, stack.cpu_s() - cpu
    report.figure("1 event to all of them, delivered and recorded", f"{count / took_s:.0f} a second", "500")
    report.figure("CPU", f"{cpu_s / count * 1000:.2f} s per 1,000 deliveries")
    report.must(is_whole, f"{sum(not inbox.ids for inbox in scene.inboxes)} endpoints got nothing")
    _judge(report, scene, 1)


def _killed(report: Report, stack: Stack, scene: Scene, times: int) -> None:
    count = len(scene.inboxes)
    before = sum(sum(inbox.ids.values()) for inbox in scene.inboxes)
    Load(scene.hook_url, body_of, 1, connections=1, prefix="killed").run()
    began, away_s = time.monotonic(), 0.0
    for number in range(times):
        wanted = count * (number + 1) // (times + 1)
        until(lambda wanted=wanted: _reached(scene) >= wanted, 120, 0.02)  # type: ignore[misc]
        stack.kill()
        away_s += stack.start()
    arrived(scene, 2, 300)
    took_s = time.monotonic() - began
    sent = sum(sum(inbox.ids.values()) for inbox in scene.inboxes) - before
    report.figure(f"the same, killed {times} times on the way", f"{took_s:.1f} s, {away_s:.1f} s of it to come back")
    report.figure("deliveries that were repeated", f"{sent - count} ({(sent - count) / count * 100:.1f} %)")
    _judge(report, scene, 2)


def _reached(scene: Scene) -> int:
    return sum(len(inbox.ids) > 1 for inbox in scene.inboxes)


def _judge(report: Report, scene: Scene, events: int) -> None:
    """Every endpoint has exactly one message id an event, and every signature was right."""
    fewer = sum(len(inbox.ids) < events for inbox in scene.inboxes)
    more = sum(len(inbox.ids) > events for inbox in scene.inboxes)
    forged = sum(inbox.forged for inbox in scene.inboxes)
    report.figure("endpoints without the message, with two message ids for it", f"{fewer}, {more}", "0, 0")
    report.must(fewer == more == forged == 0, f"{fewer} endpoints lack it, {more} got two, {forged} forged")
