"""Handing over: events to bots, messages to integrations; in order within a conversation, tried again, given up.

A lane is taken, what waits in it is handed over one after the other, and it is let go when nothing waits. Nothing
overtakes what fails: the lane rests. Whoever finds a lane held or resting rings and leaves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chalicelib.adapters import logs, queue
from chalicelib.chat import calling, outgoing, queues, views
from chalicelib.chat.models import bots, events, lanes, log_lines, messages
from chalicelib.chat.models.bots import Bot
from chalicelib.chat.models.events import Event
from chalicelib.chat.models.messages import IN, OUT, Message
from chalicelib.chat.outgoing import Outcome
from chalicelib.chat.rules import retry_delay_s
from chalicelib.core import clock, figures
from chalicelib.core.errors import QuotaExceeded
from chalicelib.durable.due import Timer
from chalicelib.durable.leases import Lease, NotTaken, Why
from chalicelib.edge.worker import Message as Letter
from chalicelib.edge.worker import backoff_s
from chalicelib.storage.expressions import Row

_TAKES = 5
_PATIENT_RECEIVES = 4
_MARGIN_MS = 5_000
Json = dict[str, Any]


@dataclass(frozen=True)
class Place:
    """A lane of a conversation of a bot, and until when this worker may work."""

    bot: Bot
    conversation_id: str
    lane: str
    deadline_ms: int

    def message(self) -> Json:
        """Make the message that brings it back."""
        return {"b": self.bot.id, "c": self.conversation_id, "l": self.lane}


def handle(letter: Letter, deadline_ms: int) -> None:
    """Deliver what a message is about. Raises LeaseLost, Unavailable: the message comes again."""
    body = letter.body
    bot = bots.find_anywhere(body["b"])
    if bot is None:
        return
    if "e" in body:
        hide_s = _deliver_event(bot, body["e"], deadline_ms)
        if hide_s is not None:
            letter.again(hide_s)
        return
    lane = body.get("l") or lane_of(bot, body["c"], body["m"])
    if lane is None and letter.receives > 1:  # a worker may have fallen at what it handed over after this
        lane = _former_lane_of(bot, body["m"])
    if lane is None:
        return
    place = Place(bot, body["c"], lane, deadline_ms)
    _drain(place, letter, body.get("m", ""))


def _drain(place: Place, letter: Letter, called: str) -> None:
    """Take the lane and hand over what waits there; ring when somebody else has it, or it rests."""
    key = lanes.lane_key(place.bot.home, place.bot.id, place.conversation_id, place.lane)
    for _ in range(_TAKES):
        now_ms = clock.now_ms()
        lease = lanes.take(key, now_ms, _lease_ms(place, now_ms))
        if isinstance(lease, Lease):
            _hand_over(place, lease, called)
            return
        if lanes.ring(key, called, lease, now_ms):
            if lease.why is Why.HELD and 1 < letter.receives < _PATIENT_RECEIVES:
                # Perhaps the holder fell with it: at the lease's end it is sooner there than the due index.
                letter.again(lease.hide_s(now_ms) or backoff_s(letter.receives))
            return
    letter.again(backoff_s(letter.receives))


def _hand_over(place: Place, lease: Lease, called: str) -> None:
    bot, cursor, tries = place.bot, "", int(lease.row.get("n", 0))
    while True:
        now_ms = clock.now_ms()
        found, is_whole = lanes.waiting(bot.home, bot.id, place.conversation_id, place.lane, lease.row, now_ms, called)
        called = called if any(entry["sk"] == called for entry in found) else ""
        for entry in found:
            if clock.now_ms() + _longest_ms() > place.deadline_ms:
                _rest(place, lease, cursor, tries, 0, called)
                return
            try:
                outcome = _deliver_entry(place, entry)
            except QuotaExceeded as error:  # no try of it, and nothing overtakes
                _note_wait(bot, entry["sk"], error)
                _rest(place, lease, cursor, tries, error.pause_s, called)
                return
            if not outcome.is_over:
                tries += 1
                delay_s = retry_delay_s(tries, has_answered=outcome.has_answered)
                if delay_s is not None:
                    figures.add("ChatEventsRetried", workspace_id=bot.workspace_id)
                    _rest(place, lease, cursor, tries, delay_s, called)
                    return
                give_up(bot, place.conversation_id, place.lane, entry, outcome.reason)
            else:
                messages.unmark(messages.entry_key(bot.home, bot.id, place.conversation_id, entry["sk"]))
                figures.add("ChatEventsDelivered", workspace_id=bot.workspace_id)
            cursor, tries = max(cursor, entry["sk"]), 0
            called = "" if entry["sk"] == called else called
        if is_whole and lanes.release(lease, cursor):
            return
        now_ms = clock.now_ms()
        lease = lanes.look_again(lease, now_ms, _lease_ms(place, now_ms))


def _rest(place: Place, lease: Lease, cursor: str, tries: int, delay_s: float, called: str) -> None:
    now_ms = clock.now_ms()
    timer = lanes.pause(lease, cursor, tries, now_ms + int(delay_s * 1000), now_ms, called)
    if timer.is_direct:
        queue.send(queues.DELIVER, place.message(), delay_s)


def _deliver_entry(place: Place, entry: Row) -> Outcome:
    bot, event_id = place.bot, entry["sk"]
    if entry.get("k") == "e":
        event = Event.get(bot.home, bot_id=bot.id, id=event_id)
        if event is None:
            return Outcome(is_over=True)
        outcome = outgoing.tell_bot(bot, views.event(event))
        if outcome.is_over:
            events.mark(bot.home, bot.id, event_id, events.PROCESSED)
        return outcome
    item = Message.get(bot.home, bot_id=bot.id, id=event_id)
    if item is None:
        return Outcome(is_over=True)
    return outgoing.tell_bot_of_message(bot, item) if place.lane == IN else outgoing.tell_integration(bot, item)


def give_up(bot: Bot, conversation_id: str, lane: str, entry: Row, reason: str) -> None:
    """End the waiting of an entry that cannot be handed over, for the bot's people to see."""
    if entry.get("k") == "e":
        events.mark(bot.home, bot.id, entry["sk"], events.FAILED)
    what = "the bot" if lane == IN else "the integration"
    logs.log("chat.given_up", level="WARNING", workspace=bot.workspace_id, bot=bot.id, entry=entry["sk"], lane=lane)
    log_lines.write_line(bot.home, bot.id, "error", f"{entry['sk']} was given up: {what}: {reason}")
    messages.unmark(messages.entry_key(bot.home, bot.id, conversation_id, entry["sk"]))
    figures.add("ChatEventsFailed", workspace_id=bot.workspace_id)


