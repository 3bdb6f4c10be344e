"""A receiver of the tenant's own, for mails and for pushes; every body is signed."""

from __future__ import annotations

from typing import Any

import orjson

from chalicelib.channels import names
from chalicelib.channels.providers.base import (
    JSON,
    Mail,
    Order,
    Push,
    Sent,
    each,
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
            without_nothing({"name": one.name, "mime": one.mime, "cid": one.content_id, "file": _buffer(one.content)})
            for one in mail.attachments
        ],
    }
    return _post(order, without_nothing(body), order.id)


def push(order: Order) -> Sent:
    """POST a push, one call for each device."""
    letter: Push = order.letter

    def send_one(token: str) -> Sent:
        body: dict[str, Any] = {
            "target": [token],
            "title": letter.title,
            "content": letter.content,
            "payload": {**letter.payload, **letter.facts},
            "overrides": letter.overrides,
        }
        return _post(order, body, f"{order.id}-{names.hash_of(token)[:8]}")

    return each(letter.tokens, send_one)


def _buffer(content: bytes) -> dict[str, Any]:
    """Spell a file as receivers of this surface know it: as Node renders its buffers."""
    return {"type": "Buffer", "data": list(content)}


def _post(order: Order, body: dict[str, Any], key: str) -> Sent:
    raw = orjson.dumps(body)
    headers = {"Content-Type": JSON, "X-Novu-Signature": signature(order.need("secretKey"), raw)}
    answer, _ = post(order, order.need("webhookUrl"), raw, {**headers, "Idempotency-Key": key})
    return Sent(text_at(answer, "id") or order.id)
