"""Analytics: what happened to a bot on each day of UTC, counted from what is stored."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from chalicelib.chat import access
from chalicelib.chat.models import counts
from chalicelib.chat.models.bots import Bot
from chalicelib.chat.wire import iso
from chalicelib.core import clock, ids
from chalicelib.core.call import Call
from chalicelib.core.errors import InvalidInput, Unavailable

DAY_MS = 86_400_000
MAX_DAYS = 92
SETTLED_MS = 600_000  # a day's counts are kept when it is over for so long
_MARGIN_MS = 5_000
Json = dict[str, Any]


def read(call: Call) -> Json:
    """Count per day: messages both ways, conversations with any, users made, and older users who said something.

    Days without traffic are there with zeros; the first and the last may be cut by the query. Raises InvalidInput
    (InvalidQuery), NotFound; Unavailable when there is too much to count in one call: what was counted is kept.
    """
    bot = access.administered_bot(call, call.path["id"])
    start_ms, end_ms = _moment(call, "startDate"), _moment(call, "endDate")
    if end_ms < start_ms:
        raise InvalidInput.at("query.endDate", "must not lie before startDate", "range")
    if end_ms - start_ms > MAX_DAYS * DAY_MS:
        raise InvalidInput.at("query.endDate", f"may lie {MAX_DAYS} days after startDate", "range")
    spans = []
    while start_ms < end_ms:
        next_ms = min(end_ms, (start_ms // DAY_MS + 1) * DAY_MS)
        spans.append((start_ms, next_ms))
        start_ms = next_ms
    known = counts.kept(bot.home, bot.id, [_day(start) for start, end in spans if _is_kept(start, end)])
    return {"records": [_record(call, bot, start, end, known) for start, end in spans]}


def _record(call: Call, bot: Bot, start_ms: int, end_ms: int, known: dict[str, Json]) -> Json:
    found = known.get(_day(start_ms)) if _is_kept(start_ms, end_ms) else None
    if found is None:
        found = _count(call, bot, start_ms, end_ms)
        if _is_kept(start_ms, end_ms):
            counts.keep(bot.home, bot.id, _day(start_ms), found)
    return {"startDateTimeUtc": iso(start_ms), "endDateTimeUtc": iso(end_ms), **found}


def _count(call: Call, bot: Bot, start_ms: int, end_ms: int) -> Json:
    said, speakers, places, made = 0, set(), set(), 0
    for page in counts.messages_between(bot.home, bot.id, start_ms, end_ms):
        said += len(page)
        places |= {one["conversation_id"] for one in page}
        speakers |= {one["user_id"] for one in page}
        _check_time(call)
    for page in counts.users_between(bot.home, bot.id, start_ms, end_ms):
        made += len(page)
        _check_time(call)
    returning = [one for one in speakers - {bot.id} if ids.minted_at(one) < start_ms]
    return {"returningUsers": len(returning), "newUsers": made, "sessions": len(places), "messages": said}


def _check_time(call: Call) -> None:
    if clock.now_ms() > call.deadline_ms - _MARGIN_MS:
        raise Unavailable("there is much to count; ask again, or for fewer days")


def _is_kept(start_ms: int, end_ms: int) -> bool:
    is_whole = start_ms % DAY_MS == 0 and end_ms - start_ms == DAY_MS
    return is_whole and end_ms + SETTLED_MS <= clock.now_ms()


def _day(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d")


def _moment(call: Call, name: str) -> int:
    text = call.query.get(name, "")
    try:
        found = datetime.fromisoformat(text)
        at = found if found.tzinfo else found.replace(tzinfo=UTC)
        at_ms = int(at.timestamp() * 1000)
    except (ValueError, OverflowError) as error:
        raise InvalidInput.at(f"query.{name}", "must be a time as in ISO 8601", "time") from error
    if not 0 <= at_ms < 2**47:
        raise InvalidInput.at(f"query.{name}", "must lie after 1970", "range")
    return at_ms
