"""Graphs for tests: steps in a row, or by hand."""

from __future__ import annotations

import itertools
from typing import Any

Json = dict[str, Any]


def uuid(number: int) -> str:
    """Name a step."""
    return f"00000000-0000-4000-8000-{number:012d}"


def mail(number: int, **parameters: Any) -> Json:
    """Build a mail step."""
    given = {"campaignName": "c", "modelIdentifier": 7, "subject": "Hi ${name}", "senderEmail": "shop@example.com"}
    return step(number, "CLAB_CAMPAIGN", {**given, "htmlContent": "<p>Hi</p>", **parameters})


def wait(number: int, amount: int, unit: str = "HOURS", **more: Any) -> Json:
    """Build a wait."""
    return step(number, "FROM_LAST_STEP", {"wait": {"amount": amount, "unit": unit}, **more})


def trigger(number: int, event: str, hours: int = 24, **rule: Any) -> Json:
    """Build a wait for an event."""
    timeout = {"amount": hours, "unit": "HOURS"}
    return step(number, "WAIT_FOR_TRIGGER", {"timeout": timeout, "event": {"eventType": event, **rule}})


def webhook(number: int, **parameters: Any) -> Json:
    """Build a call."""
    return step(number, "WEBHOOK", {"url": "https://example.com/hook", **parameters})


def end(number: int = 99) -> Json:
    """Build an end."""
    return step(number, "NO_ACTION", {})


def step(number: int, operation: str, parameters: Json) -> Json:
    """Build a step."""
    return {"uuid": uuid(number), "operation": operation, "parameters": parameters}


def way(source: int, target: int, outcome: str = "NEXT", **more: Any) -> Json:
    """Build a connection."""
    return {"fromStepUuid": uuid(source), "toStepUuid": uuid(target), "outcome": outcome, **more}


def row(*steps: Json) -> Json:
    """Build a graph of steps one after the other."""
    ways = [
        {"fromStepUuid": one["uuid"], "toStepUuid": following["uuid"], "outcome": "NEXT"}
        for one, following in itertools.pairwise(steps)
    ]
    return {"steps": list(steps), "connections": ways}


def forked(check: Json, default: str) -> Json:
    """Build a check between a mail before and one mail (1: yes, 2: no) after each way."""
    number = int(check["uuid"][-12:])
    ways = [way(1, number), way(number, 11, "YES"), way(number, 12, default), way(11, 99), way(12, 99)]
    return {"steps": [mail(1), check, mail(11), mail(12), end()], "connections": ways}
