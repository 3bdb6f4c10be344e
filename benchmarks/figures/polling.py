"""Figure 13: a polled source with many records, its worker killed again and again, its pages in no order."""

from __future__ import annotations

import json
import random
import tempfile
import threading
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from benchmarks.figures.crew import Crew
from benchmarks.figures.finding import Finding, exactly
from benchmarks.figures.outside import USER, Api, Party, javascript, wait_until

PAGE, OVERLAP, LEASE_S = 50, 10, 61
MOST_WAIT_S = 0.12  # after a page was asked for, until the worker falls: before, in, or after what it does with it
POLL = """
const answer = await $.axios.get(`${variables.source}?at=${cursor === null ? 0 : cursor}`);
return {records: answer.data.records, cursor: answer.data.next, more: answer.data.more, emit: true};
"""


class Source:
    """A list of records in pages; both come in no order, each page holds some records of the one before."""

    def __init__(self, records: int, seed: int) -> None:
        self.rng, self._lock = random.Random(seed), threading.Lock()
        starts = list(range(0, records, PAGE))
        self.rng.shuffle(starts)
        self.pages = [list(range(start, min(start + PAGE, records))) for start in starts]
        self.asked: list[int] = []
        self.on_page: Any = lambda _number: None

    def __call__(self, _method: str, _path: str, query: dict[str, str], _headers: Any, _body: bytes) -> tuple[int, Any]:
        at = int(query["at"])
        with self._lock:
            self.asked.append(at)
            number = len(self.asked)
            before = self.pages[at - 1][-OVERLAP:] if at else []
            shown = [*before, *(self.pages[at] if at < len(self.pages) else [])]
            self.rng.shuffle(shown)
        self.on_page(number)
        is_last = at + 1 >= len(self.pages)
        following = min(at + 1, len(self.pages))
        return 200, {"records": [{"id": f"r{one}"} for one in shown], "next": following, "more": not is_last}


class Sink:
    """Notes under which message ids each record came."""

    def __init__(self) -> None:
        self.came: dict[str, Counter[str]] = defaultdict(Counter)
        self._lock = threading.Lock()

    def __call__(self, _method: str, _path: str, _query: Any, headers: dict[str, str], body: bytes) -> tuple[int, Any]:
        with self._lock:
            self.came[json.loads(body)["data"]["id"]][headers["webhook-id"]] += 1
        return 200, {}


def measure(records: int = 10_000, kills: int = 50, seed: int = 13) -> list[Finding]:
    """Let a subscription take the whole source in while its workers are killed."""
    source, sink = Source(records, seed), Sink()
    at_source, at_sink = Party(source), Party(sink)
    with tempfile.TemporaryDirectory() as folder, Crew(Path(folder)) as crew:
        api = Api(crew.url)
        service = api.service("source")
        api.part(service, "trigger", "changed", config={"pollSeconds": 86_400}, logic={"poll": javascript(POLL)})
        _kill_amid(crew, source, kills)
        subscription = {"url": at_sink.url, "variables": {"source": at_source.url}}
        api.call("POST", f"{service}/trigger/changed/subscription?userId={USER}", subscription)
        wait_until(lambda: len(sink.came) >= records and crew.kills >= kills, 60 + records / 20 + kills * 10, 0.2)
        wait_until(lambda: crew.messages("subscriptions_deliver", "subscriptions_retry") == 0, 60, 0.2)
        fallen = crew.kills
    at_source.close()
    at_sink.close()
    repeated = sum(sum(ids.values()) - 1 for ids in sink.came.values())
    return [
        exactly("workers killed by SIGKILL", fallen, kills),
        exactly(f"records of {records:,} that never came (gaps)", records - len(sink.came), 0),
        exactly("records under two message ids (doubles)", sum(len(ids) > 1 for ids in sink.came.values()), 0),
        Finding("repeats under the same id (at least once)", f"{repeated}, pages read {len(source.asked)}", True),
    ]


def _kill_amid(crew: Crew, source: Source, kills: int) -> None:
    """Kill the workers at random moments after random pages were asked for; then let their lease run out."""
    chosen = set(source.rng.sample(range(1, len(source.pages) + kills // 2), kills))

    def fall(after_s: float) -> None:
        time.sleep(after_s)
        crew.kill()
        crew.advance(LEASE_S)

    def on_page(number: int) -> None:
        if number in chosen:
            threading.Thread(target=fall, args=(source.rng.uniform(0, MOST_WAIT_S),), daemon=True).start()

    source.on_page = on_page
