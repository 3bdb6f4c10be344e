"""Mailgun: POST /v3/{domain}/messages."""

from __future__ import annotations

from urllib.parse import quote

from chalicelib.channels.providers.base import Mail, Order, Sent, basic, post_parts, text_at


def send(order: Order) -> Sent:
    """Send a mail."""
    mail: Mail = order.letter
    base = order.get("baseUrl", "https://api.mailgun.net").rstrip("/")
    fields = [("from", mail.from_line), ("subject", mail.subject), ("html", mail.html), ("text", mail.text)]
    fields += [(name, ",".join(found)) for name, found in (("to", mail.to), ("cc", mail.cc), ("bcc", mail.bcc))]
    fields += [(f"h:{name}", value) for name, value in mail.headers.items()]
    fields += [(f"v:{name}", value) for name, value in mail.metadata.items()]
    fields.append(("h:Reply-To", mail.reply_to))
    files = [("inline" if one.content_id else "attachment", one) for one in mail.attachments]
    url = f"{base}/v3/{quote(order.need('domain'), safe='')}/messages"
    auth = basic(order.get("user", "api"), order.need("apiKey"))
    answer, _ = post_parts(order, url, [pair for pair in fields if pair[1]], files, auth)
    return Sent(text_at(answer, "id"))
