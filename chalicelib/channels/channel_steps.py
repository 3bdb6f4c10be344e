"""Steps that deliver: filters, preferences, the choice of an integration, the message, its delivery."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from chalicelib.channels import filters, integrations, letters, names, providers, sizes
from chalicelib.channels.jobs import DEFERRED, FAILED, PENDING, REFUSED, TAKEN, WARNING, Job, Run
from chalicelib.channels.models import messages, people
from chalicelib.channels.models.settings import Integration
from chalicelib.channels.providers.base import Deferred, Order, Refused, Sent
from chalicelib.channels.rules import preferences, retrying
from chalicelib.channels.stored_events import without_attachments
from chalicelib.channels.templates import TemplateFault
from chalicelib.core import clock

NO_INTEGRATION = "The subscriber has no active integration for this channel"
UNFIT = "The conditions of the integration do not hold"
DIRECT = frozenset({"email", "sms"})
DIRECT_PART = "0"  # names the one message of a step that has no more than one
Write = Callable[[Run, Integration, dict[str, Any]], letters.Written]


def run(at: Run, job: Job) -> Job:
    """Run a step that delivers; what fails is told by the job, not raised. Raises Unavailable.

    A step that is tried again has passed its filters; what its subscriber wants is asked anew.
    """
    channel = at.step["template"]["type"]
    if channel not in preferences.CHANNELS:
        return Job("skipped").note("Steps of this type do nothing here", WARNING)
    if not job.attempt and not filters.passes(at):
        return Job("skipped").note("The step was skipped by its filters")
    if not _is_wanted(at, channel):
        return Job("skipped", job.details).note("The step was skipped by the subscriber's preferences")
    job.attempt += 1
    chosen = next((one for one in at.step.get("variants", ()) if filters.picks(one, at)), None)
    if chosen and job.attempt == 1:
        job.note("A variant of the step was chosen", raw=chosen.get("name") or chosen["_id"])
    try:
        return _CHANNELS[channel](replace(at, variant=chosen["template"]) if chosen else at, job)
    except TemplateFault as fault:
        return Job(details=job.details).failed("The message cannot be rendered", raw=str(fault))


# --- may it run -----------------------------------------------------------------------------------------------------


def _is_wanted(at: Run, channel: str) -> bool:
    workflow = at.event["workflow"]
    if workflow["critical"]:
        return True
    settings = people.get_preferences(at.workspace_id, at.subscriber.subscriber_id)
    own, everywhere = settings.get(workflow["id"], {}), settings.get(people.GLOBAL, {})
    return preferences.is_wanted(channel, workflow["preferences"], own, everywhere)


# --- with what ------------------------------------------------------------------------------------------------------


def _choose(at: Run, channel: str) -> Integration | None:
    """Choose the integration: the one the event names, else the first whose conditions hold, else the primary."""
    active = [one for one in Integration.list_all(at.workspace_id) if one.active and one.channel == channel]
    named = at.overrides(channel).get("integrationIdentifier")
    if named:
        return next((one for one in active if one.identifier == named), None)
    ordered = sorted(active, key=lambda one: (-one.priority, one.inserted_at, one.id))
    for one in ordered:
        if one.conditions and filters.chooses(one.conditions, at):
            return one
    if channel in DIRECT:
        return next((one for one in ordered if one.primary), None)
    return ordered[0] if ordered else None


# --- the channels ---------------------------------------------------------------------------------------------------


def _in_app(at: Run, job: Job) -> Job:
    integration = _choose(at, "in_app")
    if integration is None:
        return job.failed(NO_INTEGRATION)
    made = letters.in_app(at)
    job.provider_id = integration.provider_id
    _store(at, job, integration, "in_app", made)
    return job.note("The message was put into the inbox", provider=integration.provider_id)


def _email(at: Run, job: Job) -> Job:
    return _direct(at, job, "email", letters.email)


def _sms(at: Run, job: Job) -> Job:
    return _direct(at, job, "sms", letters.sms)


def _direct(at: Run, job: Job, channel: str, write: Write) -> Job:
    integration = _choose(at, channel)
    if integration is None:
        return job.failed(NO_INTEGRATION)
    credentials = integrations.open_credentials(integration)
    letter, shown = write(at, integration, credentials)
    job.provider_id = integration.provider_id
    if letter is None:
        _store(at, job, integration, channel, {**shown, "status": "warning", "errorText": "no address"})
        return job.failed(f"The subscriber has no address for {channel}", provider=integration.provider_id)
    job.outcomes = {integration.id: _deliver(at, job, integration, letter, credentials, shown)}
    return job.settle()


def _chat(at: Run, job: Job) -> Job:
    return _addressed(at, job, "chat", letters.chat)


def _push(at: Run, job: Job) -> Job:
    return _addressed(at, job, "push", letters.push)


def _addressed(at: Run, job: Job, channel: str, write: Write) -> Job:
    """Deliver to every entry the subscriber has that is not settled yet; the step fails when none took it."""
    named = at.overrides(channel).get("integrationIdentifier")
    active = {one.id: one for one in Integration.list_all(at.workspace_id) if one.active and one.channel == channel}
    before = job.outcomes
    job.outcomes = {name: outcome for name, outcome in before.items() if outcome != DEFERRED}
    for entry in at.subscriber.channels:
        integration = active.get(entry["_integrationId"])
        if integration is None or integration.id in job.outcomes:
            continue
        if named and named != integration.identifier:
            continue
        if not named and integration.conditions and not filters.chooses(integration.conditions, at):
            job.note(UNFIT, provider=integration.provider_id)
            continue
        letter, shown = write(at, integration, entry["credentials"])
        if letter is None:
            continue
        job.provider_id = integration.provider_id
        credentials = integrations.open_credentials(integration)
        outcome = _deliver(at, job, integration, letter, credentials, shown, integration.id)
        job.outcomes[integration.id] = outcome
    if not job.outcomes:
        none_fits = not active or (job.details and job.details[-1]["detail"] == UNFIT)
        return job.failed(NO_INTEGRATION if none_fits else f"The subscriber has no credentials for {channel}")
    return job.settle()


def _deliver(
    at: Run,
    job: Job,
    integration: Integration,
    letter: Any,
    credentials: dict[str, Any],
    shown: dict[str, Any],
    part: str = DIRECT_PART,
) -> str:
    """Hand a letter to the provider, and write down what it said. Answers the outcome."""
    order = Order(at.workspace_id, credentials, letter, _message_id(at, part))
    provider, channel = integration.provider_id, integration.channel
    try:
        sent: Sent = providers.deliver(provider, order)
    except Deferred as error:
        job.wish_s = max(job.wish_s, error.retry_after_s or 0)
        if job.attempt < retrying.TRIES:
            words = f"The provider could not take the message yet: {error.message}"
            job.note(words, PENDING, raw=error.raw or error.message, provider=provider)
            return DEFERRED
        reason, raw = f"{error.message}, at the last of {retrying.TRIES} tries", error.raw
    except Refused as error:
        reason, raw = error.message, error.raw
    else:
        _store(at, job, integration, channel, {**shown, "identifier": sent.id}, part)
        job.note("The message was handed to the provider", raw=sent.raw or sent.id, provider=provider)
        return TAKEN
    failure = {"status": "error", "errorId": "provider_error", "errorText": reason}
    _store(at, job, integration, channel, {**shown, **failure}, part)
    job.note(f"The message was not delivered: {reason}", FAILED, raw=raw or reason, provider=provider)
    return REFUSED


def _message_id(at: Run, part: str = DIRECT_PART) -> str:
    return names.derived_id(at.at_ms, at.transaction_id, at.subscriber.subscriber_id, str(at.position), part)


def _store(
    at: Run, job: Job, integration: Integration, channel: str, shown: dict[str, Any], part: str = DIRECT_PART
) -> None:
    identifier = _message_id(at, part)
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
        "payload": without_attachments(at.payload),
        "overrides": at.event["overrides"],
        "updatedAt": clock.now_ms(),
        "status": "sent",
        **shown,
    }
    if sizes.size_of(doc) > _MAX_DOC_BYTES:
        doc |= {"payload": {}, "overrides": {}, "content": str(doc["content"])[:_MAX_CONTENT_CHARS]}
        doc |= {name: str(doc[name])[:_MAX_LINE_CHARS] for name in ("subject", "title") if name in doc}
        if sizes.size_of(doc) > _MAX_DOC_BYTES:
            doc |= {"deviceTokens": [], "cta": {"data": {}}, "actor": None, "tags": []}
    messages.put_message(at.workspace_id, doc, at.at_ms)
    job.message_ids.append(identifier)


def job_id(notification_id: str, position: int) -> str:
    """Name the job of a step."""
    return names.derived_id(names.time_of(notification_id), notification_id, str(position))


_MAX_DOC_BYTES, _MAX_CONTENT_CHARS, _MAX_LINE_CHARS = 300_000, 60_000, 2_000
_CHANNELS: dict[str, Callable[[Run, Job], Job]] = {
    "in_app": _in_app,
    "email": _email,
    "sms": _sms,
    "chat": _chat,
    "push": _push,
}
