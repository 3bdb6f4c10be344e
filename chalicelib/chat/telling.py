"""Events that nobody's call makes: those of clocks and of states that ended."""

from __future__ import annotations

from typing import Any

from chalicelib.adapters import queue
from chalicelib.chat import queues
from chalicelib.chat.models.events import Event
from chalicelib.core import clock

Json = dict[str, Any]


def store_and_send(item: Event) -> bool:
    """Store an event and have it delivered; False when one of its id is there already. Raises Unavailable."""
    timer = item.timer()
    is_new = item.put(timer)
    if timer is None or timer.is_direct:
        delay_s = 0.0 if timer is None else max(0.0, (timer.due_ms - clock.now_ms()) / 1000)
        queue.send(queues.DELIVER, item.message(), delay_s)
    return is_new


def tell(home: str, bot_id: str, event_id: str, kind: str, payload: Json, conversation_id: str = "") -> bool:
    """Tell a bot something under an id that is the same when it is told again."""
    item = Event.new(home, id=event_id, bot_id=bot_id, type=kind, payload=payload, conversation_id=conversation_id)
    return store_and_send(item)
