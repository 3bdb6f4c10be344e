"""The check of an e-mail integration: a small mail to its own sender, sent with the credentials to be stored."""

from __future__ import annotations

from typing import Any

from chalicelib.channels import providers
from chalicelib.channels.models.settings import Integration
from chalicelib.channels.providers.base import Mail, Order
from chalicelib.core.errors import InvalidInput, UpstreamFailed

TIMEOUT_S = 5.0  # somebody is waiting


def check(item: Integration, credentials: dict[str, Any]) -> None:
    """Send the mail. Raises InvalidInput with the reason when it is refused; other channels are not checked."""
    if item.channel != "email" or item.provider_id not in providers.DELIVERING:
        return
    sender = str(credentials.get("from") or "check@example.com")
    name = str(credentials.get("senderName") or "")
    mail = Mail(
        sender, [sender], "Checking Integration", "<div>Checking integration</div>", "Checking integration", name
    )
    try:
        providers.deliver(item.provider_id, Order(item.workspace_id, credentials, mail, f"check-{item.id}", TIMEOUT_S))
    except (UpstreamFailed, InvalidInput) as error:
        raise InvalidInput.at("credentials", f"the check failed: {error.message}", "check") from error
