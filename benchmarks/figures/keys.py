"""Figure 4: one idempotency key, eight requests at once, on every surface; a day later; with another body."""

from __future__ import annotations

import tempfile
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.figures.crew import Crew
from benchmarks.figures.finding import Finding, exactly
from benchmarks.figures.outside import USER, Api, Party, javascript, wait_until

RACING, DAY_S = 8, 86_400
NODE = str(uuid.UUID(int=4))
NO_PAUSE_S = 0.05


@dataclass
class Way:
    """One kind of request that takes a key: what is sent, what it causes, and how another body is refused."""

    name: str
    path: str
    body: Callable[[int], Any]  # by number: 0 is the request, 1 another one under its key
    effects: Callable[[], int]
    header: str = "Idempotency-Key"
    refused: int = 409
    headers: dict[str, str] = field(default_factory=dict)


class Outside:
    """Counts what arrives, by path: different keys and message ids, not repeats."""

    def __init__(self) -> None:
        self.came: dict[str, set[str]] = {}
        self._lock = threading.Lock()

    def __call__(self, _method: str, path: str, _query: Any, headers: dict[str, str], _body: bytes) -> tuple[int, Any]:
        name = headers.get("webhook-id") or headers.get("idempotency-key") or str(uuid.uuid4())
        with self._lock:
            self.came.setdefault(path, set()).add(name)
        return 200, {}

    def count(self, path: str) -> int:
        """Count what came to a path."""
        return len(self.came.get(path, ()))


def measure() -> list[Finding]:
    """Send on every surface: race, repeat after a day, try another body."""
    outside = Outside()
    party = Party(outside)
    findings = []
    with tempfile.TemporaryDirectory() as folder, Crew(Path(folder)) as crew:
        api = Api(crew.url)
        made = _ways(api, crew, party.url, outside)
        raced = [_race(api, way) for way in made]
        settled = [wait_until(lambda way=way: way.effects() >= 1, 30) for way in made]  # type: ignore[misc]
        time.sleep(0.5)
        first = [way.effects() for way in made]
        crew.advance(DAY_S + 60)
        later = [_send(api, way) for way in made]
        others = [_send(api, way, 1)[0] for way in made]
        time.sleep(2)
        for number, way in enumerate(made):
            answers, again = raced[number], later[number]
            same = len(answers) == 1 and again in answers
            findings += [
                exactly(f"{way.name}: {RACING} at once, effects", (settled[number], first[number]), (True, 1)),
                exactly("  answers that differ, a day later included", len({*answers, again}) - 1 + (not same), 0),
                exactly("  effects after the repeat a day later", way.effects(), 1),
                exactly("  another body under the key", others[number], way.refused),
            ]
    party.close()
    return findings


def _race(api: Api, way: Way) -> set[tuple[int, str]]:
    """Send at once from many threads; give the different answers."""
    start = threading.Barrier(RACING)

    def send(_number: int) -> tuple[int, str]:
        start.wait()
        return _send(api, way)

    with ThreadPoolExecutor(RACING) as pool:
        return set(pool.map(send, range(RACING)))


def _send(api: Api, way: Way, number: int = 0) -> tuple[int, str]:
    """Send once, again while the first request under the key is still running, as clients do."""
    headers = {way.header: f"key-of-{way.name}", **way.headers}
    while True:
        answer = api.ask("POST", way.path, way.body(number), **headers)
        if answer.status_code != 409 or "Retry-After" not in answer.headers:
            return answer.status_code, answer.text
        time.sleep(NO_PAUSE_S)


# --- the surfaces ---------------------------------------------------------------------------------------------------


def _ways(api: Api, crew: Crew, url: str, outside: Outside) -> list[Way]:
    service = api.service("shop")
    return [
        *_interactor(api, service, url, outside),
        *_automations(api, url, outside),
        _journeys(api, crew),
        *_channels(api),
        _chat(api, url),
    ]


