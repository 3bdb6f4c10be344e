"""The queues and the schedule of this context."""

from __future__ import annotations

import contextvars
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from chalice import Blueprint, Rate

from chalicelib.adapters import logs, queue
from chalicelib.chat import delivering, erasing, expiring, installing, queues, recurring, waking
from chalicelib.chat.models.timers import DUE
from chalicelib.core import clock
from chalicelib.core.errors import PlatformError
from chalicelib.durable.sweep import sweep
from chalicelib.edge.worker import Batch, Message, backoff_s, consumes, each
from chalicelib.storage.tables import CHAT

workers = Blueprint(__name__)


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


@workers.schedule(Rate(1, unit=Rate.MINUTES), name="chat_tick")
def chat_tick(_event: Any) -> None:
    """Bring what is due."""
    sweep(CHAT, DUE, lambda letters: queue.send_many(queues.DELIVER, letters), waking.message_of, clock.now_ms())


def _deliver(message: Message, deadline_ms: int) -> None:
    try:
        if "r" in message.body:
            hide_s = recurring.fire(message.body)
            if hide_s is not None:
                message.again(hide_s)
        elif "s" in message.body:
            expiring.expire(message.body)
        else:
            delivering.handle(message, deadline_ms)
    except PlatformError as error:
        if error.retryable:
            message.again(backoff_s(message.receives))
        else:
            logs.log("delivery.given_up", level="ERROR", error=type(error).__name__, reason=error.message)
    except Exception as error:  # noqa: BLE001 one poisonous message must not take its neighbours along
        logs.exception("delivery.failed", error)
        message.again(backoff_s(message.receives))


def _set_up(body: dict[str, Any]) -> None:
    if "goneWorkspace" in body:
        erasing.erase_workspace(body)
    elif "goneConversation" in body:
        erasing.erase_conversation(body)
    elif "gone" in body:
        erasing.erase_bot(body)
    else:
        installing.carry_out(body)
