"""Amazon SNS: Publish to a telephone number."""

from __future__ import annotations

import re
from urllib.parse import urlencode

from chalicelib.adapters import aws_requests
from chalicelib.channels.providers.base import Order, Sent, Sms, post

_ID = re.compile(r"<MessageId>([^<]+)</MessageId>")


def send(order: Order) -> Sent:
    """Send a text."""
    sms: Sms = order.letter
    region = order.need("region")
    url = aws_requests.address("sns", region) + "/"
    fields = {"Action": "Publish", "Version": "2010-03-31", "PhoneNumber": sms.to, "Message": sms.content}
    body = urlencode(fields).encode()
    kind = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    keys = order.need("apiKey"), order.need("secretKey")
    answer, _ = post(order, url, body, aws_requests.signed_headers("sns", region, *keys, url, body, kind))
    found = _ID.search(str(answer))
    return Sent(found[1] if found else "")
