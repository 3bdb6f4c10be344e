"""Amazon SES: POST /v2/email/outbound-emails, the mail as it is."""

from __future__ import annotations

import re

import orjson

from chalicelib.adapters import aws_requests
from chalicelib.channels.providers import mime
from chalicelib.channels.providers.base import JSON, Mail, Order, Sent, base64_text, post, text_at
from chalicelib.core import clock

_TAG = re.compile(r"[A-Za-z0-9_.@-]{2,256}")  # other characters are refused


def send(order: Order) -> Sent:
    """Send a mail."""
    mail: Mail = order.letter
    region = order.need("region")
    url = f"{aws_requests.address('email', region)}/v2/email/outbound-emails"
    raw = base64_text(mime.build(mail, order.id, clock.now_ms()))
    people = {"ToAddresses": mail.to, "CcAddresses": mail.cc, "BccAddresses": mail.bcc}
    body = orjson.dumps(
        {
            "FromEmailAddress": mail.from_line,
            "Destination": {name: found for name, found in people.items() if found},
            "Content": {"Raw": {"Data": raw}},
            "EmailTags": [
                {"Name": name, "Value": value} for name, value in mail.metadata.items() if _TAG.fullmatch(name + value)
            ],
        }
    )
    keys = order.need("apiKey"), order.need("secretKey")
    headers = aws_requests.signed_headers("ses", region, *keys, url, body, {"Content-Type": JSON})
    answer, _ = post(order, url, body, headers)
    return Sent(text_at(answer, "MessageId"))
