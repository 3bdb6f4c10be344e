"""Whether a step's filters hold: what they compare with is rendered first, and some need more than the event tells."""

from __future__ import annotations

from typing import Any

import orjson

from chalicelib.adapters import http_client
from chalicelib.adapters.http_client import Request
from chalicelib.channels.jobs import Run
from chalicelib.channels.models import messages, runs
from chalicelib.channels.rules import conditions
from chalicelib.channels.templates import TemplateFault, render
from chalicelib.core.errors import InvalidInput, UpstreamFailed
from chalicelib.storage.tables import CHANNELS

_MARKS = {"read": ("read", True), "unread": ("read", False), "seen": ("seen", True), "unseen": ("seen", False)}


def passes(at: Run) -> bool:
    """Say whether the filters of the step at hand hold. Raises Unavailable."""
    return _hold(at.step.get("filters") or [], at)


def picks(variant: dict[str, Any], at: Run) -> bool:
    """Say whether a variant of the step stands in for it: one without filters never does. Raises Unavailable."""
    groups = variant.get("filters") or []
    return bool(groups) and variant.get("active") is True and _hold(groups, at)


def chooses(groups: list[dict[str, Any]], at: Run) -> bool:
    """Say whether the conditions of an integration hold."""
    return conditions.passes(rendered(groups, at), at.facts())


def rendered(groups: list[dict[str, Any]], at: Run) -> list[dict[str, Any]]:
    """Render the values that conditions compare with; one that cannot be rendered stays as it is."""
    data = at.data()
    made = []
    for group in groups:
        children = [{**child, "value": _value(child.get("value"), data)} for child in group["children"]]
        made.append({**group, "children": children})
    return made


def _hold(groups: list[dict[str, Any]], at: Run) -> bool:
    return not groups or conditions.passes(rendered(groups, at), at.facts(), lambda child: _special(at, child))


def _value(value: Any, data: dict[str, Any]) -> Any:
    if not isinstance(value, str) or "{{" not in value:
        return value
    try:
        return render(value, data, escapes=False)
    except TemplateFault:
        return value


def _special(at: Run, child: Any) -> bool:
    kind = child.get("on")
    if kind == "previousStep":
        return _previous_step(at, child)
    if kind == "webhook":
        return _webhook(at, child)
    if at.subscriber.is_online is None and not at.subscriber.last_online_at:
        return False  # nobody ever said whether this one is there
    is_online = bool(at.subscriber.is_online)
    if kind == "isOnline":
        return is_online == (str(child.get("value")).lower() == "true")
    return is_online or conditions.is_online_in_last(at.subscriber.last_online_at, child, at.at_ms)


def _previous_step(at: Run, child: Any) -> bool:
    """Look at the marks of an earlier step's message; without a message nothing speaks against this step.

    Only the inbox tells of its marks: a message of another channel is neither seen nor read.
    """
    steps = at.event["steps"]
    position = next((n for n, step in enumerate(steps) if child.get("step") in (step["uuid"], step["_id"])), -1)
    row = CHANNELS.get(runs.run_key(at.workspace_id, at.transaction_id, at.subscriber.subscriber_id)) or {}
    told = (runs.job_of(row, position) or {}).get("m")
    if not told:
        return True
    mark, value = _MARKS.get(str(child.get("stepType")), ("seen", True))
    if steps[position]["template"]["type"] != messages.IN_APP:
        return not value
    found = messages.get_in_app(at.workspace_id, at.subscriber.subscriber_id, told[:1])
    return not found or bool(found[0][mark] is value)


def _webhook(at: Run, child: Any) -> bool:
    """Ask a receiver of the tenant's own, and compare with its answer; without one the comparison fails."""
    body = {
        "subscriber": at.facts()["subscriber"],
        "payload": at.payload,
        "identifier": at.event["workflow"]["identifier"],
        "channel": at.step["template"]["type"],
    }
    kind = {"Content-Type": "application/json"}
    try:
        request = Request("POST", str(child.get("webhookUrl")), kind, orjson.dumps(body), timeout_s=5)
        answer = orjson.loads(http_client.send(at.workspace_id, request).body)
    except (UpstreamFailed, InvalidInput, orjson.JSONDecodeError):
        return False
    return conditions.child_holds(child, {"webhook": answer})
