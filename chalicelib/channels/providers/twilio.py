"""Twilio: POST /2010-04-01/Accounts/{sid}/Messages.json."""

from __future__ import annotations

from urllib.parse import quote

from chalicelib.channels.providers.base import Order, Sent, Sms, basic, post_form, text_at


def send(order: Order) -> Sent:
    """Send a text; a sender that begins with MG is a messaging service."""
    sms: Sms = order.letter
    account = order.need("accountSid")
    url = f"https://api.twilio.com/2010-04-01/Accounts/{quote(account, safe='')}/Messages.json"
    sender = sms.sender or order.need("from")
    fields = {"To": sms.to, "Body": sms.content, "MessagingServiceSid" if sender[:2] == "MG" else "From": sender}
    answer, _ = post_form(order, url, fields, basic(account, order.need("token")))
    return Sent(text_at(answer, "sid"))
