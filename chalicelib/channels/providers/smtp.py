"""Any SMTP server (provider id nodemailer), with DKIM where secretKey, domain and accountSid are set."""

from __future__ import annotations

from chalicelib.channels.providers import mime
from chalicelib.channels.providers.base import Mail, Order, Refused, Sent
from chalicelib.core import clock


def send(order: Order) -> Sent:
    """Send a mail."""
    from chalicelib.adapters import mail as smtp  # heavy

    mail: Mail = order.letter
    credentials = order.credentials
    port = order.need("port")
    if not port.isdecimal() or not 0 < int(port) < 65_536:
        raise Refused("the port of the mail server is no port")
    options = credentials.get("tlsOptions") or {}
    server = smtp.Server(
        order.need("host"),
        int(port),
        order.get("user"),
        order.get("password"),
        is_secure=bool(credentials.get("secure")),
        requires_tls=bool(credentials.get("requireTls")),
        ignores_tls=bool(credentials.get("ignoreTls")),
        checks_certificate=options.get("rejectUnauthorized", True) is not False,
    )
    now_ms = clock.now_ms()
    message = mime.build(mail, order.id, now_ms)
    if order.get("secretKey") and order.get("domain") and order.get("accountSid"):
        keys = order.get("domain"), order.get("accountSid"), order.get("secretKey")
        message = mime.signed(message, *keys, now_ms // 1000)
    smtp.send(server, mail.sender, mail.everyone, message, order.timeout_s or smtp.MAIL_TIMEOUT_S)
    return Sent(f"<{order.id}@{mail.sender.rpartition('@')[2]}>")
