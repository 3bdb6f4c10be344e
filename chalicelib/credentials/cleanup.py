"""Deleting tokens by the page, after what they belonged to was deleted."""

from __future__ import annotations

from chalicelib.credentials import models, tokens
from chalicelib.credentials.models import Token


def of_user(workspace_id: str, user_id: str) -> bool:
    """Delete a page of a user's tokens; True when none is left."""
    return _end(models.some_tokens_of_user(workspace_id, user_id))


def of_service(workspace_id: str, service_id: str, security_id: str | None = None) -> bool:
    """Delete a page of a service's tokens, or of one security's; True when none is left."""
    return _end(models.some_tokens_of_service(workspace_id, service_id, security_id))


def _end(page: list[Token]) -> bool:
    for token in page:
        tokens.end(token)
    return len(page) < models.PAGE
