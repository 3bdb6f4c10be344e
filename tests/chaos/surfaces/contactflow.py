"""Load on journeys: customers enter one by one and by batches, get mails and calls, wait, are told apart, and end."""

from __future__ import annotations

import json
import secrets
import threading
import time
import uuid
from collections import deque
from typing import Any

from tests.chaos.sinks import Ill, Sinks
from tests.chaos.store import Store
from tests.chaos.surfaces.base import Answer, Client
from tests.chaos.surfaces.contactflow_audit import WAYS, Ledger, Seen, faults
from tests.chaos.surfaces.mailbox import Mailbox

KEY = "default"
WORKSPACE = "default"
CALLS = "/contactflow/calls"
EVENT = "loggedIn"
BATCH = 8
BUSY_EACH = 9
AGAIN_S = 60.0
LOGIN_AFTER_S = 2.0
TIMEOUT_MINUTES = 1
FLOW = "/flow/v1"
Json = dict[str, Any]


class Contactflow:
    """Journeys. The mail server turns away each `busy_each`-th mail; the receiver of calls is ill for `ill_s`.

    With `times_out` some customers never do what their tokens wait for, which takes a minute.
    """

    name = "contactflow"

    def __init__(
        self, url: str, sinks: Sinks, *, busy_each: int | None = BUSY_EACH, ill_s: float = 4.0, times_out: bool = True
    ) -> None:
        self.times_out = times_out
        self.node, self.run = str(uuid.uuid4()), secrets.token_hex(3)
        self.client = Client(url, {"api_key": KEY, "Node": self.node})
        self.sinks, self.mailbox = sinks, Mailbox(busy_each)
        self.steps = {name: str(uuid.uuid4()) for name in _OPERATIONS}
        self.ledger = Ledger(WORKSPACE, self.node, "", self.steps)
        self._waiting: deque[tuple[str, int, float]] = deque()  # who is still to log in, for which act, since when
        self._inside: deque[tuple[str, float]] = deque()  # tokens that may be taken out
        self._ill_s, self._guard = ill_s, threading.Lock()

    # --- before -----------------------------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Make the node with its channels, and the journey."""
        self.calls = self.sinks.sink(CALLS, ill=Ill.UNAVAILABLE, for_s=self._ill_s)
        self._post("/nodes", {"uuid": self.node, "name": "Shop", "emailActive": True})
        mail = {"provider": "SMTP", "endpoint": f"smtp://127.0.0.1:{self.mailbox.port}"}
        self._post("/settings", {"category": "INTEGRATION", "type": "CLAB_API_SOAP", "value": mail})
        self._post("/settings", {"category": "INTEGRATION", "type": "HUB", "value": {}})
        self.secret = self.client.get(f"{FLOW}/feedbacks")["signingSecret"]
        self.calls.secret = self.secret
        model = {"identifier": 7, "name": "Newsletter", "senderEmail": "shop@example.com"}
        self._post("/external-contents/email-models", model)
        body = {"name": "Welcome", "status": "RUNNING", "uniqueToken": True, **self._graph()}
        self.automation = self.ledger.automation = self._post("/automations", body)["uuid"]

    def _post(self, path: str, body: Json) -> Any:
        return self.client.post(FLOW + path, body)

    def _graph(self) -> Json:
        parameters: Json = {
            "welcome": _mail("welcome"),
            "call": {"url": self.calls.url, "maxAttempts": 8},
            "login": {
                "timeout": {"amount": TIMEOUT_MINUTES, "unit": "MINUTES"},
                "event": {"eventType": EVENT, "since": "AUTOMATION_ENTRY"},
            },
            "tag": {"property": "tags.manual", "mode": "ADD", "source": "CONSTANT", "constant": "here"},
            "thanks": _mail("thanks"),
            "split": {"shares": [{"outcome": "A", "share": 50}, {"outcome": "B", "share": 50}]},
            "reminder": _mail("reminder"),
        }
        steps = [
            {"uuid": self.steps[name], "operation": operation, **_given(parameters.get(name))}
            for name, operation in _OPERATIONS.items()
        ]
        ways = [
            {"fromStepUuid": self.steps[start], "toStepUuid": self.steps[end], "outcome": outcome}
            for start, outcome, end in WAYS
        ]
        return {"steps": steps, "connections": ways}

    # --- load -------------------------------------------------------------------------------------------------------

    def act(self, number: int) -> None:
        """Let somebody in, log somebody in, or take somebody out, in a fixed mix."""
        place = number % 20
        if place in (0, 7, 14):
            self._batch(number)
        elif place in (3, 9, 13, 17):
            self._log_in()
        elif place == 11:
            self._take_out()
        elif place == 18:
            self._enter(number, self._customer(number - 2))  # who came just before, perhaps still in
        elif place == 5 and number % 100 == 5:
            self._pause()
        else:
            self._enter(number, self._customer(number))

    def _customer(self, number: int) -> Json:
        return _person(f"{self.run}-{number}")

    def _enter(self, number: int, who: Json) -> None:
        token = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{self.run}|{number}"))
        path = f"{FLOW}/automations/{self.automation}/customers"
        self.ledger.asked.add(token)
        answer = self._patiently("POST", path, {"uuid": token, **who}, f"enter-{self.run}-{number}")
        found = answer.ok()
        assert answer.status in (200, 201), answer
        with self._guard:
            if answer.status == 200:
                self.ledger.discarded[token] = (found["uuid"], answer.tries)
            else:
                assert found["uuid"] == token, found
                self.ledger.entered[token] = who["userPk"]
                if number % 5 == 1:
                    self._inside.append((token, time.monotonic()))
            self._waiting.append((who["userPk"], number, time.monotonic()))

    def _batch(self, number: int) -> None:
        """Send a batch of three packets, or of one."""
        source = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{self.run}|batch|{number}"))
        people = [_person(f"{self.run}-{number}-{place}") for place in range(BATCH)]
        bad = {"attributes": {"name": "nobody"}}
        packets = {"FIRST": people[:3], "MIDDLE": [*people[3:5], bad], "LAST": people[5:]}
        path = f"{FLOW}/automations/{self.automation}/customers/batch"
        if number % 2:
            packets = {"": [*people, bad]}
        for packet, customers in packets.items():
            more = {"packet": packet} if packet else {}
            self._patiently("POST", path, {"sourceUuid": source, "customers": customers, **more}).ok()
        with self._guard:
            self.ledger.batches[source] = (frozenset(one["userPk"] for one in people), 1)
            self._waiting.extend((one["userPk"], number, time.monotonic()) for one in people)

    def _log_in(self, age_s: float = LOGIN_AFTER_S, most: int = 12) -> None:
        """Tell that some did what their tokens wait for; one of twenty never logs in, so that the time runs out."""
        for _ in range(most):
            with self._guard:
                if not self._waiting or time.monotonic() - self._waiting[0][2] < age_s:
                    return
                who, number, _ = self._waiting.popleft()
            if self.times_out and number % 40 == 6:
                continue
            body = {"id": f"login-{who}-{number}", "eventType": EVENT, "customer": {"userPk": who}}
            self._patiently("POST", f"{FLOW}/events", body).ok()

    def _take_out(self) -> None:
        with self._guard:
            if not self._inside or time.monotonic() - self._inside[0][1] < 1.0:
                return
            token, _ = self._inside.popleft()
        self._patiently("DELETE", f"{FLOW}/automations/{self.automation}/customers/{token}").ok()
        with self._guard:
            self.ledger.removed.add(token)

    def _pause(self) -> None:
        """Stop the whole journey for a moment; everybody keeps their place."""
        path = f"{FLOW}/automations/{self.automation}"
        for status in ("PAUSED", "RUNNING"):
            self._patiently("PATCH", path, {"status": status}).ok()
            time.sleep(0.3)

    def _patiently(self, method: str, path: str, body: Any = None, key: str | None = None) -> Answer:
        """Send, again while the first request under the key is still running."""
        ends, tries = time.monotonic() + AGAIN_S, 0
        while True:
            answer = self.client.send(method, path, body, key=key)
            tries += answer.tries
            if answer.status != 409 or "retry-after" not in answer.headers or time.monotonic() > ends:
                return Answer(answer.status, answer.headers, answer.body, tries, answer.ms)
            time.sleep(min(2.0, float(answer.headers["retry-after"])))

    # --- after ------------------------------------------------------------------------------------------------------

    def accepted(self) -> int:
        """Count entries."""
        return len(self.ledger.entered) + sum(len(people) for people, _ in self.ledger.batches.values())

    def owed(self) -> int:
        """Count tokens in flight, and those who are not in yet."""
        self._log_in(0.0, 10_000)
        head = self.client.get(f"{FLOW}/automations/{self.automation}")
        if head["status"] != "RUNNING":
            self._patiently("PATCH", f"{FLOW}/automations/{self.automation}", {"status": "RUNNING"}).ok()
        counted = head["statistics"]
        over = counted["completed"] + counted["error"] + counted["other"]
        return max(self.accepted() - int(counted["total"]), 0) + int(counted["total"]) - int(over)

    def audit(self, store: Store) -> list[str]:
        """Give every violation."""
        return faults(self.ledger, self.look(), list(store.rows("journeys")))

    def look(self) -> Seen:
        """Read all that can be seen from outside."""
        seen = Seen(self.mailbox.mails())
        for one in list(self.calls.received):
            body = json.loads(one.body)
            seen.calls.append((body["tokenUuid"], body["stepUuid"], one.key, one.message_id, one.ill is None))
        seen.forged = self.calls.forged
        path = f"{FLOW}/automations/{self.automation}"
        seen.statistics = self.client.get(path)["statistics"]
        seen.steps = {one["uuid"]: one["feedbacks"] for one in self.client.get(f"{path}/feedbacks")["steps"]}
        return seen


_OPERATIONS = {
    "welcome": "CLAB_CAMPAIGN",
    "call": "WEBHOOK",
    "login": "WAIT_FOR_TRIGGER",
    "tag": "TAG",
    "thanks": "CLAB_CAMPAIGN",
    "end": "NO_ACTION",
    "split": "AB_TEST",
    "reminder": "CLAB_CAMPAIGN",
    "reminded": "NO_ACTION",
    "left": "NO_ACTION",
}


def _given(parameters: Json | None) -> Json:
    return {} if parameters is None else {"parameters": parameters}


def _mail(name: str) -> Json:
    given = {"campaignName": name, "modelIdentifier": 7, "senderEmail": "shop@example.com"}
    return {**given, "subject": f"{name} ${{name}}", "htmlContent": "<p>Hello ${name}</p>"}


def _person(name: str) -> Json:
    return {"userPk": name, "attributes": {"email": f"{name}@example.com", "name": name}}
