"""Expo: POST /--/api/v2/push/send."""

from __future__ import annotations

import orjson

from chalicelib.channels.providers.base import Order, Push, Refused, Sent, bearer, post_json, text_at

URL = "https://exp.host/--/api/v2/push/send"


def send(order: Order) -> Sent:
    """Send to every device in one call; refusals come with status 200 and a ticket of their own."""
    letter: Push = order.letter
    more = {name: value for name, value in letter.overrides.items() if name not in ("to", "title", "body")}
    body = [
        {**more, "to": one, "title": letter.title, "body": letter.content, "data": letter.payload}
        for one in letter.tokens
    ]
    answer, _ = post_json(order, URL, body, bearer(order.need("apiKey")))
    if text_at(answer, "data.0.status") == "error":
        raise Refused(text_at(answer, "data.0.message") or "refused", orjson.dumps(answer).decode())
    return Sent(text_at(answer, "data.0.id"))
