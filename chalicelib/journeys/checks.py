"""Deciding a check: which events of its window it counts, what the profile says, and where that leads."""

from __future__ import annotations

from typing import Any

from chalicelib.durable import due
from chalicelib.journeys import profiles
from chalicelib.journeys.models import tokens, waits
from chalicelib.journeys.rules import conditions, matching, walking
from chalicelib.journeys.rules.conditions import When
from chalicelib.journeys.rules.tokens import Status
from chalicelib.journeys.turns import Turn
from chalicelib.storage.expressions import Change, Condition, Missing, Row, eq, lt
from chalicelib.storage.table import ConditionFailed, Key
from chalicelib.storage.tables import JOURNEYS

Json = dict[str, Any]
CHECKS = frozenset({"WAIT_AND_CHECK", "WAIT_FOR_TRIGGER"})


class Facts:
    """What conditions may ask of a token: its attributes, and its customer's profile, read once when asked for."""

    def __init__(self, turn: Turn) -> None:
        self._turn = turn
        self._profile: Json | None = None

    def __call__(self, subject: str) -> Any:
        """Give what is known of a subject. Raises UpstreamFailed when the profile store is down."""
        if subject == conditions.ATTRIBUTE:
            return self._turn.view["doc"].get("attributes") or {}
        if subject != conditions.CUSTOMER:
            return None
        if self._profile is None:
            node, who = self._turn.node, tokens.identity_of(self._turn.row)
            self._profile = profiles.read(node, who)
        return self._profile


def decide(turn: Turn, now_ms: int) -> walking.Next:
    """Decide a check whose time is over. Raises UpstreamFailed, Unavailable: then it is to be tried again."""
    step, operation = turn.view["s"], str(turn.step["operation"])
    due_ms, facts = int(turn.view["due"]), Facts(turn)
    default = walking.DEFAULTS[operation]
    ended_ms = walking.ended_ms(due_ms, now_ms)
    yes = turn.graph.leaving(step, "YES")
    if operation == "WAIT_AND_CHECK" and turn.parameters.get("subject") == "CUSTOMER":
        chosen = matching.chosen_connection(yes, None, facts, When(now_ms, turn.head.timezone))
    else:
        until_ms = now_ms if turn.view["st"] == Status.RETRYING else due_ms
        found = match(turn, facts, until_ms, now_ms)
        chosen = found[1] if found else None
        if found:
            turn.view["doc"] = {**turn.view["doc"], "matched": dict(found[0])}
    if chosen is None:
        return walking.leave(turn.graph, step, default, ended_ms)
    return walking.leave(turn.graph, step, "YES", ended_ms, str(chosen["toStepUuid"]))


def match(turn: Turn, facts: Facts, until_ms: int, now_ms: int) -> tuple[matching.Json, matching.Json] | None:
    """Find an event of a check's window that it counts, and the connection it leads to."""
    rule = turn.parameters.get("event") or {}
    events = _events(turn, rule, until_ms)
    at = When(now_ms, turn.head.timezone)
    return matching.first_match(rule, turn.graph.leaving(turn.view["s"], "YES"), events, facts, at)


def look_back(turn: Turn, now_ms: int) -> bool:
    """See whether the event a token has begun to wait for came before; then it is ready to go on.

    Events are remembered before waiting tokens are looked for, and a token waits before it looks: one of them sees
    the other.
    """
    try:
        found = match(turn, Facts(turn), now_ms, now_ms)
    except profiles.Unavailing:
        return False  # the events are looked at once more when its time is over
    if found is None:
        return False
    row = matched(turn.row, dict(found[0]), str(found[1]["toStepUuid"]), now_ms)
    if row is None:
        return False
    turn.stored(row)
    return True


def matched(row: Row, event: Json, to: str, now_ms: int) -> Row | None:
    """Let a waiting token leave by an event; None when something else was faster. Then send it a message."""
    key = Key(row["pk"], row["sk"])
    timer = due.at(tokens.DUE, key, now_ms, now_ms)
    put = {"st": Status.READY.value, "m": {"event": event, "to": to}, "seq": row["seq"] + 1, **timer.attributes}
    try:
        return JOURNEYS.update(key, Change(put=put, remove=("aw",)), is_waiting(row, now_ms))
    except ConditionFailed:
        return None


def is_waiting(row: Row, now_ms: int) -> Condition:
    """The token still waits as it did when it was read, and nobody is at it."""
    same = eq("fence", row["fence"]) & eq("seq", row["seq"]) & eq("st", Status.WAITING.value)
    return same & (Missing("until") | lt("until", now_ms))


def _events(turn: Turn, rule: Json, until_ms: int) -> list[matching.Json]:
    step = rule.get("referencedStepUuid")
    sent = (turn.view["doc"].get("sent") or {}).get(step) if step else None
    start_ms = matching.window_start_ms(
        rule,
        step_entry_ms=int(turn.view["se"]),
        automation_entry_ms=int(turn.view["at"]),
        sent_ms=None if sent is None else int(sent["at"]),
    )
    workspace_id, node, token = tokens.parts_of(turn.row["pk"])
    events: list[Json] = []
    if all_sent := turn.view["doc"].get("sent"):
        events = waits.feedback_of(workspace_id, node, token, step)
        events += [matching.sent_event(token, one, told) for one, told in all_sent.items() if step in (None, one)]
    if not step:
        names = tokens.identity_of(turn.row).names()
        events += waits.history_of(workspace_id, node, names, start_ms, until_ms)
    return matching.in_window(events, start_ms, until_ms)
