"""Apple's push service: POST /3/device/{token} over HTTP/2, with a token signed by the team's key.

Source: developer.apple.com/documentation/usernotifications, "Sending notification requests to APNs".
"""

from __future__ import annotations

import hashlib
import re
import uuid
from typing import Any
from urllib.parse import quote

import orjson

from chalicelib.adapters.http_client import Request
from chalicelib.channels.providers.base import (
    TIMEOUT_S,
    Deferred,
    Order,
    Push,
    Refused,
    Sent,
    each,
    failure,
    in_two_words,
)
from chalicelib.core import clock
from chalicelib.core.cache import Cached

HOSTS = {True: "https://api.push.apple.com", False: "https://api.sandbox.push.apple.com"}
MAX_BYTES = 4_096
TOKEN_AGE_S = 2_400  # Apple wants a token to be used for 20 to 60 minutes
_TOPIC = re.compile(r"[A-Za-z0-9.-]{1,155}")
_tokens: Cached[str] = Cached(TOKEN_AGE_S, size=500)
_APS = {"badge": "badge", "sound": "sound", "category": "category", "threadId": "thread-id", "urlArgs": "url-args"}
_ALERT = {"subtitle": "subtitle", "titleLocKey": "title-loc-key", "titleLocArgs": "title-loc-args",
          "locKey": "loc-key", "locArgs": "loc-args", "launchImage": "launch-image"}  # fmt: skip


def send(order: Order) -> Sent:
    """Send to every device over one connection."""
    from chalicelib.adapters.http_client.http2 import Http2  # heavy

    letter: Push = order.letter
    origin = HOSTS[order.credentials.get("secure") in (True, "true")]
    body = orjson.dumps(content(letter))
    if len(body) > MAX_BYTES:
        raise Refused(f"a push to Apple has at most {MAX_BYTES} bytes, this one {len(body)}")
    headers = {"authorization": f"bearer {_token(order)}", **_headers(order, letter.overrides)}
    with Http2(origin) as server:

        def send_one(device: str) -> Sent:
            own = {**headers, "apns-id": str(uuid.uuid5(uuid.NAMESPACE_OID, f"{order.id}|{device}"))}
            url = f"{origin}/3/device/{quote(device, safe='')}"
            return _post(server, Request("POST", url, own, body, timeout_s=TIMEOUT_S))

        return each(letter.tokens, send_one)


def _post(server: Any, request: Request) -> Sent:
    with in_two_words():
        response = server.send(request)
    text = response.body.decode("utf-8", "replace")
    if response.status == 200:
        return Sent(response.headers.get("apns-id", request.headers["apns-id"]))
    if response.status == 403 and "ExpiredProviderToken" in text:
        _tokens.forget()
        raise Deferred("the token for Apple had expired", text, response.status)
    raise failure(response, text)


def content(letter: Push) -> dict[str, Any]:
    """Build what is sent: the alert, what the overrides say of it, and the payload beside it."""
    said = letter.overrides
    alert = {"title": letter.title, "body": letter.content}
    alert |= {name: said[own] for own, name in _ALERT.items() if said.get(own) is not None}
    aps: dict[str, Any] = {"alert": alert}
    aps |= {name: said[own] for own, name in _APS.items() if said.get(own) is not None}
    for own, name in (("contentAvailable", "content-available"), ("mutableContent", "mutable-content")):
        if said.get(own) in (True, 1):
            aps[name] = 1
    if isinstance(said.get("aps"), dict):
        aps |= said["aps"]
    return {**letter.payload, "aps": aps}


def _headers(order: Order, said: dict[str, Any]) -> dict[str, str]:
    topic = str(said.get("topic") or order.need("applicationId"))
    if not _TOPIC.fullmatch(topic):
        raise Refused("the bundle id cannot be read")
    made = {"apns-topic": topic, "apns-push-type": str(said.get("pushType") or "alert")}
    for own, name in (("expiry", "apns-expiration"), ("priority", "apns-priority"), ("collapseId", "apns-collapse-id")):
        if isinstance(said.get(own), int | str):
            made[name] = str(said[own])
    return made


def _token(order: Order) -> str:
    key, key_id, team = order.need("secretKey"), order.need("apiKey"), order.need("projectName")
    name = hashlib.sha256("|".join((key_id, team, key)).encode()).hexdigest()
    return _tokens.get(name, lambda: _signed(key, key_id, team)) or ""


def _signed(key: str, key_id: str, team: str) -> str:
    from joserfc import jwt  # heavy
    from joserfc.errors import JoseError
    from joserfc.jwk import ECKey

    try:
        pem = ECKey.import_key(key.replace("\\n", "\n"))
        return jwt.encode({"alg": "ES256", "kid": key_id}, {"iss": team, "iat": clock.now_s()}, pem)
    except (ValueError, TypeError, JoseError) as error:
        raise Refused("the key for Apple cannot be used") from error
