"""What must be true of chat once all is settled: rows, lanes, lists, figures and what was told agree."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from chalicelib.core.ids import minted_at
from tests.chaos.surfaces.resting import Row, doubles, faults_of_due, faults_of_ended, faults_of_lease, let_go, named

IN, OUT = "event_received", "message_created"  # operations: to the bot, to the integration
MINUTE_MS = 60_000
Json = dict[str, Any]


@dataclass(frozen=True)
class Said:
    """A message as it was accepted: when it was asked for first, and answered (monotonic)."""

    id: str
    conversation: str
    is_incoming: bool
    asked: float
    answered: float


@dataclass(frozen=True)
class Told:
    """One request to the bot or the integration; `id` is the event's or the message's."""

    operation: str
    kind: str
    id: str
    conversation: str
    payload: Json
    at: float
    is_well: bool
    is_signed: bool


@dataclass
class Ledger:
    """What the client was promised, by its own numbers; states with their id, user and tries; files with their hash."""

    workspace: str
    bot: str = ""
    integration: str = ""
    said: dict[int, Said] = field(default_factory=dict)
    events: dict[int, str] = field(default_factory=dict)
    states: dict[int, tuple[str, str, int]] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)

    def missing(self, seen: Seen) -> int:
        """Count what was not told yet."""
        came = seen.well()
        owed = [(IN if one.is_incoming else OUT, one.id) for one in list(self.said.values())]
        owed += [(IN, one) for one in list(self.events.values())]
        ended = {nr for nr, _ in seen.ended_states()}
        return sum(1 for one in owed if one not in came) + len(self.states.keys() - ended)


@dataclass
class Seen:
    """What could be seen from outside: requests to bot and integration, lists, figures, hashes of downloads."""

    told: list[Told] = field(default_factory=list)
    messages: dict[str, list[str]] = field(default_factory=dict)
    figures: Json = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    now_ms: int = 0

    def well(self) -> dict[tuple[str, str], float]:
        """Say when each thing was first told and answered well, by operation and id."""
        found: dict[tuple[str, str], float] = {}
        for one in self.told:
            if one.is_well:
                found.setdefault((one.operation, one.id), one.at)
        return found

    def tried(self) -> dict[tuple[str, str], float]:
        """Say when each thing was first told at all."""
        found: dict[tuple[str, str], float] = {}
        for one in self.told:
            found.setdefault((one.operation, one.id), one.at)
        return found

    def ended_states(self) -> set[tuple[int, str]]:
        """Give numbers of states whose end was told, with the ids of the events."""
        return {
            (one.payload["state"]["payload"]["nr"], one.id)
            for one in self.told
            if one.kind == "state_expired" and one.is_well
        }


def faults(ledger: Ledger, seen: Seen, rows: Sequence[Row]) -> list[str]:
    """Give every violation as a sentence. `rows` are those of the table of chat."""
    held = Held(ledger, rows)
    return [
        *_messages(ledger, seen, held),
        *_order(ledger, seen),
        *_events(ledger, seen, held),
        *_clocks(seen, held),
        *_states(ledger, seen, held),
        *_waiting(seen, held),
        *_files(ledger, seen, held),
        *_figures(seen, held),
        *_requests(seen, held),
    ]


class Held:
    """The rows of one bot, by the letter of their kind."""

    def __init__(self, ledger: Ledger, rows: Sequence[Row]) -> None:
        self.of: dict[str, list[Row]] = defaultdict(list)
        for row in rows:
            workspace, kind, rest, *_ = [*row["pk"].split("#"), "", ""]
            if workspace == ledger.workspace and rest in (ledger.bot, ledger.integration):
                self.of[kind].append(row)
        self.messages = {row["sk"]: row for row in self.of["M"]}
        self.events = {row["sk"]: row for row in self.of["E"]}


# --- what was said --------------------------------------------------------------------------------------------------


def _messages(ledger: Ledger, seen: Seen, held: Held) -> Iterator[str]:
    came = seen.well()
    for number, said in ledger.said.items():
        if said.id not in held.messages:
            yield f"the accepted message {number} ({said.id}) is not stored"
        if (IN if said.is_incoming else OUT, said.id) not in came:
            yield f"the accepted message {number} ({said.id}) was never handed over"
    for name in doubles(f"{row['doc']['direction']} message {_number(row)}" for row in held.of["M"]):
        yield f"the {name} is there more than once"
    tagged = {row["sk"] for row in held.of["T"]}
    yield from (f"the message {one} is not found by its tags" for one in held.messages.keys() - tagged)
    entries = {row["sk"] for row in held.of["CM"] if "k" not in row}
    yield from (f"the message {one} is in no conversation" for one in held.messages.keys() - entries)


def _number(row: Row) -> str:
    return str(next(iter(row["doc"]["tags"].values()), row["sk"]))


def _order(ledger: Ledger, seen: Seen) -> Iterator[str]:
    """What was answered before another was asked for comes first, unless a clock that went back numbered it later."""
    came, tried = seen.well(), seen.tried()
    lanes: dict[tuple[str, bool], list[Said]] = defaultdict(list)
    for said in ledger.said.values():
        lanes[said.conversation, said.is_incoming].append(said)
    for (conversation, is_incoming), found in lanes.items():
        operation = IN if is_incoming else OUT
        found.sort(key=lambda one: one.asked)
        for before, after in itertools.pairwise(found):
            handed, begun = came.get((operation, before.id)), tried.get((operation, after.id))
            if before.answered > after.asked or before.id > after.id or handed is None or begun is None:
                continue
            if begun < handed:
                early = (handed - begun) * 1000
                yield f"{after.id} overtook {before.id} in {conversation} ({operation}) by {early:.0f} ms"


# --- events, clocks, states -----------------------------------------------------------------------------------------


def _events(ledger: Ledger, seen: Seen, held: Held) -> Iterator[str]:
    came = seen.well()
    for number, identifier in ledger.events.items():
        row = held.events.get(identifier)
        if row is None:
            yield f"the accepted event {number} ({identifier}) is not stored"
        if (IN, identifier) not in came:
            yield f"the accepted event {number} ({identifier}) was never told: {row and row['st']}"
    for row in held.events.values():
        if row["st"] != "processed":
            yield f"the event {row['sk']} of type {row['t']} is {row['st']} after {row.get('n', 0)} tries"
        else:
            yield from faults_of_ended(row)
    ticks = (str(row["doc"]["payload"]["nr"]) for row in held.events.values() if row["t"] == "tick")
    yield from (f"the event {one} was made under more than one id" for one in doubles(ticks))


def _clocks(seen: Seen, held: Held) -> Iterator[str]:
    slots = [minted_at(row["sk"]) for row in held.events.values() if row["t"] == "minute"]
    yield from (f"the clock struck more than once for {one}" for one in doubles(map(str, slots)))
    yield from (f"the clock struck at {one}, which is no full minute" for one in slots if one % MINUTE_MS)
    came = seen.well()
    for row in held.events.values():
        if row["t"] == "minute" and (IN, row["sk"]) not in came:
            yield f"the clock's event {row['sk']} was never told"
    for row in held.of["R"]:
        yield from faults_of_lease(row)
        yield from faults_of_due(row, seen.now_ms - MINUTE_MS)
        if row.get("due") != row["slot"]:
            yield f"{named(row)} comes at {row['slot']} and is due at {row.get('due')}"


def _states(ledger: Ledger, seen: Seen, held: Held) -> Iterator[str]:
    told: dict[int, set[str]] = defaultdict(set)
    for number, identifier in seen.ended_states():
        told[number].add(identifier)
    for number, (_, user, tries) in ledger.states.items():
        if not told[number]:
            yield f"the state {number} of {user} expired and nobody was told"
        if len(told[number]) > tries:
            yield f"the state {number} of {user} expired {len(told[number])} times, and was set {tries} times at most"
    stored = {row["sk"] for row in held.events.values() if row["t"] == "state_expired"}
    for number, ids in told.items():
        yield from (f"the end {one} of the state {number} was told and is not stored" for one in ids - stored)
    yield from (f"{named(row)} should have expired" for row in held.of["S"])


def _waiting(seen: Seen, held: Held) -> Iterator[str]:
    for row in held.of["CM"]:
        if "p" in row or "due" in row:
            yield f"{named(row)} still waits to be handed over: {row.get('p')}, due {row.get('due')}"
    for row in held.of["L"]:
        yield from faults_of_ended(let_go(row, seen.now_ms))
        if row.get("n") or row.get("calls") or row.get("dead"):
            yield f"{named(row)} has nothing waiting, and {row.get('n')} tries, calls {row.get('calls')}"
    for row in held.of["LOG"]:
        if "was given up" in str(row["doc"].get("message")):
            yield f"the log says: {row['doc']['message']}"


# --- files, lists, figures ------------------------------------------------------------------------------------------


def _files(ledger: Ledger, seen: Seen, held: Held) -> Iterator[str]:
    stored = {row["sk"]: row for row in held.of["F"]}
    for identifier, digest in ledger.files.items():
        if identifier not in stored:
            yield f"the accepted file {identifier} is not stored"
        elif seen.files.get(identifier) != digest:
            yield f"the file {identifier} comes back as {seen.files.get(identifier)}, not as {digest}"
    yield from (
        f"the file {one} is there more than once" for one in doubles(row["doc"]["name"] for row in held.of["F"])
    )


def _figures(seen: Seen, held: Held) -> Iterator[str]:
    kept: dict[str, list[str]] = defaultdict(list)
    for row in held.of["M"]:
        kept[row["doc"]["conversation_id"]].append(row["sk"])
    for conversation, shown in seen.messages.items():
        if shown != sorted(kept[conversation]):
            missing, more = set(kept[conversation]) - set(shown), Counter(shown) - Counter(kept[conversation])
            yield f"the list of {conversation} misses {sorted(missing)} and has too many of {sorted(more)}"
    owed = {"messages": len(held.of["M"]), "newUsers": len(held.of["U"])}
    if seen.figures != owed:
        yield f"the figures say {seen.figures}, there are {owed}"


def _requests(seen: Seen, held: Held) -> Iterator[str]:
    known = held.messages.keys() | held.events.keys()
    for one in seen.told:
        if not one.is_signed:
            yield f"{one.operation} {one.id} was not signed rightly"
        if one.operation in (IN, OUT) and one.id not in known:
            yield f"{one.operation} told of {one.id} ({one.kind}), which is not stored"
