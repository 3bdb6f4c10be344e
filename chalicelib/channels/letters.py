"""What a step says, rendered for one subscriber: a letter for the provider, and the message as it is kept."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

import orjson

from chalicelib.channels import environments, layouts
from chalicelib.channels.jobs import Run
from chalicelib.channels.models.settings import Integration, Layout
from chalicelib.channels.providers.base import Attachment, Chat, Mail, Push, Sms
from chalicelib.channels.rules import variables
from chalicelib.channels.templates import TemplateFault, render
from chalicelib.channels.templates.texts import escape

_BAD_LINK = re.compile(r"\s*(javascript|data|vbscript|file|blob)\s*:", re.IGNORECASE)
_BODY = re.compile(r"<body\b[^<>]*>", re.IGNORECASE)
DEFAULT_COLOR = "#f47373"
_HIDDEN = re.compile(r"[\x00-\x20\u200b-\u200f\u2028\u2029]+")
MAX_DEVICES = 500
Written = tuple[Any, dict[str, Any]]


def in_app(at: Run) -> dict[str, Any]:
    """Render a message for the inbox."""
    template = at.step["template"]
    data, cta = _with_branding(at, template), dict(template.get("cta") or {})
    made: dict[str, Any] = {"data": {}}
    if url := (cta.get("data") or {}).get("url"):
        made["data"] = {"url": safe_link(render(str(url), data, escapes=False))}
    made["type"] = "redirect"
    action = cta.get("action")
    if isinstance(action, dict):
        buttons = [one for one in action.get("buttons") or () if isinstance(one, dict)]
        shown = [{**one, "content": plain(one.get("content"), data)} for one in buttons]
        made["action"] = {"status": "pending", "buttons": shown, "result": {}}
    return {
        "content": plain(template.get("content"), data),
        "title": plain(template.get("title"), data),
        "cta": made,
        "feedId": template.get("feedId"),
        "actor": _actor(at, template.get("actor")),
    }


def _actor(at: Run, actor: Any) -> dict[str, Any] | None:
    """Say whose picture stands beside a message: that of who set the event off, or the one the step names."""
    if not actor or actor["type"] == "none":
        return None
    if actor["type"] == "user":
        return {"type": "user", "data": at.actor.avatar if at.actor else None}
    return {"type": actor["type"], "data": actor.get("data")}


def email(at: Run, integration: Integration, credentials: dict[str, Any]) -> Written:
    """Render a mail; without an address there is no letter, only the message."""
    template = at.step["template"]
    said = at.overrides("email", integration.provider_id)
    layout = _layout(at, template, str(said.get("layoutIdentifier") or ""))
    data = variables.filled(_with_branding(at, template, layout), layout.variables if layout else ())
    subject = plain(said.get("subject") or template.get("subject"), data)
    html = str(said.get("html") or said.get("text") or _page(template, data, subject, layout))
    shown: dict[str, Any] = {"content": html, "subject": subject}
    own = at.payload.get("email") or at.subscriber.email
    to = list(dict.fromkeys([*([str(own)] if own else []), *_addresses(said.get("to"))]))
    if not to:
        return None, shown
    letter = Mail(
        sender=str(said.get("from") or credentials.get("from") or ""),
        to=to,
        subject=subject,
        html=html,
        text=str(said.get("text") or ""),
        sender_name=str(
            said.get("senderName") or plain(template.get("senderName"), data) or credentials.get("senderName") or ""
        ),
        cc=_addresses(said.get("cc")),
        bcc=_addresses(said.get("bcc")),
        reply_to=str(said.get("replyTo") or ""),
        headers={str(name): str(value) for name, value in _object(said.get("headers")).items()},
        attachments=_attachments(at.payload.get("attachments")),
        ip_pool_name=str(said.get("ipPoolName") or ""),
        custom=_object(said.get("customData")),
    )
    return letter, {**shown, "email": to[0]}


def sms(at: Run, integration: Integration, credentials: dict[str, Any]) -> Written:
    """Render a text for a telephone."""
    said = at.overrides("sms", integration.provider_id)
    content = str(said.get("content") or plain(at.step["template"].get("content"), at.data()))
    to = said.get("to") or at.payload.get("phone") or at.subscriber.phone
    if not to:
        return None, {"content": content}
    letter = Sms(str(to), content, str(said.get("from") or credentials.get("from") or ""))
    return letter, {"content": content, "phone": str(to)}


def chat(at: Run, integration: Integration, entry: dict[str, Any]) -> Written:
    """Render a text for a room."""
    said = at.overrides("chat", integration.provider_id)
    content = str(said.get("content") or plain(at.step["template"].get("content"), at.data()))
    url = str(said.get("webhookUrl") or at.payload.get("webhookUrl") or entry.get("webhookUrl") or "")
    if not url:
        return None, {"content": content}
    more: dict[str, Any] = {
        str(name): said[name] for name in ("blocks", "attachments", "username", "embeds") if name in said
    }
    letter = Chat(content, url, str(said.get("channel") or entry.get("channel") or ""), more)
    return letter, {"content": content, "chatWebhookUrl": url}


def push(at: Run, integration: Integration, entry: dict[str, Any]) -> Written:
    """Render a text for devices."""
    template, data = at.step["template"], at.data()
    said = at.overrides("push", integration.provider_id)
    content = str(said.get("content") or plain(template.get("content"), data))
    title = str(said.get("title") or plain(template.get("title"), data))
    tokens = _addresses(said.get("deviceTokens") or entry.get("deviceTokens"))[:MAX_DEVICES]
    shown = {"content": content, "title": title}
    if not tokens:
        return None, shown
    more = {name: value for name, value in said.items() if name not in ("title", "content", "deviceTokens")}
    more.pop("integrationIdentifier", None)
    facts = at.facts()
    about = {"subscriber": facts["subscriber"], "step": facts["step"]}
    return Push(tokens, title, content, at.payload, more, about), {**shown, "deviceTokens": tokens}


def plain(template: Any, data: dict[str, Any]) -> str:
    """Render a text that is no page: apostrophes stand as they are, as everywhere on this surface but in mails."""
    return render(_text(template), data).replace("&#x27;", "'")


def safe_link(url: str) -> str:
    """Give a link only when following it runs nothing."""
    return "" if _BAD_LINK.match(_HIDDEN.sub("", url)) else url


def _layout(at: Run, template: dict[str, Any], named: str) -> Layout | None:
    """Find what stands around a mail: blocks always have a layout, a page of its own only where one is named."""
    named = str(at.event["overrides"].get("layoutIdentifier") or named)
    layout_id = template.get("layoutId")
    is_bare = not (named or layout_id or isinstance(template.get("content"), list))
    return None if is_bare else layouts.choose(at.workspace_id, layout_id, named)


def _with_branding(at: Run, template: dict[str, Any], layout: Layout | None = None) -> dict[str, Any]:
    """Add the looks of the organization, read only where a text may speak of them."""
    data = at.data()
    if "branding" in orjson.dumps(template).decode() or (layout is not None and "branding" in layout.content):
        own = environments.find(at.workspace_id).branding
        data["branding"] = {"color": DEFAULT_COLOR, **own}
    return data


def _page(template: dict[str, Any], data: dict[str, Any], subject: str, layout: Layout | None) -> str:
    content = template.get("content")
    if isinstance(content, list):
        body = "".join(_block(block, data) for block in content)
    else:
        body = render(_text(content), data)
    if layout is None:
        return body
    preheader = render(_text(template.get("preheader")), data)
    around = render(layout.content, {**data, "body": body, "subject": subject, "preheader": preheader})
    return _previewed(around, preheader) if "preheader" not in layout.content else around


def _previewed(page: str, preheader: str) -> str:
    """Hide the words that inboxes show beside the subject at the beginning of a page."""
    hidden = f'<div style="display: none; max-height: 0; overflow: hidden">{escape(preheader)}</div>'
    return _BODY.sub(lambda found: found[0] + hidden, page, count=1) if preheader else page


def _block(block: dict[str, Any], data: dict[str, Any]) -> str:
    align = str((block.get("styles") or {}).get("textAlign", "left"))
    align = align if align in ("left", "center", "right") else "left"
    content = render(_text(block.get("content")), data)
    if block.get("type") == "button":
        url = escape(safe_link(render(_text(block.get("url")), data, escapes=False)))
        return f'<div style="text-align: {align}"><a href="{url}" target="_blank">{content}</a></div>'
    return f'<div style="text-align: {align}">{content}</div>'


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _addresses(value: Any) -> list[str]:
    found = value if isinstance(value, list) else [value] if value else []
    return [str(one) for one in found if one and isinstance(one, str | int)]


def _attachments(value: Any) -> list[Attachment]:
    """Read files: base64, or bytes as Node spells them. One that cannot be read ends the step."""
    made = []
    for one in value if isinstance(value, list) else []:
        if not isinstance(one, dict):
            continue
        try:
            content = _bytes(one.get("file"))
        except (ValueError, TypeError, binascii.Error) as error:
            raise TemplateFault("an attachment cannot be read") from error
        mime = str(one.get("mime") or "application/octet-stream")
        mime = mime if re.fullmatch(r"[\w.+-]+/[\w.+-]+", mime) else "application/octet-stream"
        made.append(Attachment(str(one.get("name") or "file"), content, mime, str(one.get("cid") or "")))
    return made


def _bytes(file: Any) -> bytes:
    if isinstance(file, dict) and isinstance(file.get("data"), list):
        return bytes(file["data"])
    return base64.b64decode(str(file or ""), validate=True)
