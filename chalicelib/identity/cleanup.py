"""What follows a deletion: one message, one page of work, then the same message again until nothing is left."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chalicelib.adapters import logs, queue
from chalicelib.core import clock
from chalicelib.identity.models import User
from chalicelib.identity.users import CLEANUP_DELAY_S, CLEANUP_QUEUE

GRACE_MS = 60_000  # a message is sent before its deletion; one whose thing is still there then was never deleted
COMPONENTS = ("action", "event", "trigger", "security", "variable")

Body = dict[str, Any]


def follow_up(body: Body) -> None:
    """Do one page of what a deletion leaves to be done, and ask for the next."""
    is_gone, clean_up = _steps(body["kind"])
    if not is_gone(body):
        if clock.now_ms() - body["at"] < GRACE_MS:
            queue.send(CLEANUP_QUEUE, body, CLEANUP_DELAY_S)
        else:
            logs.log("cleanup.not_deleted", kind=body["kind"], id=body["id"])
        return
    if not clean_up(body):
        queue.send(CLEANUP_QUEUE, body)


def _steps(kind: str) -> tuple[Callable[[Body], bool], Callable[[Body], bool]]:
    if kind == "user":
        return _is_user_gone, _user
    if kind == "service":
        return _is_service_gone, _service
    if kind in COMPONENTS:
        return _is_component_gone, _component
    raise ValueError(f"nothing to clean up for a {kind}")


def _is_user_gone(body: Body) -> bool:
    return User.get(body["w"], id=body["id"]) is None


def _user(body: Body) -> bool:
    from chalicelib.credentials import public as credentials  # both lean on identity
    from chalicelib.subscriptions import public as subscriptions

    if not subscriptions.end_subscriptions_of_user(body["w"], body["id"]):
        return False
    return credentials.end_tokens_of_user(body["w"], body["id"])


def _is_service_gone(body: Body) -> bool:
    from chalicelib.connectors import public as connectors

    return connectors.is_service_gone(body["w"], body["id"])


def _service(body: Body) -> bool:
    from chalicelib.connectors import public as connectors

    return connectors.clean_up_service(body["w"], body["id"])


def _is_component_gone(body: Body) -> bool:
    from chalicelib.connectors import public as connectors

    return connectors.is_component_gone(body["w"], body["service"], body["kind"], body["id"])


def _component(body: Body) -> bool:
    from chalicelib.connectors import public as connectors

    return connectors.clean_up_component(body["w"], body["service"], body["kind"], body["id"])
