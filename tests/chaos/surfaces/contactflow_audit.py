"""What must be true of journeys once all is settled: tokens, counters, lists, mails and calls tell the same way."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chalicelib.channels.names import hash_of
from tests.chaos.surfaces.mailbox import Mail
from tests.chaos.surfaces.resting import Row, doubles, faults_of_ended, faults_of_lease, named

OVER = {"COMPLETED": "COMPLETED", "ERROR": "ERROR", "REMOVED": "OTHER", "EXPIRED": "OTHER"}
# A tree, so that the step a token ended on tells its whole way.
WAYS = (
    ("welcome", "NEXT", "call"),
    ("call", "NEXT", "login"),
    ("login", "YES", "tag"),
    ("tag", "NEXT", "thanks"),
    ("thanks", "NEXT", "end"),
    ("login", "TIMEOUT", "split"),
    ("split", "A", "reminder"),
    ("reminder", "NEXT", "reminded"),
    ("split", "B", "left"),
)
PARENTS = {end: start for start, _, end in WAYS}
OUTCOMES = {end: outcome for _, outcome, end in WAYS}
ENDS = frozenset({"end", "reminded", "left"})
MAILS = frozenset({"welcome", "thanks", "reminder"})
NAMES = ("entered", "passed", "removed", "expired", "stopped", "sent", "succeeded")
BASE = ("entered", "passed", "removed", "expired")
Json = dict[str, Any]


@dataclass
class Ledger:
    """What the client was promised. `steps` are the uuids of the steps by name.

    `entered` maps tokens to customers; `discarded` tokens to the one that stands for them and how often it was asked;
    `batches` sources to customers and how many entries name nobody.
    """

    workspace: str
    node: str
    automation: str
    steps: dict[str, str]
    asked: set[str] = field(default_factory=set)
    entered: dict[str, str] = field(default_factory=dict)
    discarded: dict[str, tuple[str, int]] = field(default_factory=dict)
    batches: dict[str, tuple[frozenset[str], int]] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)


@dataclass
class Seen:
    """What could be seen from outside: mails; calls (token, step, key, message id, answered well); figures."""

    mails: list[Mail] = field(default_factory=list)
    calls: list[tuple[str, str, str, str, bool]] = field(default_factory=list)
    forged: int = 0
    statistics: Json = field(default_factory=dict)
    steps: dict[str, Json] = field(default_factory=dict)


def way_to(step: str) -> list[str]:
    """Give the names of the steps on the one way to a step, itself included."""
    way = [step]
    while way[0] in PARENTS:
        way.insert(0, PARENTS[way[0]])
    return way


def faults(ledger: Ledger, seen: Seen, rows: Sequence[Row]) -> list[str]:
    """Give every violation as a sentence. `rows` are those of the table of journeys."""
    held = Held(ledger, rows)
    return [
        *_entries(ledger, held),
        *_tokens(held),
        *_batches(ledger, held),
        *_beside(held),
        *_counters(ledger, seen, held),
        *_mails(ledger, seen, held),
        *_calls(seen, held),
        *_removed(ledger, held),
    ]


class Held:
    """The rows of one automation, by what they are."""

    def __init__(self, ledger: Ledger, rows: Sequence[Row]) -> None:
        self.names = {uuid: name for name, uuid in ledger.steps.items()}
        self.tokens: dict[str, Row] = {}
        self.batches: dict[str, Row] = {}
        self.listed: dict[str, set[str]] = defaultdict(set)  # groups by token
        self.named: dict[str, set[str]] = defaultdict(set)  # tokens by name
        self.guards: list[Row] = []
        self.parked: list[Row] = []
        self.counted: dict[str, Counter[str]] = defaultdict(Counter)
        self.head: Row = {}
        start = f"{ledger.workspace}#N#{ledger.node}"
        for row in rows:
            if row["pk"] == start and row["sk"] == f"aut#{ledger.automation}":
                self.head = row
            elif row["pk"].startswith(f"{start}#"):
                self._take(row, row["pk"].removeprefix(f"{start}#").split("#"))

    def _take(self, row: Row, place: list[str]) -> None:
        match place:
            case ["TOK", token] if row["sk"] == "T":
                self.tokens[token] = row
            case ["BAT", source] if row["sk"] == "B":
                self.batches[source] = row
            case ["LST", _, group, _]:
                self.listed[row["sk"].partition("#")[2]].add(group)
            case ["WHO", name]:
                self.named[name].add(row["sk"].partition("#")[2])
            case ["UNIQ", *_]:
                self.guards.append(row)
            case ["PARK", *_]:
                self.parked.append(row)
            case ["CNT", _, _]:
                figures = {name: value for name, value in row.items() if isinstance(value, int) and name != "last"}
                self._count(row["sk"], figures)

    def _count(self, step: str, figures: Mapping[str, int]) -> None:
        """Add up what a row of counters says; that of the whole says also who came in at which step (`in:<step>`)."""
        for name, value in figures.items():
            is_entry = name.startswith("in:")
            at = name.removeprefix("in:") if is_entry else step
            self.counted[self.names.get(at, at)]["entered" if is_entry else name] += value

    def way(self, row: Row) -> list[str]:
        """Give the way a token has come."""
        return way_to(self.names.get(row["s"], "nowhere"))

    def sent(self, row: Row) -> set[str]:
        """Name the steps whose mail a token was sent."""
        return {self.names.get(step, step) for step in row["doc"].get("sent") or {}}


# --- entries and tokens ---------------------------------------------------------------------------------------------


def _entries(ledger: Ledger, held: Held) -> Iterator[str]:
    for token, who in ledger.entered.items():
        row = held.tokens.get(token)
        if row is None:
            yield f"the accepted entry {token} of {who} made no token"
        elif row["who"].get("pk") != who:
            yield f"the token {token} is of {row['who']}, not of {who}"
    for token, (other, tries) in ledger.discarded.items():
        if token in held.tokens and tries == 1:
            yield f"the entry {token} was discarded in favour of {other}, and is there"
        if other not in held.tokens:
            yield f"the entry {token} was discarded in favour of {other}, which is not there"
    for token, row in held.tokens.items():
        source = row["doc"].get("source")
        if token not in ledger.asked and source not in ledger.batches:
            yield f"nobody asked for the token {token} of {row['who']}"


def _tokens(held: Held) -> Iterator[str]:
    for token, row in held.tokens.items():
        if row["st"] not in OVER:
            yield f"the token {token} is stuck: {row['st']} at {held.way(row)[-1]}, due {row.get('due')}"
            continue
        yield from faults_of_ended(row)
        way = held.way(row)
        if row["v"] != len(way):
            yield f"the token {token} is in its visit {row['v']} at {way[-1]}, which is step {len(way)} of its way"
        if (row["st"] == "COMPLETED") is not (way[-1] in ENDS) and row["st"] != "REMOVED":
            yield f"the token {token} ended as {row['st']} at {way[-1]}"
        if row["st"] == "ERROR":
            yield f"the token {token} ended in error at {way[-1]}: {row.get('err')}"
        passed = set(way[:-1]) & MAILS
        if not passed <= held.sent(row) <= set(way) & MAILS:
            yield f"the token {token} has come {way}, and was sent {sorted(held.sent(row))}"
        if row["seq"] < _least_writes(way):
            yield f"the token {token} has come {way} in {row['seq']} writes"


def _least_writes(way: list[str]) -> int:
    """Each action is written by itself, or with what follows it; so is each wait."""
    return sum(1 for step in way[:-1] if step in MAILS | {"call", "login", "tag"}) - 1


def _removed(ledger: Ledger, held: Held) -> Iterator[str]:
    for token in ledger.removed:
        row = held.tokens.get(token, {})
        if row.get("st") not in ("REMOVED", "COMPLETED"):
            yield f"the token {token} was taken out, and is {row.get('st')}"
    for token, row in held.tokens.items():
        if row["st"] == "REMOVED" and token not in ledger.removed:
            yield f"the token {token} was removed, and nobody asked for that"


def _batches(ledger: Ledger, held: Held) -> Iterator[str]:
    came: dict[str, Counter[str]] = defaultdict(Counter)
    for row in held.tokens.values():
        if source := row["doc"].get("source"):
            came[source][row["who"].get("pk", "")] += 1
    for source, (people, bad) in ledger.batches.items():
        batch = held.batches.get(source)
        if batch is None:
            yield f"the accepted batch {source} is not there"
            continue
        if batch["st"] != "ENABLED":
            yield f"the batch {source} is {batch['st']} at {batch['cur']} of {batch['received']}"
        yield from faults_of_lease(batch)
        told = {name: batch[name] for name in ("received", "enabled", "discarded", "rejected")}
        owed = {"received": len(people) + bad, "enabled": len(people), "discarded": 0, "rejected": bad}
        if told != owed:
            yield f"the batch {source} counts {told}, not {owed}"
        if came[source] != Counter(people):
            yield f"the batch {source} let in {dict(came[source])}, not each of {sorted(people)} once"


def _beside(held: Held) -> Iterator[str]:
    """What leads to tokens: lists and names never miss one; guards and parkings are gone with the last."""
    for token, row in held.tokens.items():
        if row["st"] in OVER and OVER[row["st"]] not in held.listed[token]:
            yield f"the token {token} is {row['st']}, and listed under {sorted(held.listed[token])}"
        for kind, name in row["who"].items():
            if token not in held.named[f"{kind}:{name}"]:
                yield f"the token {token} is not found by its {kind} {name}"
    for token in held.listed.keys() - held.tokens.keys():
        yield f"the list of {sorted(held.listed[token])} names {token}, which is not there"
    yield from (f"{named(row)} still guards {row['t']}" for row in held.guards)
    yield from (f"{named(row)} marks a token as parked" for row in held.parked)
    if held.head.get("owes") or held.head.get("doc", {}).get("owes"):
        yield f"{named(held.head)} owes tokens {held.head.get('owes')}"


# --- counters -------------------------------------------------------------------------------------------------------


def _counters(ledger: Ledger, seen: Seen, held: Held) -> Iterator[str]:
    owed = owed_counters(held)
    for step in ledger.steps:
        told = {name: held.counted[step][name] for name in NAMES}
        # Who was taken out at an action may have done it before.
        may_be = range(owed[step]["succeeded"], owed[step]["succeeded"] + owed[step]["removed"] + 1)
        if told["succeeded"] in may_be:
            owed[step]["succeeded"] = told["succeeded"]
        wrong = {name: (value, owed[step][name]) for name, value in told.items() if value != owed[step][name]}
        if wrong:
            yield f"the counters of {step} (and what tokens show): {wrong}"
        shown = seen.steps.get(ledger.steps[step], {})
        if {name: shown.get(name) for name in BASE} != {name: told[name] for name in BASE}:
            yield f"{step} is shown with {shown}, its counters say {told}"
        if shown.get("inStep") != 0:
            yield f"{step} is shown with {shown.get('inStep')} tokens on it, where none is in flight"
    yield from _outcomes(held)
    yield from _totals(ledger, seen, held)


def owed_counters(held: Held) -> dict[str, Counter[str]]:
    """Count what tokens show: each has entered every step of its way, and left all but perhaps the last."""
    owed: dict[str, Counter[str]] = defaultdict(Counter)
    ends = {"REMOVED": "removed", "EXPIRED": "expired", "ERROR": "stopped"}
    for row in held.tokens.values():
        way = held.way(row)
        for step in way:
            owed[step]["entered"] += 1
        for step in way if row["st"] == "COMPLETED" else way[:-1]:
            owed[step]["passed"] += 1
            owed[step]["succeeded"] += step in ("tag", "call")
        if row["st"] in ends:
            owed[way[-1]][ends[row["st"]]] += 1
        for step in held.sent(row):
            owed[step]["sent"] += 1
    return owed


def _outcomes(held: Held) -> Iterator[str]:
    taken: Counter[tuple[str, str]] = Counter()
    for row in held.tokens.values():
        way = held.way(row)
        taken.update((PARENTS[step], OUTCOMES[step]) for step in way[1:])
    for start, outcome, _ in WAYS:
        told = held.counted[start][f"outcome{outcome}"]
        if outcome != "NEXT" and told != taken[start, outcome]:
            yield f"{start} counts {told} that left by {outcome}, tokens show {taken[start, outcome]}"


def _totals(ledger: Ledger, seen: Seen, held: Held) -> Iterator[str]:
    groups = Counter(OVER.get(row["st"], "RUNNING").lower() for row in held.tokens.values())
    owed = {"total": len(held.tokens)} | {name: groups[name] for name in ("running", "completed", "error", "other")}
    told = {name: seen.statistics.get(name) for name in owed}
    if told != owed:
        yield f"the statistics say {told}, tokens show {owed}"
    discarded, most = len(ledger.discarded), sum(tries for _, tries in ledger.discarded.values())
    if not discarded <= int(seen.statistics.get("discarded", -1)) <= most:
        yield f"the statistics say {seen.statistics.get('discarded')} were discarded, the answers said {discarded}"


# --- receivers ------------------------------------------------------------------------------------------------------


def _mails(ledger: Ledger, seen: Seen, held: Held) -> Iterator[str]:
    known: dict[str, tuple[str, str]] = {}
    for token, row in held.tokens.items():
        for visit, step in enumerate(held.way(row), 1):
            if step in MAILS:
                known[hash_of("public", ledger.workspace, f"journey:{token}:{visit}")] = (token, step)
    came: dict[tuple[str, str], set[str]] = defaultdict(set)
    for mail in seen.mails:
        found = known.get(mail.id)
        if found is None:
            yield f"the mail {mail.id} ({mail.subject}) belongs to no visit of a token"
        elif mail.subject.partition(" ")[0] != found[1]:
            yield f"the mail {mail.id} of {found} is {mail.subject}"
        else:
            came[found].add(mail.id)
    for token, row in held.tokens.items():
        for step in held.sent(row):
            if not came[token, step]:
                yield f"the token {token} was sent {step}, which never came"


def _calls(seen: Seen, held: Held) -> Iterator[str]:
    if seen.forged:
        yield f"{seen.forged} calls were not signed rightly"
    ids: dict[str, set[str]] = defaultdict(set)
    well: set[str] = set()
    for token, step, key, message_id, is_well in seen.calls:
        ids[key].add(message_id)
        name, row = held.names.get(step, step), held.tokens.get(token)
        visit = int(key.rpartition(":")[2])
        way = held.way(row) if row is not None else []
        if row is None or not key.startswith(f"{token}:") or way[visit - 1 : visit] != [name]:
            yield f"the call {key} is of {name}, and the token {token} has come {way}"
        if is_well:
            well.add(token)
    yield from (f"the call {key} came under {sorted(found)}" for key, found in ids.items() if len(found) > 1)
    keys = {key: token for token, _, key, _, _ in seen.calls}
    yield from (f"the token {token} made more than one call" for token in doubles(keys.values()))
    for token, row in held.tokens.items():
        if "call" in held.way(row)[:-1] and token not in well:
            yield f"the token {token} is past its call, which never came"
