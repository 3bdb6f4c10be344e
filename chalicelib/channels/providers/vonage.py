"""Vonage (provider id nexmo): POST /sms/json."""

from __future__ import annotations

import orjson

from chalicelib.channels.providers.base import Deferred, Order, Refused, Sent, Sms, post_form, text_at

PASSING = frozenset({"1", "5"})  # throttled; an error inside
URL = "https://rest.nexmo.com/sms/json"


def send(order: Order) -> Sent:
    """Send a text. Refusals come with status 200 and a status of their own."""
    sms: Sms = order.letter
    fields = {
        "api_key": order.need("apiKey"),
        "api_secret": order.need("secretKey"),
        "from": sms.sender or order.need("from"),
        "to": sms.to.lstrip("+"),
        "text": sms.content,
    }
    if not sms.content.isascii():
        fields["type"] = "unicode"
    answer, _ = post_form(order, URL, fields)
    status = text_at(answer, "messages.0.status")
    if status != "0":
        reason, raw = text_at(answer, "messages.0.error-text") or "refused", orjson.dumps(answer).decode()
        raise Deferred(reason, raw) if status in PASSING else Refused(reason, raw)
    return Sent(text_at(answer, "messages.0.message-id"))
