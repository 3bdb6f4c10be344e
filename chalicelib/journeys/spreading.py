"""Telling what a customer did: remembered for checks, told to sources and to tokens that wait for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chalicelib.core import clock, ids
from chalicelib.core.cache import Cached
from chalicelib.journeys import entering, profiles, removing, waking
from chalicelib.journeys.entering import Entry, Fate
from chalicelib.journeys.models import automations, nodes, tokens, waits
from chalicelib.journeys.models.automations import Automation
from chalicelib.journeys.models.nodes import Node
from chalicelib.journeys.rules import conditions, entry, matching
from chalicelib.journeys.rules.conditions import When
from chalicelib.journeys.rules.entry import Act, Identity
from chalicelib.journeys.rules.tokens import Reason
from chalicelib.storage import table
from chalicelib.storage.expressions import ABSENT, Missing, Row
from chalicelib.storage.table import TransactionFailed, Write
from chalicelib.storage.tables import JOURNEYS

Json = dict[str, Any]
SOURCES_S = 30
INSERT, REMOVE = "INSERT_CUSTOMER", "REMOVE_CUSTOMER"
_listening: Cached[list[str]] = Cached(SOURCES_S, size=2_000)


def spread(body: Json) -> None:
    """Do everything an event does; while the node is off, exits only. Raises UpstreamFailed, Unavailable.

    Repeating is harmless.
    """
    workspace_id, node = body["w"], body["n"]
    row, place = JOURNEYS.get(waits.event_key(workspace_id, node, body["e"])), nodes.load(workspace_id, node)
    if row is None or place is None:
        return
    doc = row["doc"]
    who = Identity(doc["who"].get("clab"), doc["who"].get("pk"), doc["who"].get("mail"))
    _Spread(place, doc["event"], who, int(doc["taken"])).run()


class _Spread:
    """One event on its way to everything it concerns."""

    def __init__(self, node: Node, event: Json, who: Identity, taken_ms: int) -> None:
        self.node, self.event, self.who, self.taken_ms = node, event, who, taken_ms
        self.workspace_id = node.workspace_id
        self._profile: Json | None = None

    def run(self) -> None:
        """Remember it first; then tokens may leave by it, then customers enter."""
        places = tokens_in_flight(self.workspace_id, self.node.id, self.who)
        acts = [(head, self._act(head)) for head in self._listening()]
        acts = [(head, act) for head, act in acts if act is not Act.NOTHING]
        if places or acts:
            exp_s = clock.now_s() + waits.KEEP_S
            names = self.who.names()
            JOURNEYS.write_many(waits.history_rows(self.workspace_id, self.node.id, names, self.event, exp_s))
        rows = self._rows(places)
        leaving = {head.id for head, act in acts if act is Act.REMOVE and head.status in entry.HOLDS_TOKENS}
        removing.remove(
            [row for row in rows if row["a"] in leaving and row["at"] <= self.taken_ms], Reason.REMOVED_BY_TRIGGER
        )
        for row in rows:
            if row["a"] not in leaving:
                waking.wake(self.workspace_id, self.node.id, row, self.event)
        for head, act in acts:
            if act is Act.INSERT:
                self._insert(head)

    def _listening(self) -> list[Automation]:
        found = _listening.get((self.workspace_id, self.node.id), self._find_listening) or []
        heads = [automations.load(self.workspace_id, self.node.id, automation) for automation in found]
        return [head for head in heads if head is not None]

    def _find_listening(self) -> list[str]:
        heads = automations.list_all(self.workspace_id, self.node.id)
        return [head.id for head in heads if head.has_trigger and head.status in entry.HOLDS_TOKENS]

    def _act(self, head: Automation) -> Act:
        found = {source["action"] for source in head.graph.sources if self._fits(head, source)}
        return entry.decide(INSERT in found, REMOVE in found, remove_is_primary=head.remove_action_primary)

    def _fits(self, head: Automation, source: Json) -> bool:
        at = When(self.taken_ms, head.timezone)
        rule = source.get("event") or {}
        return matching.fits(rule, self.event, self._facts, at) and conditions.holds(
            source.get("customerConditions"), self._facts, at
        )

    def _facts(self, subject: str) -> Any:
        if subject == conditions.EVENT:
            return self.event
        return self._customer() if subject == conditions.CUSTOMER else {}

    def _customer(self) -> Json:
        if self._profile is None:
            try:
                self._profile = profiles.read(self.node, self.who)
            except profiles.Denied:
                self._profile = {}
        return self._profile

    def _rows(self, places: Sequence[tuple[str, str]]) -> list[Row]:
        found = tokens.get_many(self.workspace_id, self.node.id, (token for token, _ in places), consistent=True)
        return [row for row in found.values() if not self.who.is_other_than(tokens.identity_of(row))]

    def _insert(self, head: Automation) -> None:
        now_ms = clock.now_ms()
        is_live = head.status == "RUNNING" and self.node.active
        if not is_live or (head.end_at is not None and head.end_at <= now_ms):
            return
        attributes: dict[str, str] = {}
        for source in head.graph.sources:
            if source["action"] == INSERT and self._fits(head, source):
                profile = self._customer() if source.get("attributeMapping") else {}
                attributes |= matching.copied(source.get("attributeMapping"), self.event, profile)
        attributes = entry.fitting(attributes)
        key = f"{self.event['id']}|{self.taken_ms}"
        token = ids.derived_uuid(self.workspace_id, "journey-token", head.id, key)
        named = entry.identity_of(self.who.clab_uuid, self.who.user_pk, attributes, self.who.email)
        fate = entering.enter(head, [Entry(token, named or self.who, attributes, self.event)])[0].fate
        if fate is Fate.DISCARDED:
            self._count_discarded(head)

    def _count_discarded(self, head: Automation) -> None:
        """Count it once, however often the event is delivered."""
        where = waits.marker_key(self.workspace_id, self.node.id, str(self.event["id"]), head.id)
        marker = {**where._asdict(), "exp": clock.now_s() + waits.REPEATS_S}
        try:
            table.transact([Write(JOURNEYS, ABSENT, row=marker), entering.count_discarded(head)], ids.secret_text(24))
        except TransactionFailed:
            return


def tokens_in_flight(workspace_id: str, node: str, who: Identity) -> list[tuple[str, str]]:
    """Find the tokens of a customer that have not ended: uuid and automation. Costs what the customer has."""
    found: dict[str, str] = {}
    for name in who.names():
        partition = tokens.name_partition(workspace_id, node, name)
        for row in JOURNEYS.query_all(partition, condition=Missing("end")):
            found[tokens.token_of(row["sk"])[1]] = str(row["a"])
    return list(found.items())
