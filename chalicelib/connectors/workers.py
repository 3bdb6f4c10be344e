"""Every queue of connectors: the imports that go on by themselves."""

from __future__ import annotations

from chalice import Blueprint

from chalicelib.connectors.openapi import batch
from chalicelib.core.errors import PlatformError
from chalicelib.edge.worker import Batch, backoff_s, consumes

workers = Blueprint(__name__)


@consumes(workers, batch.QUEUE, batch_size=1)
def connectors_import(batch_at_hand: Batch) -> None:
    """Do one take of an import."""
    for message in batch_at_hand.messages:
        try:
            again_s = batch.advance(message.body, batch_at_hand.deadline_ms)
        except PlatformError as error:
            if not error.retryable:
                raise
            again_s = backoff_s(message.receives)
        if again_s is not None:
            message.again(again_s)
