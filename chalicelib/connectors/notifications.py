"""Notification addresses: where third parties send, and what an address means.

The key in an address is an HMAC over workspace, service and event, so it is stable and cannot be guessed; a row of
the deployment's directory leads from the key back to them.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass

from chalicelib.connectors import definitions
from chalicelib.connectors.models import Component, Event, Service, hook_address, hook_row, own_hook_row, use_row
from chalicelib.core import ids
from chalicelib.core.cache import Cached
from chalicelib.core.config import settings
from chalicelib.core.errors import NotFound
from chalicelib.identity.public import deployment_secret
from chalicelib.storage.table import Write, transact
from chalicelib.storage.tables import CATALOGUE

PURPOSE = "notification-addresses"
_KEY_CHARS = 43
_targets: Cached[tuple[str, str, str]] = Cached(definitions.AGE_S)


@dataclass(frozen=True)
class HookTarget:
    """What a notification address means."""

    workspace_id: str
    service: Service
    event: Component


def find_hook(hook_key: str) -> HookTarget | None:
    """Tell what an address means, up to 5 s old; None for an unknown one and for what was deleted."""
    if len(hook_key) != _KEY_CHARS:
        return None
    target = _targets.get(hook_key, lambda: _read(hook_key))
    if target is None:
        return None
    workspace_id, service_id, event_id = target
    try:
        found = definitions.definition(workspace_id, service_id, Event.KIND, event_id, even_deleted=False)
    except NotFound:
        return None
    return HookTarget(workspace_id, found.service, found.component)


def hook_key_of(workspace_id: str, service_id: str, event_id: str) -> str:
    """Derive the key of an event's address."""
    text = json.dumps([workspace_id, service_id, event_id]).encode()
    digest = hmac.new(deployment_secret(PURPOSE), text, hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def url_of(service: Service, event: Component) -> str:
    """Give an event's address: each workspace that uses a shared service has one of its own."""
    hook_key = hook_key_of(service.used_in, service.id, event.id)
    if service.is_shared:
        _admit(service, event, hook_key)
    return f"{settings().public_url}/v1/hook/{hook_key}"


def _admit(service: Service, event: Component, hook_key: str) -> None:
    """Put the address of another workspace's service into the directory, where a first use comes upon it."""
    workspace_id = service.used_in
    if CATALOGUE.get(hook_address(hook_key)) is not None:
        return
    rows = (
        hook_row(hook_key, workspace_id, service.id, event.id),
        own_hook_row(workspace_id, service.id, event.id),
        use_row(service.place, workspace_id),
    )
    transact([Write(CATALOGUE, row=row) for row in rows], ids.secret_text(24))


def forget() -> None:
    """Drop what is cached: an event was deleted in this process."""
    _targets.forget()


def withdraw(workspace_id: str, service_id: str, event_id: str) -> None:
    """Take the address of a deleted service's event out of the directory."""
    CATALOGUE.delete(hook_address(hook_key_of(workspace_id, service_id, event_id)))
    forget()


def _read(hook_key: str) -> tuple[str, str, str] | None:
    row = CATALOGUE.get(hook_address(hook_key))
    if row is None:
        return None
    doc = row["doc"]
    return doc["workspace_id"], doc["service_id"], doc["event_id"]
