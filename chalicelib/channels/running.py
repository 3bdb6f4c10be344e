"""Moving a notification from step to step (docs/CHANNELS.md): take it, run steps until it waits or ends."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from chalicelib.adapters import logs
from chalicelib.channels import handing_over, names, queues, stored_events, subscribers, waiting
from chalicelib.channels.channel_steps import run as run_channel_step
from chalicelib.channels.jobs import Job, Run, held_until
from chalicelib.channels.models import runs
from chalicelib.channels.models.people import Subscriber
from chalicelib.channels.rules import retrying
from chalicelib.core import clock, figures
from chalicelib.durable import due, leases, outbox, steps
from chalicelib.durable.due import Timer
from chalicelib.durable.leases import Lease, NotTaken
from chalicelib.durable.steps import State
from chalicelib.storage.expressions import Change, Row
from chalicelib.storage.tables import CHANNELS

_DELAY, _DIGEST = _WAITS = ("delay", "digest")
_FIGURES = {"completed": "ChannelMessagesSent", "skipped": "ChannelMessagesSkipped"}
Moved = Lease | None


def run(body: dict[str, Any], deadline_ms: int) -> float | None:
    """Move one notification on. Answers how long to hide its message, or None when that is done with.

    Raises LeaseLost when another worker took over, Unavailable.
    """
    workspace_id, transaction_id, name = body["w"], body["tx"], body["s"]
    event = stored_events.load(workspace_id, transaction_id)
    if event is None:
        return None
    key, now_ms = runs.run_key(workspace_id, transaction_id, name), clock.now_ms()
    lease: Lease | NotTaken = NotTaken(leases.Why.ABSENT)
    if body.get("new"):
        lease = _begin(workspace_id, event, name, deadline_ms)
    if isinstance(lease, NotTaken):
        lease = steps.take(CHANNELS, key, now_ms, held_until(deadline_ms, now_ms) - now_ms)
    if isinstance(lease, NotTaken):
        outbox.flush(CHANNELS, key, lease.row, now_ms)
        return lease.hide_s(now_ms)
    _walk(workspace_id, event, outbox.settle(lease, now_ms), deadline_ms)
    return None


def _begin(workspace_id: str, event: dict[str, Any], name: str, deadline_ms: int) -> Lease | NotTaken:
    """Make the notification of a subscriber, its entry in the list of the day first."""
    sent = event["to"].get(name)
    subscriber = subscribers.take_in(workspace_id, sent) if sent else subscribers.get(workspace_id, name)
    if subscriber is None:
        return NotTaken(leases.Why.ENDED)
    notification_id = names.derived_id(event["at"], event["tx"], name)
    key = runs.run_key(workspace_id, event["tx"], name)
    types = list(dict.fromkeys(step["template"]["type"] for step in event["steps"]))
    entry = {"tx": event["tx"], "s": name, "wf": event["workflow"]["id"], "ch": types, "e": subscriber.email or ""}
    CHANNELS.put(runs.activity_row(workspace_id, notification_id, event["at"], entry))
    now_ms = clock.now_ms()
    fields = {
        "nid": notification_id,
        "sid": subscriber.id,
        "pos": 0,
        "sa": now_ms,
        "exp": event["at"] // 1000 + runs.KEEP_S,
    }
    return steps.create(CHANNELS, steps.new_row(key, fields), now_ms, held_until(deadline_ms, now_ms) - now_ms)


def _walk(workspace_id: str, event: dict[str, Any], lease: Lease, deadline_ms: int) -> None:
    """Run steps until the notification waits or ends."""
    _, _, name = runs.parts_of(lease.key)
    subscriber = subscribers.get(workspace_id, name)
    actor = _actor(workspace_id, event)
    moved: Moved = lease
    while moved is not None:
        lease = moved
        if lease.is_cancelled:
            handing_over.end(lease, deadline_ms)
            return
        position = int(lease.row["pos"])
        if subscriber is None or position >= len(event["steps"]):
            steps.finish(CHANNELS, lease, State.DONE)
            return
        at = Run(workspace_id, event, subscriber, lease.row["nid"], position, int(lease.row["sa"]), deadline_ms)
        moved = _step(replace(at, events=waiting.collected(workspace_id, lease.row), actor=actor), lease)


def _actor(workspace_id: str, event: dict[str, Any]) -> Subscriber | None:
    """Read who set the event off, as that one is now."""
    actor = event.get("actor")
    return subscribers.get(workspace_id, actor["subscriberId"]) if actor else None


def _step(at: Run, lease: Lease) -> Moved:
    kind = at.step["template"]["type"]
    outcome: waiting.Outcome
    if kind == _DELAY:
        outcome = waiting.delay(at, lease)
    elif kind == _DIGEST:
        outcome = waiting.digest(at, lease)
    else:
        job = run_channel_step(at, Job.continued(runs.job_of(lease.row, at.position)))
        wait_s = retrying.delay_s(job.attempt, job.wish_s, at.notification_id) if job.is_deferred else None
        if wait_s is not None:
            moved = _again(at, lease, job, wait_s)
            figures.add("ChannelMessagesRetried", workspace_id=at.workspace_id)
            return moved
        outcome = job
    if isinstance(outcome, Job):
        return _advance(at, lease, outcome, Change())
    if isinstance(outcome, waiting.Merged):
        return _merge(at, outcome)
    if isinstance(outcome, waiting.Closing):
        return _advance(at, lease, outcome.job, Change(remove=("dgo",)))
    return _wait(at, outcome)


def _advance(at: Run, lease: Lease, job: Job, change: Change) -> Moved:
    """Write what became of a step; the last one ends the notification in the same write."""
    now_ms, put = clock.now_ms(), {runs.job_name(at.position): runs.job_text(job.stored(at.room))}
    stops = job.stops or (job.status == "failed" and at.step.get("shouldStopOnFail"))
    last = at.position + 1 == len(at.event["steps"])
    put_all: dict[str, Any] = {**change.put, **put, "pos": at.position + 1, "sa": now_ms}
    whole = replace(change, put=put_all)
    moved: Moved = None
    if stops or last:
        steps.finish(CHANNELS, lease, State.FAILED if stops else State.DONE, change=whole)
    else:
        moved = steps.commit(CHANNELS, lease, held_until(at.deadline_ms, now_ms), change=whole)
    if at.step["template"]["type"] not in _WAITS:
        _report(at, job)
    return moved


def _report(at: Run, job: Job) -> None:
    """Count what became of a step that delivers, and log its failure."""
    figures.add(_FIGURES.get(job.status, "ChannelMessagesFailed"), workspace_id=at.workspace_id)
    if job.status == "failed":
        kind, last = at.step["template"]["type"], job.details[-1]["detail"] if job.details else None
        about = {"workspace": at.workspace_id, "notificationId": at.notification_id, "channel": kind}
        logs.log("notification.step_failed", level="WARNING", attempts=job.attempt, reason=last, **about)


def _merge(at: Run, merged: waiting.Merged) -> Moved:
    """End a notification whose event another one collects."""
    job = Job("merged").note("The event was merged into a digest", raw=merged.into)
    put = {runs.job_name(at.position): runs.job_text(job.stored(at.room)), "into": merged.into}
    change = Change(put=put, remove=("dgo", "dg", "dgn"))
    steps.finish(CHANNELS, merged.lease, State.DONE, change=change)
    return None


def _wait(at: Run, wait: waiting.Wait) -> Moved:
    """Let a notification wait; its message goes out with the same write."""
    put = {
        runs.job_name(at.position): runs.job_text(wait.job.stored(at.room)),
        "wp": at.position,
        "sa": wait.timer.due_ms,
    }
    return _suspend(wait.lease, wait.timer, put)


def _again(at: Run, lease: Lease, job: Job, wait_s: int) -> Moved:
    """Let a notification wait to try its step again. When the step began stays, and so do its messages' ids."""
    now_ms = clock.now_ms()
    timer = due.at(runs.DUE, lease.key, now_ms + wait_s * 1_000, now_ms)
    return _suspend(lease, timer, {runs.job_name(at.position): runs.job_text(job.stored(at.room))})


def _suspend(lease: Lease, timer: Timer, put: dict[str, Any]) -> Moved:
    exp_s = timer.due_ms // 1_000 + runs.AFTER_S
    if exp_s > int(lease.row["exp"]):  # the event first: without it nothing could go on
        runs.keep_event(lease.key, exp_s)
        put["exp"] = exp_s
    messages = outbox.wake(queues.NOTIFY, runs.run_message(*lease.key), timer)
    row: Row | Lease = steps.suspend(CHANNELS, lease, timer=timer, out=messages, change=Change(put=put))
    if isinstance(row, Lease):
        return outbox.settle(row, clock.now_ms())
    outbox.flush(CHANNELS, lease.key, row, clock.now_ms(), is_own=True)
    return None
