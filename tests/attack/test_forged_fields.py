"""What the platform says of a thing, no body can say: ids, owners, times, revisions, leases and the like."""

from __future__ import annotations

import itertools
import json
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

import app as _app  # noqa: F401 registers every row
from chalicelib.edge.auth import PUBLIC
from chalicelib.edge.route import ROWS, Route
from tests.attack.figures import Figures
from tests.attack.platform import FORGER, Platform
from tests.attack.sending import Api, Reply
from tests.attack.world import USER, World

TEXTS = (
    "id", "_id", "uuid", "createdBy", "updatedBy", "workspaceId", "serviceId", "ownerId", "maker", "home", "subject",
    "pk", "sk", "w", "by", "keyId", "hashes", "sealed", "environmentId", "organizationId", "creatorId", "status",
    "version", "own",
)  # fmt: skip
NUMBERS = (
    "insertedAt", "createdAt", "updatedAt", "inserted", "created", "updated", "ttl", "exp", "expiresAt", "fence", "rev",
    "revision", "seq", "dueB", "until", "size",
)  # fmt: skip
FLAGS = ("blocked", "is_shared", "deleted", "goneAt", "isAdmin")
ALONE = ("id", "createdBy", "insertedAt", "createdAt", "workspaceId", "ttl", "fence", "status", "version", "rev")
QUERY = {"userId": USER, "contributor_id": USER, "version": "minor"}
MARK = re.compile(r"f0f0f0f0-dead-4bad-8bad-([0-9a-f]{12})")
FIRST_MS = 915_148_800_000  # in 1999, when nothing here was made
UNIQUE = ("name", "userId", "email", "subscriberId", "key", "identifier", "uuid")
COMPONENTS = ("Action", "Condition", "Datatype", "Event", "Security", "ServiceVersion", "Trigger", "Variable")
# What a contract lets callers choose, always within their own workspace: operation -> field.
CHOSEN = {
    **{f"create{kind}": "id" for kind in ("Service", *COMPONENTS)},
    "createNode": "uuid",
    "addCustomer": "uuid",  # of the token, so that a repeat meets it
    "importAutomation": "version",  # the name of the version
}


@dataclass(frozen=True)
class Forgery:
    """One field that somebody tried to set."""

    operation: str
    field: str


class Forger:
    """Sends every body with more in it than it may say; each value is one of a kind, so that it can be found again."""

    def __init__(self, world: World) -> None:
        self.world, self.api = world, Api(world.port, world.key)
        self.tried: list[Forgery] = []
        self.replies: list[tuple[str, Reply]] = []

    def forge(self, surface: str, row: Route) -> None:
        """Try a row: all fields at once, then those that matter most each alone."""
        everything = (*TEXTS, *NUMBERS, *FLAGS)
        for names in (everything, *((name,) for name in ALONE)):
            forged: dict[str, Any] = {}
            for name in names:
                for spelled in {name, re.sub(r"(?<=[a-z])([A-Z])", r"_\1", name).lower()}:
                    forged[spelled] = self._value(row, spelled, name)
            self._send(surface, row, forged)

    def _value(self, row: Route, spelled: str, name: str) -> Any:
        self.tried.append(Forgery(row.operation_id, spelled))
        number = len(self.tried)
        if name in NUMBERS:
            return FIRST_MS + number
        return True if name in FLAGS else f"f0f0f0f0-dead-4bad-8bad-{number:012x}"

    def _send(self, surface: str, row: Route, forged: dict[str, Any]) -> None:
        body, headers, path = self.world.body(row), self.world.headers(surface, row), self.world.path(row)
        verb, query = row.verbs.split(",")[0], QUERY | ({"async": "true"} if path.endswith("/execute") else {})
        reply = self.api.call(verb, path, {**forged, **body}, headers=headers, **query)
        if reply.status in (400, 409):  # taken: once more under names of its own; forged values win where they collide
            own = {name: f"{body[name]}{next(_numbers)}" for name in UNIQUE if isinstance(body.get(name), str)}
            reply = self.api.call(verb, path, {**body, **own, **forged}, headers=headers, **query)
        self.replies.append((f"{verb} {row.path} {sorted(forged)[:3]}", reply))


_numbers = itertools.count()


def stored(platform: Platform) -> Iterator[tuple[str, str, Any]]:
    """Give every field of every row: the row's key, the name as it is stored, the value."""
    with sqlite3.connect(f"file:{platform.data / 'millrace.db'}?mode=ro", uri=True) as database:
        listed = database.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'table_%'")
        for (table,) in listed.fetchall():
            for (raw,) in database.execute(f'SELECT item FROM "{table}"'):
                yield from _fields(json.loads(raw))


def _fields(item: dict[str, dict[str, Any]]) -> Iterator[tuple[str, str, Any]]:
    key = f"{item['pk']['S']} {item['sk']['S']}"
    for name, typed in item.items():
        (value,) = typed.values()
        if name == "doc" and isinstance(value, str):
            document = json.loads(value)
            if isinstance(document, dict):
                for inner, found in document.items():
                    yield key, inner, found
        else:
            yield key, name, value


def numbers_in(text: str) -> list[int]:
    """List the numbers of the forgeries whose values stand in a text."""
    found = [int(mark, 16) for mark in MARK.findall(text)]
    return found + [int(mark) - FIRST_MS for mark in re.findall(r"\b915148\d{6}\b", text)]


@pytest.fixture(scope="module")
def forger(platform: Platform, every: int) -> Forger:
    """Try every row that takes a body."""
    made = Forger(platform.world(FORGER))
    rows = [(surface, row) for surface, row in ROWS if isinstance(row.takes, type) and row.scope != PUBLIC]
    for surface, row in rows[:: max(1, every // 2)]:
        made.forge(surface, row)
    return made


def test_no_forged_field_breaks_anything(forger: Forger, every: int) -> None:
    wrong = [f"{what}: {reply.status} {reply.body[:160]!r}" for what, reply in forger.replies if reply.status >= 500]
    assert not wrong, "\n".join(wrong)
    taken = sum(reply.status < 300 for _, reply in forger.replies)
    assert taken > 400 // every  # else nothing was tried


def test_no_forged_field_is_stored(platform: Platform, forger: Forger, figures: Figures) -> None:
    names = {re.sub(r"(?<=[a-z])([A-Z])", r"_\1", name).lower() for name in (*TEXTS, *NUMBERS, *FLAGS)}
    names |= {*TEXTS, *NUMBERS, *FLAGS}
    wrong = []
    for key, name, value in stored(platform):
        in_key = numbers_in(key) if name == "pk" else []
        here = numbers_in(str(value)) if name in names and not isinstance(value, dict | list) else []
        for number in {*in_key, *here}:
            forgery = forger.tried[number - 1]
            if CHOSEN.get(forgery.operation) != forgery.field:
                wrong.append(f"{forgery.operation}: {forgery.field} stands as {name}")
    took = sum(reply.status < 300 for _, reply in forger.replies)
    figures.note(
        "forged fields", len(forger.tried), f"in {len(forger.replies)} bodies ({took} taken), {len(wrong)} stored"
    )
    assert not wrong, "\n".join(sorted(set(wrong)))


def test_no_other_workspace_was_written_to(platform: Platform, forger: Forger) -> None:
    strange = [key for key, name, _ in stored(platform) if name == "pk" and MARK.match(key)]
    assert forger.tried
    assert strange == []
