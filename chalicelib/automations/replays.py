"""Replay: the same execution once more, whole or from a step, on the same version or on a repaired one.

It is a new execution with keys of its own. From a step: what came before is taken over and not done again.
"""

from __future__ import annotations

from dataclasses import replace

from chalicelib.automations import lanes, loading, models, packing, starts
from chalicelib.automations.executions import find_own
from chalicelib.automations.models import Automation
from chalicelib.automations.packing import Loader
from chalicelib.automations.rules import keeping
from chalicelib.automations.rules.journal import Journal, Record, Status
from chalicelib.core.call import Call
from chalicelib.core.errors import Conflict, InvalidInput
from chalicelib.durable.steps import ENDED
from chalicelib.edge.route import Answer
from chalicelib.storage.expressions import Row

FAILED = "failed"


def replay(call: Call) -> Answer:
    """Start it again; 202 with the new execution's id. Raises Conflict while the old one is under way."""
    lanes.check_rate(call.workspace_id)
    row = find_own(call)
    if row["st"] not in ENDED:
        raise Conflict("this execution has not ended")
    doc = row["doc"]
    is_alone = "d" in doc  # one action or datatype, of no automation
    if not is_alone:
        Automation.find_by_id(call.workspace_id, doc["a"])
    elif call.body.version is not None:
        raise InvalidInput.at("body.version", "this execution belongs to no automation", "reference")
    execution = starts.fresh(call.workspace_id, doc["a"], call.idempotency_key)
    more = {"replayOf": row["sk"], **{name: doc[name] for name in ("trigger", "d") if name in doc}}
    load = Loader(call.workspace_id, row["sk"])
    given = load.value(doc["input"])
    if call.body.version is not None:
        item = Automation.find_by_id(call.workspace_id, doc["a"])
        version = loading.version_named(call.workspace_id, item.id, call.body.version)
        start = starts.of_version(item, version, execution, "replay", given, more=more)
    else:
        start = starts.Start(
            call.workspace_id, execution, doc["u"], doc["uk"], doc["a"], doc["v"], doc["h"], "replay", given, more=more
        )
    records = _kept(row, call, start, load)
    _store(replace(start, secrets=frozenset(load.secrets)), records)
    return Answer({"executionId": execution, "state": "queued"}, 202)


def _store(start: starts.Start, records: list[Record]) -> None:
    row = starts.row_of(start)
    if records:
        load = Loader(start.workspace_id, start.execution)
        load.secrets |= set(start.secrets)
        text = packing.pack(records, row["at"], load)
        row |= {"seq": 1, "memo": {"0": text}}
    models.insert(row)
    starts.send(start.workspace_id, start.execution)


def _kept(row: Row, call: Call, start: starts.Start, load: Loader) -> list[Record]:
    """Say what the new execution need not do again."""
    wanted = call.body.from_
    if wanted is None:
        return []
    journal = packing.journal_of(call.workspace_id, row["sk"], row)
    records = list(journal.records.values())
    if wanted == FAILED:
        kept = _before_failure(journal, row)
    else:
        first = next((number for number, one in enumerate(records) if one.step == wanted), None)
        if first is None:
            raise InvalidInput.at("body.from", "no such step was begun", "reference")
        address = records[first].address
        kept = [one for one in records[:first] if _is_done(one) and not address.startswith(one.address + "/")]
    kept = [_moved(one, load) for one in kept]
    if start.hash != row["doc"]["h"]:
        definition = loading.definition(call.workspace_id, start.automation_id, start.version_id, start.hash)
        kept = keeping.fitting(kept, definition["steps"])
    return kept


def _before_failure(journal: Journal, row: Row) -> list[Record]:
    step = (row.get("err") or {}).get("step")
    over = [one for one in journal.records.values() if _is_done(one)]
    failed = [one for one in over if one.status is Status.FAILED and one.step == step]
    if not failed:
        raise Conflict("no step of this execution failed")
    address = failed[-1].address
    return [one for one in over if not _leads_to(one, address)]


def _is_done(record: Record) -> bool:
    """Say whether a step came to its own end: one that was taken back has to be done again."""
    return record.is_settled and (record.error or {}).get("type") != "Abandoned"


def _leads_to(record: Record, address: str) -> bool:
    """Say whether a record is the failed step's, or that of something around it which failed with it."""
    plain = record.address.rstrip("!")
    if plain == address:
        return True
    is_around = address.startswith((plain + "/", plain + "["))
    return is_around and record.status is Status.FAILED


def _moved(record: Record, load: Loader) -> Record:
    """Open what is sealed for one execution; it is sealed for the new one where it is stored."""
    return record if record.sealed is None else replace(record, sealed=None, output=load(record))
