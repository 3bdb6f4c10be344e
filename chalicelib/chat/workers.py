"""The queues and the schedule of this context."""

from __future__ import annotations

import contextvars
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from chalice import Blueprint

from chalicelib.adapters import queue
from chalicelib.chat import delivering, erasing, expiring, installing, queues, recurring, waking
from chalicelib.chat.models.timers import DUE
from chalicelib.core import clock, figures
from chalicelib.durable import counts
from chalicelib.durable.sweep import sweep
from chalicelib.edge.worker import Batch, Message, consumes, each, guarded, ticks
from chalicelib.storage.tables import CHAT

workers = Blueprint(__name__)
figures.kept_by(counts.add, counts.total_of_day)


@consumes(workers, queues.SETUP, batch_size=1)
def chat_setup(batch: Batch) -> None:
    """Register and unregister integrations, and remove what is gone."""
    each(_set_up)(batch)


@consumes(workers, queues.DELIVER)
def chat_deliver(batch: Batch) -> None:
    """Hand over messages and events, those of different conversations side by side: bots may take their time."""
    with ThreadPoolExecutor(max_workers=len(batch.messages) or 1) as pool:
        for message in batch.messages:
            pool.submit(contextvars.copy_context().run, _deliver, message, batch.deadline_ms)


@ticks(workers, "chat_tick")
def chat_tick() -> None:
    """Bring what is due."""
    sweep(CHAT, DUE, lambda letters: queue.send_many(queues.DELIVER, letters), waking.message_of, clock.now_ms())


def _deliver(message: Message, deadline_ms: int) -> None:
    def handle(body: dict[str, Any]) -> float | None:
        if "r" in body:
            return recurring.fire(body)
        if "s" in body:
            expiring.expire(body)
        elif "i" in body:
            installing.carry_out(body)
        else:
            delivering.handle(message, deadline_ms)
        return None

    guarded(message, handle)


def _set_up(body: dict[str, Any]) -> None:
    if "goneWorkspace" in body:
        erasing.erase_workspace(body)
    elif "goneConversation" in body:
        erasing.erase_conversation(body)
    elif "gone" in body:
        erasing.erase_bot(body)
    else:
        installing.carry_out(body)
