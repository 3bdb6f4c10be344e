"""Which events a source or a check counts, and since when.

An event is `{id, eventType, context, properties, occurredAt, at}`; `at` is its time in milliseconds. Feedback on a
message names its step and token (`step`, `token`), and is matched to the very token it was sent to.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from chalicelib.core import clock
from chalicelib.journeys.rules import conditions
from chalicelib.journeys.rules.conditions import Facts, When
from chalicelib.journeys.rules.entry import MAX_VALUE, text_of

Json = Mapping[str, Any]
FEEDBACK_OF = {
    "SENT": "campaignSent",
    "DELIVERED": "campaignDelivered",
    "OPENED": "campaignOpened",
    "CLICKED": "campaignLinkClicked",
    "SOFT_BOUNCED": "campaignBounced",
    "HARD_BOUNCED": "campaignBounced",
    "UNSUBSCRIBED": "campaignUnsubscribed",
    "MARKED_SPAM": "campaignMarkedSpam",
    "FAILED": "campaignFailed",
}


def sent_event(token: str, step: str, sent: Json) -> dict[str, Any]:
    """Give the event that a message went out: kept with its token, told by nobody. `sent` is {at, v}."""
    at_ms = int(sent["at"])
    return {
        "id": f"sent:{token}:{sent['v']}",
        "eventType": FEEDBACK_OF["SENT"],
        "context": "DIGITAL_CAMPAIGN",
        "properties": {"kind": "SENT"},
        "occurredAt": clock.iso_ms(at_ms),
        "at": at_ms,
        "step": step,
        "token": token,
    }


def fits(rule: Json, event: Json, facts: Facts, at: When) -> bool:
    """Say whether an event is one a rule means: type, context, the step it answers, conditions."""
    if event.get("eventType") != rule.get("eventType"):
        return False
    contexts, step = rule.get("contexts"), rule.get("referencedStepUuid")
    if contexts and event.get("context") not in contexts:
        return False
    if step and event.get("step") != step:
        return False

    def about(subject: str) -> Any:
        return event if subject == conditions.EVENT else facts(subject)

    return conditions.holds(rule.get("conditions"), about, at)


def window_start_ms(rule: Json, *, step_entry_ms: int, automation_entry_ms: int, sent_ms: int | None) -> int:
    """Say since when events count at a check. `sent_ms` is when the referenced step's message went out."""
    since = rule.get("since") or ("REFERENCED_STEP" if rule.get("referencedStepUuid") else "STEP_ENTRY")
    if since == "AUTOMATION_ENTRY":
        return automation_entry_ms
    if since == "REFERENCED_STEP" and sent_ms is not None:
        return sent_ms
    return step_entry_ms


def in_window(events: Iterable[Json], start_ms: int, end_ms: int) -> list[Json]:
    """Keep the events between two instants, both included, in the order in which they happened."""
    kept = [event for event in events if start_ms <= int(event["at"]) <= end_ms]
    return sorted(kept, key=lambda event: (int(event["at"]), str(event["id"])))


def chosen_connection(leaving: Iterable[Json], event: Json | None, facts: Facts, at: When) -> Json | None:
    """Choose among YES connections, in their order, the first whose conditions hold."""

    def about(subject: str) -> Any:
        return event if subject == conditions.EVENT else facts(subject)

    return next((one for one in leaving if conditions.holds(one.get("conditions"), about, at)), None)


def first_match(
    rule: Json, leaving: Sequence[Json], events: Iterable[Json], facts: Facts, at: When
) -> tuple[Json, Json] | None:
    """Find the first event that fits a rule and one of its YES connections; gives both."""
    for event in events:
        if fits(rule, event, facts, at):
            connection = chosen_connection(leaving, event, facts, at)
            if connection is not None:
                return event, connection
    return None


def copied(mapping: Mapping[str, str] | None, event: Json, profile: Any) -> dict[str, str]:
    """Give the attributes a source copies into the token: paths into the event, else into the profile."""
    made = {}
    for name, path in (mapping or {}).items():
        value = conditions.look_up(event, path)
        if value is None:
            value = conditions.look_up(profile, path)
        text = text_of(value)
        if text is not None:
            made[name] = text[:MAX_VALUE]
    return made
