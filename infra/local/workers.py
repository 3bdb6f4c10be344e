"""The process that runs queue consumers and schedules."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from types import FrameType

from chalicelib.adapters import aws
from chalicelib.core import config
from infra.local import stack
from infra.local.mapping import Mapping, Scheduler

_BUDGET_S = 55.0  # under the queues' visibility time-out
_GRACE_S = 7.0
# consumers that wait for others, and so get every worker
_WIDE = ("deliver", "retry", "advance", "automations_start", "journeys_step")


def run() -> None:
    """Serve until SIGTERM; then finish what is at hand."""
    stopping = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.setswitchinterval(stack.SWITCH_S)
    stack.die_with_parent()
    stack.spare_memory()
    cloud = stack.attach()
    consumers, schedules = stack.handlers()
    schedules["expire"] = lambda _event, _context: cloud.expire()
    scheduler = Scheduler(schedules, config.settings().tick_s)
    mappings = [mapping for consumer in consumers for mapping in _mappings(*consumer)]
    stack.start_reporting(cloud, stopping)
    stack.settle()
    for thread in (*mappings, scheduler):
        thread.start()
    while not stopping.wait(1.0):
        if all(thread.is_alive() for thread in (*mappings, scheduler)):
            _beat()
    _stop(mappings, scheduler)


def _mappings(queue_name: str, handler: object, batch_size: int) -> list[Mapping]:
    url = aws.client("sqs").get_queue_url(QueueName=queue_name)["QueueUrl"]
    workers = config.settings().workers
    count = workers if queue_name.endswith(_WIDE) else max(1, workers // 2)
    return [Mapping(url, handler, batch_size, _BUDGET_S) for _ in range(count)]  # type: ignore[arg-type]


def _beat() -> None:
    os.write(1, b".\n")


def _stop(mappings: list[Mapping], scheduler: Scheduler) -> None:
    from chalicelib.adapters import javascript

    scheduler.stop()
    for mapping in mappings:
        mapping.stop()
    ends = time.monotonic() + _GRACE_S
    for mapping in mappings:
        if not mapping.is_idle():
            mapping.join(max(0.0, ends - time.monotonic()))
    stack.report_last()
    javascript.shutdown()
    os._exit(0)
