"""The workload every figure speaks of: a 1 KB JSON event in, a JavaScript transform, a signed POST out, recorded."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import requests

from infra.harness.receiver import Inbox, Receiver
from infra.harness.stack import Stack

KEY = "bench"
FREE = {f"MILLRACE_{kind}_PER_S": "100000" for kind in ("READS", "WRITES", "RUNS", "HOOKS")}  # rates, not their limits
TRANSFORM = """
const order = notification.body;
const total = order.lines.reduce((sum, line) => sum + line.price * line.count, 0);
return { number: order.number, customer: order.customer.name.toUpperCase(), total, lines: order.lines.length };
"""


def body_of(number: int) -> bytes:
    """Make one event of about 1 KB."""
    lines = [{"sku": f"sku-{number}-{line}", "price": 1.5 * line, "count": 2, "note": "n" * 80} for line in range(6)]
    order = {"number": number, "customer": {"id": 7, "name": "Ada Lovelace", "mail": "ada@example.com"}, "lines": lines}
    return json.dumps(order).encode()


@dataclass
class Scene:
    """A stack with one service, one event, one trigger, and subscriptions at a receiver."""

    hook_url: str
    inboxes: list[Inbox]


def build(stack: Stack, receiver: Receiver, *, subscriptions: int = 1, name: str = "shop") -> Scene:
    """Set the scene over HTTP, as a developer would."""
    paths = [f"/{name}/{number}" for number in range(subscriptions)]
    hook_url, secrets = build_at(stack.url, [receiver.url(path) for path in paths], name=name)
    return Scene(hook_url, [receiver.inbox(path, secret) for path, secret in zip(paths, secrets, strict=True)])


def build_at(url: str, targets: list[str], *, name: str = "shop") -> tuple[str, list[str]]:
    """Make service, event, trigger and a subscription per target; answer the hook's address and their secrets."""
    api = requests.Session()
    api.headers["api_key"] = KEY

    def post(path: str, body: Any) -> Any:
        answer = api.post(url + path, json=body, timeout=30)
        if answer.status_code != 200:
            raise RuntimeError(f"{path}: {answer.status_code} {answer.text[:500]}")
        return answer.json()

    api.post(url + "/v1/user", json={"userId": "bench"}, timeout=30)
    post("/v1/service?userId=bench", {"name": name})
    post(f"/v1/service/{name}/version?userId=bench", {"name": "1.0.0", "published": True})
    event = {
        "name": "order",
        "type": "standard",
        "setting": {"deliveryIdHeader": "x-delivery-id"},
        "logic": {"route": {"language": "javascript", "code": "return 'order.placed';"}},
    }
    post(f"/v1/service/{name}/event?userId=bench", event)
    trigger = {"name": "order.placed", "logic": {"trigger": {"language": "javascript", "code": TRANSFORM}}}
    post(f"/v1/service/{name}/trigger?userId=bench", trigger)
    subscription = f"/v1/service/{name}/trigger/order.placed/subscription?userId=bench"
    secrets = [post(subscription, {"url": target})["secret"] for target in targets]
    setting = api.get(f"{url}/v1/service/{name}/webhookSetting?userId=bench", timeout=30).json()
    return setting["url"], secrets
