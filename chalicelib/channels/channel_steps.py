"""Steps that deliver: filters, preferences, the choice of an integration, the message, its delivery."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from chalicelib.adapters import http_client
from chalicelib.adapters.http_client import Request
from chalicelib.channels import integrations, letters, names, providers
from chalicelib.channels.jobs import WARNING, Job, Run
from chalicelib.channels.models import messages, people, runs
from chalicelib.channels.models.settings import Integration
from chalicelib.channels.providers.base import Order, Refused, Sent
from chalicelib.channels.rules import conditions, preferences
from chalicelib.channels.templates import TemplateFault
from chalicelib.core import clock
from chalicelib.core.errors import InvalidInput, UpstreamFailed
from chalicelib.storage.tables import CHANNELS

NO_INTEGRATION = "The subscriber has no active integration for this channel"
DIRECT = frozenset({"email", "sms"})


def run(at: Run) -> Job:
    """Run a step that delivers; what fails is told by the job, not raised. Raises Unavailable."""
    channel = at.step["template"]["type"]
    if channel not in preferences.CHANNELS:
        return Job("skipped").note("Steps of this type do nothing here", WARNING)
    if not conditions.passes(at.step.get("filters") or [], at.facts(), lambda child: _special(at, child)):
        return Job("skipped").note("The step was skipped by its filters")
    if not _is_wanted(at, channel):
        return Job("skipped").note("The step was skipped by the subscriber's preferences")
    try:
        return _CHANNELS[channel](at)
    except TemplateFault as fault:
        return Job().failed("The message cannot be rendered", raw=str(fault))


# --- may it run -----------------------------------------------------------------------------------------------------


def _is_wanted(at: Run, channel: str) -> bool:
    workflow = at.event["workflow"]
    if workflow["critical"]:
        return True
    settings = people.get_preferences(at.workspace_id, at.subscriber.subscriber_id)
    own, everywhere = settings.get(workflow["id"], {}), settings.get(people.GLOBAL, {})
    return preferences.is_wanted(channel, workflow["preferences"], own, everywhere)


def _special(at: Run, child: Any) -> bool:
    kind = child.get("on")
    if kind == "isOnline":
        return bool(at.subscriber.is_online) == (str(child.get("value")).lower() == "true")
    if kind == "isOnlineInLast":
        is_online = bool(at.subscriber.is_online)
        return is_online or conditions.is_online_in_last(at.subscriber.last_online_at, child, at.at_ms)
    if kind == "previousStep":
        return _previous_step(at, child)
    return _webhook(at, child)


def _previous_step(at: Run, child: Any) -> bool:
    wanted = {"read": ("read", True), "unread": ("read", False), "seen": ("seen", True), "unseen": ("seen", False)}
    mark, value = wanted.get(str(child.get("stepType")), ("seen", True))
    positions = [n for n, step in enumerate(at.event["steps"]) if child.get("step") in (step["uuid"], step["_id"])]
    found = [_message_id(at, position) for position in positions]
    rows = messages.get_in_app(at.workspace_id, at.subscriber.subscriber_id, found)
    return any(row[mark] is value for row in rows)


def _webhook(at: Run, child: Any) -> bool:
    body = orjson.dumps({"subscriber": at.facts()["subscriber"], "payload": at.payload})
    try:
        request = Request("POST", str(child.get("webhookUrl")), {"Content-Type": "application/json"}, body, timeout_s=5)
        answer = orjson.loads(http_client.send(at.workspace_id, request).body)
    except (UpstreamFailed, InvalidInput, orjson.JSONDecodeError):
        return False
    return conditions.child_holds(child, {"webhook": answer})


# --- with what ------------------------------------------------------------------------------------------------------


def _choose(at: Run, channel: str) -> Integration | None:
    """Choose the integration: the one the event names, else the first whose conditions hold, else the primary."""
    active = [one for one in Integration.list_all(at.workspace_id) if one.active and one.channel == channel]
    named = at.overrides(channel).get("integrationIdentifier")
    if named:
        return next((one for one in active if one.identifier == named), None)
    ordered = sorted(active, key=lambda one: (-one.priority, one.inserted_at, one.id))
    facts = at.facts()
    for one in ordered:
        if one.conditions and conditions.passes(letters.rendered_conditions(one.conditions, at), facts):
            return one
    if channel in DIRECT:
        return next((one for one in ordered if one.primary), None)
    return ordered[0] if ordered else None


# --- the channels ---------------------------------------------------------------------------------------------------


def _in_app(at: Run) -> Job:
    integration = _choose(at, "in_app")
    if integration is None:
        return Job().failed(NO_INTEGRATION)
    made = letters.in_app(at)
    job = Job(provider_id=integration.provider_id)
    _store(at, job, integration, "in_app", made)
    return job.note("The message was put into the inbox", provider=integration.provider_id)


def _email(at: Run) -> Job:
    return _direct(at, "email", letters.email)


def _sms(at: Run) -> Job:
    return _direct(at, "sms", letters.sms)


def _direct(at: Run, channel: str, write: Callable[[Run, Integration, dict[str, Any]], Any]) -> Job:
    integration = _choose(at, channel)
    if integration is None:
        return Job().failed(NO_INTEGRATION)
    credentials = integrations.open_credentials(integration)
    letter, shown = write(at, integration, credentials)
    job = Job(provider_id=integration.provider_id)
    if letter is None:
        _store(at, job, integration, channel, {**shown, "status": "warning", "errorText": "no address"})
        return job.failed(f"The subscriber has no address for {channel}", provider=integration.provider_id)
    return _deliver(at, job, integration, channel, letter, credentials, shown)


def _chat(at: Run) -> Job:
    return _addressed(at, "chat", letters.chat)


def _push(at: Run) -> Job:
    return _addressed(at, "push", letters.push)


def _addressed(at: Run, channel: str, write: Callable[[Run, Integration, dict[str, Any]], Any]) -> Job:
    """Deliver to every entry the subscriber has; the step fails when none took it."""
    named = at.overrides(channel).get("integrationIdentifier")
    active = {one.id: one for one in Integration.list_all(at.workspace_id) if one.active and one.channel == channel}
    entries = [one for one in at.subscriber.channels if one["_integrationId"] in active]
    whole, good = Job(), 0
    for number, entry in enumerate(entries):
        integration = active[entry["_integrationId"]]
        letter, shown = write(at, integration, entry["credentials"])
        if letter is None or named not in (None, "", integration.identifier):
            continue
        job = Job(provider_id=integration.provider_id)
        credentials = integrations.open_credentials(integration)
        _deliver(at, job, integration, channel, letter, credentials, shown, number)
        good += job.status == "completed"
        whole.details += job.details
        whole.message_ids += job.message_ids
        whole.provider_id = integration.provider_id
    if not whole.details:
        return whole.failed(NO_INTEGRATION if not active else f"The subscriber has no credentials for {channel}")
    whole.status = "completed" if good else "failed"
    return whole


def _deliver(
    at: Run,
    job: Job,
    integration: Integration,
    channel: str,
    letter: Any,
    credentials: dict[str, Any],
    shown: dict[str, Any],
    number: int = 0,
) -> Job:
    """Hand a letter to the provider, and write down what it said."""
    order = Order(at.workspace_id, credentials, letter, _message_id(at, at.position, number))
    provider = integration.provider_id
    try:
        sent: Sent = providers.deliver(provider, order)
    except (UpstreamFailed, InvalidInput) as error:
        raw = error.raw if isinstance(error, Refused) and error.raw else error.message
        failure = {"status": "error", "errorId": "provider_error", "errorText": error.message}
        _store(at, job, integration, channel, {**shown, **failure}, number)
        return job.failed(f"The message was not delivered: {error.message}", raw=raw, provider=provider)
    _store(at, job, integration, channel, {**shown, "identifier": sent.id}, number)
    return job.note("The message was handed to the provider", raw=sent.raw or sent.id, provider=provider)


def _message_id(at: Run, position: int, number: int = 0) -> str:
    at_ms = at.at_ms if position == at.position else _began(at, position)
    return names.derived_id(at_ms, at.transaction_id, at.subscriber.subscriber_id, str(position), str(number))


def _began(at: Run, position: int) -> int:
    """Find when an earlier step's message was made: its id stands in its job."""
    row = CHANNELS.get(runs.run_key(at.workspace_id, at.transaction_id, at.subscriber.subscriber_id)) or {}
    job = runs.job_of(row, position) or {}
    return names.time_of((job.get("m") or [""])[0])


