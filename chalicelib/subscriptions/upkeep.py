"""What subscriptions need beside deliveries: renewals of webhooks that expire, and the work that their end leaves."""

from __future__ import annotations

from chalicelib.adapters import logs
from chalicelib.core import clock
from chalicelib.core.errors import PlatformError
from chalicelib.edge.worker import Batch, Message, backoff_s
from chalicelib.subscriptions import endings, renewals

LONGEST_MS = 25_000  # a hook, and a token renewed before it and once more after a rejection


def keep_up(batch: Batch) -> None:
    """Do the upkeep that messages of a batch ask for, each for itself; what there is no time for comes again."""
    for message in batch.messages:
        if not message.body.keys() & {"ended", "renew"}:
            continue
        if clock.now_ms() > batch.deadline_ms - LONGEST_MS:
            message.again(0)
            continue
        try:
            _keep_up(message)
        except PlatformError as error:
            logs.log("upkeep.failed", level="WARNING", reason=error.message)
            message.again(backoff_s(message.receives))
        except Exception as error:  # noqa: BLE001 one poisonous message must not take its neighbours along
            logs.exception("upkeep.bug", error)
            message.again(backoff_s(message.receives))


def _keep_up(message: Message) -> None:
    if "ended" in message.body:
        endings.clean_up(message.body)
    else:
        renewals.renew(message)
