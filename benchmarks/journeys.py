"""Journeys: writes per step beside their floor, entry by batch, a rush of timers, steps per second."""

from __future__ import annotations

import itertools
import os
import tempfile
import threading
import time
import uuid
from collections import Counter
from typing import Any

from benchmarks.calls import Machine, apart
from benchmarks.report import Report

NODE = str(uuid.uuid4())
PACKET = 1_000
QUEUES = ("journeys_lifecycle", "journeys_job", "journeys_event", "journeys_step")
FREE = {"MILLRACE_JOURNEYS_MAILS_PER_S": "1000000", "MILLRACE_JOURNEYS_RELEASE_PER_S": "1000"}
Json = dict[str, Any]


class Flow:
    """A platform in this process with one node that pretends to send."""

    def __init__(self, folder: str) -> None:
        os.environ |= FREE
        self.machine = Machine(folder)
        self.skew_ms = 0
        from chalicelib.core import clock

        clock.use(lambda: time.time_ns() // 1_000_000 + self.skew_ms)
        self.call("POST", "/nodes", {"uuid": NODE, "name": "bench", "emailActive": True}, 201)
        message = {"category": "INTEGRATION", "type": "CLAB_API_SOAP", "value": {"provider": "FAKE"}}
        self.call("POST", "/settings", message, 201)
        self.call("POST", "/settings", {"category": "INTEGRATION", "type": "HUB", "value": {}}, 201)
        self.call("POST", "/external-contents/email-models", {"identifier": 7, "name": "m"}, 201)

    def call(self, method: str, path: str, body: Any = None, accepts: int = 200) -> Any:
        """Make one request to the node."""
        return self.machine.call(method, f"/flow/v1{path}", body, accepts=accepts, node=NODE)

    def journey(self, *steps: Json) -> str:
        """Make an automation of these steps, running; give its uuid."""
        made = [{"uuid": str(uuid.uuid4()), **step} for step in (*steps, {"operation": "NO_ACTION"})]
        pairs = itertools.pairwise(made)
        ways = [{"fromStepUuid": a["uuid"], "toStepUuid": b["uuid"], "outcome": "NEXT"} for a, b in pairs]
        body = {"name": "bench", "status": "RUNNING", "steps": made, "connections": ways}
        return str(self.call("POST", "/automations", body, 201)["uuid"])

    def enter(self, automation: str, count: int, name: str = "p") -> None:
        """Send a batch in packets."""
        source = str(uuid.uuid4())
        starts = range(0, count, PACKET)
        for start in starts:
            people = [person(name, number) for number in range(start, min(count, start + PACKET))]
            kind = "LAST" if start == starts[-1] else "FIRST" if start == 0 else "MIDDLE"
            body = {"customers": people, "sourceUuid": source, **({"packet": kind} if len(starts) > 1 else {})}
            self.call("POST", f"/automations/{automation}/customers/batch", body, 202)

    def drain(self, *names: str) -> Counter[str]:
        """Work on queues until none has anything visible."""
        total: Counter[str] = Counter()
        while counted := sum((self.machine.drain(name) for name in names or QUEUES), Counter()):
            total += counted
        return total

    def work(self, seconds: float, until: Any, threads: int = 4) -> float:
        """Work on the step queue from several threads until something holds; give how long it took."""
        began, ends = time.monotonic(), time.monotonic() + seconds

        def turn() -> None:
            while time.monotonic() < ends and not done.is_set():
                if not self.machine.drain("journeys_step"):
                    time.sleep(0.02)

        done = threading.Event()
        workers = [threading.Thread(target=turn) for _ in range(threads)]
        for one in workers:
            one.start()
        while not until() and time.monotonic() < ends:
            time.sleep(0.05)
        done.set()
        for one in workers:
            one.join()
        return time.monotonic() - began

    def statistics(self, automation: str) -> Json:
        """Read what an automation counts."""
        return dict(self.call("GET", f"/automations/{automation}")["statistics"])


def person(name: str, number: int) -> Json:
    """Describe a customer."""
    return {"attributes": {"email": f"{name}{number}@example.com", "name": f"{name}{number}"}}


def mail(**more: Any) -> Json:
    """Describe a mail step."""
    given = {"campaignName": "c", "modelIdentifier": 7, "subject": "Hi ${name}", "senderEmail": "a@example.com"}
    return {"operation": "CLAB_CAMPAIGN", "parameters": {**given, "htmlContent": "<p>Hi</p>", **more}}


def wait(minutes: int) -> Json:
    """Describe a wait."""
    return {"operation": "FROM_LAST_STEP", "parameters": {"wait": {"amount": minutes, "unit": "MINUTES"}}}


def tag() -> Json:
    """Describe a tag step."""
    parameters = {"property": "tags.manual", "mode": "ADD", "source": "CONSTANT", "constant": "x"}
    return {"operation": "TAG", "parameters": parameters}


def written_per_token(count: int = 10) -> list[tuple[str, float, int]]:
    """Count the items a token writes on its way: name of the act, items, floor. Ten share a batch where it is busy.

    One in a transaction counts twice.
    """
    with tempfile.TemporaryDirectory() as folder:
        flow = Flow(folder)
        automation = flow.journey(mail(), wait(60), mail(), wait(30), tag())
        flow.enter(flow.journey(mail()), 1)
        flow.drain()
        flow.machine.meter.take()
        flow.enter(automation, count)
        entered, first = flow.drain("journeys_job"), flow.drain("journeys_step")
        flow.skew_ms += 3_600_500
        second = _due(flow)
        flow.skew_ms += 1_800_500
        third = _due(flow)
        flow.machine.meter.take()
        flow.call("POST", f"/automations/{automation}/customers", person("alone", 1), 201)
        alone = flow.machine.meter.take()
    acts = [
        ("entry: token, list, 1 name, counters", entered, 4),
        ("mail, then wait (2 steps)", first, 4),
        ("timer, mail, then wait (3 steps)", second, 6),
        ("timer, tag, end (3 steps; 1 for the profile, 3 for lists)", third, 10),
    ]
    by_itself = ("entry by itself, without a batch: the same four", float(alone["items written"]), 4)
    return [by_itself, *((name, counted["items written"] / count, floor) for name, counted, floor in acts)]


def _due(flow: Flow) -> Counter[str]:
    _tick(flow)
    time.sleep(0.1)
    flow.machine.meter.take()
    return flow.drain("journeys_step")


def _tick(flow: Flow) -> None:
    from chalicelib.journeys import workers

    fields = ("version", "account", "region", "detail-type", "source", "time", "id")
    workers.journeys_tick(dict.fromkeys(fields, "") | {"detail": {}, "resources": []}, None)
    flow.machine.meter.take()


Figures = list[tuple[str, str]]


def entry(count: int) -> Figures:
    """Bring customers by a batch, and let each get the first mail."""
    with tempfile.TemporaryDirectory() as folder:
        flow = Flow(folder)
        automation = flow.journey(mail(), wait(60))
        began, cpu = time.monotonic(), time.process_time()
        flow.enter(automation, count)
        sent = time.monotonic()
        flow.drain("journeys_job")
        released, cpu_s = time.monotonic(), time.process_time() - cpu
        rate = f"{count / (released - began):.0f} a second, {cpu_s / count * 1000:.2f} ms of CPU each"
        took = flow.work(3600, lambda: _sent(flow, automation) >= count)
        packets = f"packets {sent - began:.1f} s, release {released - sent:.1f} s"
        return [
            (f"entry of {count} customers by a batch", f"{packets}: {rate}"),
            ("their first mail and the wait after it", f"{took:.1f} s: {2 * count / took:.0f} steps a second"),
        ]


def _sent(flow: Flow, automation: str) -> int:
    steps = flow.call("GET", f"/automations/{automation}/feedbacks")["steps"]
    return int(steps[0]["feedbacks"]["sent"])


def rush(count: int) -> Figures:
    """Let waits of many tokens end in the same minute."""
    with tempfile.TemporaryDirectory() as folder:
        flow = Flow(folder)
        automation = flow.journey(wait(60), mail())
        flow.enter(automation, count)
        flow.drain("journeys_job")
        flow.work(600, lambda: count_waiting(automation) == count)
        _tick(flow)
        flow.skew_ms += 3_600_000
        began = time.monotonic()
        _tick(flow)
        swept = time.monotonic() - began
        took = flow.work(600, lambda: flow.statistics(automation)["completed"] == count)
        through = f"swept in {swept:.1f} s, all through after {swept + took:.1f} s"
        return [
            (
                f"{count} waits that end in one minute, a mail and the end",
                f"{through}: {3 * count / (swept + took):.0f} steps a second",
            )
        ]


def count_waiting(automation: str) -> int:
    """Count tokens that wait, by their own rows."""
    from chalicelib.journeys import listings
    from chalicelib.journeys.listings import Filter
    from chalicelib.journeys.rules.tokens import Group

    wanted = Filter("bench", NODE, (automation,), group=Group.RUNNING)
    found, after = 0, None
    while True:
        page = listings.find(wanted, 5_000, after)
        found += sum(row["st"] == "WAITING" for row in page.rows)
        if page.after is None:
            return found
        after = page.after


def speed(count: int) -> Figures:
    """Let tokens walk a mail, a tag and an end, as fast as four workers can."""
    with tempfile.TemporaryDirectory() as folder:
        flow = Flow(folder)
        automation = flow.journey(mail(), tag())
        flow.enter(automation, count)
        flow.drain("journeys_job")
        cpu = time.process_time()
        took = flow.work(600, lambda: flow.statistics(automation)["completed"] == count)
        cpu_s = time.process_time() - cpu
        cost = f"{3 * count / took:.0f} steps a second, {cpu_s / count * 1000:.2f} ms of CPU a token"
        return [(f"{count} tokens: a mail, a tag, an end", cost)]


def main(report: Report) -> None:
    """Measure each, in a process of its own."""
    for work, count in ((entry, 10_000), (rush, 10_000), (speed, 5_000)):
        if not report.sizes.is_quick or work is rush:
            for what, figure in apart(work, report.sizes.of(count, 50)):
                report.figure(what, figure)
