"""What became of attempts: the good ones in one write, each failure in one that names what it saw, then its message."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from chalicelib.adapters import blobs, logs, queue
from chalicelib.adapters.queue import Letter
from chalicelib.core import clock, config, figures
from chalicelib.core.errors import Unavailable
from chalicelib.durable import due, fences
from chalicelib.durable.leases import LeaseLost
from chalicelib.edge.worker import backoff_s
from chalicelib.storage.expressions import Change, Row
from chalicelib.storage.tables import DELIVERY
from chalicelib.subscriptions import models, queues, tasks
from chalicelib.subscriptions.models import Subscription
from chalicelib.subscriptions.rules import deliveries as rules
from chalicelib.subscriptions.rules import health as health_rules
from chalicelib.subscriptions.rules.deliveries import Fate, State, SubscriptionState
from chalicelib.subscriptions.rules.health import GOOD, Health
from chalicelib.subscriptions.tasks import Outcome, Task

INLINE_BYTES = 100_000
PAUSE_MS = 900_000
SPREAD_S = 30
_MAX_REASON = 500
_ATTEMPTS = 5
_ENDS = {State.FAILED: "DeliveriesFailed", State.DROPPED: "DeliveriesDropped"}
_jitter: Callable[[], float] = random.random


def use_jitter(source: Callable[[], float] | None) -> None:
    """Replace chance (tests): a function giving 0..1; None restores it."""
    global _jitter
    _jitter = source or random.random


def record(outcomes: Iterable[Outcome]) -> None:
    """Write down what became of attempts, and send what follows; what cannot be written comes again."""
    done = list(outcomes)
    _record_good([one for one in done if one.verdict.fate is Fate.DONE])
    letters: list[tuple[Task, str, Letter]] = []
    for one in done:
        try:
            letters += [(one.task, name, letter) for name, letter in _follow(one)]
        except Unavailable:
            _again(one.task)
    send(letters)
    _record_health(done)


def send(letters: Iterable[tuple[Task, str, Letter]]) -> None:
    """Send the messages that follow, per queue together; those not taken make what they follow come again."""
    by_queue: dict[str, list[tuple[Task, Letter]]] = defaultdict(list)
    for task, name, letter in letters:
        by_queue[name].append((task, letter))
    for name, pairs in by_queue.items():
        try:
            queue.send_many(name, [letter for _, letter in pairs])
        except Unavailable:
            for task, _ in pairs:
                _again(task)


def wait(task: Task, until_ms: int, reason: str) -> list[tuple[str, Letter]]:
    """Put a delivery off without an attempt, and give the message that brings it back."""
    return _pend(task, task.tries, until_ms, {"err": reason}, task.body)


def end(task: Task, state: State, put: dict[str, Any], body: bytes | None = None) -> None:
    """End a delivery. Another's write that came first stays."""
    put = {"st": state.value, "fin": clock.now_ms(), **put}
    if _advance(task, put, ("due", "dueB", "dueK"), body) is not None:
        figures.add(_ENDS[state], workspace_id=task.item.workspace_id)


def after_open_ms(health: Health) -> int:
    """Say when to come back to an endpoint whose breaker is open: after it closes, not all at once."""
    return health.open_until_ms + int(_jitter() * min(SPREAD_S, longest_step_s()) * 1000)


def longest_step_s() -> int:
    """Give the longest step of the retry schedule."""
    return max(config.settings().retry_schedule_s)


def change_health(item: Subscription, rule: Callable[[Health], Health]) -> bool:
    """Apply a rule to the health that stands in the table; False when nothing changes or the subscription is gone."""
    for _ in range(_ATTEMPTS):
        new = rule(item.health)
        if new == item.health:
            return False
        change = Change(put={"health": new.stored()})
        try:
            item.loaded(fences.advance(DELIVERY, item.own_key(), item.health_no, change, name="hv"))
            return True
        except LeaseLost as lost:
            if lost.row is None:
                return False
            item.loaded(lost.row)
    return False


def disable(item: Subscription, reason: str) -> None:
    """Disable a subscription on behalf of its receiver, and tell."""
    if item.state is SubscriptionState.ACTIVE and models.switch(item, SubscriptionState.DISABLED, reason):
        figures.add("DisabledEndpoints")
        logs.log(
            "subscription.disabled",
            level="WARNING",
            workspace=item.workspace_id,
            subscriptionId=item.id,
            reason=reason,
        )


# --- one by one -----------------------------------------------------------------------------------------------


def _record_good(good: list[Outcome]) -> None:
    now_ms = clock.now_ms()
    rows = {one.task.key: _good_row(one, now_ms) for one in good}
    try:
        DELIVERY.write_many(rows.values())
    except Unavailable:
        for one in good:
            _again(one.task)
        return
    for workspace_id, count in Counter(one.task.item.workspace_id for one in good).items():
        figures.add("DeliveriesDelivered", count, workspace_id=workspace_id)


