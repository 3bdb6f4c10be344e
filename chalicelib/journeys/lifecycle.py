"""Statuses of automations: who moves them, what is written with a move, and how tokens come to know of it."""

from __future__ import annotations

from contextlib import suppress

from chalicelib.adapters import logs, queue
from chalicelib.core import clock
from chalicelib.core.errors import Conflict, VersionConflict
from chalicelib.journeys import graphs, queues
from chalicelib.journeys.models import automations as stored
from chalicelib.journeys.models import nodes
from chalicelib.journeys.models.automations import Automation
from chalicelib.journeys.rules import lifecycle as rules
from chalicelib.journeys.rules.lifecycle import (
    GONE,
    PAUSED,
    RUNNING,
    TO_ARCHIVE,
    TO_DELETE,
    Actor,
    Status,
)

_ATTEMPTS = 5


def check(head: Automation, to: Status) -> None:
    """Refuse what a client may not ask of an automation. Raises Conflict."""
    if to is not head.state and not rules.may(Actor.CLIENT, head.state, to):
        raise Conflict(
            f"an automation that is {head.status} cannot become {to}",
            details={"status": head.status, "allowed": allowed(head.state)},
        )


def allowed(current: Status) -> list[str]:
    """List where a client may lead an automation from here."""
    return sorted(to for to in rules.TRANSITIONS[current] if to is not None and rules.may(Actor.CLIENT, current, to))


def move(head: Automation, to: Status, reason: str | None = None, *, removes: bool = False) -> None:
    """Change the status and what goes with it; nothing is stored yet. `removes` is removeExpiredCustomers."""
    now_ms, before = clock.now_ms(), head.state
    if to is before:
        return
    if to is PAUSED:
        head.pauses = [*head.pauses, {"paused_at": now_ms}][-stored.MAX_PAUSES :]
    elif before is PAUSED:
        last = head.pauses[-1]
        head.pauses = [*head.pauses[:-1], {**last, "resumed_at": now_ms, "removes": removes and to is RUNNING}]
    if to is RUNNING and head.started_at is None:
        head.started_at = now_ms
    head.status, head.reason = to, reason
    head.owes = [*head.owes, [before, to]]


def store(head: Automation, before: Status, by: str | None = None) -> None:
    """Store a changed head, and count its transition with it. Raises VersionConflict."""
    head.edition += 1
    head.save(by=by, also=stored.count_write(head, before, head.status))
    stored.forget()
    if head.state is not before:
        logs.log("automation.moved", automation=head.id, **{"from": before, "to": head.status})


def settle(head: Automation) -> Automation:
    """Tell tokens of the transitions they do not know yet, and wake the clock for dates that are near.

    Raises Unavailable; the sweep makes good what was left. Answers the head as it is then.
    """
    from chalicelib.journeys import moving  # which moves automations itself

    for before, after in head.owes:
        moving.after_transition(head.workspace_id, head.node, head, Status(before), Status(after))
    if head.owes:
        head.owes = []
        try:
            head.save()
        except VersionConflict:  # whoever was faster had our transitions to tell as well
            return head
        finally:
            stored.forget()
    wake(head)
    return head


def wake(head: Automation) -> None:
    """Send the clock's message when a date is so near that the index alone would be late."""
    timer = head.timer()
    if timer is not None and timer.is_direct:
        body = {"w": head.workspace_id, "n": head.node, "a": head.id}
        queue.send(queues.LIFECYCLE, body, (timer.due_ms - clock.now_ms()) / 1000)


def engine_transition(automation: Automation, to: str | None, reason: str | None = None) -> Automation | None:
    """Lead an automation on for the engine; `to` None removes one that is TO_DELETE and has no tokens any more.

    Answers it as it is then, whoever made it so: compare its status. None when it is gone. Raises Unavailable.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        head = stored.load(automation.workspace_id, automation.node, automation.id, fresh=True)
        if head is None:
            return None
        target = None if to is None else Status(to)
        if not rules.may(Actor.ENGINE, head.state, target):
            return head
        if target is GONE:
            _erase(head)
            return None
        before = head.state
        move(head, target, reason)
        try:
            store(head, before)
        except VersionConflict:
            if attempt == _ATTEMPTS:
                raise
            continue
        return settle(head)
    raise AssertionError("unreachable")


def keep_time(workspace_id: str, node: str, automation: str) -> None:
    """Do what an automation's time has come for: tell tokens what they are owed, follow its dates."""
    head = stored.load(workspace_id, node, automation, fresh=True)
    if head is None:
        return
    if head.owes:
        head = settle(head)
    place = nodes.load(workspace_id, node, fresh=True)
    if place is None or not place.active:
        _sleep(head)
        return
    to = rules.by_clock(head.state, head.start_at, head.end_at, clock.now_ms())
    if to is not None:
        engine_transition(head, to, "END_DATE" if to is TO_ARCHIVE else "START_DATE")


def wake_up(head: Automation) -> None:
    """Set an automation going again after its node was switched on: its dates, and what stood still in it."""
    from chalicelib.journeys import moving

    if head.is_asleep:
        head.is_asleep = False
        with suppress(VersionConflict):
            head.save()
        stored.forget()
    keep_time(head.workspace_id, head.node, head.id)
    now = stored.load(head.workspace_id, head.node, head.id, fresh=True)
    if now is not None and now.state is RUNNING:
        moving.after_transition(now.workspace_id, now.node, now, RUNNING, RUNNING)
    if now is not None:
        wake(now)


def condemn(head: Automation) -> None:
    """Begin to erase an automation of a node that is deleted, whatever its status."""
    before = head.state
    if before is not TO_DELETE:
        move(head, TO_DELETE, "NODE_DELETED")
        store(head, before)
    settle(head)


def _sleep(head: Automation) -> None:
    """Let the dates of an automation rest while its node is switched off."""
    if not head.is_asleep and head.state in rules.LIVE:
        head.is_asleep = True
        with suppress(VersionConflict):
            head.save()
        stored.forget()


def _erase(head: Automation) -> None:
    """Remove an automation: the names of its steps, its graphs and their big values, the head last."""
    graphs.remove_all(head)
    head.remove(also=stored.count_write(head, head.status, None))
    stored.forget()
