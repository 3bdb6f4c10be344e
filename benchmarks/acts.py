"""AWS calls per act beside their floors: what an act writes, reads and sends, counted at the client, caches warm."""

from __future__ import annotations

import json
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

from benchmarks import costs, journeys
from benchmarks.calls import Machine, apart
from benchmarks.report import Report
from benchmarks.workload import TRANSFORM, body_of
from infra.harness.receiver import Receiver

COLUMNS = ("act", "items written", "reads", "sends", "floor")
_WIDE = 400
Floor = tuple[float, float | None, float]


@dataclass(frozen=True)
class Act:
    """Calls that an act makes, and the fewest it could make: items written, read calls, send calls.

    Sums that whole batches share are left out; a floor of None is one that nobody has set.
    """

    name: str
    counted: tuple[float, float, float]
    floor: Floor

    @property
    def is_kept(self) -> bool:
        """Say whether nothing is above twice its floor."""
        return all(floor is None or found <= 2 * floor for found, floor in zip(self.counted, self.floor, strict=True))


def main(report: Report) -> None:
    """Count the acts of each context, each in a process of its own, and hold them against their floors."""
    acts = [*apart(subscriptions), *[Act(one.name, one.counted, one.floor) for one in apart(costs.measure)]]
    for act in acts:
        floor = ", ".join(
            f"{number:.3g} {unit}" for number, unit in zip(act.floor, "WRS", strict=True) if number is not None
        )
        report.row(COLUMNS, act.name, *[f"{number:.3g}" for number in act.counted], floor)
        report.must(act.is_kept, f"{act.name} costs more than twice its floor")
    for name, written, floor in apart(journeys.written_per_token):
        report.row(("act of a token, ten in a batch", "items written", "floor"), name, f"{written:.1f}", f"{floor}")
        report.must(written <= 2 * floor, f"{name} costs more than twice its floor")


def subscriptions() -> list[Act]:
    """Count what an event, its deliveries and a poll cost."""
    with tempfile.TemporaryDirectory() as folder:
        machine, receiver = Machine(folder), Receiver()
        machine.use(costs.Split())
        scene(machine, receiver)
        hook = machine.call("GET", "/v1/service/shop/webhookSetting?userId=bench")["url"].split("1290", 1)[1]
        for number in range(20):  # caches as they are when running
            machine.call("POST", hook, body_of(number), x_delivery_id=f"warm-{number}")
        machine.drain("subscriptions_fan_out")
        machine.drain("subscriptions_deliver")
        machine.meter.take()
        machine.call("POST", hook, body_of(1), x_delivery_id="one")
        accepted = _act("accept an event", machine.meter.take(), 1, (1, 0, 1))
        machine.drain("subscriptions_fan_out")
        machine.drain("subscriptions_deliver")
        machine.meter.take()
        for number in range(10):
            machine.call("POST", hook, body_of(number), x_delivery_id=f"ten-{number}")
        spread = machine.drain("subscriptions_fan_out")
        delivered = machine.drain("subscriptions_deliver")
        return [
            accepted,
            _act("fan out, 10 events at once, each", spread, 10, (0, 0.2, 0.11)),
            _act("deliver, 10 at once, each", delivered, 10, (1, 0.5, 0)),
            *_failing(machine, hook, receiver),
            *_wide(machine, receiver, hook),
            *_polled(machine, receiver),
        ]


def _act(name: str, counted: Counter[str], per: int, floor: Floor) -> Act:
    reads = sum(counted[one] for one in ("GetItem", "Query", "BatchGetItem"))
    sends = counted["SendMessage"] + counted["SendMessageBatch"]
    return Act(name, (counted["items written"] / per, reads / per, sends / per), floor)


def scene(machine: Machine, receiver: Any) -> None:
    """Make service, event and triggers, and one subscription."""
    machine.call("POST", "/v1/user", {"userId": "bench"})
    machine.call("POST", "/v1/service?userId=bench", {"name": "shop"})
    machine.call("POST", "/v1/service/shop/version?userId=bench", {"name": "1.0.0", "published": True})
    logic = {"route": {"language": "javascript", "code": "return notification.body.to || 'order.placed';"}}
    event = {"name": "order", "setting": {"deliveryIdHeader": "x-delivery-id"}, "logic": logic}
    machine.call("POST", "/v1/service/shop/event?userId=bench", event)
    for name in ("order.placed", "order.lost", "order.wide"):
        code = {"trigger": {"language": "javascript", "code": TRANSFORM}}
        machine.call("POST", "/v1/service/shop/trigger?userId=bench", {"name": name, "logic": code})
    _subscribe(machine, receiver, "order.placed", "/one")


def _subscribe(machine: Machine, receiver: Any, trigger: str, path: str, url: str = "") -> None:
    target = f"/v1/service/shop/trigger/{trigger}/subscription?userId=bench"
    made = machine.call("POST", target, {"url": url or receiver.url(path)})
    receiver.inbox(path, made["secret"])


def _failing(machine: Machine, hook: str, receiver: Receiver) -> list[Act]:
    _subscribe(machine, receiver, "order.lost", "/lost", "http://127.0.0.1:9/")
    body = json.dumps({**json.loads(body_of(1)), "to": "order.lost"}).encode()
    machine.call("POST", hook, body, x_delivery_id="lost-before")
    machine.drain("subscriptions_fan_out")
    machine.drain("subscriptions_deliver")
    machine.call("POST", hook, body, x_delivery_id="lost")
    machine.drain("subscriptions_fan_out")
    return [_act("deliver, first try failed", machine.drain("subscriptions_deliver"), 1, (1, 0.5, 1))]


def _wide(machine: Machine, receiver: Receiver, hook: str) -> list[Act]:
    for number in range(_WIDE):
        _subscribe(machine, receiver, "order.wide", f"/wide/{number}")
    body = json.dumps({**json.loads(body_of(1)), "to": "order.wide"}).encode()
    machine.call("POST", hook, body, x_delivery_id="wide")
    spread = machine.drain("subscriptions_fan_out")
    delivered = machine.drain("subscriptions_deliver")
    return [
        _act(f"fan out to {_WIDE} subscriptions, each", spread, _WIDE, (0, 0.025, 0.11)),
        _act(f"deliver {_WIDE}, each", delivered, _WIDE, (1, 0.5, 0)),
    ]


def _polled(machine: Machine, receiver: Receiver) -> list[Act]:
    from chalicelib.core import clock

    acts, count = [], 5
    floors: dict[str, Floor] = {"no news": (2, None, 1), f"{count} records": (count + 2, None, 2)}
    records = f"cursor === 2 ? [...Array({count}).keys()].map(id => ({{id}})) : []"
    code = f"return {{cursor: cursor ? cursor + 1 : 1, records: {records}}};"
    logic = {"poll": {"language": "javascript", "code": code}}
    machine.call("POST", "/v1/service/shop/trigger?userId=bench", {"name": "order.polled", "logic": logic})
    _subscribe(machine, receiver, "order.polled", "/polled")
    machine.drain("subscriptions_poll")
    for number, (act, floor) in enumerate(floors.items(), 1):
        clock.use(lambda number=number: int(time.time() * 1000) + number * 120_000)  # type: ignore[misc]
        acts.append(_act(f"poll with {act}", machine.drain("subscriptions_poll"), 1, floor))
    clock.use(None)
    return acts
