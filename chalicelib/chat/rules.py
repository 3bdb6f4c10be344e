"""Decisions of chat without I/O: names, versions, tags, definitions and how they merge."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from chalicelib.core.errors import InvalidInput, NotFound

Json = dict[str, Any]
LATEST = "latest"
MAX_TAG_CHARS = 500
_IDENTIFIER = re.compile(r"[a-z][a-zA-Z0-9]{1,99}")
_SEMVER = re.compile(
    r"(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})(?:-([0-9A-Za-z.-]{1,64}))?(?:\+[0-9A-Za-z.-]{1,64})?"
)
# No R and no H, which croniter knows too: chance would be asked again at each look.
_CRON_PART = r"(?:[*?L]|[0-9]{1,2}L?|[A-Za-z]{3})(?:-(?:[0-9]{1,2}|[A-Za-z]{3}))?(?:/[0-9]{1,2})?(?:#[1-5])?"
_CRON_FIELD = re.compile(rf"{_CRON_PART}(?:,{_CRON_PART})*")
_HANDLER = re.compile(r"^[ \t]*(?:async[ \t]+)?function[ \t]+handler[ \t]*\(", re.MULTILINE)


def check_identifier(name: str, where: str) -> None:
    """Refuse a name that breaks the rule for names. Raises InvalidInput (InvalidIdentifier)."""
    if not _IDENTIFIER.fullmatch(name):
        message = "must begin with a small letter and have 2 to 100 letters and digits"
        raise InvalidInput.at(where, message, "identifier")


def check_version(version: str, where: str) -> None:
    """Refuse a version that is not a semver. Raises InvalidInput."""
    if not _SEMVER.fullmatch(version):
        raise InvalidInput.at(where, "must be a version like 1.2.3", "version")


def version_order(version: str) -> tuple[Any, ...]:
    """Give what versions are ordered by: as semver does, a pre-release before its release."""
    found = _SEMVER.fullmatch(version)
    if found is None:
        return (-1,)
    numbers, before = tuple(int(part) for part in found.group(1, 2, 3)), found[4]
    if before is None:
        return (*numbers, 1, ())
    parts = tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in before.split("."))
    return (*numbers, 0, parts)


def chosen_version(versions: Iterable[Json], wanted: str) -> Json:
    """Choose among listed versions (`v`) the one wanted, or the highest for `latest`. Raises NotFound."""
    found = list(versions)
    if wanted == LATEST:
        if found:
            return max(found, key=lambda one: version_order(one["v"]))
    else:
        for one in found:
            if one["v"] == wanted:
                return one
    raise NotFound(f"no such integration version: {wanted[:80]}")


def has_handler(code: str) -> bool:
    """Say whether code has the form that runs here: it declares `function handler(...)`."""
    return _HANDLER.search(code) is not None


def merged(old: Mapping[str, Any], sent: Mapping[str, Any] | None) -> Json:
    """Merge one map of definitions into another: what was not sent stays, null removes."""
    made = {**old, **(sent or {})}
    return {name: value for name, value in made.items() if value is not None}


def tags_merged(old: Mapping[str, Any], names: list[str] | None, definitions: Mapping[str, Any] | None) -> Json:
    """Merge tag definitions: a list of names replaces them, keeping their texts; a map merges, null removes."""
    kept = dict(old)
    if names is not None:
        kept = {name: old.get(name, {}) for name in names}
    return merged(kept, definitions)


def channel_merged(old: Json | None, sent: Json) -> Json:
    """Merge what was sent of a channel into its stored form: title, description, messages, tags, creation."""
    made: Json = old or {"messages": {}, "tags": {"messages": {}, "conversations": {}}, "creation": no_creation()}
    made = {**made, **{name: sent[name] for name in ("title", "description") if name in sent}}
    made["messages"] = merged(made["messages"], sent.get("messages"))
    lists, conversation, message = (sent.get(name) or {} for name in ("tags", "conversation", "message"))
    made["tags"] = {
        "messages": tags_merged(made["tags"]["messages"], lists.get("messages"), message.get("tags")),
        "conversations": tags_merged(
            made["tags"]["conversations"], lists.get("conversations"), conversation.get("tags")
        ),
    }
    if conversation.get("creation") is not None:
        made["creation"] = conversation["creation"]
    return made


def no_creation() -> Json:
    """Say that objects are not to be created on request."""
    return {"enabled": False, "requiredTags": []}


def event_type_of(integration_name: str | None, sent: str) -> str:
    """Spell an event's type: a bare one made by an integration gets its name as prefix."""
    if integration_name is None or ":" in sent:
        return sent
    return f"{integration_name}:{sent}"


def check_cron(cron: str, where: str) -> None:
    """Refuse what is not five cron fields that ever come. Raises InvalidInput."""
    from croniter import croniter  # heavy

    fields = cron.split()
    if len(fields) != 5 or not all(map(_CRON_FIELD.fullmatch, fields)) or not croniter.is_valid(cron):
        raise InvalidInput.at(where, "must be five cron fields: minute hour day month weekday (UTC)", "cron")
    if next_cron_ms(cron, 0) is None:
        raise InvalidInput.at(where, "never comes", "cron")


def next_cron_ms(cron: str, after_ms: int) -> int | None:
    """Say when a schedule comes next in UTC, strictly after a time; None for one that never does."""
    from croniter import CroniterBadDateError, croniter  # heavy

    try:
        return int(croniter(cron, after_ms / 1000).get_next(float)) * 1000
    except CroniterBadDateError:
        return None


UNREACHABLE_S = (1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 3600, 7200, 7200, 14400, 14400, 14400, 14400)
ANSWERED_S = (5, 30, 120)  # who answers, and refuses, will hardly take the same later


def retry_delay_s(tries: int, *, has_answered: bool) -> int | None:
    """Say how long to wait after a failed try, counted from 1; None to give up.

    A day for who cannot be reached, minutes for who answers and refuses.
    """
    schedule = ANSWERED_S if has_answered else UNREACHABLE_S
    return schedule[tries - 1] if tries <= len(schedule) else None
