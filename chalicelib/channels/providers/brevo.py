"""Brevo: POST /v3/smtp/email."""

from __future__ import annotations

from chalicelib.channels.providers.base import Mail, Order, Sent, base64_text, post_json, text_at, without_nothing

URL = "https://api.brevo.com/v3/smtp/email"


def send(order: Order) -> Sent:
    """Send a mail."""
    mail: Mail = order.letter
    body = {
        "sender": without_nothing({"email": mail.sender, "name": mail.sender_name}),
        "to": [{"email": one} for one in mail.to],
        "cc": [{"email": one} for one in mail.cc],
        "bcc": [{"email": one} for one in mail.bcc],
        "replyTo": {"email": mail.reply_to} if mail.reply_to else None,
        "subject": mail.subject,
        "htmlContent": mail.html,
        "textContent": mail.text,
        "headers": mail.headers,
        "templateId": mail.custom.get("templateId"),
        "params": mail.custom.get("templateParams"),
        "attachment": [{"name": one.name, "content": base64_text(one.content)} for one in mail.attachments],
    }
    answer, _ = post_json(order, URL, without_nothing(body), {"api-key": order.need("apiKey")})
    return Sent(text_at(answer, "messageId"))
