"""Batches of deliveries: first attempts, and attempts after a failure. Reads are shared, POSTs go out together."""

from __future__ import annotations

import contextvars
import os
import threading
from collections import OrderedDict
from collections.abc import Iterable
from concurrent.futures import Future, wait
from dataclasses import replace

from chalicelib.adapters import logs, queue
from chalicelib.adapters.queue import Letter
from chalicelib.core import clock, config, figures
from chalicelib.core.cache import Cached
from chalicelib.core.errors import PlatformError, Unavailable
from chalicelib.edge.worker import Batch, Message, backoff_s
from chalicelib.storage.expressions import Row
from chalicelib.storage.table import Key
from chalicelib.storage.tables import DELIVERY
from chalicelib.subscriptions import endpoints, events, models, queues, records, tasks
from chalicelib.subscriptions.attempts import attempt
from chalicelib.subscriptions.fan_out import SKEW_MS
from chalicelib.subscriptions.models import Subscription
from chalicelib.subscriptions.rules import health as health_rules
from chalicelib.subscriptions.rules.deliveries import State, SubscriptionState
from chalicelib.subscriptions.tasks import Outcome, Task

PATIENCE_S = 1.0
FAILING_FROM = 3  # failures in a row after which first attempts go behind those of healthy endpoints
PROBE_MARGIN_MS = 10_000
_FAR_MS = 60_000
_REMEMBERED = 20_000
_subscriptions: Cached[Subscription] = Cached(5)
_lock = threading.Lock()
_late: OrderedDict[str, bool] = OrderedDict()  # messages whose attempts outlived their batch: whether they are settled


def deliver(batch: Batch) -> None:
    """Make first attempts."""
    found = _first_tasks(_taken_up(batch.messages))
    behind = [task for task in found if _is_behind(task)]
    records.send((task, queues.RETRY, tasks.diverted(task)) for task in behind)
    _attempt([task for task in found if task not in behind], batch)


def retry(batch: Batch) -> None:
    """Make attempts after a failure, and first ones that had to stand back."""
    messages = _taken_up(batch.messages)
    found = _first_tasks(message for message in messages if "ev" in message.body)
    for task in found:
        task.is_first = False
    _attempt(found + _later_tasks([message for message in messages if "m" in message.body]), batch)


# --- taking up ------------------------------------------------------------------------------------------------


def _first_tasks(messages: Iterable[Message]) -> list[Task]:
    messages = list(messages)
    found = events.load((message.body["w"], message.body["ev"]) for message in messages)
    items = _load(messages)
    made: list[Task] = []
    for message in messages:
        body = message.body
        event, item = found.get((body["w"], body["ev"])), items.get(message.id)
        is_stranger = event is not None and item is not None and event.service_id != item.service_id
        if event is None or item is None or is_stranger or item.inserted_at > event.at_ms + SKEW_MS:
            figures.add("DeliveriesDropped", workspace_id=body["w"])
            logs.log("delivery.dropped", workspace=body["w"], subscriptionId=body["s"], eventId=body["ev"])
            continue
        made.append(Task(message, item, event.id, event.at_ms, event, body.get("x")))
    return _without_repeats(made)


def _without_repeats(made: list[Task]) -> list[Task]:
    """Leave out what was recorded before, looking only where a message may be a repeat; what waits is sent again."""
    doubtful = {task.key for task in made if task.message.receives > 1 or "r" in task.message.body}
    rows = DELIVERY.get_many(doubtful, consistent=True) if doubtful else {}
    letters = [
        (task, queues.RETRY, tasks.carrier(rows[task.key], clock.now_ms()))
        for task in made
        if task.key in rows and rows[task.key]["st"] == State.PENDING
    ]
    records.send(letters)
    return list({task.key: task for task in made if task.key not in rows}.values())


def _later_tasks(messages: list[Message]) -> list[Task]:
    keys = {message.id: _key_of(message) for message in messages}
    rows = DELIVERY.get_many(keys.values(), consistent=True) if keys else {}
    pending = [message for message in messages if _is_due(message, rows.get(keys[message.id]))]
    items = _load(pending)
    made: dict[Key, Task] = {}
    gone: set[Key] = set()
    for message in pending:
        key, item = keys[message.id], items.get(message.id)
        if item is None or rows[key].get("i", 0) not in (0, item.inserted_at):
            gone.add(key)  # an attempt that was under way wrote it after its subscription had ended
        else:
            made[key] = tasks.from_row(message, item, rows[key])
    DELIVERY.write_many(deletes=gone)
    bare = [task for task in made.values() if task.body is None]
    found = events.load((task.item.workspace_id, task.event_id) for task in bare)
    for task in bare:
        task.event = found.get((task.item.workspace_id, task.event_id))
    return list(made.values())


def _key_of(message: Message) -> Key:
    body = message.body
    return models.delivery_key(body["w"], body["s"], body["at"], body["m"])


def _is_due(message: Message, row: Row | None) -> bool:
    """Say whether a message finds its delivery waiting for it. One that comes early is sent on; so is the message of
    a later write, where this one was interrupted before it could be sent."""
    if row is None or row["st"] != State.PENDING:
        return False
    now_ms, seen = clock.now_ms(), message.body.get("n", row["n"])
    away_ms = row["due"] - now_ms
    if seen != row["n"] and message.receives == 1:
        return False
    if seen == row["n"] and away_ms <= 0:
        return True
    if away_ms <= _FAR_MS or "dueB" not in row:
        queue.send_many(queues.RETRY, [tasks.carrier(row, now_ms)])
    return False


