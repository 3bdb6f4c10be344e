"""What follows a deletion: one message, one page of work, then the same message again until nothing is left.

Subscriptions end first. What their `delete` hooks lean on (tokens, scripts, the trigger itself) stays for a minute
more, so that the hooks, which run from a queue of their own, can take the third party's webhook down.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chalicelib.adapters import logs, queue
from chalicelib.adapters.queue import Letter
from chalicelib.core import clock
from chalicelib.identity import memberships
from chalicelib.identity.models import Group, User
from chalicelib.identity.users import CLEANUP_DELAY_S, CLEANUP_QUEUE

GRACE_MS = 60_000  # a message is sent before its deletion; one whose thing is still there then was never deleted
HOOKS_DELAY_S = 60
COMPONENTS = ("action", "event", "trigger", "security", "variable", "condition", "datatype")
FELT_ELSEWHERE = frozenset({"service", "security", "trigger", "variable"})  # of a public service, by whoever uses it

Body = dict[str, Any]
Step = Callable[[Body], bool]  # does a page of work; True when there is nothing left to do


def follow_up(body: Body) -> None:
    """Do one page of what a deletion leaves to be done, and ask for the next."""
    is_gone, end_subscriptions, clean_up = _steps(body["kind"])
    if not is_gone(body):
        if clock.now_ms() - body["at"] < GRACE_MS:
            queue.send(CLEANUP_QUEUE, body, CLEANUP_DELAY_S)
        else:
            logs.log("cleanup.not_deleted", kind=body["kind"], id=body["id"])
        return
    if body["kind"] in FELT_ELSEWHERE and not body.get("told") and not _tell_users(body):
        return
    body = {**body, "told": True}
    if end_subscriptions is None or body.get("ended"):
        if not clean_up(body):
            queue.send(CLEANUP_QUEUE, body)
    elif end_subscriptions(body):
        queue.send(CLEANUP_QUEUE, {**body, "ended": True}, HOOKS_DELAY_S)
    else:
        queue.send(CLEANUP_QUEUE, body)


def _tell_users(body: Body) -> bool:
    """Let a page of the other workspaces that use a service clean up too; True when that was the last page."""
    from chalicelib.connectors import public as connectors

    service_id = body["id"] if body["kind"] == "service" else body["service"]
    users, after = connectors.users_of_service(body["w"], service_id, body.get("after"))
    queue.send_many(CLEANUP_QUEUE, [Letter({**body, "w": user, "told": True}) for user in users])
    if after is not None:
        queue.send(CLEANUP_QUEUE, {**body, "after": after})
    return after is None


def _steps(kind: str) -> tuple[Step, Step | None, Step]:
    """Give for a kind: is it gone, the end of its subscriptions if it can have any, and the rest."""
    from chalicelib.automations import public as automations  # the other contexts lean on identity
    from chalicelib.connectors import public as connectors
    from chalicelib.credentials import public as credentials
    from chalicelib.subscriptions import public as subscriptions

    if kind == "user":
        return (
            lambda body: User.get(body["w"], id=body["id"]) is None,
            lambda body: subscriptions.end_subscriptions_of_user(body["w"], body["id"]),
            lambda body: (
                automations.end_automations_of_user(body["w"], body["id"])
                and memberships.remove_of_user(body["w"], body["id"])
                and credentials.end_tokens_of_user(body["w"], body["id"])
            ),
        )
    if kind == "group":
        return (
            lambda body: Group.get(body["w"], id=body["id"]) is None,
            None,
            lambda body: memberships.remove_of_group(body["w"], body["id"]),
        )
    if kind == "service":
        return (
            lambda body: connectors.is_service_gone(body["w"], body["id"]),
            lambda body: subscriptions.end_subscriptions_of_service(body["w"], body["id"]),
            lambda body: connectors.clean_up_service(body["w"], body["id"]),
        )
    if kind in COMPONENTS:
        return (
            lambda body: connectors.is_component_gone(body["w"], body["service"], kind, body["id"]),
            None
            if kind != "trigger"
            else lambda body: subscriptions.end_subscriptions_of_trigger(body["w"], body["id"], body["service"]),
            lambda body: connectors.clean_up_component(body["w"], body["service"], kind, body["id"]),
        )
    raise ValueError(f"nothing to clean up for a {kind}")
