"""One execution as its owner reads it: what every step was given, what it came to, when, and why not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from chalicelib.adapters.vault import SealBroken
from chalicelib.automations import meter, packing
from chalicelib.automations.executions import find_own
from chalicelib.automations.packing import Loader
from chalicelib.automations.rules.journal import Record, Status
from chalicelib.automations.schemas import summary
from chalicelib.core import clock
from chalicelib.core.call import Call
from chalicelib.core.errors import NotFound
from chalicelib.core.redaction import MASK, Redactor
from chalicelib.durable.steps import ENDED
from chalicelib.storage.expressions import Row

MAX_SHOWN_BYTES = 256_000
CANCELLED = "cancelled"  # a step that was under way when its execution ended


def read(call: Call) -> dict[str, Any]:
    """Show an execution with the timeline of its steps."""
    return render(call.workspace_id, find_own(call))


def render(workspace_id: str, row: Row) -> dict[str, Any]:
    """Render an execution; secrets are masked, what is too big to show is left out."""
    journal = packing.journal_of(workspace_id, row["sk"], row)
    load = Loader(workspace_id, row["sk"])
    given, result = _opened(lambda: load.value(row["doc"]["input"])), _opened(lambda: load.value(row.get("res")))
    outputs = {record.address: _output(record, load) for record in journal.records.values() if _is_shown(record)}
    hide = Redactor(load.secrets)  # which are known now that all that lies sealed was opened
    shown = summary(row, meter.shown(row.get("use")))
    shown["input"], shown["output"] = hide.value(given), hide.value(result)
    has_ended = row["st"] in ENDED
    shown["steps"] = [
        _step(journal.records[one], hide.value(output), hide, has_ended) for one, output in outputs.items()
    ]
    return shown


def _is_shown(record: Record) -> bool:
    return "!" not in record.address and not (record.kind == "expression" and record.error is None)


def _step(record: Record, output: Any, hide: Redactor, has_ended: bool) -> dict[str, Any]:
    is_over = record.status in (Status.OK, Status.FAILED)
    return {
        "id": record.step,
        "address": record.address,
        "type": record.kind,
        "state": CANCELLED if has_ended and not record.is_settled else record.status.value,
        "startedAt": clock.iso_ms(record.began),
        "endedAt": clock.iso_ms(record.ended) if is_over and record.ended else None,
        "durationMs": record.ended - record.began if is_over and record.ended else None,
        "attempts": record.attempt,
        "input": hide.value(record.shown),
        "output": output,
        "error": hide.value(record.error),
        "logs": hide.value(record.logs),
        "dueAt": None if record.due is None else clock.iso_ms(record.due),
        "executionId": record.child,
        "usage": record.used,
    }


def _output(record: Record, load: Loader) -> Any:
    output = _opened(lambda: load(record))
    size = len(orjson.dumps(output))
    return output if size <= MAX_SHOWN_BYTES else {"tooLargeToShow": size}


def _opened(read: Callable[[], Any]) -> Any:
    """Read what may lie elsewhere or sealed; its key may be gone with its owner."""
    try:
        return read()
    except NotFound:
        return None
    except SealBroken:
        return MASK
