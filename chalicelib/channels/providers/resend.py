"""Resend: POST /emails. A repeat under the same idempotency key is sent once."""

from __future__ import annotations

import re

from chalicelib.channels.providers.base import (
    Mail,
    Order,
    Sent,
    base64_text,
    bearer,
    post_json,
    text_at,
    without_nothing,
)

_TAG = re.compile(r"[A-Za-z0-9_-]{2,256}")  # other characters are refused
URL = "https://api.resend.com/emails"


def send(order: Order) -> Sent:
    """Send a mail."""
    mail: Mail = order.letter
    body = {
        "from": mail.from_line,
        "to": mail.to,
        "cc": mail.cc,
        "bcc": mail.bcc,
        "reply_to": mail.reply_to,
        "subject": mail.subject,
        "html": mail.html,
        "text": mail.text,
        "headers": mail.headers,
        "tags": [
            {"name": name, "value": value} for name, value in mail.metadata.items() if _TAG.fullmatch(name + value)
        ],
        "attachments": [
            without_nothing(
                {
                    "filename": one.name,
                    "content": base64_text(one.content),
                    "content_type": one.mime,
                    "content_id": one.content_id,
                }
            )
            for one in mail.attachments
        ],
    }
    headers = {**bearer(order.need("apiKey")), "Idempotency-Key": order.id}
    answer, _ = post_json(order, URL, without_nothing(body), headers)
    return Sent(text_at(answer, "id"))
