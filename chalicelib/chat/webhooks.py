"""What outside services post to an installation: handed to its integration, whose answer goes back."""

from __future__ import annotations

import json
import re
from typing import Any

from chalicelib.adapters import logs
from chalicelib.chat import actions, calling
from chalicelib.chat.access import Context
from chalicelib.chat.models import bots, installations, log_lines
from chalicelib.chat.models.bots import Bot
from chalicelib.chat.models.installations import Installation
from chalicelib.chat.models.integrations import Integration
from chalicelib.core.call import Call
from chalicelib.core.errors import NotFound, PlatformError, QuotaExceeded, TooLarge, Unavailable, UpstreamFailed
from chalicelib.edge import limits
from chalicelib.edge.route import Answer, raw_answer

MAX_BODY_BYTES = 1_048_576
_OWN_HEADERS = frozenset({"connection", "content-length", "transfer-encoding", "date", "server", "keep-alive"})
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]{0,8000}")
Json = dict[str, Any]


def receive(call: Call) -> Answer:
    """Hand a request to the integration behind a webhook address, and relay status, headers and body of its answer.

    Raises NotFound for an address that means nothing, or whose integration is switched off.
    """
    if len(call.raw_body) > MAX_BODY_BYTES:
        raise TooLarge(f"a webhook takes {MAX_BODY_BYTES} bytes")
    context, installed, integration = _meant(call.path["id"])
    limits.spend_at_address(context.bot.workspace_id, call.path["id"])
    body = {"req": _request(call)}
    workspace_id, timeout_s = context.bot.workspace_id, actions.time_left_s(call)
    try:
        reply = calling.to_integration(workspace_id, installed, integration, "webhook_received", body, timeout_s)
    except (QuotaExceeded, Unavailable):
        raise
    except PlatformError as error:
        reason = calling.reason_of(error)
        logs.log("webhook.failed", integration=integration.id, reason=reason)
        log_lines.write_line(integration.workspace_id, integration.id, "error", f"webhook_received: {reason}")
        raise UpstreamFailed("the integration behind this address did not answer") from error
    return _relayed(reply) if integration.url is not None else _of_code(reply)


def _meant(webhook_id: str) -> tuple[Context, Installation, Integration]:
    found = installations.find_webhook(webhook_id)
    place = None if found is None else bots.place_of(found[0])
    if found is not None and place is not None:
        bot = Bot.get(place[0], id=found[0])
        installed = Installation.get(place[1], bot_id=found[0], id=found[1])
        if bot is not None and not bot.blocked and installed is not None and installed.enabled:
            integration = Integration.get(installed.owner, id=installed.id)
            if integration is not None:
                return Context(bot, installed, integration), installed, integration
    raise NotFound("nothing listens at this address")


def _request(call: Call) -> Json:
    """Describe the request as it came: the path below the address, the raw query, the body as text."""
    shown: Json = {
        "path": call.raw_path.partition(f"/{call.path['id']}")[2] or "/",
        "query": call.raw_query,
        "method": call.method,
        "headers": dict(call.headers),
    }
    if call.raw_body:
        shown["body"] = call.raw_body.decode("utf-8", "replace")
    return shown


def _relayed(reply: calling.Reply) -> Answer:
    status = reply.status if 200 <= reply.status <= 599 else 502
    headers = {name: value for name, value in reply.headers.items() if name.lower() not in _OWN_HEADERS}
    return Answer(reply.body, status, {"Content-Type": "text/plain", **_titled(headers), "raw": "1"})


def _of_code(reply: calling.Reply) -> Answer:
    """Read what code returned: `{status?, headers?, body?}`."""
    made = reply.json()
    made = made if isinstance(made, dict) else {}
    status, headers, body = made.get("status", 200), made.get("headers"), made.get("body", "")
    if not isinstance(status, int) or not 200 <= status <= 599:
        status = 200
    sent = {name: str(value) for name, value in headers.items()} if isinstance(headers, dict) else {}
    text = body if isinstance(body, str) else json.dumps(body)
    return raw_answer(text, status, {"Content-Type": "text/plain", **_titled(sent)})


def _titled(headers: Json) -> dict[str, str]:
    """Spell header names one way, so that one said twice counts once; drop what could break the answer apart."""
    return {name.title(): value for name, value in headers.items() if _NAME.fullmatch(name) and _VALUE.fullmatch(value)}
