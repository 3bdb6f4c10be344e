"""What must be true of notifications once all is settled: rows, inboxes, activity and receivers tell the same."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.surfaces.mailbox import Mail
from tests.chaos.surfaces.resting import Row, doubles, faults_of_ended, named

CHANNELS = ("in_app", "email", "sms", "push")
OUTSIDE = ("email", "sms", "push")
STEPS = {
    "order": CHANNELS,
    "digest": ("digest", "email"),
    "later": ("delay", "in_app"),
    "reminder": ("delay", "email"),
}
ENDED = frozenset({"DONE", "FAILED", "CANCELLED"})
OVER = frozenset({"completed", "failed", "skipped", "canceled", "merged"})
UNDER_WAY_S = 40.0  # what was being sent when it was called off may still arrive
MOST_UNSEEN = 100
COLLECTED = " events"  # how the subject of a digest ends
_TAGS = re.compile(r"\[([^\]]+)\]")
Pair = tuple[str, str]  # transaction, subscriber
Json = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """An event that was called off: what was answered (None: not known), when (monotonic), when it was asked."""

    said: bool | None
    at: float
    asked: float


@dataclass
class Ledger:
    """What the client was promised: each transaction with its workflow and subscribers, and what was called off."""

    workspace: str
    accepted: dict[str, tuple[str, frozenset[str]]] = field(default_factory=dict)
    calls: dict[str, Call] = field(default_factory=dict)

    def pairs(self, *workflows: str) -> Iterator[tuple[str, str, str]]:
        """Give workflow, transaction and subscriber of every notification there must be."""
        for transaction, (workflow, whom) in list(self.accepted.items()):
            if not workflows or workflow in workflows:
                for who in whom:
                    yield workflow, transaction, who

    def is_certain(self, transaction: str) -> bool:
        """Say whether an event was surely not called off: nobody asked, or it was refused."""
        call = self.calls.get(transaction)
        return call is None or call.said is False

    def missing_outside(self, seen: Seen) -> int:
        """Count messages that receivers did not get yet."""
        came = seen.outside()
        missing = sum(
            1 for _, tx, who in self.pairs("order") for channel in OUTSIDE if not came.get((channel, tx, who))
        )
        told = {tag for mail in seen.digests() for tag in _TAGS.findall(mail.html)}
        return missing + sum(1 for _, tx, _ in self.pairs("digest") if self.is_certain(tx) and tx not in told)

    def missing_inside(self, feeds: Mapping[str, Sequence[Json]]) -> int:
        """Count messages that inboxes do not show yet."""
        shown = {(one["content"], who) for who, found in feeds.items() for one in found}
        return sum(1 for _, tx, who in self.pairs("order", "later") if self.is_certain(tx) and (tx, who) not in shown)


@dataclass
class Seen:
    """What could be seen from outside: receivers' logs (tag, subscriber, id), inboxes, activity by notification id."""

    mails: list[Mail] = field(default_factory=list)
    texts: list[tuple[str, str, str]] = field(default_factory=list)
    pushes: list[tuple[str, str, str]] = field(default_factory=list)
    signatures: list[tuple[str, str, bytes]] = field(default_factory=list)
    feeds: dict[str, list[Json]] = field(default_factory=dict)
    unseen: dict[str, int] = field(default_factory=dict)
    activity: dict[str, Json] = field(default_factory=dict)

    def digests(self) -> list[Mail]:
        """Give the mails that tell of collected events."""
        return [mail for mail in self.mails if mail.subject.endswith(COLLECTED)]

    def outside(self) -> dict[tuple[str, str, str], set[str]]:
        """Give the ids under which each message came: (channel, tag, subscriber) to ids."""
        came: dict[tuple[str, str, str], set[str]] = defaultdict(set)
        for mail in self.mails:
            if not mail.subject.endswith(COLLECTED):
                came["email", mail.subject, mail.to.partition("@")[0]].add(mail.id)
        for channel, found in (("sms", self.texts), ("push", self.pushes)):
            for tag, who, identifier in found:
                came[channel, tag, who].add(identifier)
        return came


