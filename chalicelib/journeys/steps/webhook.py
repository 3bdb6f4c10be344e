"""WEBHOOK: one signed HTTP call, without redirects, to a public address."""

from __future__ import annotations

from typing import Any

import orjson

from chalicelib.adapters import http_client
from chalicelib.adapters.http_client import Request, Response
from chalicelib.core import clock
from chalicelib.core.errors import AddressRefused, InvalidInput, Unavailable, UpstreamFailed
from chalicelib.journeys import signing
from chalicelib.journeys.rules import calls, placeholders
from chalicelib.journeys.rules.placeholders import Missing, Place
from chalicelib.journeys.steps.outcomes import Done, Failed, Job, Later, Outcome

DEFAULT_ATTEMPTS, DEFAULT_TIMEOUT_S = 5, 10
MAX_ANSWER_BYTES = 65_536
USER_AGENT = "Millrace-Journeys/1"


def run(job: Job) -> Outcome:
    """Make the call."""
    try:
        request = request_of(job)
    except Missing as missing:
        return Failed(str(missing))
    counts = {"called": 1, **({"retried": 1} if job.attempt > 1 else {})}
    most = int(job.parameters.get("maxAttempts") or DEFAULT_ATTEMPTS)
    try:
        answer = http_client.send(job.head.workspace_id, request)
    except Unavailable:
        raise
    except (AddressRefused, InvalidInput) as error:
        return Failed(error.message, counts)
    except UpstreamFailed as error:
        return Later(error.message, None, counts, most) if error.retryable else Failed(error.message, counts)
    return judge(answer, counts, most)


def judge(answer: Response, counts: dict[str, int], most: int) -> Outcome:
    """Say what an answer means."""
    if 200 <= answer.status < 300:
        return Done({**counts, "succeeded": 1})
    message = f"the receiver answered {answer.status}"
    if calls.is_worth_repeating(answer.status):
        wish_s = calls.retry_after_s(answer.headers.get("retry-after"), clock.now_ms())
        return Later(message, wish_s, counts, most)
    return Failed(message, counts)


def request_of(job: Job) -> Request:
    """Build the call: the caller's own headers first, so that none of them replaces ours. Raises Missing."""
    given, values = job.parameters, job.attributes
    method = str(given.get("method") or "POST")
    body = b"" if method == "GET" else _body(job)
    url = placeholders.fill(str(given["url"]), values, Place.URL)
    own = {
        name: placeholders.fill(str(value), values, Place.LINE) for name, value in (given.get("headers") or {}).items()
    }
    signed = signing.headers(job.head.workspace_id, job.node.id, job.message_id, job.key, body)
    reserved = {name.lower() for name in signed}
    return Request(
        method,
        url,
        {
            "User-Agent": USER_AGENT,
            "Content-Type": str(given.get("contentType") or "application/json"),
            **{name: value for name, value in own.items() if name.lower() not in reserved},
            **signed,
        },
        body,
        timeout_s=float(given.get("timeoutSeconds") or DEFAULT_TIMEOUT_S),
        max_response_bytes=MAX_ANSWER_BYTES,
        max_redirects=0,
    )


def _body(job: Job) -> bytes:
    template = job.parameters.get("body")
    if template is not None:
        kind = str(job.parameters.get("contentType") or "application/json")
        place = Place.JSON if "json" in kind else Place.TEXT
        return placeholders.fill(str(template), job.attributes, place).encode()
    return orjson.dumps(callout_of(job))


def _told(job: Job) -> dict[str, Any] | None:
    """Spell the event that let the customer in, or the last one matched, as the contract does (CustomerEvent)."""
    event, who = job.event, job.identity
    if event is None:
        return None
    told = {
        "id": event["id"],
        "nodeUuid": job.node.id,
        "clabUuid": who.clab_uuid,
        "userPk": who.user_pk,
        "recipient": who.email,
        "type": event["eventType"],
        "properties": event.get("properties") or {},
        "occurredAt": event["occurredAt"],
    }
    return told | ({"context": event["context"]} if event.get("context") else {})


def callout_of(job: Job) -> dict[str, Any]:
    """Build the standard body of a callout."""
    return {
        "automationUuid": job.head.id,
        "automationName": job.head.name,
        "stepUuid": job.step["uuid"],
        "stepDescription": job.step.get("description"),
        "tokenUuid": job.token,
        "clabUuid": job.identity.clab_uuid,
        "userPk": job.identity.user_pk,
        "recipient": job.identity.email,
        "attributes": job.attributes,
        "event": _told(job),
        "occurredAt": clock.iso_ms(int(job.row["ne"])),
    }
