"""What of a journal another version of the same automation can go on from."""

from __future__ import annotations

from chalicelib.automations.rules.journal import Json, Record
from chalicelib.automations.rules.walking import steps_in

_BRANCHING = frozenset({"if", "ifValue", "case", "caseValue"})
_ASKING = frozenset({"if", "case"})
_INSIDE = ("/", "[", "?", "!")


def fitting(records: list[Record], steps: list[Json]) -> list[Record]:
    """Leave out what came of steps that are gone, or of another type now, and of all that lay inside them."""
    known = {step["id"]: step for _, step in steps_in(steps, "")}
    dropped = {record.address for record in records if not _fits(record, known.get(record.step))}
    around = tuple(address + mark for address in dropped for mark in _INSIDE)
    return [one for one in records if one.address not in dropped and not one.address.startswith(around)]


def _fits(record: Record, step: Json | None) -> bool:
    if step is None:
        return False
    if record.kind == "expression":
        return step["type"] in _ASKING
    if record.kind != step["type"]:
        return False
    branch = record.output.get("branch", "") if record.kind in _BRANCHING and isinstance(record.output, dict) else ""
    return not branch.isdecimal() or int(branch) < len(step["branches"])
