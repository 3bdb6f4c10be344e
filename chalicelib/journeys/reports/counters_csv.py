"""The CSV of step counters: one row for each automation and step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from chalicelib.core.call import Call
from chalicelib.core.errors import InvalidInput
from chalicelib.edge.route import Answer
from chalicelib.journeys import feedback, filters, wire
from chalicelib.journeys.models import automations, counters
from chalicelib.journeys.models.automations import Automation
from chalicelib.journeys.rules import cells

COLUMNS = [
    "automationUuid", "automationName", "automationDescription", "status", "category", "startDate", "endDate",
    "created", "createdBy", "uniqueToken", "stepUuid", "stepType", "stepOperation", "stepDescription", "entered",
    "inStep", "passed", "failed", "removed", "expired", "sent", "skipped", "delivered", "opened", "uniqueOpened",
    "clicked", "uniqueClicked", "softBounced", "hardBounced", "unsubscribed", "markedSpam", "called", "succeeded",
    "retried", "outcomeYes", "outcomeNo", "outcomeTimeout", "outcomeA", "outcomeB",
]  # fmt: skip
STATUSES = ("COMMITTED", "PAUSED", "RUNNING", "ARCHIVED", "DRAFT", "ERROR")  # as the contract lists them here
OUTCOMES = {"YES": "outcomeYes", "NO": "outcomeNo", "TIMEOUT": "outcomeTimeout", "A": "outcomeA", "B": "outcomeB"}
MAX_BYTES = 5_500_000  # a function's answer may have 6 MB


def download(call: Call) -> Answer:
    """Answer the report. Raises InvalidInput when it would be too large for one answer."""
    node, keeps = wire.node_of(call), filters.of(call, STATUSES)
    named = wire.uuid(call, "automationUuid")
    heads = [
        head for head in automations.list_all(node.workspace_id, node.id) if keeps(head) and named in (None, head.id)
    ]
    made, size = [], 0
    for line in cells.lines(COLUMNS, (row for head in heads for row in rows_of(head))):
        made.append(line)
        size += len(line.encode())
        if size > MAX_BYTES:
            hint = f"the report would have more than {MAX_BYTES} bytes; ask for fewer automations"
            raise InvalidInput.at("query", hint, "too_long")
    name = cells.file_name(wire.text(call, "filename", 100), "feedbacks", ".csv")
    headers = {
        "Content-Type": "text/csv; charset=utf-8",
        "Content-Disposition": f'attachment; filename="{name}"',
        "X-Content-Type-Options": "nosniff",
        "raw": "1",
    }
    return Answer("".join(made), 200, {**call.answer_headers, **headers})


def rows_of(head: Automation) -> Iterator[dict[str, Any]]:
    """Give the rows of an automation, in the order of its steps."""
    counted = counters.read(head.workspace_id, head.node, head.id)
    base = {
        "automationUuid": head.id,
        "automationName": head.name,
        "automationDescription": head.description,
        "status": head.status,
        "category": head.category,
        "startDate": wire.iso(head.start_at),
        "endDate": wire.iso(head.end_at),
        "created": wire.iso(head.inserted_at),
        "createdBy": head.created_by,
        "uniqueToken": head.unique_token,
    }
    for step in automations.newest_graph(head).steps:
        shown = feedback.shown(head, step, counted, with_links=False)
        numbers = dict(shown["feedbacks"])
        outcomes = {OUTCOMES[name]: count for name, count in numbers.pop("outcomes", {}).items()}
        yield {
            **base,
            "stepUuid": shown["uuid"],
            "stepType": shown["type"],
            "stepOperation": shown["operation"],
            "stepDescription": shown["description"],
            **numbers,
            **outcomes,
        }