def faults(ledger: Ledger, seen: Seen, rows: Sequence[Row]) -> list[str]:
    """Give every violation as a sentence. `rows` are those of the table of channels."""
    held = Held(ledger.workspace, rows)
    return [
        *_notifications(ledger, held),
        *_messages(held),
        *_receivers(ledger, seen, held),
        *_digests(ledger, seen, held),
        *_called_off(ledger, seen, held),
        *_inboxes(seen, held),
        *_activity(seen, held),
    ]


class Held:
    """The rows of one workspace, by what they are."""

    def __init__(self, workspace: str, rows: Sequence[Row]) -> None:
        self.events: dict[str, Row] = {}
        self.runs: dict[Pair, Row] = {}
        self.messages: dict[str, list[Row]] = defaultdict(list)  # by notification
        self.listed: set[str] = set()
        self.activity: Counter[str] = Counter()
        for row in rows:
            kind, _, rest = row["pk"].removeprefix(f"{workspace}#").partition("#")
            if kind == "TX" and row["sk"] == "E":
                self.events[rest] = row
            elif kind == "TX":
                self.runs[rest, row["sk"].removeprefix("N#")] = row
            elif kind in ("INB", "MSG"):
                self.messages[row["doc"]["notificationId"]].append(row)
            elif kind == "MSGD":
                self.listed.add(row["sk"])
            elif kind == "ACT":
                self.activity[row["sk"]] += 1

    def steps(self, transaction: str) -> list[Json]:
        """Give the steps an event began with."""
        event = self.events.get(transaction)
        return [] if event is None else list(event["doc"]["steps"])


def job_of(row: Row, position: int) -> Json:
    """Read the job of a step; empty before its time."""
    return dict(json.loads(row.get(f"j{position}", "{}")))


# --- rows -----------------------------------------------------------------------------------------------------------


def _notifications(ledger: Ledger, held: Held) -> Iterator[str]:
    for workflow, transaction, who in ledger.pairs():
        if transaction not in held.events:
            yield f"the accepted event {transaction} of {workflow} is not stored"
        elif (transaction, who) not in held.runs:
            yield f"the accepted event {transaction} made no notification for {who}"
    for (transaction, who), row in held.runs.items():
        known = ledger.accepted.get(transaction)
        if known is not None and who not in known[1]:
            yield f"{transaction} made a notification for {who}, whom it was not for"
        if held.activity[row["nid"]] != 1:
            yield f"{named(row)} is listed {held.activity[row['nid']]} times among the notifications"
        yield from _states(held, transaction, row)
    known_ids = {row["nid"] for row in held.runs.values()}
    yield from (
        f"the list of notifications names {one}, which is not there" for one in held.activity.keys() - known_ids
    )


def _states(held: Held, transaction: str, row: Row) -> Iterator[str]:
    if row["st"] not in ENDED:
        yield f"{named(row)} is stuck in {row['st']} at step {row['pos']}"
        return
    yield from faults_of_ended(row)
    steps, position = held.steps(transaction), int(row["pos"])
    is_whole = row["st"] == "DONE" and "into" not in row
    if is_whole and position != len(steps):
        yield f"{named(row)} is DONE after {position} of {len(steps)} steps"
    for number in range(position if is_whole else position + 1):
        job = job_of(row, number)
        if number < position and job.get("st") not in OVER - {"merged", "canceled"}:
            yield f"{named(row)} is past step {number}, whose job is {job.get('st', 'missing')}"
    last = job_of(row, position).get("st")
    if row["st"] == "CANCELLED" and last != "canceled":
        yield f"{named(row)} was cancelled at step {position}, whose job is {last}"
    if "into" in row and row["st"] == "DONE" and last != "merged":
        yield f"{named(row)} was merged, but its job is {last}"
    # One transition for each step, and one more for each wait or try: fewer were skipped, so none may be missing.
    if is_whole and int(row["seq"]) < len(steps):
        yield f"{named(row)} came through {len(steps)} steps in {row['seq']} transitions"


