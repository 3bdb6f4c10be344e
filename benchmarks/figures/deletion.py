"""Figure 18: a service is deleted while much of it is under way: executions run, deliveries are due."""

from __future__ import annotations

import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.figures.crew import Crew
from benchmarks.figures.finding import Finding, at_least, at_most, exactly
from benchmarks.figures.outside import USER, Api, Party, javascript, wait_until

SUBSCRIPTIONS, SILENT_AFTER_S, HISTORY_S = 100, 5.0, 31 * 86_400
BREAK_S, WAIT_S = 400, 120
CALL = "await $.axios.post(`${input.data.url}/called`, {}); return 1"


class Outside:
    """Receiver and third party in one: says when it was called; deliveries fail, calls take a while."""

    def __init__(self) -> None:
        self.called_at: list[tuple[float, str]] = []
        self.takes_s = 0.0
        self._lock = threading.Lock()

    def __call__(self, _method: str, path: str, _query: Any, _headers: Any, _body: bytes) -> tuple[int, Any]:
        with self._lock:
            self.called_at.append((time.monotonic(), path))
        time.sleep(self.takes_s)
        return (200 if path == "/called" else 500), {}

    def since(self, moment: float) -> list[float]:
        """Say how long after a moment each later call came, in seconds."""
        with self._lock:
            return [at - moment for at, _ in self.called_at if at > moment]


