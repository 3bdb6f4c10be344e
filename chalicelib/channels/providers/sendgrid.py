"""SendGrid: POST /v3/mail/send."""

from __future__ import annotations

from typing import Any

from chalicelib.channels.providers.base import Mail, Order, Sent, base64_text, bearer, post_json, without_nothing

URL = "https://api.sendgrid.com/v3/mail/send"
TEMPLATE, TEMPLATE_DATA = "templateId", "dynamicTemplateData"


def send(order: Order) -> Sent:
    """Send a mail."""
    mail: Mail = order.letter
    people = {name: [{"email": one} for one in found] for name, found in _people(mail).items()}
    texts = (("text/plain", mail.text), ("text/html", mail.html))
    body: dict[str, Any] = {
        "from": without_nothing({"email": mail.sender, "name": mail.sender_name}),
        "personalizations": [
            without_nothing(
                {**people, "custom_args": _arguments(order), "dynamic_template_data": mail.custom.get(TEMPLATE_DATA)}
            )
        ],
        "template_id": mail.custom.get(TEMPLATE),
        "subject": mail.subject,
        "content": [{"type": kind, "value": text} for kind, text in texts if text],
        "reply_to": {"email": mail.reply_to} if mail.reply_to else None,
        "headers": mail.headers,
        "ip_pool_name": mail.ip_pool_name or order.get("ipPoolName"),
        "attachments": [
            without_nothing(
                {
                    "content": base64_text(one.content),
                    "filename": one.name,
                    "type": one.mime,
                    "disposition": "inline" if one.content_id else "attachment",
                    "content_id": one.content_id,
                }
            )
            for one in mail.attachments
        ],
    }
    _, response = post_json(order, URL, without_nothing(body), bearer(order.need("apiKey")))
    return Sent(response.headers.get("x-message-id", ""))


def _arguments(order: Order) -> dict[str, str]:
    """Give what comes back with the events of this mail; SendGrid takes texts only."""
    mail: Mail = order.letter
    custom = {name: one for name, one in mail.custom.items() if name not in (TEMPLATE, TEMPLATE_DATA)}
    return {**mail.metadata, **{name: str(one) for name, one in custom.items()}, "id": order.id}


def _people(mail: Mail) -> dict[str, list[str]]:
    """SendGrid refuses an address that stands twice."""
    cc = [one for one in mail.cc if one not in mail.to]
    return {"to": mail.to, "cc": cc, "bcc": [one for one in mail.bcc if one not in (*mail.to, *cc)]}