def _messages(held: Held) -> Iterator[str]:
    names = {row["nid"]: row for row in held.runs.values()}
    for notification, found in held.messages.items():
        row = names.get(notification)
        if row is None:
            yield f"messages {[one['sk'] for one in found]} belong to no notification"
            continue
        for job in doubles(one["doc"]["jobId"] for one in found):
            yield f"{named(row)} has more than one message for the job {job}"
        kept = {one["sk"] for one in found}
        told = {name for number in range(int(row["pos"]) + 1) for name in job_of(row, number).get("m", ())}
        if row["st"] != "CANCELLED" and kept != told:
            yield f"{named(row)} tells of the messages {sorted(told)}, and {sorted(kept)} are kept"
        yield from (f"the message {one} is in no list" for one in kept - held.listed)


# --- receivers ------------------------------------------------------------------------------------------------------


def _receivers(ledger: Ledger, seen: Seen, held: Held) -> Iterator[str]:
    came = seen.outside()
    for (channel, tag, who), ids in came.items():
        if len(ids) > 1:
            yield f"{tag} for {who} came by {channel} under {len(ids)} ids: {sorted(ids)}"
    for _, transaction, who in ledger.pairs("order"):
        row = held.runs.get((transaction, who))
        for position, channel in enumerate(CHANNELS):
            if row is None or channel == "in_app":
                continue
            ids, job = came.get((channel, transaction, who), set()), job_of(row, position)
            if not ids:
                yield f"{transaction} for {who} never came by {channel}: its job is {job.get('st')}"
            elif job.get("st") != "completed":
                yield f"{transaction} for {who} came by {channel}, but its job is {job.get('st')}"
            elif not any(one.partition("-")[0] in job.get("m", ()) for one in ids):
                yield f"{transaction} for {who} came by {channel} as {sorted(ids)}, kept as {job.get('m')}"
    for secret, signature, body in seen.signatures:
        if not hmac.compare_digest(signature, hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()):
            yield f"a push was not signed rightly: {body[:80]!r}"


def _digests(ledger: Ledger, seen: Seen, held: Held) -> Iterator[str]:
    mails: dict[str, Mail] = {}
    for mail in seen.digests():
        mails.setdefault(mail.id, mail)
        if mails[mail.id].html != mail.html:
            yield f"the mail {mail.id} came with different events: {mail.html} and {mails[mail.id].html}"
    told: Counter[Pair] = Counter()
    for mail in mails.values():
        tags, who = _TAGS.findall(mail.html), mail.to.partition("@")[0]
        told.update((tag, who) for tag in tags)
        if f"{len(tags)}{COLLECTED}" != mail.subject:
            yield f"the mail {mail.id} says {mail.subject} and tells of {len(tags)}"
    for (transaction, who), times in told.items():
        if times > 1:
            yield f"the event {transaction} of {who} is told of in {times} digests"
    for _, transaction, who in ledger.pairs("digest"):
        if ledger.is_certain(transaction) and not told[transaction, who]:
            row = held.runs.get((transaction, who), {})
            yield f"the event {transaction} of {who} is in no digest: {row.get('st')}, into {row.get('into')}"
    yield from _collectors(held)


def _collectors(held: Held) -> Iterator[str]:
    """Each merged notification must be in the digest of the collector that its own row, or an heir of that, names."""
    for (transaction, who), row in held.runs.items():
        if "into" not in row or row["st"] != "DONE":
            continue
        holder: str | None = str(row["into"])
        for _ in range(len(held.runs)):
            collector = held.runs.get((holder or "", who), {})
            if "heir" not in collector:
                break
            holder = str(collector["heir"])
        collected = [entry[0] for entry in collector.get("dg", {}).values()]
        if transaction not in collected:
            yield f"{named(row)} was merged into {holder}, which collected {collected}"


