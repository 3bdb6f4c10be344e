"""One attempt: the trigger's logic makes the output, the output becomes a signed POST."""

from __future__ import annotations

import time
from typing import Any

import orjson

from chalicelib.adapters import http_client
from chalicelib.adapters.http_client import Request
from chalicelib.connectors import public as connectors
from chalicelib.connectors.public import Definition, HookRun
from chalicelib.core import clock, config, ids
from chalicelib.core.errors import NotFound, PlatformError, Unavailable
from chalicelib.credentials import public as credentials
from chalicelib.subscriptions import endpoints, forwarding, secrets, signatures
from chalicelib.subscriptions.rules import deliveries as rules
from chalicelib.subscriptions.rules.deliveries import Fate, Verdict
from chalicelib.subscriptions.tasks import Outcome, Task

CONNECT_S = 10.0
MAX_ANSWER_BYTES = 65_536
_UNWANTED = object()
_HEADERS = {"content-type": "application/json", "user-agent": "Millrace-Webhooks/1"}


def attempt(task: Task) -> Outcome:
    """Attempt a delivery once. Raises Unavailable when our own side is at fault: nothing was sent then."""
    try:
        found = _definition(task)
        if not found.service.enabled:
            return Outcome(task, Verdict(Fate.PAUSED, error="the service is switched off"), task.body)
        body = task.body if task.body is not None else _body(task, found)
        if body is None:
            return Outcome(task, Verdict(Fate.UNWANTED, error="the trigger's logic did not want it"))
        url, keys = _receiver(task)
    except Unavailable:
        raise
    except PlatformError as error:
        return Outcome(task, rules.judge_error(error, is_receiver=False), task.body)
    started = time.monotonic()
    verdict = _post(task, url, keys, body)
    return Outcome(task, verdict, body, int((time.monotonic() - started) * 1000))


def _definition(task: Task) -> Definition:
    item = task.item
    return connectors.definition(item.workspace_id, item.service_id, "trigger", item.trigger_id, item.version)


def _body(task: Task, found: Definition) -> bytes | None:
    """Make the bytes that every attempt of this delivery sends; None when the logic does not want it sent."""
    output = _output(task, found)
    if output is _UNWANTED:
        return None
    item, at = task.item, clock.iso_ms(task.at_ms)
    envelope = {
        "type": f"{item.service}.{item.trigger}",
        "timestamp": at,
        "data": output,
        "id": task.message_id,
        "subscriptionId": item.id,
        "service": item.service,
        "trigger": item.trigger,
        "userId": item.user_key or None,
        "occurrenceId": ids.derived_id(item.workspace_id, "occurrence", task.event_id, item.trigger_id),
        "occurredAt": at,
    }
    return orjson.dumps(envelope)


def output_of(task: Task) -> Any:
    """Give what the trigger's logic makes of an event; None when it does not want it. Raises what the logic raises."""
    found = _definition(task)
    if not found.service.enabled:
        raise Unavailable("the service is switched off")
    output = _output(task, found)
    return None if output is _UNWANTED else output


def _output(task: Task, found: Definition) -> Any:
    if task.event is None:
        raise NotFound("the event is no longer kept")
    if not connectors.has_hook(found.component, "trigger"):
        return task.event.notification["body"]
    output = connectors.run_hook(_run(task, found)).value
    return _UNWANTED if output is None or output is False else output


def _run(task: Task, found: Definition) -> HookRun:
    item, event = task.item, task.event
    credential = None
    if item.user_id:
        credential = credentials.credential_for(
            item.workspace_id,
            found.service,
            found.version,
            item.user_id,
            item.credential_id,
            required=False,
            cached=True,
        )
    notification = event.notification if event is not None else None
    return HookRun(
        item.workspace_id,
        found.service,
        found.component,
        "trigger",
        {
            "notification": notification,
            "variables": item.variables,
            "match": task.match,
            "subscription": {"id": item.id},
        },
        credential=credential,
        version=found.version,
        seed=task.message_id,
        now_ms=task.at_ms,
    )


def _receiver(task: Task) -> tuple[str, list[bytes]]:
    """Say where to send, and what signs: at the forwarding URL its own secret verifies too."""
    item, keys = task.item, secrets.signing_keys(task.item)
    if item.url is not None:
        return item.url, keys
    target = forwarding.cached(item.workspace_id)
    if target is None or target.url is None:
        raise NotFound("there is no forwarding URL")
    return target.url, [*keys, forwarding.signing_key(target)]


def _post(task: Task, url: str, keys: list[bytes], body: bytes) -> Verdict:
    settings = config.settings()
    headers = _HEADERS | signatures.headers(keys, task.message_id, clock.now_s(), body)
    request = Request(
        "POST",
        url,
        headers,
        body,
        timeout_s=settings.delivery_timeout_s,
        connect_timeout_s=CONNECT_S,
        max_response_bytes=MAX_ANSWER_BYTES,
        max_redirects=0,
    )
    with endpoints.slot((task.item.workspace_id, url)) as is_free:
        if not is_free:
            return Verdict(Fate.CLOGGED, error="too many requests to this endpoint hang")
        try:
            response = http_client.send(task.item.workspace_id, request)
        except Unavailable:
            raise
        except PlatformError as error:
            return rules.judge_error(error, is_receiver=True)
    return rules.judge(response.status, response.headers, clock.now_ms())
