"""Load on notifications: steps over every channel, digests, delays, topics, bulk, and events called off again."""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.sinks import Ill, Received, Reply, Sinks
from tests.chaos.store import Store
from tests.chaos.surfaces.base import Answer, Client
from tests.chaos.surfaces.mailbox import Mailbox
from tests.chaos.surfaces.novu_audit import CHANNELS, COLLECTED, Call, Ledger, Seen, faults

KEY = "default"
WORKSPACE = "default"
PEOPLE = 10
SECRET = "a secret of the push receiver"
PUSH, SMS = "/novu/push", "/novu/sms"
DIGEST_S, DELAY_S = 3, 5
RIPE_S = 0.8  # an event called off is at least so old, so that it mostly waits by then
BUSY_EACH = 9
AGAIN_S = 60.0
FEED_PAGE = 100
TOLD = 40  # notifications whose activity is compared in one audit
Json = dict[str, Any]


@dataclass
class Open:
    """Events that are to be called off by a later unit of load, the oldest first."""

    events: deque[tuple[str, float]] = field(default_factory=deque)
    guard: threading.Lock = field(default_factory=threading.Lock)

    def add(self, transaction: str) -> None:
        """Remember an event."""
        with self.guard:
            self.events.append((transaction, time.monotonic()))

    def ripe(self, age_s: float = RIPE_S) -> str | None:
        """Take out the oldest event, or None before its time."""
        with self.guard:
            if self.events and time.monotonic() - self.events[0][1] >= age_s:
                return self.events.popleft()[0]
        return None


