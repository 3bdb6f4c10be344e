"""What other contexts may ask of identity."""

from __future__ import annotations

from chalicelib.core import ids
from chalicelib.core.call import Caller
from chalicelib.identity import authentication, keys, rules, secrets, users
from chalicelib.identity.counters import TableCounters
from chalicelib.identity.models import User

__all__ = [
    "TableCounters",
    "User",
    "authenticate",
    "deployment_secret",
    "end_subject_keys",
    "ensure_user",
    "find_user",
    "make_subject_key",
    "trade_key",
]

SUBJECT_SCOPES = ["read", "run", "write"]


def authenticate(text: str) -> Caller | None:
    """Tell whom an API key stands for, or None. A revoked key may pass for at most 30 s more."""
    return authentication.authenticate(text)


def make_subject_key(workspace_id: str, subject: str, name: str, by: Caller) -> tuple[str, str]:
    """Make a key that may act only as one bot or integration (`bot:<id>`); give its id and its text, shown once.

    Raises Forbidden when the caller lacks what such a key may do.
    """
    rules.check_grant(by.scopes, SUBJECT_SCOPES)
    api_key, text = keys.make(
        workspace_id, ids.new_uuid(), by=by.key_id, name=name, scopes=SUBJECT_SCOPES, subject=subject
    )
    return api_key.id, text


def end_subject_keys(workspace_id: str, subject: str) -> None:
    """Revoke the keys of a bot or an integration that is gone."""
    keys.revoke_of(workspace_id, subject)


def trade_key(key_id: str, text: str) -> tuple[str, int]:
    """Trade a key for a token of an hour; give it and when it ends (ms). Raises Unauthenticated."""
    return authentication.trade(key_id, text)


def find_user(workspace_id: str, user_id: str) -> User:
    """Find a user by minted id or by the caller's own identifier. Raises NotFound."""
    return users.find(workspace_id, user_id)


def ensure_user(workspace_id: str, user_id: str) -> User:
    """Find a user, or make one on the fly. Raises InvalidInput when the identifier cannot name anyone."""
    return users.ensure(workspace_id, user_id)


def deployment_secret(purpose: str) -> bytes:
    """Give 32 random bytes that are the same for this purpose in every process of the deployment."""
    return secrets.deployment_secret(purpose)
