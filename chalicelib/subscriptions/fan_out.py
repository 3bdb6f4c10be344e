"""From an event to the deliveries of every subscription: routed once, then page by page of a trigger's subscriptions.

A crash repeats at most one page, and the message ids derived from event and subscription make the repeats harmless.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from chalicelib.adapters import logs, queue
from chalicelib.adapters.queue import Letter
from chalicelib.connectors import public as connectors
from chalicelib.connectors.public import HookRun
from chalicelib.core import clock, ids
from chalicelib.core.errors import InvalidInput, NotFound, PlatformError, QuotaExceeded
from chalicelib.durable import ingest
from chalicelib.edge.worker import Batch, Message, backoff_s
from chalicelib.storage.expressions import Row
from chalicelib.storage.table import Page
from chalicelib.storage.tables import WORK
from chalicelib.subscriptions import dead_letters, events, models, queues, replays
from chalicelib.subscriptions.events import Event
from chalicelib.subscriptions.models import FORWARDED, MARK
from chalicelib.subscriptions.rules import routing
from chalicelib.subscriptions.rules.deliveries import SubscriptionState
from chalicelib.subscriptions.rules.routing import Target

PAGE = 100
SKEW_MS = 5_000  # how far clocks may differ: an event seems older than the subscription that must not miss it


@dataclass(frozen=True)
class Leg:
    """One page of one trigger's subscriptions that an event must reach."""

    event: Event
    trigger_id: str
    shard: str = "0"
    after: str | None = None
    match: Any = None
    is_repeat: bool = False
    is_covered: bool = False  # an earlier page brings the event to the forwarding URL

    def page_key(self) -> tuple[str, str, str, str | None]:
        """Say which page it is; events that want the same one share the query."""
        return self.event.workspace_id, self.trigger_id, self.shard, self.after

    def letter(self, row: Row) -> Letter:
        """Make the message that delivers the event to one subscription, or starts the automation it feeds."""
        fed = {"a": row["a"]} if "a" in row else {}
        return Letter(self._body({"s": row["s"], "i": row["i"], **fed}))

    def further(self, shard: str, after: str | None, *, is_covered: bool = False) -> Letter:
        """Make the message that goes on with another page."""
        covered = {"c": 1} if is_covered else {}
        return Letter(self._body({"tr": self.trigger_id, "shard": shard, "after": after, **covered}))

    def _body(self, more: dict[str, Any]) -> dict[str, Any]:
        body = {"w": self.event.workspace_id, "ev": self.event.id, **more}
        if self.match is not None:
            body["x"] = self.match
        if self.is_repeat:
            body["r"] = 1
        return body


def fan_out(batch: Batch) -> None:
    """Spread a batch of events: one read of the events, one query a page, ten deliveries a send."""
    for message in batch.messages:
        if "replay" in message.body:
            replays.go_on(message.body)
    spread = [message for message in batch.messages if "ev" in message.body]
    found = events.load((message.body["w"], message.body["ev"]) for message in spread)
    legs: list[Leg] = []
    for message in spread:
        event = found.get((message.body["w"], message.body["ev"]))
        if event is None:
            logs.log("event.gone", level="WARNING", workspace=message.body["w"], eventId=message.body["ev"])
        else:
            legs += _legs(event, message)
    pages = {key: models.fan_out_page(*key, PAGE) for key in dict.fromkeys(leg.page_key() for leg in legs)}
    deliveries: dict[str, list[Letter]] = {}
    further: list[Letter] = []
    for leg in legs:
        _spread(leg, pages[leg.page_key()], deliveries, further)
    for name, letters in deliveries.items():
        queue.send_many(name, letters)
    queue.send_many(queues.FAN_OUT, further)