# --- what was called off --------------------------------------------------------------------------------------------


def _called_off(ledger: Ledger, seen: Seen, held: Held) -> Iterator[str]:
    came = _first_times(seen)
    for transaction, call in ledger.calls.items():
        if transaction not in ledger.accepted:
            continue
        workflow, whom = ledger.accepted[transaction]
        for who in whom:
            row = held.runs.get((transaction, who), {})
            if call.said is True and row.get("st") not in ("CANCELLED", "DONE"):
                yield f"{transaction} was called off, and is {row.get('st')}"
            if call.said is True and workflow == "reminder" and row.get("st") != "CANCELLED":
                yield f"the reminder {transaction} was called off days before its time, and is {row.get('st')}"
            at = came.get((transaction, who))
            if call.said is True and at is not None and at > call.at + UNDER_WAY_S:
                yield f"{transaction} was called off, and sent {at - call.at:.0f} s later"
            if row.get("st") == "CANCELLED" and call.said is False:
                yield f"calling off {transaction} was refused, and it is cancelled"
    for (transaction, _), row in held.runs.items():
        if row["st"] == "CANCELLED" and transaction not in ledger.calls:
            yield f"{named(row)} is cancelled, and nobody called it off"


def _first_times(seen: Seen) -> dict[Pair, float]:
    """Say when a receiver first got each event, by mail."""
    found: dict[Pair, float] = {}
    for mail in seen.mails:
        who = mail.to.partition("@")[0]
        for tag in [*_TAGS.findall(mail.html), mail.subject]:
            found.setdefault((tag, who), mail.at)
    return found


# --- inboxes and activity -------------------------------------------------------------------------------------------


def _inboxes(seen: Seen, held: Held) -> Iterator[str]:
    kept: dict[str, set[str]] = defaultdict(set)
    for found in held.messages.values():
        for row in found:
            if row["doc"]["channel"] == "in_app":
                kept[row["doc"]["subscriberId"]].add(row["sk"])
    for who, shown in seen.feeds.items():
        ids = [one["_id"] for one in shown]
        yield from (f"the inbox of {who} shows {one} twice" for one in doubles(ids))
        if set(ids) != kept[who]:
            yield f"the inbox of {who} shows {len(ids)} messages, {len(kept[who])} are kept"
        for tag in doubles(str(one["content"]) for one in shown):
            yield f"the inbox of {who} holds {tag} more than once"
        if seen.unseen.get(who) != min(MOST_UNSEEN, len(ids)):
            yield f"{who} has {len(ids)} messages, and {seen.unseen.get(who)} are counted as unseen"


def _of_unbegun(row: Row) -> str:
    """Say what became of steps that were never begun: their event may have gone into another one's digest."""
    if row["st"] not in ENDED:
        return "pending"
    return "merged" if "into" in row and row["st"] == "DONE" else "canceled"


def _activity(seen: Seen, held: Held) -> Iterator[str]:
    came = seen.outside()
    rows = {row["nid"]: (pair, row) for pair, row in held.runs.items()}
    for identifier, shown in seen.activity.items():
        if identifier not in rows:
            yield f"the activity shows {identifier}, which is not there"
            continue
        (transaction, who), row = rows[identifier]
        told = [job["status"] for job in shown["jobs"]]
        kept = [job_of(row, number).get("st", _of_unbegun(row)) for number in range(len(told))]
        if told != kept:
            yield f"the activity of {transaction} for {who} shows {told}, its row {kept}"
        for job in shown["jobs"]:
            is_told = job["type"] in OUTSIDE and job["status"] == "completed" and len(told) == len(CHANNELS)
            if is_told and not came.get((job["type"], transaction, who)):
                yield f"the activity of {transaction} says {job['type']} was sent to {who}, who got nothing"
