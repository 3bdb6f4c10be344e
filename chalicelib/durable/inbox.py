"""Events that reach an item which waits for them, or will (rule 4.6).

`inbox.<name>` holds the last event of each name, `used.<name>` the id of the last one that a step consumed. An event
is written by whichever of two conditional updates fits the item's state at that moment, so it never falls between a
step that runs and a wait that begins.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chalicelib.durable.due import Timer
from chalicelib.storage.expressions import Change, Compare, Condition, Missing, OneOf, Row, eq, look_up
from chalicelib.storage.table import ConditionFailed, Key, TableLike

_OPEN = ("READY", "RUN", "WAIT")


@dataclass(frozen=True)
class Answer:
    """An event in an item's inbox that no step has consumed."""

    name: str
    event_id: str
    payload: Any


def slot(name: str) -> str:
    """Spell an event's name so that it is one part of an attribute path."""
    return name.replace("%", "%25").replace(".", "%2E")


def deliver(table: TableLike, key: Key, name: str, event_id: str, payload: Any, timer: Timer) -> bool | None:
    """Put an event into an item's inbox: True when the item waits for it now, None when it ended or is absent.

    `timer` is `due.at(kind, key, now, now)`. On True send the item's wake-up message, and answer Unavailable when
    that fails. A repeat under the same event id changes nothing and answers alike.
    """
    event = {f"inbox.{slot(name)}": {"id": event_id, "p": payload}}
    while True:
        for wakes in (True, False):
            put = event | timer.attributes if wakes else event
            try:
                table.update(key, Change(put=put), _fits(name, event_id, wakes))
                return wakes
            except ConditionFailed as refusal:
                row = refusal.row
                if row is None or row["st"] not in _OPEN:
                    return None
                if look_up(row, f"inbox.{slot(name)}.id")[1] == event_id:
                    return bool(row["st"] == "WAIT" and row.get("aw") == name)


def waits_for(name: str) -> Condition:
    """The item waits for this event."""
    return eq("st", "WAIT") & eq("aw", name)


def find(row: Row, name: str) -> Answer | None:
    """Find an event by name in an item's inbox that no step has consumed."""
    event = row.get("inbox", {}).get(slot(name))
    if event is None or row.get("used", {}).get(slot(name)) == event["id"]:
        return None
    return Answer(name, event["id"], event["p"])


def is_silent(name: str, row: Row, change: Change) -> Condition:
    """No event of this name lies in the inbox but what was consumed before, or is by this very change."""
    spelled = slot(name)
    used_id = change.put.get(f"used.{spelled}", row.get("used", {}).get(spelled))
    nothing = Missing(f"inbox.{spelled}")
    return nothing if used_id is None else nothing | eq(f"inbox.{spelled}.id", used_id)


def consume(found: Answer) -> dict[str, Any]:
    """Give what the transition that consumes an event must put, so that it is not consumed twice."""
    return {f"used.{slot(found.name)}": found.event_id}


def _fits(name: str, event_id: str, wakes: bool) -> Condition:
    is_new = Compare(f"inbox.{slot(name)}.id", "<>", event_id)
    if wakes:
        return waits_for(name) & is_new
    return (OneOf("st", ("READY", "RUN")) | (eq("st", "WAIT") & Compare("aw", "<>", name))) & is_new