class Novu:
    """Notifications. The mail server turns away each `busy_each`-th mail; two gateways are ill for `ill_s`."""

    name = "novu"

    def __init__(self, url: str, sinks: Sinks, *, busy_each: int | None = BUSY_EACH, ill_s: float = 4.0) -> None:
        self.client = Client(url, {"Authorization": f"ApiKey {KEY}"})
        self.sinks, self.mailbox = sinks, Mailbox(busy_each)
        self.run = secrets.token_hex(3)
        self.people = [f"{self.run}-{number}" for number in range(PEOPLE)]
        self.ledger = Ledger(WORKSPACE)
        self.reminders, self.collected = Open(), Open()
        self._ill_s, self._guard = ill_s, threading.Lock()

    # --- before -----------------------------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Make accounts with providers, people, a topic and workflows."""
        self.push = self.sinks.sink(PUSH, ill=Ill.UNAVAILABLE, for_s=self._ill_s, answers=_identified)
        self.sms = self.sinks.sink(SMS, ill=Ill.TOO_MANY, for_s=self._ill_s, answers=_identified)
        mail = {"host": "127.0.0.1", "port": str(self.mailbox.port), "from": "shop@example.com", "ignoreTls": True}
        self._integration("nodemailer", "email", mail)
        texts = {"baseUrl": self.sms.url, "apiKeyRequestHeader": "X-Key", "apiKey": "k", "from": "Shop", "idPath": "id"}
        self._integration("generic-sms", "sms", texts)
        self._integration("push-webhook", "push", {"webhookUrl": self.push.url, "secretKey": SECRET})
        for number, name in enumerate(self.people):
            person = {"subscriberId": name, "email": f"{name}@example.com", "phone": f"+4915100{number:05d}"}
            self.client.post("/v1/subscribers", person)
            device = {"providerId": "push-webhook", "credentials": {"deviceTokens": [f"device-{name}"]}}
            self.client.send("PUT", f"/v1/subscribers/{name}/credentials", device).ok()
        self.topic = f"topic-{self.run}"
        self.client.post("/v1/topics", {"key": self.topic, "name": "Topic"})
        self.members = self.people[:3]
        self.client.post(f"/v1/topics/{self.topic}/subscribers", {"subscribers": self.members})
        self._workflows()

    def _integration(self, provider: str, channel: str, credentials: Json) -> None:
        body = {"providerId": provider, "channel": channel, "active": True, "check": False, "credentials": credentials}
        made = self.client.post("/v1/integrations", body)["data"]
        if channel in ("email", "sms"):
            self.client.post(f"/v1/integrations/{made['_id']}/set-primary")

    def _workflows(self) -> None:
        group = self.client.get("/v1/notification-groups")["data"][0]["_id"]
        marked = "<p>{{tag}}</p>"
        collected = "{{#each step.events}}[{{tag}}]{{/each}}"
        waits: Json = {"type": "regular", "unit": "seconds"}
        steps = {
            "order": [_step(channel, "{{tag}}") for channel in CHANNELS],
            "digest": [
                {"template": {"type": "digest"}, "metadata": {**waits, "amount": DIGEST_S}},
                _step("email", collected, f"{{{{step.total_count}}}}{COLLECTED}"),
            ],
            "later": [
                {"template": {"type": "delay"}, "metadata": {**waits, "amount": DELAY_S}},
                _step("in_app", "{{tag}}"),
            ],
            "reminder": [
                {"template": {"type": "delay"}, "metadata": {**waits, "amount": 3, "unit": "days"}},
                _step("email", marked),
            ],
        }
        for name, found in steps.items():
            body = {"name": f"{name} {self.run}", "notificationGroupId": group, "active": True, "steps": found}
            self.client.post("/v1/workflows", body)

    # --- load -------------------------------------------------------------------------------------------------------

    def act(self, number: int) -> None:
        """Trigger, in a fixed mix, or call off what was triggered before."""
        place = number % 20
        who = self.people[number % len(self.people)]
        transaction = f"novu-{self.run}-{number}"
        if place in (0, 3, 6, 9, 12):
            self._trigger("order", transaction, who, {who})
        elif place == 18:
            self._trigger("order", transaction, {"type": "Topic", "topicKey": self.topic}, set(self.members))
        elif place == 1:
            self._bulk(transaction, who)
        elif place in (4, 16):
            self._trigger("later", transaction, who, {who})
        elif place in (7, 17):
            self._trigger("reminder", transaction, who, {who})
            self.reminders.add(transaction)
        elif place == 11:
            self._call_off_a_reminder()
        elif place in (10, 19):
            self._call_off(self.collected.ripe())
        elif place == 14:
            self._trigger("later", transaction, who, {who})
            self._call_off(transaction)
        else:
            self._trigger("digest", transaction, who, {who})
            if place in (5, 15):
                self.collected.add(transaction)

    def _event(self, workflow: str, transaction: str, to: Any) -> Json:
        payload = {"tag": transaction}
        return {"name": f"{workflow}-{self.run}", "to": to, "payload": payload, "transactionId": transaction}

    def _trigger(self, workflow: str, transaction: str, to: Any, whom: set[str]) -> None:
        answer = self.client.send("POST", "/v1/events/trigger", self._event(workflow, transaction, to))
        said = answer.ok()["data"]
        assert said["status"] == "processed" and said["transactionId"] == transaction, said
        self._accept(workflow, transaction, whom)

    def _bulk(self, transaction: str, who: str) -> None:
        wanted = [("order", f"{transaction}-a"), ("digest", f"{transaction}-b"), ("digest", f"{transaction}-c")]
        events = [self._event(workflow, one, who) for workflow, one in wanted]
        said = self.client.post("/v1/events/trigger/bulk", {"events": events})["data"]
        assert [one["transactionId"] for one in said] == [one for _, one in wanted], said
        for workflow, one in wanted:
            self._accept(workflow, one, {who})

    def _accept(self, workflow: str, transaction: str, whom: set[str]) -> None:
        with self._guard:
            self.ledger.accepted[transaction] = (workflow, frozenset(whom))

    def _call_off_a_reminder(self) -> None:
        found = self.reminders.ripe(2.0)
        if found is not None and not self._call_off(found):
            self.reminders.add(found)  # it did not wait yet

    def _call_off(self, transaction: str | None) -> bool:
        """Call an event off; says whether it was, as far as is known."""
        if transaction is None:
            return True
        began = time.monotonic()
        answer = self._patiently("DELETE", f"/v1/events/trigger/{transaction}")
        is_off = bool(answer.ok()["data"])
        # Where the first answer was lost, `false` may mean that the first request called it off.
        said = is_off if is_off or answer.tries == 1 else None
        with self._guard:
            self.ledger.calls[transaction] = Call(said, time.monotonic(), began)
        return is_off

    def _patiently(self, method: str, path: str) -> Answer:
        """Send, again while the digest is being handed over."""
        ends = time.monotonic() + AGAIN_S
        while True:
            answer = self.client.send(method, path)
            if answer.status != 409 or time.monotonic() > ends:
                return answer
            time.sleep(0.5)

    # --- after ------------------------------------------------------------------------------------------------------

    def accepted(self) -> int:
        """Count events."""
        return len(self.ledger.accepted)

    def owed(self) -> int:
        """Count what receivers and inboxes miss, and reminders that are still to be called off."""
        while (found := self.reminders.ripe(0.0)) is not None:
            if not self._call_off(found):
                self.reminders.add(found)
                break
        missing = len(self.reminders.events) + self.ledger.missing_outside(self._outside())
        return missing or self.ledger.missing_inside(self._feeds())

    def audit(self, store: Store) -> list[str]:
        """Give every violation."""
        return faults(self.ledger, self.look(store), list(store.rows("channels")))

    def look(self, store: Store) -> Seen:
        """Read all that can be seen from outside; the store only says which activity to ask for."""
        seen = self._outside()
        seen.feeds = self._feeds()
        seen.unseen = {name: self._unseen(name) for name in self.people}
        seen.activity = self._activity(store)
        return seen

    def _outside(self) -> Seen:
        """Read what the receivers took."""
        seen = Seen(mails=self.mailbox.mails())
        for one in list(self.push.good):
            body = json.loads(one.body)
            seen.pushes.append((body["payload"]["tag"], body["target"][0].removeprefix("device-"), one.key))
            seen.signatures.append((SECRET, one.headers.get("x-novu-signature", ""), one.body))
        phones = {f"+4915100{number:05d}": name for number, name in enumerate(self.people)}
        for one in list(self.sms.good):
            body = json.loads(one.body)
            seen.texts.append((body["content"], phones[body["to"]], body["id"]))
        return seen

    def _feeds(self) -> dict[str, list[Json]]:
        return {name: self._feed(name) for name in self.people}

    def _feed(self, name: str) -> list[Json]:
        found: list[Json] = []
        for page in range(1_000):
            path = f"/v1/subscribers/{name}/notifications/feed?limit={FEED_PAGE}&page={page}"
            answer = self.client.get(path)
            found += answer["data"]
            if not answer["hasMore"]:
                break
        return found

    def _unseen(self, name: str) -> int:
        return int(self.client.get(f"/v1/subscribers/{name}/notifications/unseen")["data"]["count"])

    def _activity(self, store: Store) -> dict[str, Json]:
        """Read some notifications as callers see them, by id."""
        rows = list(store.rows("channels", f"{WORKSPACE}#TX#", "N#"))
        some = rows[:: max(1, len(rows) // TOLD)]
        return {row["nid"]: self.client.get(f"/v1/notifications/{row['nid']}")["data"] for row in some}


def _step(channel: str, content: str, subject: str = "{{tag}}") -> Json:
    template: Json = {"type": channel, "content": content}
    if channel == "email":
        template |= {"subject": subject, "contentType": "customHtml"}
    if channel == "push":
        template |= {"title": "Order"}
    return {"template": template}


def _identified(one: Received) -> Reply:
    """Answer as a gateway does: with an id."""
    return 200, {"Content-Type": "application/json"}, json.dumps({"id": f"taken-{one.at}"}).encode()
