"""Asking a bot or an integration whether it is there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chalicelib.chat import access, calling, sealing
from chalicelib.chat.models.installations import Installation
from chalicelib.chat.models.integrations import Integration
from chalicelib.core import clock
from chalicelib.core.call import Call
from chalicelib.core.errors import PlatformError, QuotaExceeded, Unavailable

_TIMEOUT_S = 10.0
Json = dict[str, Any]


def ping_bot(call: Call) -> Json:
    """Send `ping` to a bot and say how that went. Raises NotFound."""
    bot = access.administered_bot(call, call.path["id"])
    return _timed(lambda: calling.to_bot(bot, "ping", "ping", {}, _TIMEOUT_S))


def ping_integration(call: Call) -> Json:
    """Send `ping` to an integration, in no bot's name, and say how that went. Raises NotFound."""
    workspace_id = access.workspace_of(call)
    item = Integration.find(workspace_id, id=call.path["id"])
    nowhere = Installation.new(
        workspace_id, id=item.id, bot_id=item.id, owner=workspace_id, name=item.name, version=item.version
    )
    nowhere.webhook_id = "ping"
    sealing.seal_configuration(nowhere, {})
    return _timed(lambda: calling.to_integration(workspace_id, nowhere, item, "ping", {}, _TIMEOUT_S))


def _timed(ask: Callable[[], calling.Reply]) -> Json:
    began = clock.now_ms()
    try:
        reply = ask()
        reason = None if reply.is_good else reply.complaint()
    except (QuotaExceeded, Unavailable):
        raise
    except PlatformError as error:
        reason = calling.reason_of(error)
    shown: Json = {"isThere": reason is None, "ms": clock.now_ms() - began}
    return shown if reason is None else {**shown, "reason": reason}
