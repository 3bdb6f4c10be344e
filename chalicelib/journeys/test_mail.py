"""Test mails: a mail step tried out on one address, sent at once and counted nowhere."""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.core import clock
from chalicelib.core.call import Call
from chalicelib.core.errors import Fault, RateLimited, UpstreamFailed
from chalicelib.journeys import connectors, sending, wire
from chalicelib.journeys.models import contents as stored_contents
from chalicelib.journeys.models import settings as stored
from chalicelib.journeys.rules.placeholders import Place, fill, names_in
from chalicelib.journeys.validity import Invalid

MOST_AN_HOUR = 30
_HOUR_S = 3600
_TEMPLATES = {"subject": "subject", "htmlContent": "html_content", "textContent": "text_content"}


def send(call: Call) -> None:
    """Send a test mail. Raises Invalid, RateLimited, UpstreamFailed when the channel does not take it."""
    node, body = wire.node_of(call), call.body
    values = {one.key: one.value for one in body.attributes}
    faults = [fault for name in _TEMPLATES for fault in _missing(name, getattr(body, _TEMPLATES[name]), values)]
    model = stored_contents.get(node.workspace_id, node.id, stored_contents.MAIL, body.model_identifier)
    if model is None:
        faults.append(
            Fault("body.modelIdentifier", f"the node has no mail model {body.model_identifier}", "BAD_REFERENCE")
        )
    if connectors.of_type(node.workspace_id, node.id, connectors.MESSAGES, fresh=True) is None:
        faults.append(Fault("body", f"the node has no setting of type {connectors.MESSAGES}", "OPERATION_UNAVAILABLE"))
    if faults:
        raise Invalid(faults)
    _count(call)
    letter = sending.Mail(
        to=body.email,
        subject=fill(body.subject, values, Place.LINE),
        key=f"test|{node.id}|{call.new_id('test mail')}",
        sender_email=body.sender_email,
        sender_name=body.sender_name or "",
        reply_to=body.sender_reply_to,
        html=fill(body.html_content or "", values, Place.HTML),
        text=fill(body.text_content or "", values, Place.TEXT),
        metadata={"customRef": body.custom_ref} if body.custom_ref else {},
    )
    try:
        sending.mail(node.workspace_id, node.id, letter)
    except UpstreamFailed as error:
        raise UpstreamFailed(error.message, status=error.status) from error  # 502, whatever the channel said


def _count(call: Call) -> None:
    now_s = clock.now_s()
    if not stored.count_test(call.workspace_id, call.caller.key_id, now_s // _HOUR_S, MOST_AN_HOUR):
        left_s = _HOUR_S - now_s % _HOUR_S
        raise RateLimited(f"at most {MOST_AN_HOUR} test mails an hour", left_s)


def _missing(name: str, template: str | None, values: dict[str, str]) -> Iterator[Fault]:
    for placeholder in names_in(template or ""):
        if placeholder not in values:
            yield Fault(f"body.{name}", f"no attribute {placeholder} was sent", "MISSING_PLACEHOLDER")
