"""Turns: the executions of a batch of messages side by side, none in the way of another workspace's.

In the common lanes a workspace has a share of what starts, and a number of turns at once in each worker; what is
above goes to the backlog, whose messages wait for one another only.
"""

from __future__ import annotations

import contextvars
import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import lru_cache

from chalicelib.adapters import queue
from chalicelib.adapters.queue import Letter
from chalicelib.automations import lanes, queues, usage
from chalicelib.core import clock
from chalicelib.edge.worker import Batch, Message, guarded

TURN_MS = 20_000  # so that a batch is over before its messages are shown to others
PATIENCE_S: float | None = 0.5  # None: wait for every turn
HIDE_S = 30  # longer than any turn
AT_ONCE = 128  # threads for turns; a quarter may go on after their batch
COUNTED = "r"  # the start in this message was counted already
Handle = Callable[[Message, int], float | None]


def take(batch: Batch, handle: Handle, delay_of: Callable[[Message], float | None] = lambda _: None) -> None:
    """Handle the messages of a batch at the same time; most of an execution's time is waiting for others.

    `delay_of` says that a message is for the backlog, and after how many seconds; None: it is for now. On one machine
    a batch does not wait for turns that take long: they go on, their messages hidden. In Lambda nothing goes on
    after a batch, so it waits.
    """
    deadline_ms = min(batch.deadline_ms, clock.now_ms() + TURN_MS)
    is_backlog = any(message.queue == queues.BACKLOG for message in batch.messages)
    mine: dict[Future[None], Message] = {}
    others: list[Letter] = []
    for message in batch.messages:
        later_s = None if is_backlog else delay_of(message)
        if later_s is None and not is_backlog and not lanes.enter(message.body.get("w", "")):
            later_s = 0.0
        if later_s is not None:
            others.append(_letter(message, later_s))
            continue
        turn = contextvars.copy_context().run
        future = _pool().submit(turn, _turn, message, handle, deadline_ms, is_backlog)
        mine[future] = message
    if others:
        queue.send_many(queues.BACKLOG, others)
    for future in _slow(mine, has_patience=not is_backlog):
        _let_run(future, mine[future])
    usage.flush()


def delay_of_start(message: Message) -> float | None:
    """Count the start that a trigger asks for: say when the backlog is to begin it, or None: now, here."""
    return None if COUNTED in message.body else lanes.delay_of(message.body.get("w", ""))


def _turn(message: Message, handle: Handle, deadline_ms: int, is_backlog: bool) -> None:
    try:
        guarded(message, lambda _body: handle(message, deadline_ms))
        if message.is_put_off and "ev" in message.body:
            message.body[COUNTED] = 1
    finally:
        if not is_backlog:
            lanes.leave(message.body.get("w", ""))


def _letter(message: Message, later_s: float) -> Letter:
    counted = {COUNTED: 1} if "ev" in message.body else {}
    return Letter({**message.body, **counted}, min(queue.MAX_DELAY_S, int(-(-later_s // 1))))


def _slow(found: dict[Future[None], Message], *, has_patience: bool) -> list[Future[None]]:
    """Wait for turns; give those that may go on by themselves."""
    is_lambda = "AWS_LAMBDA_FUNCTION_NAME" in os.environ
    patience_s = PATIENCE_S if has_patience and not is_lambda else None
    while True:
        done, slow = wait(found, timeout=patience_s)
        if not slow or lanes.turns() <= AT_ONCE // 4:
            for future in done:
                future.result()
            return list(slow)


def _let_run(future: Future[None], message: Message) -> None:
    """Keep the message of a turn that goes on out of sight until the turn is over; what is left is found then."""
    if message.again_s is None:
        message.wait(HIDE_S)
    future.add_done_callback(lambda _: usage.flush())


@lru_cache(maxsize=1)
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(AT_ONCE, thread_name_prefix="execution")
