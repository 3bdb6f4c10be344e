"""What the platform asks of bots and integrations: one request at their url, or one run of their code.

Every request is a POST of JSON whose `x-bp-signature` is the hex HMAC-SHA256 of the body under the signing secret of
the bot or the integration. Source: contract/botpress.yaml, webhooks.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from chalicelib.adapters import blobs, http_client
from chalicelib.adapters.http_client import Request
from chalicelib.chat import sealing
from chalicelib.chat.models.bots import Bot
from chalicelib.chat.models.installations import Installation
from chalicelib.chat.models.integrations import Integration
from chalicelib.core.cache import Cached
from chalicelib.core.config import settings
from chalicelib.core.errors import Gone, LogicFailed, UpstreamFailed

SYNC_TIMEOUT_S = 25.0  # somebody waits, and the gateway gives up at 29 s
WORKER_TIMEOUT_S = 45.0
MAX_ANSWER_BYTES = 1_048_576
NO_ADDRESS = "it has no url, and no code that runs here"
Json = dict[str, Any]
_codes: Cached[str] = Cached(age_s=300, size=100)


@dataclass(frozen=True)
class Reply:
    """What came back. `body` of a run of code is the JSON of what it returned."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def is_good(self) -> bool:
        """Whether it says that all went well."""
        return 200 <= self.status < 300

    def json(self) -> Any:
        """Read the body; None where it is no JSON."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return None

    def complaint(self) -> str:
        """Say what went wrong, in the words of who refused where there are any."""
        told = self.json()
        if isinstance(told, dict):
            for name in ("message", "error"):
                if isinstance(told.get(name), str) and told[name]:
                    return str(told[name])[:500]
        return f"it answered {self.status}"


def to_bot(bot: Bot, operation: str, kind: str, body: Json, timeout_s: float = WORKER_TIMEOUT_S) -> Reply:
    """Send an operation to a bot. `kind` is an event's type; it must not be empty.

    Raises Gone when the bot runs nowhere, LogicFailed, UpstreamFailed, UpstreamTimeout.
    """
    secrets = sealing.open_bot(bot)
    if bot.url is None:
        request = {"operation": operation, "type": kind, "botId": bot.id, "configuration": secrets["data"], **body}
        return _run(bot.workspace_id, bot.home, bot.code if bot.runs_code else None, request, timeout_s)
    headers = {
        "x-bot-id": bot.id,
        "x-bp-operation": operation,
        "x-bp-type": kind,
        "x-bp-configuration": _encoded(secrets["data"]),
    }
    return _post(bot.workspace_id, bot.url, headers, body, secrets["signingSecret"], timeout_s)


def to_integration(
    workspace_id: str,
    installed: Installation,
    integration: Integration,
    operation: str,
    body: Json,
    timeout_s: float = WORKER_TIMEOUT_S,
) -> Reply:
    """Send an operation to an integration in the name of a bot; `workspace_id` is the bot's.

    Raises Gone when the integration runs nowhere, LogicFailed, UpstreamFailed, UpstreamTimeout.
    """
    configuration = sealing.open_configuration(installed)
    if integration.url is None:
        request = {"operation": operation, "botId": installed.bot_id, "configuration": configuration, **body}
        room = f"{workspace_id}|{integration.workspace_id}"
        code = integration.code if integration.runs_code else None
        return _run(room, integration.workspace_id, code, request, timeout_s)
    headers = {
        "x-bot-id": installed.bot_id,
        "x-bot-user-id": installed.bot_id,
        "x-integration-id": integration.id,
        "x-webhook-id": installed.webhook_id,
        "x-bp-operation": operation,
        "x-bp-configuration": _encoded(configuration),
    }
    secret = sealing.open_integration(integration)
    return _post(integration.workspace_id, integration.url, headers, body, secret, timeout_s)


def webhook_url(webhook_id: str) -> str:
    """Give the public address of an installation."""
    return f"{settings().public_url}/v1/chat/webhooks/{webhook_id}"


def signature_of(secret: str, body: bytes) -> str:
    """Sign a body."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def _post(workspace_id: str, url: str, headers: Mapping[str, str], body: Json, secret: str, timeout_s: float) -> Reply:
    raw = orjson.dumps(body)
    sent = {**headers, "content-type": "application/json", "x-bp-signature": signature_of(secret, raw)}
    request = Request("POST", url, sent, raw, timeout_s=timeout_s, max_response_bytes=MAX_ANSWER_BYTES)
    answer = http_client.send(workspace_id, request)
    if answer.truncated:
        raise UpstreamFailed(f"it answered more than {MAX_ANSWER_BYTES} bytes", status=answer.status)
    return Reply(answer.status, dict(answer.headers.items()), answer.body)


def _run(room: str, owner: str, blob: str | None, request: Json, timeout_s: float) -> Reply:
    from chalicelib.adapters.javascript import Script, runner  # heavy
    from chalicelib.connectors.public import Outside

    if blob is None:
        raise Gone(NO_ADDRESS)
    code = _codes.get((owner, blob), lambda: blobs.blobs().get(owner, blob).decode())
    limit_s = min(settings().logic_timeout_s, timeout_s)
    script = Script(code=f"{code}\nreturn await handler(request);", bindings={"request": request}, timeout_s=limit_s)
    outcome = runner().run(room, script, Outside(room.partition("|")[0], limit_s))
    return Reply(200, {}, orjson.dumps(outcome.value))


def reason_of(error: Exception) -> str:
    """Say why a bot or an integration could not be asked."""
    if isinstance(error, LogicFailed):
        return f"its code failed: {error.message}"
    return getattr(error, "message", "it could not be asked")


def _encoded(configuration: Json) -> str:
    return base64.b64encode(json.dumps(configuration).encode()).decode()
