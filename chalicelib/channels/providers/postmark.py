"""Postmark: POST /email."""

from __future__ import annotations

from chalicelib.channels.providers.base import Mail, Order, Sent, base64_text, post_json, text_at, without_nothing

URL = "https://api.postmarkapp.com/email"


def send(order: Order) -> Sent:
    """Send a mail."""
    mail: Mail = order.letter
    body = {
        "From": mail.from_line,
        "To": ",".join(mail.to),
        "Cc": ",".join(mail.cc),
        "Bcc": ",".join(mail.bcc),
        "Subject": mail.subject,
        "HtmlBody": mail.html,
        "TextBody": mail.text,
        "ReplyTo": mail.reply_to,
        "Headers": [{"Name": name, "Value": value} for name, value in mail.headers.items()],
        "Metadata": mail.metadata,
        "Attachments": [
            without_nothing(
                {
                    "Name": one.name,
                    "Content": base64_text(one.content),
                    "ContentType": one.mime,
                    "ContentID": f"cid:{one.content_id}" if one.content_id else "",
                }
            )
            for one in mail.attachments
        ],
    }
    answer, _ = post_json(order, URL, without_nothing(body), {"X-Postmark-Server-Token": order.need("apiKey")})
    return Sent(text_at(answer, "MessageID"))
