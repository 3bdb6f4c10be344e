"""Firebase Cloud Messaging: a token for the service account, then POST /v1/projects/{id}/messages:send."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import orjson

from chalicelib.channels.providers.base import Order, Push, Refused, Sent, bearer, post_form, post_json, text_at
from chalicelib.core import clock

TOKEN_URL = "https://oauth2.googleapis.com/token"  # noqa: S105 an address
SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def send(order: Order) -> Sent:
    """Send to every device; the last refusal is raised when none took it."""
    letter: Push = order.letter
    account = _account(order)
    token = _token(order, account)
    url = f"https://fcm.googleapis.com/v1/projects/{quote(account['project_id'], safe='')}/messages:send"
    data = {
        name: value if isinstance(value, str) else orjson.dumps(value).decode()
        for name, value in letter.payload.items()
    }
    sent, refusal = Sent(), None
    for device in letter.tokens:
        message: dict[str, Any] = {
            "token": device,
            "notification": {"title": letter.title, "body": letter.content},
            "data": data,
        }
        message |= {
            name: value
            for name, value in letter.overrides.items()
            if name in ("android", "apns", "webpush", "fcmOptions")
        }
        try:
            answer, _ = post_json(order, url, {"message": message}, bearer(token))
            sent = Sent(text_at(answer, "name"))
        except Refused as refused:
            refusal = refused
    if refusal is not None and not sent.id:
        raise refusal
    return sent


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
