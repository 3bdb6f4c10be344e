"""Figure 15: a list of customers is taken in packet by packet and released, while its workers are killed."""

from __future__ import annotations

import itertools
import json
import random
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

from benchmarks.figures.crew import WORKSPACE, Crew
from benchmarks.figures.finding import Finding, exactly
from benchmarks.figures.outside import Api, Party, wait_until

PACKET, BAD, TWICE, LEASE_S = 1_000, 97, 500, 91
NODE, SOURCE = str(uuid.UUID(int=15)), str(uuid.UUID(int=150))
FLOW = "/flow/v1"
NAMELESS = "names no customer: clabUuid, userPk or an address among the attributes is needed"
SHORT = "clabUuid must be a UUID"


class Rows:
    """The rows of the list: most of them good, some that name nobody, some that come twice."""

    def __init__(self, count: int, seed: int) -> None:
        rng = random.Random(seed)
        chosen = rng.sample(range(count), min(BAD + TWICE, count // 10 * 2))
        cut = min(BAD, len(chosen) // 2)
        self.bad, self.twice = set(chosen[:cut]), set(chosen[cut:])
        self.good = [number for number in range(count) if number not in self.bad and number not in self.twice]
        self.first = self.good[0]
        self.count = count

    def row(self, number: int) -> dict[str, Any]:
        """Give a row as it is sent."""
        if number in self.bad:
            return {} if number % 2 else {"clabUuid": "none"}
        named = self.first if number in self.twice else number
        return {"attributes": {"email": f"c{named}@example.com", "number": str(number)}}

    def errors(self) -> list[dict[str, Any]]:
        """Say what the report must hold, in the order of the rows."""
        return [
            {
                "path": f"/customers/{number % PACKET}",
                "message": NAMELESS if number % 2 else SHORT,
                "code": "INVALID_CUSTOMER",
                "data": {"packet": number // PACKET},
            }
            for number in sorted(self.bad)
        ]


class Told:
    """Keeps what the sender of the list is told."""

    def __init__(self) -> None:
        self.outcomes: dict[str, Any] = {}

    def __call__(self, _method: str, _path: str, _query: Any, headers: dict[str, str], body: bytes) -> tuple[int, Any]:
        self.outcomes[headers["webhook-id"]] = json.loads(body)
        return 200, {}


def measure(rows: int = 100_000, kills: int = 10, seed: int = 15) -> list[Finding]:
    """Send a list, close it, and kill the workers while they release it."""
    given, told = Rows(rows, seed), Told()
    party, rng = Party(told), random.Random(seed)
    with tempfile.TemporaryDirectory() as folder, Crew(Path(folder), MILLRACE_JOURNEYS_RELEASE_PER_S="1000") as crew:
        api = Api(crew.url)
        automation = running(api, NODE)
        _send(api, automation, given, party.url)
        places = sorted(rng.sample(range(rows // 50, rows - rows // 50), kills))
        for place in places:
            wait_until(
                lambda place=place: _entered(api, automation) >= min(place, len(given.good) - 100),
                120 + rows / 50,
                0.005,
            )  # type: ignore[misc]
            time.sleep(rng.uniform(0, 0.3))
            crew.kill()
            crew.advance(LEASE_S)
        wait_until(lambda: bool(told.outcomes), 120 + rows / 20, 0.1)
        counted = _statistics(api, automation)
        names = [pk.rpartition("#")[2] for _, pk, sk in crew.rows() if f"#UNIQ#{automation}#" in pk and sk == "U"]
        tokens = [pk for _, pk, sk in crew.rows() if pk.startswith(f"{WORKSPACE}#N#{NODE}#TOK#") and sk == "T"]
    party.close()
    outcome = next(iter(told.outcomes.values()), {"customers": None, "errors": None})
    wanted = {"received": rows, "enabled": len(given.good), "discarded": len(given.twice), "rejected": len(given.bad)}
    return [
        exactly("workers killed by SIGKILL during the release", crew.kills, kills),
        exactly(
            f"good rows of {rows:,} that came in, each once", (len(tokens), len(set(names))), (len(given.good),) * 2
        ),
        exactly("rows by outcome, as the sender was told", outcome["customers"], wanted),
        exactly("the same, as the automation counts them", (counted["total"], counted["discarded"]), _sums(given)),
        Finding(f"error report names exactly the {len(given.bad)} bad rows", *_compared(outcome["errors"], given)),
        exactly("message ids under which the sender was told", len(told.outcomes), 1),
    ]


def _sums(given: Rows) -> tuple[int, int]:
    return len(given.good), len(given.twice)


def _compared(errors: Any, given: Rows) -> tuple[str, bool]:
    wanted = given.errors()
    is_same = errors == wanted
    return ("entry by entry the same" if is_same else f"{errors!r:.300} instead of {wanted!r:.300}"), is_same


def running(api: Api, node: str) -> str:
    """Make a node and a running automation in which whoever entered waits; give the automation's uuid."""
    api.call("POST", f"{FLOW}/nodes", {"uuid": node, "name": "shop", "emailActive": True})
    api.call("POST", f"{FLOW}/settings", {"category": "INTEGRATION", "type": "HUB", "value": {}}, Node=node)
    tag = {"property": "tags.manual", "mode": "ADD", "source": "CONSTANT", "constant": "x"}
    steps: list[dict[str, Any]] = [
        {"operation": "FROM_LAST_STEP", "parameters": {"wait": {"amount": 48, "unit": "HOURS"}}},
        {"operation": "TAG", "parameters": tag},
        {"operation": "NO_ACTION"},
    ]
    steps = [{"uuid": str(uuid.uuid4()), **step} for step in steps]
    pairs = itertools.pairwise(steps)
    ways = [{"fromStepUuid": a["uuid"], "toStepUuid": b["uuid"], "outcome": "NEXT"} for a, b in pairs]
    body = {"name": "list", "status": "RUNNING", "uniqueToken": True, "steps": steps, "connections": ways}
    return str(api.call("POST", f"{FLOW}/automations", body, Node=node)["uuid"])


def _send(api: Api, automation: str, given: Rows, url: str) -> None:
    """Send every packet twice, as a sender who lost the answer."""
    starts = range(0, given.count, PACKET)
    for start in starts:
        people = [given.row(number) for number in range(start, min(start + PACKET, given.count))]
        kind = "LAST" if start == starts[-1] else "FIRST" if start == 0 else "MIDDLE"
        body: dict[str, Any] = {"customers": people, "sourceUuid": SOURCE}
        body |= {"packet": kind} if len(starts) > 1 else {}
        body |= {"notification": {"url": url}} if start == 0 else {}
        for _ in range(2):
            api.call("POST", f"{FLOW}/automations/{automation}/customers/batch", body, Node=NODE)


def _statistics(api: Api, automation: str) -> dict[str, Any]:
    """Read what an automation counts."""
    found: dict[str, Any] = api.call("GET", f"{FLOW}/automations/{automation}", Node=NODE)["statistics"]
    return found


def _entered(api: Api, automation: str) -> int:
    return int(_statistics(api, automation)["total"])
