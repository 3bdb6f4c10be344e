"""What a token does next, out of the graph as it is now, its row and the time. No I/O: effects and checks are named.

A token's row holds `s` its step, `from` where it came from and by which outcome, `v` the number of this visit, `se`
when the step before was done, `due` and `wt` (the visit whose wait it belongs to), `m` the event that a trigger
matched.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.journeys.rules import clock, split
from chalicelib.journeys.rules.graph import Graph

PROMPT_MS = 3_600_000  # a wait taken up later than this counts as over now, not when it was due
DEFAULTS = {"WAIT_AND_CHECK": "NO", "WAIT_FOR_TRIGGER": "TIMEOUT"}
EFFECTS = frozenset({"CLAB_CAMPAIGN", "CLAB_CAMPAIGN_SMS", "WEBHOOK", "TAG"})


@dataclass(frozen=True)
class Leave:
    """Leave the step by an outcome to the next one; `ended_ms` is when the step was done."""

    outcome: str
    to: str
    ended_ms: int


@dataclass(frozen=True)
class Wait:
    """Wait until a time; `awaits` is the type of the event that may end it before."""

    due_ms: int
    awaits: str | None = None


@dataclass(frozen=True)
class Do:
    """Do what an ACTION does."""

    operation: str


@dataclass(frozen=True)
class Look:
    """Find out whether a check holds: needs events or the profile."""

    operation: str


@dataclass(frozen=True)
class Finish:
    """The journey is over."""


@dataclass(frozen=True)
class Lost:
    """The graph leads nowhere from here: the step is gone, or nothing leaves it."""

    why: str


@dataclass(frozen=True)
class Astray:
    """Its step is not in the graph: the graph at hand is an old one, or it was on the way while the graph changed."""


Next = Leave | Wait | Do | Look | Finish | Lost | Astray


def next_of(graph: Graph, token: Mapping[str, Any], customer_key: str, zone: str, now_ms: int) -> Next:
    """Say what a token does next."""
    step = graph.step(token["s"])
    if step is None:
        return Astray()
    operation, parameters = str(step["operation"]), step.get("parameters") or {}
    if operation == "NO_ACTION":
        return Finish()
    if operation in EFFECTS:
        return Do(operation)
    if operation == "AB_TEST":
        outcome = split.branch(token["s"], customer_key, parameters.get("shares") or ())
        return leave(graph, token["s"], outcome, now_ms)
    return _waiting(graph, token, operation, parameters, zone, now_ms)


def back(graph: Graph, token: Mapping[str, Any]) -> Leave | Lost:
    """Lead a token whose step is gone to where the step it came from leads now."""
    step, outcome = token.get("from") or ("", "")
    target = graph.after(step, outcome)
    if target is None:
        return Lost("its step is no longer in the graph")
    return Leave(outcome, target, int(token["se"]))


def leave(graph: Graph, step: str, outcome: str, ended_ms: int, to: str | None = None) -> Next:
    """Leave a step by an outcome, or to the step a chosen connection leads to."""
    target = to if to is not None and graph.step(to) is not None else graph.after(step, outcome)
    return Lost(f"no connection leaves it by {outcome}") if target is None else Leave(outcome, target, ended_ms)


def ended_ms(due_ms: int, now_ms: int) -> int:
    """Say when a wait was over: at its time, so that two in a row add up, unless it was taken up much too late."""
    return due_ms if now_ms - due_ms <= PROMPT_MS else now_ms


def _waiting(
    graph: Graph, token: Mapping[str, Any], operation: str, parameters: Mapping[str, Any], zone: str, now_ms: int
) -> Next:
    if token.get("m") is not None:
        return leave(graph, token["s"], "YES", now_ms, token["m"].get("to"))
    is_begun = token.get("wt") == token["v"]
    due_ms = int(token["due"]) if is_begun else _due_ms(operation, parameters, int(token["se"]), zone)
    if not is_begun or now_ms < due_ms:
        event = (parameters.get("event") or {}).get("eventType")
        return Wait(due_ms, str(event) if operation == "WAIT_FOR_TRIGGER" and event else None)
    if operation == "FROM_LAST_STEP":
        return leave(graph, token["s"], "NEXT", ended_ms(due_ms, now_ms))
    return Look(operation)


def _due_ms(operation: str, parameters: Mapping[str, Any], start_ms: int, zone: str) -> int:
    if operation == "WAIT_FOR_TRIGGER":
        return clock.due_ms(start_ms, parameters["timeout"], None, zone)
    return clock.due_ms(start_ms, parameters["wait"], parameters.get("resumeAt"), zone)