def _good_row(one: Outcome, now_ms: int) -> Row:
    task = one.task
    return {
        **task.key._asdict(),
        "st": State.DELIVERED.value,
        "n": task.seen + 1,
        "a": task.tries + 1,
        "ev": task.event_id,
        "i": task.item.inserted_at,
        "x": task.match,
        "code": one.verdict.code,
        "ms": one.took_ms,
        "fin": now_ms,
        "exp": now_ms // 1000 + models.KEEP_S,
    }


def _follow(one: Outcome) -> list[tuple[str, Letter]]:
    """Write what is not good, and give the messages that follow from it."""
    task, verdict, now_ms = one.task, one.verdict, clock.now_ms()
    if verdict.fate is Fate.DONE:
        return []
    if verdict.fate is Fate.UNWANTED:
        if task.seen:
            end(task, State.DROPPED, {"err": verdict.error})
        else:
            figures.add("DeliveriesDropped", workspace_id=task.item.workspace_id)
        return []
    if verdict.fate is Fate.CLOGGED:
        if task.is_first:
            return [(queues.RETRY, tasks.diverted(task))]
        return wait(task, now_ms + int(config.settings().delivery_timeout_s * 1000), str(verdict.error))
    if verdict.fate is Fate.PAUSED:
        return wait(task, now_ms + PAUSE_MS, str(verdict.error))
    if verdict.fate is Fate.PUT_OFF:
        return wait(task, now_ms + int((verdict.wish_s or 0) * 1000), str(verdict.error))
    put = {"code": verdict.code, "err": (verdict.error or "")[:_MAX_REASON], "ms": one.took_ms}
    tries = task.tries + 1
    if verdict.fate is Fate.RETRY:
        delay_s = rules.next_delay_s(config.settings().retry_schedule_s, tries, verdict.wish_s, _jitter)
        if delay_s is not None:
            figures.add("DeliveriesRetried", workspace_id=task.item.workspace_id)
            return _pend(task, tries, now_ms + int(delay_s * 1000), put, one.body)
    end(task, State.FAILED, {**put, "a": tries}, one.body)
    logs.log(
        "delivery.failed",
        level="WARNING",
        workspace=task.item.workspace_id,
        subscriptionId=task.item.id,
        messageId=task.message_id,
        attempts=tries,
        reason=put["err"],
    )
    if verdict.fate is Fate.DISABLE:
        disable(task.item, "gone")
    return []


def _pend(task: Task, tries: int, due_ms: int, put: dict[str, Any], body: bytes | None) -> list[tuple[str, Letter]]:
    """Write a pending delivery: near dues go by message, those beyond 15 minutes by the index (rule R6)."""
    now_ms = clock.now_ms()
    put = {"st": State.PENDING.value, "a": tries, "fin": now_ms, "due": due_ms, **put}
    if due_ms - now_ms > due.DIRECT_MS:
        timer = due.at(models.DELIVERY_DUE, task.key, due_ms, now_ms)
        _advance(task, put | timer.attributes, (), body)
        return []
    row = _advance(task, put, ("dueB", "dueK"), body)
    return [] if row is None else [(queues.RETRY, tasks.carrier(row, now_ms))]


def _advance(task: Task, put: dict[str, Any], remove: tuple[str, ...], body: bytes | None) -> Row | None:
    """Write the next state of a delivery; None when another's write came first, whose messages follow then."""
    put = {
        "a": task.tries,
        "ev": task.event_id,
        "i": task.item.inserted_at,
        "exp": clock.now_s() + models.KEEP_S,
        **put,
    }
    if task.match is not None:
        put["x"] = task.match
    if body is not None and task.body is None:
        if len(body) > INLINE_BYTES:
            put["blob"] = blobs.blobs().put(task.item.workspace_id, body)
        else:
            put["body"] = body.decode()
    absent = tuple(name for name, value in put.items() if value is None)
    put = {name: value for name, value in put.items() if value is not None}
    try:
        return fences.advance(DELIVERY, task.key, task.seen, Change(put=put, remove=(*remove, *absent)))
    except LeaseLost:
        return None


def _again(task: Task) -> None:
    task.message.again(backoff_s(task.message.receives))


def _record_health(done: list[Outcome]) -> None:
    """Count failures and clear them, once a subscription. Losing a count is harmless, so nothing is repeated."""
    by_item: dict[str, list[Outcome]] = defaultdict(list)
    for one in done:
        if one.verdict.fate is Fate.DONE or one.verdict.blames:
            by_item[one.task.item.id].append(one)
    for group in by_item.values():
        try:
            _judge_health(group)
        except Unavailable:
            logs.log("subscription.uncounted", level="WARNING", subscriptionId=group[0].task.item.id)


def _judge_health(group: list[Outcome]) -> None:
    item, now_ms = group[0].task.item, clock.now_ms()
    if any(one.verdict.fate is Fate.DONE for one in group):
        change_health(item, lambda _: GOOD)
        return
    was_probe = any(one.task.is_probe for one in group)
    change_health(
        item,
        lambda health: health_rules.after_failures(health, len(group), now_ms, longest_step_s(), was_probe=was_probe),
    )
    if item.health.is_hopeless(now_ms):
        disable(item, "failing")
