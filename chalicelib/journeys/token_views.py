"""Tokens as callers see them."""

from __future__ import annotations

from typing import Any

from chalicelib.core import clock
from chalicelib.journeys.models import automations, tokens
from chalicelib.journeys.models.automations import Automation
from chalicelib.journeys.rules.graph import TYPES
from chalicelib.storage.expressions import Row

Json = dict[str, Any]


def view(row: Row, head: Automation) -> Json:
    """Show a token."""
    who, step = tokens.identity_of(row), automations.newest_graph(head).step(row["s"]) or {}
    operation = step.get("operation")
    return {
        "uuid": tokens.parts_of(row["pk"])[2],
        "userPk": who.user_pk,
        "clabUuid": who.clab_uuid,
        "attributes": row["doc"].get("attributes") or {},
        "automationUuid": head.id,
        "automationName": head.name,
        "stepUuid": row["s"],
        **({"stepOperation": operation, "stepType": TYPES[operation]} if operation else {}),
        "stepDescription": step.get("description"),
        "enterStepDate": _iso(row["ne"]),
        "enterAutomationDate": _iso(row["at"]),
        "status": row["st"],
        "automationStatus": head.status,
        "errorDate": _iso(row.get("ea")),
        "errorMessage": row.get("err"),
        "recipient": who.email,
        "dueDate": _iso(row.get("due")) if row["st"] in ("WAITING", "RETRYING") else None,
        "endDate": _iso(row.get("end")),
        "endReason": row.get("why"),
        "sourceUuid": row["doc"].get("source"),
    }


def _iso(at_ms: int | None) -> str | None:
    return None if at_ms is None else clock.iso_ms(at_ms)
