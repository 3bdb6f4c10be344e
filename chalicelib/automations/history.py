"""One execution as its owner reads it: what every step was given, what it came to, when, and why not."""

from __future__ import annotations

from typing import Any

import orjson

from chalicelib.automations import effects, meter, packing
from chalicelib.automations.executions import find_own
from chalicelib.automations.packing import Loader
from chalicelib.automations.rules.journal import Record, Status
from chalicelib.automations.schemas import summary
from chalicelib.core import clock
from chalicelib.core.call import Call
from chalicelib.core.errors import NotFound
from chalicelib.storage.expressions import Row

MAX_SHOWN_BYTES = 256_000
INNER = "!?"  # addresses of the engine's own: time limits, conditions tried


def read(call: Call) -> dict[str, Any]:
    """Show an execution with the timeline of its steps."""
    return render(call.workspace_id, find_own(call))


def render(workspace_id: str, row: Row) -> dict[str, Any]:
    """Render an execution; secrets are masked, what is too big to show is left out."""
    journal = packing.journal_of(workspace_id, row["sk"], row)
    load = Loader(workspace_id, row["sk"])
    shown = summary(row, meter.shown(row.get("use")))
    shown["input"], shown["output"] = _shown(load, row["doc"]["input"]), _shown(load, row.get("res"))
    shown["steps"] = [_step(record, load) for record in journal.records.values() if _is_shown(record)]
    return shown


def _shown(load: Loader, packed: dict[str, Any] | None) -> Any:
    return effects.SEALED if packing.is_sealed(packed) else effects.hidden(load.value(packed))


def _is_shown(record: Record) -> bool:
    return "!" not in record.address and not (record.kind == "expression" and record.error is None)


def _step(record: Record, load: Loader) -> dict[str, Any]:
    is_over = record.status in (Status.OK, Status.FAILED)
    return {
        "id": record.step,
        "address": record.address,
        "type": record.kind,
        "state": record.status.value,
        "startedAt": clock.iso_ms(record.began),
        "endedAt": clock.iso_ms(record.ended) if is_over and record.ended else None,
        "durationMs": record.ended - record.began if is_over and record.ended else None,
        "attempts": record.attempt,
        "input": record.shown,
        "output": _output(record, load),
        "error": effects.hidden(record.error),
        "logs": record.logs,
        "dueAt": None if record.due is None else clock.iso_ms(record.due),
        "executionId": record.child,
        "usage": record.used,
    }


def _output(record: Record, load: Loader) -> Any:
    if record.sealed is not None:
        return effects.SEALED
    try:
        output = load(record)
    except NotFound:
        return None
    size = len(orjson.dumps(output))
    return effects.hidden(output) if size <= MAX_SHOWN_BYTES else {"tooLargeToShow": size}