def measure(executions: int = 1_000, deliveries: int = 1_000, looks_s: float = 25) -> list[Finding]:
    """Set it all going, delete the service in the middle, look who is still called and what is left."""
    outside = Outside()
    party = Party(outside)
    settings = {f"MILLRACE_EXECUTIONS_{name}": "100000" for name in ("PER_S", "SHARE_PER_S", "AT_ONCE")}
    settings["MILLRACE_RETRY_SCHEDULE_S"] = "0,300,300"
    with tempfile.TemporaryDirectory() as folder, Crew(Path(folder), **settings) as crew:
        api = Api(crew.url)
        hook, ids = _build(api, party.url, min(SUBSCRIPTIONS, max(1, deliveries // 10)))
        pending = _fail(api, crew, hook, deliveries)
        started = _start(api, executions, party.url)
        outside.takes_s = 0.3
        crew.advance(BREAK_S)  # everything is due
        wait_until(lambda: len(outside.called_at) > deliveries, 30)
        status, gone, deleted_at = _delete(api)
        done_before = len(outside.called_at) - deliveries
        time.sleep(looks_s)
        late = [after for after in outside.since(deleted_at) if after > SILENT_AFTER_S]
        meanwhile = len(outside.since(deleted_at)) - len(late)
        states = _settle(api, crew, started)
        swept = _left(crew, ids)
        crew.advance(HISTORY_S)
        wait_until(lambda: not _left(crew, ids, with_history=True), 60, 0.5)
        final = _left(crew, ids, with_history=True)
        later = len(outside.since(deleted_at)) - meanwhile - len(late)
    party.close()
    return [
        at_least("executions under way at the deletion", len(started), executions),
        at_least("deliveries due at the deletion", pending, deliveries),
        exactly("status of the deletion, then of every read and start", (status, sorted(gone)), (200, [404])),
        at_most(f"calls to the outside later than {SILENT_AFTER_S:g} s after it", len(late) + later, 0, is_speed=True),
        Finding("calls before it, and within the 5 s", f"{done_before}, {meanwhile}", True),
        exactly("executions that did not end", states.get("unended", 0), 0),
        Finding("how they ended", ", ".join(f"{state} {count}" for state, count in sorted(states.items())), True),
        exactly("rows left after the sweep beside the tombstone and the history of executions", swept, []),
        exactly("rows left when that history has ended (30 days)", final, []),
    ]


def _build(api: Api, url: str, subscriptions: int) -> tuple[str, list[str]]:
    """Make a service with one of everything; give its hook's address, and the ids its rows are known by."""
    service = api.service("shop")
    ids = [api.call("GET", service)["id"]]
    event = api.part(service, "event", "order", logic={"route": javascript("return 'placed'")})
    trigger = api.part(service, "trigger", "placed", logic={"trigger": javascript("return 1")})
    action = api.part(service, "action", "call", logic={"execute": javascript(CALL)})
    security = api.part(service, "security", "key", type="apiKey", scheme="bearer")
    variable = api.part(service, "variable", "region")
    ids += [made["id"] for made in (event, trigger, action, security, variable)]
    api.call("PUT", f"{service}/variable/{variable['id']}/value", {"value": "x"})
    token = {"name": "token", "serviceSecurityId": security["id"], "key": "k" * 20}
    ids.append(api.call("POST", f"/v1/user/{USER}/token", token)["id"])
    path = f"{service}/trigger/placed/subscription?userId={USER}"
    ids += [api.call("POST", path, {"url": f"{url}/{number}"})["id"] for number in range(subscriptions)]
    return api.call("GET", f"{service}/webhookSetting?userId={USER}")["url"].partition("/v1/")[2], ids


def _fail(api: Api, crew: Crew, hook: str, deliveries: int) -> int:
    """Let every delivery fail once; give how many wait for their next attempt."""

    def count(kind: str) -> int:
        return sum(1 for _, pk, _ in crew.rows() if kind in pk)

    subscriptions = count("#SUB#")
    for number in range(-(-deliveries // subscriptions)):
        api.call("POST", f"/v1/{hook}", {"n": number})
    wait_until(lambda: count("#DL#") >= deliveries, 180, 0.5)
    return count("#DL#")


def _start(api: Api, executions: int, url: str) -> list[str]:
    """Start the action alone, and automations that wait before they use it, half of each."""
    step = {"id": "act", "type": "action", "service": "shop", "action": "call", "input": {"url": url}}
    waits = api.automation("waits", [{"id": "wait", "type": "wait", "seconds": WAIT_S}, step])
    paths = [f"/v1/service/shop/action/call/execute?userId={USER}", f"{waits}/execute"]
    bodies: list[Any] = [{"url": url}, {"input": {}}]

    def start(number: int) -> str:
        kind = number % 2 if number < executions - executions // 5 else 0
        return str(api.call("POST", paths[kind], bodies[kind], Prefer="respond-async")["executionId"])

    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(start, range(executions)))


def _delete(api: Api) -> tuple[int, set[int], float]:
    """Delete it, and ask for it at once."""
    status = api.ask("DELETE", f"/v1/service/shop?userId={USER}").status_code
    moment = time.monotonic()
    asked = [
        api.ask("GET", "/v1/service/shop"),
        api.ask("GET", "/v1/service/shop/action"),
        api.ask("GET", "/v1/service/shop/action/call"),
        api.ask("GET", "/v1/service/shop/trigger/placed"),
        api.ask("POST", f"/v1/service/shop/action/call/execute?userId={USER}", {"url": "http://127.0.0.1:9"}),
        api.ask("DELETE", f"/v1/service/shop?userId={USER}"),
    ]
    return status, {answer.status_code for answer in asked}, moment


def _settle(api: Api, crew: Crew, started: list[str]) -> Counter[str]:
    """Let time pass until the cleanup is done and every execution has ended; count how they ended."""
    for _ in range(40):
        crew.advance(61)
        time.sleep(1.5)
        if crew.messages() == 0:
            break
    with ThreadPoolExecutor(8) as pool:
        found = pool.map(lambda one: api.ask("GET", f"/v1/execution/{one}?userId={USER}").json(), started)
    states = Counter(str(one.get("state")) for one in found)
    ended = {"done", "failed", "cancelled"}
    states["unended"] = sum(count for state, count in states.items() if state not in ended)
    return states


def _left(crew: Crew, ids: list[str], *, with_history: bool = False) -> list[str]:
    """List the rows that still know the service or a part of it, tombstone and sums of usage left out."""
    found = []
    for table, pk, sk in crew.rows():
        is_known = any(one in pk or one in sk for one in ids)
        is_history = "#X#" in pk or "#XH#" in pk
        is_bill = "#USE#" in pk  # sums of what was used, by day
        is_tombstone = pk.endswith("#SVCS") and sk == f"service#{ids[0]}"
        if is_known and not is_tombstone and not is_bill and (with_history or not is_history):
            found.append(f"{table.removeprefix('millrace-')}: {pk} {sk}")
    return found[:20]
