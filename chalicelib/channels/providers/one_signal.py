"""OneSignal: POST /api/v1/notifications."""

from __future__ import annotations

import orjson

from chalicelib.channels.providers.base import Order, Push, Refused, Sent, post_json, text_at

URL = "https://onesignal.com/api/v1/notifications"


def send(order: Order) -> Sent:
    """Send to every device in one call."""
    letter: Push = order.letter
    body = {
        "app_id": order.need("applicationId"),
        "include_player_ids": letter.tokens,
        "headings": {"en": letter.title},
        "contents": {"en": letter.content},
        "data": letter.payload,
    }
    answer, _ = post_json(order, URL, body, {"Authorization": f"Basic {order.need('apiKey')}"})
    if not text_at(answer, "id"):
        raise Refused("OneSignal took no device", orjson.dumps(answer).decode())
    return Sent(text_at(answer, "id"))
