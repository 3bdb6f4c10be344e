"""What an automation must say before it may leave DRAFT: every parameter there, every reference to something."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from chalicelib.core.errors import Fault
from chalicelib.journeys.rules.graph import TYPES, Graph

Json = dict[str, Any]
MAX_DEPTH = 3
MAX_WAIT = {"MINUTES": 527_040, "HOURS": 8_784, "DAYS": 366, "WEEKS": 52, "MONTHS": 12}  # 366 days each
_MAIL_EVENTS = frozenset(
    {
        "campaignSent",
        "campaignOpened",
        "campaignLinkClicked",
        "campaignBounced",
        "campaignUnsubscribed",
        "campaignMarkedSpam",
    }
)
_TEXT_EVENTS = _MAIL_EVENTS - {"campaignOpened", "campaignMarkedSpam"}
PRODUCED = {"CLAB_CAMPAIGN": _MAIL_EVENTS, "CLAB_CAMPAIGN_SMS": _TEXT_EVENTS}
REQUIRED = {
    "CLAB_CAMPAIGN": ("campaignName", "modelIdentifier", "subject", "senderEmail"),
    "CLAB_CAMPAIGN_SMS": ("campaignName", "modelIdentifier", "text"),
    "WEBHOOK": ("url",),
    "TAG": ("property", "mode", "source"),
    "FROM_LAST_STEP": ("wait",),
    "WAIT_AND_CHECK": ("wait", "subject"),
    "WAIT_FOR_TRIGGER": ("timeout", "event"),
    "AB_TEST": ("shares",),
    "NO_ACTION": (),
}
_LISTS = frozenset({"IN", "NOT_IN", "BETWEEN"})
_BARE = frozenset({"EXISTS", "NOT_EXISTS"})
_PLACEHOLDER = re.compile(r"\$\{")
_SENDER = re.compile(r"[A-Za-z0-9]{1,11}|\+?[0-9]{1,15}")


@dataclass(frozen=True)
class Offer:
    """What a node has for automations to refer to. `is_plain(url)` says whether a URL may do without TLS."""

    operations: frozenset[str] = frozenset()
    mail_models: frozenset[int] = frozenset()
    text_models: frozenset[int] = frozenset()
    pages: frozenset[tuple[int, int]] = frozenset()
    subscriptions: frozenset[str] = frozenset()
    properties: frozenset[str] = frozenset()
    phone_field: str | None = None
    is_plain: Callable[[str], bool] = field(default=lambda _url: False)


def faults_of_parameters(graph: Graph, offer: Offer) -> list[Fault]:
    """Name every parameter that is missing, out of range, or refers to nothing; one fault each."""
    found: list[Fault] = []
    for number, step in enumerate(graph.steps):
        found += _faults_of_step(graph, step, f"body.steps.{number}", offer)
    for number, connection in enumerate(graph.connections):
        found += _faults_of_connection(graph, connection, f"body.connections.{number}")
    for number, source in enumerate(graph.sources):
        found += _faults_of_source(source, f"body.triggerEvents.{number}")
    return found


def _missing(place: str, holder: Json, *names: str) -> Iterator[Fault]:
    for name in names:
        if holder.get(name) in (None, "", []):
            yield Fault(f"{place}.{name}", "is missing", "MISSING_PARAMETER")


def _faults_of_step(graph: Graph, step: Json, place: str, offer: Offer) -> Iterator[Fault]:
    operation, parameters = step["operation"], step.get("parameters") or {}
    if TYPES[operation] == "ACTION" and operation not in offer.operations:
        yield Fault(f"{place}.operation", f"the node does not offer {operation}", "OPERATION_UNAVAILABLE")
    place = f"{place}.parameters"
    yield from _missing(place, parameters, *REQUIRED[operation])
    own = _OWN.get(operation)
    if own is not None:
        yield from own(parameters, place, offer)
    for name in ("wait", "timeout"):
        yield from _faults_of_wait(parameters.get(name), f"{place}.{name}")
    if (event := parameters.get("event")) is not None:
        yield from _faults_of_event(event, f"{place}.event")
        yield from _faults_of_reference(graph, step["uuid"], event, f"{place}.event")


def _faults_of_wait(wait: Json | None, place: str) -> Iterator[Fault]:
    if wait and wait["amount"] > MAX_WAIT[wait["unit"]]:
        yield Fault(f"{place}.amount", f"no wait may be longer than 366 days, {MAX_WAIT[wait['unit']]} here", "LIMITS")


def _faults_of_mail(parameters: Json, place: str, offer: Offer) -> Iterator[Fault]:
    yield from _faults_of_model(parameters, place, offer.mail_models, "mail model")
    yield from _faults_of_subscription(parameters, place, offer)
    if parameters.get("contentSource", "HTML") != "PAGE_BUILDER":
        if not (parameters.get("htmlContent") or parameters.get("textContent")):
            yield Fault(f"{place}.htmlContent", "is missing, and so is textContent", "MISSING_PARAMETER")
        return
    page = parameters.get("pageBuilder") or {}
    lacking = list(_missing(f"{place}.pageBuilder", page, "templateId", "pageId"))
    yield from lacking
    if not lacking and (page["templateId"], page["pageId"]) not in offer.pages:
        yield Fault(f"{place}.pageBuilder", "the node has no such page", "BAD_REFERENCE")


def _faults_of_text(parameters: Json, place: str, offer: Offer) -> Iterator[Fault]:
    yield from _faults_of_model(parameters, place, offer.text_models, "text model")
    yield from _faults_of_subscription(parameters, place, offer)
    if (sender := parameters.get("senderAlias")) and not _SENDER.fullmatch(sender):
        reason = "must be up to 11 letters and digits, or a number of up to 15 digits"
        yield Fault(f"{place}.senderAlias", reason, "INVALID_PARAMETER")
    if not parameters.get("phoneAttribute") and not offer.phone_field:
        reason = "is missing, and the node names no property with the telephone number (hubPhoneField)"
        yield Fault(f"{place}.phoneAttribute", reason, "MISSING_PARAMETER")


def _faults_of_model(parameters: Json, place: str, known: frozenset[int], what: str) -> Iterator[Fault]:
    model = parameters.get("modelIdentifier")
    if model is not None and model not in known:
        yield Fault(f"{place}.modelIdentifier", f"the node has no {what} {model}", "BAD_REFERENCE")


def _faults_of_subscription(parameters: Json, place: str, offer: Offer) -> Iterator[Fault]:
    subscription = parameters.get("subscriptionId")
    if subscription and subscription not in offer.subscriptions:
        yield Fault(f"{place}.subscriptionId", f"the node has no subscription {subscription}", "BAD_REFERENCE")


def _faults_of_callout(parameters: Json, place: str, offer: Offer) -> Iterator[Fault]:
    url = parameters.get("url")
    if not url:
        return
    try:
        parts = urlsplit(url)
        has_host = bool(parts.hostname)
    except ValueError:
        has_host = False
    if not has_host:
        yield Fault(f"{place}.url", "has no host", "INVALID_PARAMETER")
    elif _PLACEHOLDER.search(parts.netloc):
        yield Fault(f"{place}.url", "placeholders may stand in path and query only", "INVALID_PARAMETER")
    elif parts.scheme.lower() != "https" and not (parts.scheme.lower() == "http" and offer.is_plain(url)):
        yield Fault(f"{place}.url", "must begin with https://", "INVALID_PARAMETER")


def _faults_of_tag(parameters: Json, place: str, offer: Offer) -> Iterator[Fault]:
    source = parameters.get("source")
    if source == "CONSTANT":
        if parameters.get("constant") is None:
            yield Fault(f"{place}.constant", "is missing", "MISSING_PARAMETER")
    elif source is not None:
        yield from _missing(place, parameters, "path")
    named = parameters.get("property")
    if named and named not in offer.properties:
        yield Fault(f"{place}.property", f"customers have no property {named}", "BAD_REFERENCE")


def _faults_of_check(parameters: Json, place: str, _offer: Offer) -> Iterator[Fault]:
    if parameters.get("subject") == "EVENT":
        yield from _missing(place, parameters, "event")


def _faults_of_split(parameters: Json, place: str, _offer: Offer) -> Iterator[Fault]:
    shares = parameters.get("shares")
    if not shares:
        return
    if sorted(one["outcome"] for one in shares) != ["A", "B"]:
        yield Fault(f"{place}.shares", "needs one entry for A and one for B", "INVALID_PARAMETER")
    elif sum(one["share"] for one in shares) != 100:
        yield Fault(f"{place}.shares", "must add up to 100", "INVALID_PARAMETER")


def _faults_of_reference(graph: Graph, uuid: str, event: Json, place: str) -> Iterator[Fault]:
    referenced = event.get("referencedStepUuid")
    if referenced is None:
        if event.get("since") == "REFERENCED_STEP":
            yield Fault(f"{place}.referencedStepUuid", "is missing", "MISSING_PARAMETER")
        return
    place = f"{place}.referencedStepUuid"
    if referenced not in graph.before(uuid):
        yield Fault(place, "is not a step on the way to this one", "BAD_REFERENCE")
    elif event.get("eventType") not in PRODUCED.get(graph.operation(referenced) or "", frozenset()):
        reason = f"a {graph.operation(referenced)} step brings about no {event.get('eventType')}"
        yield Fault(place, reason, "BAD_REFERENCE")


def _faults_of_source(source: Json, place: str) -> Iterator[Fault]:
    yield from _missing(place, source, "action", "event")
    if (event := source.get("event")) is not None:
        yield from _faults_of_event(event, f"{place}.event")
        if event.get("referencedStepUuid"):
            yield Fault(f"{place}.event.referencedStepUuid", "is for checks only", "INVALID_PARAMETER")
    yield from _faults_of_group(source.get("customerConditions"), f"{place}.customerConditions")


def _faults_of_event(event: Json, place: str) -> Iterator[Fault]:
    yield from _missing(place, event, "eventType")
    yield from _faults_of_group(event.get("conditions"), f"{place}.conditions")


def _faults_of_connection(graph: Graph, connection: Json, place: str) -> Iterator[Fault]:
    conditions = connection.get("conditions")
    if conditions and connection["outcome"] != "YES":
        yield Fault(f"{place}.conditions", "are for YES connections only", "INVALID_PARAMETER")
    yield from _faults_of_group(conditions, f"{place}.conditions")


def _faults_of_group(group: Json | None, place: str, depth: int = 1) -> Iterator[Fault]:
    if not group:
        return
    if depth > MAX_DEPTH:
        yield Fault(place, f"groups may be nested {MAX_DEPTH} deep", "LIMITS")
        return
    for number, one in enumerate(group["conditions"]):
        inner = f"{place}.conditions.{number}"
        if "match" in one:
            yield from _faults_of_group(one, inner, depth + 1)
        else:
            yield from _faults_of_condition(one, inner)


def _faults_of_condition(one: Json, place: str) -> Iterator[Fault]:
    operator = one["operator"]
    if operator == "IN_LAST":
        yield from _missing(place, one, "duration")
    elif operator in _LISTS:
        yield from _missing(place, one, "values")
        if operator == "BETWEEN" and one.get("values") and len(one["values"]) != 2:
            yield Fault(f"{place}.values", "needs two bounds", "INVALID_PARAMETER")
    elif operator not in _BARE and one.get("value") is None:
        yield Fault(f"{place}.value", "is missing", "MISSING_PARAMETER")


_OWN: dict[str, Callable[[Json, str, Offer], Iterator[Fault]]] = {
    "CLAB_CAMPAIGN": _faults_of_mail,
    "CLAB_CAMPAIGN_SMS": _faults_of_text,
    "WEBHOOK": _faults_of_callout,
    "TAG": _faults_of_tag,
    "WAIT_AND_CHECK": _faults_of_check,
    "AB_TEST": _faults_of_split,
}
