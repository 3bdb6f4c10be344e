"""Callouts: signed POSTs to a caller's own addresses, for WEBHOOK steps and the outcome of batches.

Each carries the three headers of Standard Webhooks and this surface's own pair, made from the same secret.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

from chalicelib.core import clock
from chalicelib.identity import public as identity
from chalicelib.journeys import connectors
from chalicelib.subscriptions import public as subscriptions

_OWN = "journeys-signing"


def prepare() -> None:
    """Make the deployment's secret unless it is there; workers may only read it."""
    identity.deployment_secret(_OWN)


def key_of(workspace_id: str, node: str) -> bytes:
    """Give the bytes that sign for a node: its own secret, else one derived for it."""
    found = connectors.of_type(workspace_id, node, connectors.MESSAGES)
    secret = connectors.secrets_of(found).get("signingSecret", "") if found is not None else ""
    if not secret:
        return hmac.new(identity.deployment_secret(_OWN), f"{workspace_id}|{node}".encode(), hashlib.sha256).digest()
    if secret.startswith("whsec_"):
        try:
            return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        except binascii.Error:
            return secret.encode()
    return secret.encode()


def shown(workspace_id: str, node: str) -> str:
    """Spell a node's secret as receivers' libraries read it."""
    return "whsec_" + base64.b64encode(key_of(workspace_id, node)).decode()


def headers(workspace_id: str, node: str, message_id: str, key: str, body: bytes) -> dict[str, str]:
    """Give the headers that sign a body; `key` is the same for every attempt."""
    secret, now_s = key_of(workspace_id, node), clock.now_s()
    text = f"{now_s}.".encode() + body
    return {
        "Idempotency-Key": key,
        "X-Flow-Timestamp": str(now_s),
        "X-Flow-Signature": hmac.new(secret, text, hashlib.sha256).hexdigest(),
        **subscriptions.signed_headers([secret], message_id, now_s, body),
    }