def _load(messages: Iterable[Message]) -> dict[str, Subscription]:
    """Find the subscriptions that messages (by id) are about, up to 5 s old; those that are gone are left out.

    One that was made again is another (`i` in the message); one that is disabled is looked at anew, for its owner may
    have enabled it.
    """
    places = {message.id: _place_of(message) for message in messages}
    found = {place: item for place in set(places.values()) if (item := _kept(place)) is not None}
    missing = [place for place in set(places.values()) if place not in found]
    rows = DELIVERY.get_many([_key(place) for place in missing], consistent=True) if missing else {}
    for place in missing:
        row = rows.get(_key(place))
        if row is not None:
            fresh = Subscription.from_row(row)
            found[place] = _subscriptions.get(place, lambda fresh=fresh: fresh) or fresh  # type: ignore[misc]
            found[place].loaded(row)
    return {name: found[place] for name, place in places.items() if place in found}


Place = tuple[str, str, int]


def _place_of(message: Message) -> Place:
    return message.body["w"], message.body["s"], message.body.get("i", 0)


def _key(place: Place) -> Key:
    return Subscription.key(place[0], id=place[1])


def _kept(place: Place) -> Subscription | None:
    item = _subscriptions.get(place, lambda: None)
    return item if item is not None and item.state is SubscriptionState.ACTIVE else None


# --- attempting -----------------------------------------------------------------------------------------------


def _is_behind(task: Task) -> bool:
    """Say whether a first attempt must not hold up those to healthy endpoints."""
    item = task.item
    is_failing = item.health.fails >= FAILING_FROM and not item.health.is_open(clock.now_ms())
    return is_failing or (item.url is not None and endpoints.is_clogged((item.workspace_id, item.url)))


def _attempt(found: list[Task], batch: Batch) -> None:
    """Run attempts side by side. On one machine a batch does not wait for those that hang: their messages stay
    hidden meanwhile, and they are recorded when they end. In Lambda nothing runs on after a batch, so it waits."""
    later: list[tuple[Task, str, Letter]] = []
    ready = [task for task in found if _may_go(task, later)]
    records.send(later)
    futures = {endpoints.pool().submit(contextvars.copy_context().run, attempt, task): task for task in ready}
    is_lambda = "AWS_LAMBDA_FUNCTION_NAME" in os.environ
    left_s = max(0.0, (batch.deadline_ms - clock.now_ms()) / 1000)
    done, hanging = wait(futures, timeout=left_s if is_lambda else PATIENCE_S)
    for future in hanging:
        _let_run(future, futures[future])
    records.record(outcome for future in done if (outcome := _outcome(future, futures[future])) is not None)


def _outcome(future: Future[Outcome], task: Task) -> Outcome | None:
    try:
        return future.result()
    except Exception as error:  # noqa: BLE001 one poisonous message must not take its neighbours along
        if not (isinstance(error, PlatformError) and error.retryable):
            logs.exception("delivery.bug", error, subscriptionId=task.item.id)
        task.message.again(backoff_s(task.message.receives))
        return None


def _may_go(task: Task, later: list[tuple[Task, str, Letter]]) -> bool:
    """Say whether to attempt now; what has to wait, or will never be, is written down, its messages put in `later`."""
    item, now_ms = task.item, clock.now_ms()
    try:
        if item.state is SubscriptionState.DISABLED:
            records.end(task, State.DROPPED, {"err": "the subscription is disabled"})
            return False
        if item.health.wants_probe(now_ms):
            task.is_probe = _claim_probe(item, now_ms)
        if task.is_probe or not item.health.is_open(now_ms):
            return True
        brings = records.wait(task, records.after_open_ms(item.health), "waiting for the endpoint to recover")
        later += [(task, name, letter) for name, letter in brings]
    except Unavailable:
        task.message.again(backoff_s(task.message.receives))
    return False


def _claim_probe(item: Subscription, now_ms: int) -> bool:
    lease_ms = int(config.settings().delivery_timeout_s * 1000) + PROBE_MARGIN_MS
    return records.change_health(
        item,
        lambda health: health_rules.probing(health, now_ms, lease_ms) if health.wants_probe(now_ms) else health,
    )


# --- attempts that outlive their batch ------------------------------------------------------------------------


def _taken_up(messages: Iterable[Message]) -> list[Message]:
    """Leave out the messages whose attempts still run here, or ended after their batch."""
    fresh = []
    for message in messages:
        with _lock:
            is_settled = _late.get(message.id)
        if is_settled is None:
            fresh.append(message)
        elif not is_settled:
            message.again(PATIENCE_S * 5)
    return fresh


def _let_run(future: Future[Outcome], task: Task) -> None:
    settings = config.settings()
    original, task.message = task.message, replace(task.message)
    original.again(settings.delivery_timeout_s + settings.logic_timeout_s + 10)
    with _lock:
        _late[original.id] = False
        while len(_late) > _REMEMBERED:
            _late.popitem(last=False)
    future.add_done_callback(lambda ended: _settle(ended, task))


def _settle(future: Future[Outcome], task: Task) -> None:
    is_settled = False
    try:
        outcome = _outcome(future, task)
        if outcome is not None:
            records.record([outcome])
            is_settled = task.message.again_s is None
    except Exception as error:  # noqa: BLE001 nobody waits for this any more; its message brings it again
        logs.exception("delivery.unsettled", error, subscriptionId=task.item.id)
    with _lock:
        if is_settled:
            _late[task.message.id] = True
        else:
            _late.pop(task.message.id, None)
