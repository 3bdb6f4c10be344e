"""The sealed parts of a subscription: its signing secrets, and what its `create` hook wants kept."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from chalicelib.core import clock
from chalicelib.core.cache import Cached
from chalicelib.credentials import public as credentials
from chalicelib.credentials.public import Credential
from chalicelib.subscriptions import signatures
from chalicelib.subscriptions.models import Subscription

_keys: Cached[bytes] = Cached(300)


def seal_secret(workspace_id: str, subscription_id: str, secret: str) -> str:
    """Seal a signing secret for its place."""
    return credentials.vault().seal(workspace_id, _place(subscription_id, "secret"), secret)


def open_secret(workspace_id: str, subscription_id: str, sealed: str) -> str:
    """Give a signing secret back."""
    return credentials.vault().open(workspace_id, _place(subscription_id, "secret"), sealed).decode()


def signing_keys(item: Subscription) -> list[bytes]:
    """Give the keys that sign for a subscription: the current one, and for a day the one before."""
    sealed = [item.secret]
    if item.old_secret and item.old_secret_until > clock.now_ms():
        sealed.append(item.old_secret)
    return [key_of(item.workspace_id, item.id, one) for one in sealed]


def key_of(workspace_id: str, subscription_id: str, sealed: str) -> bytes:
    """Open a signing key, and keep it in this process for some minutes."""
    key = _keys.get(sealed, lambda: signatures.key_of(open_secret(workspace_id, subscription_id, sealed)))
    return key or b""


def seal_stored(workspace_id: str, subscription_id: str, value: Any) -> str | None:
    """Seal what a `create` hook returned; None when it returned nothing."""
    if value is None:
        return None
    return credentials.vault().seal(workspace_id, _place(subscription_id, "stored"), {"value": value})


def open_stored(workspace_id: str, subscription_id: str, sealed: str | None) -> Any:
    """Give back what a `create` hook returned."""
    if sealed is None:
        return None
    return credentials.vault().open_json(workspace_id, _place(subscription_id, "stored"), sealed)["value"]


def sealed_credential(item: Subscription) -> str | None:
    """Seal the credential of a subscription as it stands, for a `delete` hook that runs after the token is gone."""
    if item.credential_id is None:
        return None
    found = credentials.stored_credential(item.workspace_id, item.service_id, item.user_id, item.credential_id)
    if found is None:
        return None
    return credentials.vault().seal(item.workspace_id, _place(item.id, "credential"), asdict(found))


def open_credential(item: Subscription, sealed: str | None) -> Credential | None:
    """Give a sealed credential back."""
    if sealed is None:
        return None
    return Credential(**credentials.vault().open_json(item.workspace_id, _place(item.id, "credential"), sealed))


def _place(subscription_id: str, what: str) -> str:
    return f"subscription|{subscription_id}|{what}"
