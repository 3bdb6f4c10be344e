"""Expo: POST /--/api/v2/push/send."""

from __future__ import annotations

from typing import Any

import orjson

from chalicelib.channels.providers.base import (
    Deferred,
    Order,
    Push,
    Refused,
    Sent,
    bearer,
    each,
    in_groups,
    post_json,
    text_at,
)

URL = "https://exp.host/--/api/v2/push/send"
MOST = 100


def send(order: Order) -> Sent:
    """Send to every device, a hundred a call; refusals come with status 200 and a ticket of their own."""
    letter: Push = order.letter
    headers = bearer(order.need("apiKey"))
    more = {name: value for name, value in letter.overrides.items() if name not in ("to", "title", "body")}
    message = {**more, "title": letter.title, "body": letter.content, "data": letter.payload}

    def send_some(tokens: list[str]) -> Sent:
        answer, _ = post_json(order, URL, [{**message, "to": tokens}], headers)
        return _read(answer)

    return each(in_groups(letter.tokens, MOST), send_some)


def _read(answer: Any) -> Sent:
    """Read the tickets: one that is good means that some device gets it."""
    raw = orjson.dumps(answer).decode()
    tickets = answer.get("data") if isinstance(answer, dict) else None
    found = [one for one in tickets if isinstance(one, dict)] if isinstance(tickets, list) else []
    good = [one for one in found if one.get("status") == "ok"]
    if good:
        return Sent(text_at(good[0], "id"), raw if len(good) < len(found) else "")
    reason = text_at(found, "0.message") or "no device was taken"
    if text_at(found, "0.details.error") == "MessageRateExceeded":
        raise Deferred(reason, raw)
    raise Refused(reason, raw)
