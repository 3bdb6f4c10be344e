"""Rooms reached by an incoming webhook of their own: Slack, Mattermost, Zulip, Discord, Ryver, Teams."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import orjson

from chalicelib.channels.providers.base import Chat, Order, Refused, Sent, post_json, text_at, without_nothing


def slack(order: Order) -> Sent:
    """POST {text} to the channel the address belongs to."""
    chat: Chat = order.letter
    return _post(order, {**chat.more, "text": chat.content})


def mattermost(order: Order) -> Sent:
    """POST {text}, to another channel where one is named."""
    chat: Chat = order.letter
    return _post(order, {**chat.more, "text": chat.content, **without_nothing({"channel": chat.channel})})


def discord(order: Order) -> Sent:
    """POST {content}; the answer is awaited to learn the message's id."""
    chat: Chat = order.letter
    try:
        url = urlsplit(_url(order))
    except ValueError as error:
        raise Refused("the webhook address of the subscriber cannot be read") from error
    query = [(name, value) for name, value in parse_qsl(url.query, keep_blank_values=True) if name != "wait"]
    waiting = urlunsplit(url._replace(query=urlencode([*query, ("wait", "true")]), fragment=""))
    return _post(order, {**chat.more, "content": chat.content}, waiting)


def ryver(order: Order) -> Sent:
    """POST {content}."""
    return _post(order, {"content": order.letter.content})


def teams(order: Order) -> Sent:
    """POST {text}, or the card itself when the content is one."""
    content = order.letter.content
    try:
        parsed = orjson.loads(content)
    except orjson.JSONDecodeError:
        parsed = None
    return _post(order, parsed if isinstance(parsed, dict) else {"text": content})


def _url(order: Order) -> str:
    url = order.letter.webhook_url
    if not url:
        raise Refused("the subscriber has no webhook address for this provider")
    return str(url)


def _post(order: Order, body: dict[str, Any], url: str = "") -> Sent:
    answer, _ = post_json(order, url or _url(order), body)
    return Sent(text_at(answer, "id"))
