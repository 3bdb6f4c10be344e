"""A receiver of the tenant's own, for mails and for pushes; every body is signed."""

from __future__ import annotations

from typing import Any

import orjson

from chalicelib.channels.providers.base import (
    JSON,
    Mail,
    Order,
    Push,
    Sent,
    base64_text,
    post,
    signature,
    text_at,
    without_nothing,
)


def email(order: Order) -> Sent:
    """POST the options of a mail."""
    mail: Mail = order.letter
    body = {
        "from": mail.sender,
        "senderName": mail.sender_name,
        "to": mail.to,
        "cc": mail.cc,
        "bcc": mail.bcc,
        "replyTo": mail.reply_to,
        "subject": mail.subject,
        "html": mail.html,
        "text": mail.text,
        "headers": mail.headers,
        "id": order.id,
        "attachments": [
            {"name": one.name, "mime": one.mime, "file": base64_text(one.content)} for one in mail.attachments
        ],
    }
    return _post(order, without_nothing(body))


def push(order: Order) -> Sent:
    """POST a push, one call for each device."""
    letter: Push = order.letter
    sent = Sent()
    for token in letter.tokens:
        body: dict[str, Any] = {
            "target": [token],
            "title": letter.title,
            "content": letter.content,
            "payload": letter.payload,
            "overrides": letter.overrides,
        }
        sent = _post(order, body)
    return sent


def _post(order: Order, body: dict[str, Any]) -> Sent:
    raw = orjson.dumps(body)
    headers = {"Content-Type": JSON, "X-Novu-Signature": signature(order.need("secretKey"), raw)}
    answer, _ = post(order, order.need("webhookUrl"), raw, {**headers, "Idempotency-Key": order.id})
    return Sent(text_at(answer, "id") or order.id)