def _interactor(api: Api, service: str, url: str, outside: Outside) -> list[Way]:
    code = f"await $.axios.post('{url}/acted', {{}}); return input.data"
    api.part(service, "action", "act", logic={"execute": javascript(code)})
    setting = {"deliveryIdHeader": "x-delivery-id"}
    api.part(service, "event", "order", logic={"route": javascript("return 'placed'")}, setting=setting)
    api.part(service, "trigger", "placed", logic={"trigger": javascript("return notification.body")})
    path = f"{service}/trigger/placed/subscription?userId={USER}"
    api.call("POST", path, {"url": f"{url}/placed"})
    hook = "/v1/" + api.call("GET", f"{service}/webhookSetting?userId={USER}")["url"].partition("/v1/")[2]
    other = api.service("mill")
    api.part(other, "event", "order", logic={"route": javascript("return 'ground'")})
    api.part(other, "trigger", "ground", logic={"trigger": javascript("return notification.body")})
    api.call("POST", f"{other}/trigger/ground/subscription?userId={USER}", {"url": f"{url}/ground"})
    keyed = "/v1/" + api.call("GET", f"{other}/webhookSetting?userId={USER}")["url"].partition("/v1/")[2]

    def numbered(number: int) -> Any:
        return {"n": number}

    return [
        Way("action", f"{service}/action/act/execute?userId={USER}", numbered, lambda: outside.count("/acted")),
        Way("notification, by delivery id", hook, numbered, lambda: outside.count("/placed"), "X-Delivery-Id"),
        Way("notification, by key", keyed, numbered, lambda: outside.count("/ground")),
    ]


def _automations(api: Api, url: str, outside: Outside) -> list[Way]:
    def calls(path: str) -> str:
        step = {"id": "call", "type": "http", "method": "POST", "url": url + path, "body": {}}
        return f"{api.automation(path.strip('/'), [step])}/execute"

    def numbered(number: int) -> Any:
        return {"input": {"n": number}}

    later = {"Prefer": "respond-async"}
    return [
        Way("execution", calls("/now"), numbered, lambda: outside.count("/now")),
        Way("execution, queued", calls("/later"), numbered, lambda: outside.count("/later"), headers=later),
    ]


def _journeys(api: Api, crew: Crew) -> Way:
    from benchmarks.figures.batches import FLOW, running

    automation = running(api, NODE)

    def person(number: int) -> Any:
        return {"attributes": {"email": f"c{number}@example.com"}}

    def tokens() -> int:
        return sum(1 for _, pk, sk in crew.rows() if f"#N#{NODE}#TOK#" in pk and sk == "T")

    return Way("customer", f"{FLOW}/automations/{automation}/customers", person, tokens, headers={"Node": NODE})


def _channels(api: Api) -> list[Way]:
    step = {"template": {"type": "in_app", "content": "hello"}, "active": True}
    group = api.call("POST", "/v1/notification-groups", {"name": "all"})["data"]["_id"]
    body = {"notificationGroupId": group, "active": True, "steps": [step]}
    for name in ("greet", "meet"):
        api.call("POST", "/v1/workflows", {**body, "name": name})

    def trigger(workflow: str) -> Callable[[int], Any]:
        return lambda number: {"name": workflow, "to": {"subscriberId": f"{workflow}-{number}"}, "payload": {}}

    def messages(workflow: str) -> Callable[[], int]:
        return lambda: len(api.call("GET", f"/v1/messages?subscriberId={workflow}-0")["data"])

    def with_id(number: int) -> Any:
        return {**trigger("meet")(number), "transactionId": "order-7"}

    path = "/v1/events/trigger"
    return [
        Way("event of a workflow", path, trigger("greet"), messages("greet"), refused=422),
        Way("event, by transaction id (the first counts)", path, with_id, messages("meet"), "X-None", refused=201),
    ]


def _chat(api: Api, url: str) -> Way:
    shape = {"schema": {"type": "object"}}
    bot = api.call("POST", "/v1/admin/bots", {"dev": True, "url": f"{url}/bot"})["bot"]["id"]
    room = {"messages": {"text": shape}, "conversation": {"creation": {"enabled": True, "requiredTags": []}}}
    integration = {"name": "chat", "version": "0.1.0", "dev": True, "url": f"{url}/integration"}
    integration |= {"channels": {"room": room}, "user": {"creation": {"enabled": True, "requiredTags": []}}}
    made = api.call("POST", "/v1/admin/integrations", integration)["integration"]["id"]
    api.call("PUT", f"/v1/admin/bots/{bot}", {"integrations": {made: {}}})
    acting = {"x-bot-id": bot, "x-integration-id": made}
    user = api.call("POST", "/v1/chat/users", {"tags": {}}, **acting)["user"]["id"]
    place = {"channel": "room", "tags": {}}
    conversation = api.call("POST", "/v1/chat/conversations", place, **acting)["conversation"]["id"]

    def said(number: int) -> Any:
        about = {"userId": user, "conversationId": conversation, "type": "text", "tags": {}}
        return {**about, "payload": {"text": f"hello {number}"}}

    def messages() -> int:
        found = api.call("GET", f"/v1/chat/messages?conversationId={conversation}", **acting)
        return len(found["messages"])

    return Way("chat message", "/v1/chat/messages", said, messages, headers=acting)
