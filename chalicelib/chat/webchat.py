"""The web chat of a bot: that of an installed integration named `webchat`, reached at its webhook address."""

from __future__ import annotations

from html import escape
from typing import Any

from chalicelib.chat import access, calling
from chalicelib.chat.models import installations
from chalicelib.core.call import Call
from chalicelib.core.errors import InvalidInput, NotFound

INTEGRATION = "webchat"
_FRAME = '<iframe src="{url}" title="{name}" style="border:0;width:100%;height:100%" allow="microphone"></iframe>'
_SCRIPT = '<script src="{url}/inject.js" data-bot-id="{bot}" defer></script>'
_CONFIGURED = (
    '<script src="{url}/inject.js" defer></script>\n'
    '<script>window.webchat = {{ botId: "{bot}", hostUrl: "{url}" }}</script>'
)


def read(call: Call) -> dict[str, Any]:
    """Give the code or the address of a bot's web chat. Raises NotFound without one, InvalidInput for the type."""
    bot = access.administered_bot(call, call.path["id"])
    forms = {"preconfigured": _SCRIPT, "configurable": _CONFIGURED, "fullscreen": _FRAME, "sharableUrl": "{url}"}
    kind = call.query.get("type")
    if kind not in forms:
        raise InvalidInput.at("query.type", f"must be one of {', '.join(forms)}", "enum")
    for one in installations.installed_in(bot.home, bot.id):
        if one.name == INTEGRATION and one.enabled:
            url = calling.webhook_url(one.webhook_id)
            return {"code": forms[kind].format(url=url, bot=bot.id, name=escape(bot.name, quote=True))}
    raise NotFound(f"this bot has no web chat: no integration named {INTEGRATION} is installed")
