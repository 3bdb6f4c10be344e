"""Firebase Cloud Messaging: a token for the service account, then POST /v1/projects/{id}/messages:send."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import orjson

from chalicelib.channels.providers.base import (
    Order,
    Push,
    Refused,
    Sent,
    bearer,
    each,
    post_form,
    post_json,
    text_at,
    without_nothing,
)
from chalicelib.core import clock

TOKEN_URL = "https://oauth2.googleapis.com/token"  # noqa: S105 an address
SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def send(order: Order) -> Sent:
    """Send to every device."""
    letter: Push = order.letter
    account = _account(order)
    token = _token(order, account)
    url = f"https://fcm.googleapis.com/v1/projects/{quote(account['project_id'], safe='')}/messages:send"
    headers = bearer(token)

    def send_one(device: str) -> Sent:
        answer, _ = post_json(order, url, {"message": {"token": device, **_message(letter)}}, headers)
        return Sent(text_at(answer, "name"))

    return each(letter.tokens, send_one)


def _message(letter: Push) -> dict[str, Any]:
    """Build a message: what is shown, or with the override type "data" only what the app reads."""
    said = letter.overrides
    if said.get("type") == "data":
        own = {"title": letter.title, "body": letter.content, "message": letter.content}
        made: dict[str, Any] = {"data": {**_texts(letter.payload), **own}}
    else:
        image = said.get("imageUrl") or said.get("image")
        shown = {"title": letter.title, "body": letter.content, "image": image}
        made = {"notification": without_nothing(shown), "data": _texts(said.get("data"))}
    parts = {name: said.get(name) for name in ("android", "apns")}
    parts |= {"webpush": said.get("webPush") or said.get("webpush"), "fcm_options": _options(said.get("fcmOptions"))}
    return without_nothing({**made, **parts})


def _options(value: Any) -> Any:
    """Spell the label for statistics as the API does."""
    label = value.get("analyticsLabel") if isinstance(value, dict) else None
    return {"analytics_label": label} if label else None


def _texts(values: Any) -> dict[str, str]:
    """Spell values as texts: data of a push holds nothing else."""
    found = values if isinstance(values, dict) else {}
    return {name: value if isinstance(value, str) else orjson.dumps(value).decode() for name, value in found.items()}


def _account(order: Order) -> dict[str, str]:
    try:
        account = orjson.loads(order.need("serviceAccount"))
        return {name: str(account[name]) for name in ("project_id", "client_email", "private_key")}
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise Refused("the service account cannot be read") from error


def _token(order: Order, account: dict[str, str]) -> str:
    from joserfc import jwt  # heavy
    from joserfc.jwk import RSAKey

    now_s = clock.now_s()
    claims = {"iss": account["client_email"], "scope": SCOPE, "aud": TOKEN_URL, "iat": now_s, "exp": now_s + 3_600}
    try:
        assertion = jwt.encode({"alg": "RS256", "typ": "JWT"}, claims, RSAKey.import_key(account["private_key"]))
    except ValueError as error:
        raise Refused("the key of the service account cannot be used") from error
    answer, _ = post_form(order, TOKEN_URL, {"grant_type": GRANT, "assertion": assertion})
    token = text_at(answer, "access_token")
    if not token:
        raise Refused("no token was given for the service account")
    return token