def _spread(leg: Leg, page: Page, deliveries: dict[str, list[Letter]], further: list[Letter]) -> None:
    latest = leg.event.at_ms + SKEW_MS
    is_covered = leg.is_covered
    for row in page.rows:
        name = row["sk"]
        if name.startswith(MARK):
            further.append(leg.further(name.removeprefix(MARK), None))
            continue
        if row["st"] != SubscriptionState.ACTIVE or row["at"] > latest:
            continue
        if name == FORWARDED and is_covered:
            continue  # the forwarding URL gets it already, for those who subscribed without a URL
        is_covered = True
        deliveries.setdefault(row.get("q", queues.DELIVER), []).append(leg.letter(row))
    if page.after is not None:
        further.append(leg.further(leg.shard, page.after.sk, is_covered=is_covered))


def _legs(event: Event, message: Message) -> list[Leg]:
    """Say which pages a message stands for. Errors of the logic end here; what may pass comes again."""
    body, is_repeat = message.body, message.receives > 1 or "r" in message.body
    if "tr" in body:
        return [Leg(event, body["tr"], body["shard"], body.get("after"), body.get("x"), is_repeat, "c" in body)]
    try:
        targets = _route(event)
        return [Leg(event, found, match=one.match, is_repeat=is_repeat) for found, one in _resolved(event, targets)]
    except QuotaExceeded as error:
        body |= {"r": 1} if is_repeat else {}  # what is sent anew is received for the first time
        message.put_off(error.pause_s)
    except PlatformError as error:
        if error.retryable:
            message.again(backoff_s(message.receives))
        else:
            _drop(event, f"{type(error).__name__}: {error.message}")
    except Exception as error:  # noqa: BLE001 one poisonous message must not take its neighbours along
        logs.exception("event.bug", error, workspace=event.workspace_id, eventId=event.id)
        message.again(backoff_s(message.receives))
    return []


def _route(event: Event) -> list[Target]:
    if event.component_id is None:
        raise NotFound("a polled record is routed by its message")
    found = connectors.definition(event.workspace_id, event.service_id, "event", event.component_id)
    if not connectors.has_hook(found.component, "route"):
        return routing.default_targets(found.component.name, found.component.setting)
    run = HookRun(
        event.workspace_id,
        found.service,
        found.component,
        "route",
        {"notification": event.notification},
        version=found.version,
        seed=event.id,
        now_ms=event.at_ms,
    )
    targets = routing.targets_of(connectors.run_hook(run).value)
    if not targets:
        _log_dropped(event, "route named no trigger")
    return targets


def _resolved(event: Event, targets: list[Target]) -> list[tuple[str, Target]]:
    """Find the triggers by name; unknown ones drop, and so does what came before under the same id."""
    resolved: list[tuple[str, Target]] = []
    for target in targets:
        if target.match is not None and len(orjson.dumps(target.match)) > routing.MAX_MATCH_BYTES:
            raise InvalidInput.at("route.match", f"may have at most {routing.MAX_MATCH_BYTES} bytes", "length")
        try:
            trigger = connectors.definition(event.workspace_id, event.service_id, "trigger", target.trigger).component
        except NotFound:
            _drop(event, f"there is no trigger {target.trigger[:200]}")
            continue
        if target.id is None or _is_first(event, trigger.id, target.id):
            resolved.append((trigger.id, target))
    return resolved


def _is_first(event: Event, trigger_id: str, occurrence_key: str) -> bool:
    occurrence_id = ids.derived_id(event.workspace_id, "occurrence", trigger_id, occurrence_key)
    row = models.occurrence_row(event.workspace_id, occurrence_id, event.id, clock.now_s())
    if ingest.store(WORK, row, clock.now_s()).outcome is not ingest.Outcome.DIFFERENT:
        return True
    _log_dropped(event, "it came before under the same id")
    return False


def _drop(event: Event, reason: str) -> None:
    """Give an event up, for its workspace to see."""
    dead_letters.drop(event, reason)
    _log_dropped(event, reason, level="WARNING")


def _log_dropped(event: Event, reason: str, level: str = "INFO") -> None:
    logs.log("event.dropped", level=level, workspace=event.workspace_id, eventId=event.id, reason=reason)
