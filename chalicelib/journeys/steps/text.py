"""CLAB_CAMPAIGN_SMS: one text to the token's number."""

from __future__ import annotations

from dataclasses import replace

from chalicelib.journeys import consents, materials, profiles, sending
from chalicelib.journeys.models import nodes
from chalicelib.journeys.rules import conditions, placeholders
from chalicelib.journeys.rules.countries import CALLING_CODES
from chalicelib.journeys.rules.entry import normal_phone
from chalicelib.journeys.rules.placeholders import Place
from chalicelib.journeys.steps import messages
from chalicelib.journeys.steps.outcomes import Broken, Done, Job, Outcome


def run(job: Job) -> Outcome:
    """Send the text, or leave it out for lack of a number or consent."""
    if not nodes.is_on(job.node, "sms"):
        return Broken("texts are switched off for this node")
    numbers: list[str] = []

    def deliver(letter: sending.Text) -> None:
        sending.text(job.head.workspace_id, job.node.id, letter)
        numbers.append(letter.to)

    outcome = messages.send(job, lambda: _recipient(job), lambda number: letter_of(job, number), deliver)
    return replace(outcome, number=numbers[0]) if numbers and isinstance(outcome, Done) else outcome


def _recipient(job: Job) -> str | None:
    number, wanted = number_of(job), job.parameters.get("subscriptionId")
    if number is None or not consents.allows(job.node, job.identity, f"tel:{number}", wanted):
        return None
    return number


def number_of(job: Job) -> str | None:
    """Find the number: the attribute that the step names, else the node's profile property, else the customer's own."""
    given, country = job.parameters, CALLING_CODES.get(str(job.parameters.get("defaultCountry") or ""), "")
    if attribute := given.get("phoneAttribute"):
        return normal_phone(job.attributes.get(str(attribute), ""), country)
    if job.node.phone_field:
        found = conditions.look_up(profiles.read(job.node, job.identity), job.node.phone_field)
        if number := normal_phone(str(found or ""), country):
            return number
    return normal_phone(job.identity.phone or job.attributes.get("mobilePhone", ""), country)


def letter_of(job: Job, number: str) -> sending.Text:
    """Render the text. Raises Missing for a placeholder without value, NotFound for a model that is gone."""
    given = job.parameters
    model = materials.text_model(job.head.workspace_id, job.node.id, int(given["modelIdentifier"]))
    template, may_miss = str(given.get("text") or model.get("text") or ""), given.get("missingPlaceholder") == "EMPTY"
    content = placeholders.fill(template, job.attributes, Place.TEXT, may_miss=may_miss)
    sender = given.get("senderAlias") or model.get("senderAlias")
    return sending.Text(number, content, f"journey:{job.key}", sender)
