"""What one execution costs in calls: a notification taken in, one JavaScript transform, one signed POST, recorded.

The counts are those the design promises and the tests count: accept 1 write and 1 send, fan-out no write, a delivery
that works the first time 1 write; batches as they fill under steady load.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Execution:
    """Per execution. Times are of a warm function at the memory of `infra/functions.py`."""

    api_requests: float = 1.0
    api_ms: float = 20.0
    fan_out_ms: float = 6.0  # of a batch's time, shared by its messages
    deliver_ms: float = 120.0  # mostly the receiver's answer; a batch of ten waits for its slowest
    batch: float = 5.0  # messages an invocation, at load; 1 when traffic is thin
    messages: float = 2.0  # one to fan out, one to deliver
    sqs_calls_per_message: float = 0.6  # a tenth to send, receive and delete each in full batches; polling besides
    writes_kb: float = 4.4  # event 2 KB; delivery record 2 KB; two sums of its workspace, shared by a batch of five
    reads_4kb: float = 1.5  # event and subscription by BatchGet, one page by Query, half of it eventually consistent
    stored_kb: float = 4.0
    kept_days: float = 30.0
    log_kb: float = 0.8  # a third of it two lines of figures, shared by a batch of five
    sent_kb: float = 2.0
    runs: float = 2.0  # of scripts: one routes the event, one makes the delivery's body
    run_ms: float = 6.0  # in the runner function, where there is one; a script that calls out runs once more per call
    run_wait_ms: float = 20.0  # of the caller, for the runner's answer; assumed, not measured on AWS
    kms_calls: float = 0.001  # a data key is unwrapped once a process and workspace


TYPICAL = Execution()
METRICS = 20  # of `chalicelib/core/figures.py`, with values in every hour
EMPTY_RECEIVES_PER_QUEUE_S = 0.25  # five long pollers of 20 s a mapping
