"""Load on bots: rooms where people and the bot talk, events now and later, clocks, states that expire, files."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.chaos.sinks import Ill, Received, Reply, Sinks
from tests.chaos.store import Store
from tests.chaos.surfaces.base import Answer, Client
from tests.chaos.surfaces.botpress_audit import Ledger, Said, Seen, Told, faults

KEY = "default"
WORKSPACE = "default"
BOT, INTEGRATION = "/botpress/bot", "/botpress/integration"
ROOMS = 6
AGAIN_S = 60.0
LATER_MS, IDLE_MS = 3_000, 2_500
MINUTELY = "* * * * *"
CHAT = "/v1/chat"
OPEN: dict[str, Any] = {"schema": {"type": "object"}}
Json = dict[str, Any]


class Botpress:
    """Chat. The bot is ill for `ill_s` from the beginning, the integration for as long after that."""

    name = "botpress"

    def __init__(self, url: str, sinks: Sinks, *, ill_s: float = 3.0) -> None:
        self.client = Client(url, {"Authorization": f"Bearer {KEY}"})
        self.sinks, self.run = sinks, secrets.token_hex(3)
        self.ledger = Ledger(WORKSPACE)
        self._ill_s, self._guard = ill_s, threading.Lock()
        self._turns = [(threading.Lock(), threading.Lock()) for _ in range(ROOMS)]

    # --- before -----------------------------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Make a bot with an integration, and rooms with somebody in each."""
        self.bot_sink = self.sinks.sink(BOT, ill=Ill.UNAVAILABLE, for_s=self._ill_s, answers=_well)
        self.integration_sink = self.sinks.sink(INTEGRATION, ill=None, answers=_well)
        bot = {
            "name": "Chaos", "dev": True, "url": self.bot_sink.url, "events": {"tick": OPEN, "minute": OPEN},
            "states": {"mood": {"type": "user", **OPEN}}, "tags": {"messages": ["nr"], "users": ["nr"]},
            "recurringEvents": {"clock": {"schedule": {"cron": MINUTELY}, "type": "minute", "payload": {}}},
        }  # fmt: skip
        made = self.client.post("/v1/admin/bots", bot)["bot"]
        self.bot, self.ledger.bot = made["id"], made["id"]
        name = f"loop{self.run}"
        room = {"messages": {"text": OPEN}, "tags": {"messages": ["nr"], "conversations": ["nr"]}}
        integration = {
            "name": name, "version": "0.1.0", "dev": True, "url": self.integration_sink.url,
            "channels": {"room": room}, "tags": {"users": ["nr"]},
        }  # fmt: skip
        shown = self.client.post("/v1/admin/integrations", integration)["integration"]
        self.integration = self.ledger.integration = shown["id"]
        installed = {"integrations": {self.integration: {"enabled": True}}}
        self.client.send("PUT", f"/v1/admin/bots/{self.bot}", installed).ok()
        read = self.client.get(f"/v1/admin/integrations/{self.integration}")["integration"]
        self.signing = {BOT: made["signingSecret"], INTEGRATION: read["signingSecret"]}
        self._await_registration()
        self.as_bot = {"x-bot-id": self.bot}
        self.as_loop = {**self.as_bot, "x-integration-id": self.integration}
        self.rooms = [self._room(number) for number in range(ROOMS)]
        self.integration_sink.ill, self.integration_sink.until = Ill.ERROR, time.monotonic() + self._ill_s

    def _await_registration(self) -> None:
        ends = time.monotonic() + AGAIN_S
        while time.monotonic() < ends:
            found = self.client.get(f"/v1/admin/bots/{self.bot}")["bot"]["integrations"][self.integration]
            if found["status"] == "registered":
                return
            time.sleep(0.2)
        raise AssertionError(f"the integration is {found['status']}: {found.get('statusReason')}")

    def _room(self, number: int) -> tuple[str, str]:
        room = {"channel": "room", "tags": {"nr": f"{number}"}}
        made = self._post(f"{CHAT}/conversations/get-or-create", room, self.as_loop)["conversation"]["id"]
        user = self._post(f"{CHAT}/users/get-or-create", {"tags": {"nr": f"room-{number}"}}, self.as_loop)["user"]["id"]
        return made, user

    # --- load -------------------------------------------------------------------------------------------------------

    def act(self, number: int) -> None:
        """Say something, tell the bot something, set a state or store a file, in a fixed mix."""
        place = number % 12
        if place in (0, 2, 4, 6, 8):
            self._say(number, is_incoming=True)
        elif place in (1, 5, 9):
            self._say(number, is_incoming=False)
        elif place == 3:
            self._event(number, None)
        elif place == 7:
            self._event(number, LATER_MS)
        elif place == 10:
            self._state(number)
        else:
            self._file(number)

    def _say(self, number: int, *, is_incoming: bool) -> None:
        """Say something in a room; what is said there one way is said one after the other."""
        place = number // 2 % ROOMS
        conversation, user = self.rooms[place]
        body = {
            "conversationId": conversation, "userId": user if is_incoming else self.bot, "type": "text",
            "payload": {"text": f"nr {number}"}, "tags": {"nr": f"{number}"},
        }  # fmt: skip
        with self._turns[place][is_incoming]:
            asked = time.monotonic()
            headers = self.as_loop if is_incoming else self.as_bot
            made = self._post(f"{CHAT}/messages/get-or-create", body, headers)["message"]
            said = Said(made["id"], conversation, is_incoming, asked, time.monotonic())
            with self._guard:
                self.ledger.said[number] = said

    def _event(self, number: int, delay_ms: int | None) -> None:
        body: Json = {"type": "tick", "payload": {"nr": number}}
        if delay_ms is not None:
            body["schedule"] = {"delay": delay_ms}
        if number % 24 == 3:  # told in order with what is said there
            body["payload"]["conversationId"] = self.rooms[number % ROOMS][0]
        made = self._post(f"{CHAT}/events", body, self.as_bot, f"event-{self.run}-{number}")["event"]
        with self._guard:
            self.ledger.events[number] = made["id"]

    def _state(self, number: int) -> None:
        """Give a user of its own a mood, which is over soon after."""
        user = self._post(f"{CHAT}/users/get-or-create", {"tags": {"nr": f"{number}"}}, self.as_bot)["user"]["id"]
        body = {"payload": {"nr": number}, "expiry": IDLE_MS}
        answer = self._ask("POST", f"{CHAT}/states/user/{user}/mood", body, self.as_bot, f"state-{self.run}-{number}")
        made = answer.ok()["state"]
        with self._guard:
            self.ledger.states[number] = (made["id"], user, answer.tries)

    def _file(self, number: int) -> None:
        content = f"file {number} ".encode() * (1 + number % 500)
        body = {
            "botId": self.bot, "name": f"{number}.txt", "accessType": "private",
            "contents": base64.b64encode(content).decode(),
        }  # fmt: skip
        made = self._post("/v1/storage/files", body, self.as_bot, f"file-{self.run}-{number}")["file"]
        with self._guard:
            self.ledger.files[made["id"]] = hashlib.sha256(content).hexdigest()

    def _post(self, path: str, body: Json, headers: Mapping[str, str], key: str | None = None) -> Any:
        return self._ask("POST", path, body, headers, key).ok()

    def _ask(self, method: str, path: str, body: Any, headers: Mapping[str, str], key: str | None = None) -> Answer:
        """Send, again while the first request under the key is still running."""
        ends, tries = time.monotonic() + AGAIN_S, 0
        while True:
            answer = self.client.send(method, path, body, headers, key)
            tries += answer.tries
            if answer.status != 409 or "retry-after" not in answer.headers or time.monotonic() > ends:
                return Answer(answer.status, answer.headers, answer.body, tries, answer.ms)
            time.sleep(min(2.0, float(answer.headers["retry-after"])))

    # --- after ------------------------------------------------------------------------------------------------------

    def accepted(self) -> int:
        """Count messages, events, states and files."""
        ledger = self.ledger
        return len(ledger.said) + len(ledger.events) + len(ledger.states) + len(ledger.files)

    def owed(self) -> int:
        """Count what the bot and the integration were not told yet."""
        return self.ledger.missing(self._seen())

    def audit(self, store: Store) -> list[str]:
        """Give every violation."""
        return faults(self.ledger, self.look(), list(store.rows("chat")))

    def look(self) -> Seen:
        """Read all that can be seen from outside."""
        seen = self._seen()
        seen.messages = self._messages()
        seen.figures = self._figures()
        for identifier in self.ledger.files:
            answer = self.client.send("GET", f"/v1/storage/files/{identifier}/download", headers=self.as_bot)
            content = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
            seen.files[identifier] = hashlib.sha256(content).hexdigest() if answer.is_ok else f"{answer.status}"
        return seen

    def _seen(self) -> Seen:
        seen = Seen(now_ms=time.time_ns() // 1_000_000)
        for sink in (self.bot_sink, self.integration_sink):
            for one in list(sink.received):
                seen.told.append(_told(one, self.signing[sink.path]))
        return seen

    def _messages(self) -> dict[str, list[str]]:
        """Read what lists show, by conversation, the oldest first."""
        found: dict[str, list[str]] = {}
        for conversation, _ in self.rooms:
            ids: list[str] = []
            after = ""
            while True:
                path = f"{CHAT}/messages?conversationId={conversation}{after}"
                page = self._ask("GET", path, None, self.as_bot).ok()
                ids += [one["id"] for one in page["messages"]]
                if not page["meta"].get("nextToken"):
                    break
                after = f"&nextToken={page['meta']['nextToken']}"
            found[conversation] = ids[::-1]
        return found

    def _figures(self) -> Json:
        """Add up what is counted of yesterday, today and tomorrow: clocks may have been wrong."""
        today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        start, end = today - timedelta(days=1), today + timedelta(days=2)
        path = f"/v1/admin/bots/{self.bot}/analytics?startDate={_iso(start)}&endDate={_iso(end)}"
        records = self.client.get(path)["records"]
        return {name: sum(one[name] for one in records) for name in ("messages", "newUsers")}


def _iso(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _well(_one: Received) -> Reply:
    return 200, {"Content-Type": "application/json"}, b"{}"


def _told(one: Received, secret: str) -> Told:
    """Read one request to the bot or the integration."""
    body = json.loads(one.body)
    operation = one.headers.get("x-bp-operation", "")
    is_signed = hmac.compare_digest(
        one.headers.get("x-bp-signature", ""), hmac.new(secret.encode(), one.body, hashlib.sha256).hexdigest()
    )
    event = body.get("event") or {}
    message = body.get("message") or event.get("payload", {}).get("message") or {}
    return Told(
        operation=operation,
        kind=event.get("type", body.get("type", "")),
        id=str(event.get("id") or message.get("id") or ""),
        conversation=str(message.get("conversationId") or event.get("payload", {}).get("conversationId") or ""),
        payload=event.get("payload") or body.get("payload") or {},
        at=one.at,
        is_well=one.ill is None,
        is_signed=is_signed,
    )
