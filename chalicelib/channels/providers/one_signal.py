"""OneSignal: POST /api/v1/notifications."""

from __future__ import annotations

from typing import Any

import orjson

from chalicelib.channels.providers.base import Order, Push, Refused, Sent, post_json, text_at, without_nothing

URL = "https://onesignal.com/api/v1/notifications"
FROM_OVERRIDES = {
    "ios_sound": "sound",
    "android_sound": "sound",
    "mutable_content": "mutableContent",
    "android_channel_id": "channelId",
    "small_icon": "icon",
    "large_icon": "icon",
    "chrome_icon": "icon",
    "firefox_icon": "icon",
    "ios_category": "categoryId",
}


def send(order: Order) -> Sent:
    """Send to every device in one call."""
    letter: Push = order.letter
    said = letter.overrides
    body: dict[str, Any] = {
        **without_nothing({name: said.get(own) for name, own in FROM_OVERRIDES.items()}),
        "app_id": order.need("applicationId"),
        "include_player_ids": letter.tokens,
        "headings": {"en": letter.title},
        "contents": {"en": letter.content},
        "data": letter.payload,
        "ios_badge_type": "Increase",
        "ios_badge_count": 1,
    }
    if said.get("subtitle"):
        body["subtitle"] = {"en": said["subtitle"]}
    answer, _ = post_json(order, URL, body, {"Authorization": f"Basic {order.need('apiKey')}"})
    if not text_at(answer, "id"):
        raise Refused("OneSignal took no device", orjson.dumps(answer).decode())
    return Sent(text_at(answer, "id"))