def _store(at: Run, job: Job, integration: Integration, channel: str, shown: dict[str, Any], number: int = 0) -> None:
    identifier = _message_id(at, at.position, number)
    template, workflow = at.step["template"], at.event["workflow"]
    doc = {
        "id": identifier,
        "channel": channel,
        "subscriberId": at.subscriber.subscriber_id,
        "transactionId": at.transaction_id,
        "notificationId": at.notification_id,
        "jobId": job_id(at.notification_id, at.position),
        "templateId": workflow["id"],
        "templateIdentifier": workflow["identifier"],
        "templateName": workflow["name"],
        "messageTemplateId": template["_id"],
        "tags": workflow["tags"],
        "providerId": integration.provider_id,
        "payload": at.payload,
        "overrides": at.event["overrides"],
        "updatedAt": clock.now_ms(),
        "status": "sent",
        **shown,
    }
    if len(orjson.dumps(doc)) > _MAX_DOC_BYTES:
        doc |= {"payload": {}, "overrides": {}, "content": str(doc["content"])[:_MAX_CONTENT_CHARS]}
    messages.put_message(at.workspace_id, doc, at.at_ms)
    job.message_ids.append(identifier)


def job_id(notification_id: str, position: int) -> str:
    """Name the job of a step."""
    return names.derived_id(names.time_of(notification_id), notification_id, str(position))


_MAX_DOC_BYTES, _MAX_CONTENT_CHARS = 300_000, 60_000
_CHANNELS: dict[str, Callable[[Run], Job]] = {
    "in_app": _in_app,
    "email": _email,
    "sms": _sms,
    "chat": _chat,
    "push": _push,
}