def _deliver_event(bot: Bot, event_id: str, deadline_ms: int) -> float | None:
    """Deliver an event of no conversation; answers how long to hide its message, None when it is done with."""
    now_ms = clock.now_ms()
    lease = events.take(Event.key(bot.home, bot_id=bot.id, id=event_id), now_ms, deadline_ms - now_ms + _MARGIN_MS)
    if isinstance(lease, NotTaken):
        return lease.hide_s(now_ms)
    tries = int(lease.row.get("n", 0))
    try:
        outcome = outgoing.tell_bot(bot, views.event(Event.from_row(lease.row)))
    except QuotaExceeded as error:
        _note_wait(bot, event_id, error)
        _pause(lease, tries, error.pause_s)
        return None
    if outcome.is_over:
        events.end(lease, events.PROCESSED)
        figures.add("ChatEventsDelivered", workspace_id=bot.workspace_id)
        return None
    delay_s = retry_delay_s(tries + 1, has_answered=outcome.has_answered)
    if delay_s is None:
        events.end(lease, events.FAILED)
        figures.add("ChatEventsFailed", workspace_id=bot.workspace_id)
        logs.log("chat.given_up", level="WARNING", workspace=bot.workspace_id, bot=bot.id, entry=event_id)
        log_lines.write_line(bot.home, bot.id, "error", f"event {event_id} was given up: the bot: {outcome.reason}")
        return None
    figures.add("ChatEventsRetried", workspace_id=bot.workspace_id)
    _pause(lease, tries + 1, delay_s)
    return None


def _note_wait(bot: Bot, entry_id: str, error: QuotaExceeded) -> None:
    log_lines.write_line(bot.home, bot.id, "warn", f"{entry_id} waits: {error.message}")


def _pause(lease: Lease, tries: int, delay_s: float) -> None:
    now_ms = clock.now_ms()
    timer: Timer = events.pause(lease, tries, now_ms + int(delay_s * 1000), now_ms)
    if timer.is_direct:
        queue.send(queues.DELIVER, events.event_message(*lease.key), delay_s)


def lane_of(bot: Bot, conversation_id: str, entry_id: str) -> str | None:
    """Find out which way an entry goes; None when it is gone or was handed over."""
    row = lanes.entry_of(bot.home, bot.id, conversation_id, entry_id)
    if row is None:
        return None
    lane = row.get("p")
    return lane if lane in (IN, OUT) else None


def _former_lane_of(bot: Bot, entry_id: str) -> str | None:
    """Find out which way an entry went that was handed over; None when it is gone."""
    item = Message.get(bot.home, bot_id=bot.id, id=entry_id)
    if item is not None:
        return item.lane
    return IN if Event.get(bot.home, bot_id=bot.id, id=entry_id) is not None else None


def _lease_ms(place: Place, now_ms: int) -> int:
    return max(_MARGIN_MS, place.deadline_ms - now_ms + _MARGIN_MS)


def _longest_ms() -> int:
    return int(calling.WORKER_TIMEOUT_S * 1000)
