"""One mail or text through a node's message setting (docs/decisions/0012-message-settings.md).

A setting without `provider` sends through integrations of the workspace: those it names (`emailIntegration`,
`smsIntegration`), else the primary ones. With `provider` it is an account of its own.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from chalicelib.adapters import logs
from chalicelib.channels import public as channels
from chalicelib.channels.public import Accepted, Account, Deferred, NoIntegration, Refused
from chalicelib.core import ids
from chalicelib.journeys import connectors
from chalicelib.journeys.connectors import MESSAGES
from chalicelib.journeys.models.settings import Setting

__all__ = ["Accepted", "Deferred", "Mail", "NoIntegration", "Refused", "Text", "mail", "text"]

Json = dict[str, Any]
_FAKE = "FAKE"


@dataclass(frozen=True)
class Mail:
    """A rendered mail. `key` names it among all of the workspace; `metadata` travels to the provider and back."""

    to: str
    subject: str
    key: str
    sender_email: str | None = None
    sender_name: str = ""
    reply_to: str | None = None
    html: str = ""
    text: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Text:
    """A rendered text; `to` is a number in E.164."""

    to: str
    content: str
    key: str
    sender: str | None = None


def mail(workspace_id: str, node: str, letter: Mail) -> Accepted:
    """Send a mail now. Raises NoIntegration (also without a setting), Refused, Deferred."""
    return _through(workspace_id, node, lambda value: _mail(workspace_id, value, letter))


def text(workspace_id: str, node: str, letter: Text) -> Accepted:
    """Send a text now. Raises NoIntegration (also without a setting), Refused, Deferred."""
    return _through(workspace_id, node, lambda value: _text(workspace_id, value, letter))


def _through(workspace_id: str, node: str, deliver: Callable[[Json], Accepted]) -> Accepted:
    """Send by the setting as it is known, some seconds old. What is refused is tried once more by a newer one.

    Without that, whoever repairs a setting and starts an automation again at once would see it stop once more.
    """
    known = connectors.of_type(workspace_id, node, MESSAGES)
    try:
        return deliver(_value(known))
    except Refused:
        newest = connectors.of_type(workspace_id, node, MESSAGES, fresh=True)
        if newest is None or newest == known:
            raise
        return deliver(_value(newest))


def _mail(workspace_id: str, value: Json, letter: Mail) -> Accepted:
    if value.get("provider") == _FAKE:
        return _pretended(workspace_id, "email", letter.key)
    return channels.send_mail(
        workspace_id,
        integration_id=value.get("emailIntegration"),
        account=mail_account(value),
        to=letter.to,
        sender=letter.sender_email or value.get("defaultSenderEmail"),
        sender_name=letter.sender_name,
        reply_to=letter.reply_to,
        subject=letter.subject,
        html=letter.html,
        text=letter.text,
        headers=letter.headers,
        key=letter.key,
        metadata=letter.metadata,
    )


def _text(workspace_id: str, value: Json, letter: Text) -> Accepted:
    if value.get("provider") == _FAKE:
        return _pretended(workspace_id, "sms", letter.key)
    return channels.send_text(
        workspace_id,
        integration_id=value.get("smsIntegration"),
        account=text_account(value),
        to=letter.to,
        sender=letter.sender or value.get("smsSender"),
        content=letter.content,
        key=letter.key,
    )


def mail_account(value: Json) -> Account | None:
    """Give the setting's own account for mails, None when integrations of the workspace serve it."""
    endpoint, key, user = value.get("endpoint", ""), value.get("apiKey", ""), value.get("userKey", "")
    match value.get("provider"):
        case "SMTP":
            return Account("nodemailer", _smtp(endpoint, user, key))
        case "SES":
            return Account("ses", {"region": value["region"], "apiKey": user, "secretKey": key})
        case "HTTP":
            return Account("email-webhook", {"webhookUrl": endpoint, "secretKey": key})
    return None


def text_account(value: Json) -> Account | None:
    """Give the setting's own account for texts; SMTP has none, so integrations of the workspace serve it."""
    key, user = value.get("apiKey", ""), value.get("userKey", "")
    match value.get("provider"):
        case "SES":
            return Account("sns", {"region": value["region"], "apiKey": user, "secretKey": key})
        case "HTTP":
            named = {"apiKeyRequestHeader": "X-Api-Key", "apiKey": key}
            return Account("generic-sms", {"baseUrl": value.get("endpoint", ""), **named})
    return None


def _smtp(endpoint: str, user: str, password: str) -> Json:
    """Read smtp://host:port, or smtps:// for TLS from the first byte."""
    is_secure, host, port = endpoint.lower().startswith("smtps:"), "", 0
    with contextlib.suppress(ValueError):  # what cannot be read is refused at sending, with its reason
        parts = urlsplit(endpoint)
        host = parts.hostname or ""
        port = parts.port or (465 if is_secure else 587)
    return {"host": host, "port": str(port), "user": user, "password": password, "secure": is_secure}


def _value(setting: Setting | None) -> Json:
    if setting is None:
        raise NoIntegration(f"the node has no setting of type {MESSAGES}")
    return connectors.whole(setting)


def _pretended(workspace_id: str, channel: str, key: str) -> Accepted:
    """Accept and send nothing: what a node whose provider is FAKE asks for."""
    identifier = ids.derived_id(workspace_id, "pretended", channel, key)
    logs.log("message.pretended", channel=channel, message=identifier)
    return Accepted(_FAKE, "", identifier)
