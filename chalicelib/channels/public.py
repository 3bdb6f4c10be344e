"""What other contexts may ask of channels: one message, now, through the workspace's own account with a provider.

    accepted = send_mail(workspace_id, to="ann@example.com", subject="Hi", html="<p>Hi</p>", key="journey:1:step:2")
    accepted = send_text(workspace_id, to="+4915112345678", content="Hi", key="journey:1:step:3")

Nothing is stored here and nothing is tried again: the caller keeps its own state. Three things can go wrong:

    NoIntegration(Refused)   the workspace has no active integration to send with, or not the one named
    Refused                  refused for good: bad address, bad credentials, a provider's 4xx; `raw` is its answer
    Deferred                 not now: 429, 5xx, time-out, broken connection; `retry_after_s` is the provider's wish

All are UpstreamFailed with `message`, `status` and `retryable` (False, False, True). A Deferred that followed a
time-out may have been delivered all the same; the same `key` lets a provider that honours keys recognise the repeat.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chalicelib.channels import integrations, providers
from chalicelib.channels.burying import bury
from chalicelib.channels.models.settings import Integration
from chalicelib.channels.names import hash_of
from chalicelib.channels.providers.base import Deferred, Mail, Order, Refused, Sms

__all__ = ["Accepted", "Account", "Deferred", "NoIntegration", "Refused", "bury", "send_mail", "send_text"]

MAX_RECIPIENTS = 50


@dataclass(frozen=True)
class Accepted:
    """What a provider took: its id in the catalogue, the integration it was sent with, and the message's id there."""

    provider_id: str
    integration_id: str
    message_id: str
    raw: str = field(default="", repr=False)


@dataclass(frozen=True)
class Account:
    """An account to send with: the provider's id in the catalogue, and what it asks for."""

    provider_id: str
    credentials: Mapping[str, Any] = field(repr=False)
    integration_id: str = ""


class NoIntegration(Refused):
    """There is no active integration to send with."""


def send_mail(
    workspace_id: str,
    *,
    integration_id: str | None = None,
    account: Account | None = None,
    to: str | Sequence[str],
    sender: str | None = None,
    sender_name: str = "",
    reply_to: str | None = None,
    subject: str,
    html: str,
    text: str = "",
    headers: Mapping[str, str] | None = None,
    key: str,
    metadata: Mapping[str, str] | None = None,
) -> Accepted:
    """Send one mail now. Raises NoIntegration, Refused, Deferred.

    integration_id is an id or identifier of an active e-mail integration, None for the primary; an `account` of the
    caller's own goes before either. `to` is one address or up to 50. `sender` is an address; None takes `from` of
    the credentials (and their senderName).
    `key` names this mail among all of the workspace: it becomes the Message-ID, and the idempotency key where a
    provider takes one, so a repeat under it can be recognised. `metadata` goes to providers that carry such (custom
    arguments of SendGrid, variables of Mailgun, metadata of Postmark, tags of Resend and SES), and nowhere else.
    """
    account = account or _open(workspace_id, "email", integration_id)
    credentials = account.credentials
    people = [to] if isinstance(to, str) else list(to)
    if not 0 < len(people) <= MAX_RECIPIENTS:
        raise Refused(f"a mail goes to 1 to {MAX_RECIPIENTS} addresses")
    mail = Mail(
        sender=sender or str(credentials.get("from") or ""),
        to=people,
        subject=subject,
        html=html,
        text=text,
        sender_name=sender_name or str(credentials.get("senderName") or ""),
        reply_to=reply_to or "",
        headers=dict(headers or {}),
        metadata=dict(metadata or {}),
    )
    return _deliver(workspace_id, account, mail, key)


def send_text(
    workspace_id: str,
    *,
    integration_id: str | None = None,
    account: Account | None = None,
    to: str,
    sender: str | None = None,
    content: str,
    key: str,
) -> Accepted:
    """Send one text to a telephone now. Raises NoIntegration, Refused, Deferred.

    `to` is a number such as +4915112345678; `sender` None takes `from` of the integration's credentials. `key`,
    integration_id and account are those of send_mail.
    """
    account = account or _open(workspace_id, "sms", integration_id)
    text = Sms(to, content, sender or str(account.credentials.get("from") or ""))
    return _deliver(workspace_id, account, text, key)


def _open(workspace_id: str, channel: str, wanted: str | None) -> Account:
    """Find the integration to send with, and read its credentials."""
    active = [one for one in Integration.list_all(workspace_id) if one.active and one.channel == channel]
    fits = [one for one in active if (one.primary if wanted is None else wanted in (one.id, one.identifier))]
    if not fits:
        named = "primary" if wanted is None else "such"
        raise NoIntegration(f"the workspace has no {named} active integration for {channel}")
    return Account(fits[0].provider_id, integrations.open_credentials(fits[0]), fits[0].id)


def _deliver(workspace_id: str, account: Account, letter: Any, key: str) -> Accepted:
    order = Order(workspace_id, account.credentials, letter, hash_of("public", workspace_id, key))
    sent = providers.deliver(account.provider_id, order)
    return Accepted(account.provider_id, account.integration_id, sent.id, sent.raw)
