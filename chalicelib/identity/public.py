"""What other contexts may ask of identity."""

from __future__ import annotations

from chalicelib.core.call import Caller
from chalicelib.identity import authentication, secrets, users
from chalicelib.identity.models import User

__all__ = ["User", "authenticate", "deployment_secret", "ensure_user", "find_user"]


def authenticate(text: str) -> Caller | None:
    """Tell whom an API key stands for, or None. A revoked key may pass for at most 30 s more."""
    return authentication.authenticate(text)


def find_user(workspace_id: str, user_id: str) -> User:
    """Find a user by minted id or by the caller's own identifier. Raises NotFound."""
    return users.find(workspace_id, user_id)


def ensure_user(workspace_id: str, user_id: str) -> User:
    """Find a user, or make one on the fly. Raises InvalidInput when the identifier cannot name anyone."""
    return users.ensure(workspace_id, user_id)


def deployment_secret(purpose: str) -> bytes:
    """Give 32 random bytes that are the same for this purpose in every process of the deployment."""
    return secrets.deployment_secret(purpose)
