"""A workspace with workflows: queues pumped by hand, providers in memory, steps to choose from."""

from __future__ import annotations

from typing import Any

from chalicelib.adapters import queue
from chalicelib.channels import workers
from chalicelib.channels.models import runs
from chalicelib.core import clock
from chalicelib.storage.tables import CHANNELS
from tests.client import Client
from tests.conftest import Clock
from tests.fakes.http_client import FakeHttp
from tests.queues import deliver, drain, receive


class Office:
    """One workspace of the notification surface, and what happens in it."""

    def __init__(self, client: Client, clock: Clock, http: FakeHttp) -> None:
        self.client, self.clock, self.http = client, clock, http
        self.group = client.get("/v1/notification-groups").body["data"][0]["_id"]

    def post(self, path: str, body: Any) -> Any:
        answer = self.client.post(path, body)
        assert answer.status in (200, 201), answer.body
        return answer.body["data"]

    def workflow(self, *steps: dict[str, Any], name: str = "hello", **more: Any) -> dict[str, Any]:
        body = {"name": name, "notificationGroupId": self.group, "active": True, "steps": list(steps), **more}
        return dict(self.post("/v1/workflows", body))

    def integration(self, provider: str, channel: str, **credentials: Any) -> dict[str, Any]:
        more = credentials.pop("more", {})
        body = {"providerId": provider, "channel": channel, "active": True, "check": False, **more}
        return dict(self.post("/v1/integrations", {**body, "credentials": credentials}))

    def trigger(self, to: Any = "ann", payload: Any = None, name: str = "hello", **more: Any) -> str:
        body = {"name": name, "to": to, "payload": payload or {}, **more}
        return str(self.post("/v1/events/trigger", body)["transactionId"])

    def pump(self) -> int:
        return drain("channels_notify", workers.notify)

    def pump_once(self) -> None:
        """Hand over what is visible now, once, whatever comes of it."""
        if found := receive("channels_notify"):
            deliver("channels_notify", workers.notify, found)

    def wake(self, transaction_id: str, name: str = "ann") -> None:
        """Send the message that moves a notification on."""
        queue.send("channels_notify", {"w": self.client.key, "tx": transaction_id, "s": name})

    def wait_s(self, seconds: float) -> None:
        """Let time pass, with the messages that the due index would bring."""
        self.clock.advance_s(seconds)
        for partition in [pk for pk in self._partitions() if "#TX#" in pk]:
            for row in CHANNELS.query_all(partition, prefix="N#"):
                if row.get("due", 1e15) <= clock.now_ms() and row["st"] == "WAIT":
                    queue.send("channels_notify", runs.run_message(row["pk"], row["sk"]))
        self.pump()

    def _partitions(self) -> list[str]:
        from moto.core import DEFAULT_ACCOUNT_ID
        from moto.dynamodb.models import dynamodb_backends

        table = dynamodb_backends[DEFAULT_ACCOUNT_ID]["eu-central-1"].tables[CHANNELS.name]
        return [pk.value for pk in table.items]

    def feed(self, name: str = "ann") -> list[str]:
        found = self.client.get(f"/v1/subscribers/{name}/notifications/feed?limit=100").body["data"]
        return [one["content"] for one in found]

    def jobs(self, transaction_id: str) -> list[str]:
        found = self.client.get(f"/v1/notifications?transactionId={transaction_id}").body["data"]
        return [f"{job['type']} {job['status']}" for job in found[0]["jobs"]]

    def details(self, transaction_id: str) -> list[str]:
        found = self.client.get(f"/v1/notifications?transactionId={transaction_id}").body["data"]
        return [detail["detail"] for job in found[0]["jobs"] for detail in job["executionDetails"]]


def in_app(content: str = "Hi {{subscriber.firstName}} {{n}}", **more: Any) -> dict[str, Any]:
    """Give a step that writes into the inbox."""
    return {"template": {"type": "in_app", "content": content}, **more}


def delay(amount: int, unit: str = "hours") -> dict[str, Any]:
    """Give a step that waits."""
    return {"template": {"type": "delay"}, "metadata": {"type": "regular", "amount": amount, "unit": unit}}


def digest(amount: int = 1, unit: str = "hours", **more: Any) -> dict[str, Any]:
    """Give a step that collects."""
    return {"template": {"type": "digest"}, "metadata": {"type": "regular", "amount": amount, "unit": unit, **more}}
