"""Telling waiting tokens of an event that may end their wait."""

from __future__ import annotations

from typing import Any

from chalicelib.adapters import queue
from chalicelib.core import clock
from chalicelib.core.errors import NotFound
from chalicelib.journeys import admitting, checks, profiles, queues
from chalicelib.journeys.checks import Facts
from chalicelib.journeys.models import automations, nodes, tokens
from chalicelib.journeys.rules import matching
from chalicelib.journeys.rules.conditions import When
from chalicelib.journeys.rules.tokens import Status
from chalicelib.journeys.turns import Turn
from chalicelib.storage.expressions import Row


def wake(workspace_id: str, node: str, row: Row, event: dict[str, Any]) -> bool:
    """Let a token go on if it waits for this event; says whether it does. Exits count however its automation stands.

    Raises UpstreamFailed when the profile store is needed and down, Unavailable.
    """
    if row["st"] != Status.WAITING or row.get("aw") != event["eventType"]:
        return False
    turn = _turn(workspace_id, node, row)
    if turn is None or turn.graph.operation(row["s"]) != "WAIT_FOR_TRIGGER":
        return False
    now_ms = clock.now_ms()
    rule = turn.parameters.get("event") or {}
    if not _is_in_time(turn, rule, event, now_ms):
        return False
    yes, at = turn.graph.leaving(row["s"], "YES"), When(now_ms, turn.head.timezone)
    try:
        found = matching.first_match(rule, yes, [event], Facts(turn), at)
    except profiles.Denied:
        return False  # the profile cannot be had, so no condition on it holds
    if found is None:
        return False
    moved = checks.matched(row, event, str(found[1]["toStepUuid"]), now_ms)
    if moved is None:
        return False
    queue.send(queues.STEP, tokens.message(row["pk"], row["sk"]))
    return True


def _turn(workspace_id: str, node: str, row: Row) -> Turn | None:
    head = automations.load(workspace_id, node, row["a"])
    place = nodes.load(workspace_id, node)
    if head is None or place is None:
        return None
    try:
        turn = Turn(row, head, place, head.graph)
    except NotFound:
        head = automations.load(workspace_id, node, row["a"], fresh=True)
        return None if head is None else Turn(row, head, place, head.graph)
    if turn.graph.step(row["s"]) is None:  # the automation was edited, and is known as it was before
        admitting.renew(turn)
    return turn


def _is_in_time(turn: Turn, rule: dict[str, Any], event: dict[str, Any], now_ms: int) -> bool:
    """Whether the event lies in the window of the check, and no time-out that has come could be the first."""
    sent = (turn.row["doc"].get("sent") or {}).get(rule.get("referencedStepUuid"))
    start_ms = matching.window_start_ms(
        rule,
        step_entry_ms=int(turn.row["se"]),
        automation_entry_ms=int(turn.row["at"]),
        sent_ms=None if sent is None else int(sent["at"]),
    )
    return start_ms <= int(event["at"]) <= min(int(turn.row["due"]), now_ms)
