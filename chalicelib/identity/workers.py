"""Every queue of identity: what deletions anywhere leave to be done."""

from __future__ import annotations

from chalice import Blueprint

from chalicelib.edge.worker import Batch, consumes, each
from chalicelib.identity import cleanup
from chalicelib.identity.users import CLEANUP_QUEUE

workers = Blueprint(__name__)


@consumes(workers, CLEANUP_QUEUE, batch_size=1)
def platform_cleanup(batch: Batch) -> None:
    """Do one page of work for each deletion."""
    each(cleanup.follow_up)(batch)
