"""What other contexts may ask of credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib.credentials import choice, cleanup, outcomes, sealing, values
from chalicelib.credentials.choice import Credential

if TYPE_CHECKING:
    from chalicelib.adapters.vault import Vault
    from chalicelib.connectors.public import Service, ServiceVersion
    from chalicelib.edge.idempotency import Outcomes

__all__ = [
    "Credential",
    "credential_after_rejection",
    "credential_for",
    "end_tokens_of_security",
    "end_tokens_of_service",
    "end_tokens_of_user",
    "forget_values",
    "remove_value",
    "remove_values",
    "sealed_outcomes",
    "stored_credential",
    "variable_values",
    "vault",
]


def vault() -> Vault:
    """Give the vault of this process, whose data keys lie in the vault table."""
    return sealing.vault()


def sealed_outcomes() -> Outcomes:
    """Give what keeps the outcomes of idempotent requests: the request log, bodies sealed."""
    return outcomes.SealedOutcomes()


def credential_for(
    workspace_id: str,
    service: Service,
    version: ServiceVersion | None,
    user_id: str,
    user_credential_id: str | None,
    *,
    required: bool,
    cached: bool = False,
) -> Credential | None:
    """Choose the token a user's call runs with: the one named, else the only one, else the newest of the default kind.

    user_id is a user's minted id or the caller's own. `cached` lets the answer be up to 5 s old (deliveries). Raises
    NotFound for a token that is not this user's; InvalidInput when there is none, the service has a security, and
    one is required. An access token near its end is renewed first; when it cannot be and one is required, raises
    TokenRejected (only its user can help) or UpstreamFailed.
    """
    return choice.credential_for(
        workspace_id, service, version, user_id, user_credential_id, required=required, cached=cached
    )


def stored_credential(workspace_id: str, service_id: str, user_id: str, token_id: str) -> Credential | None:
    """Give a token as it stands, asking nobody for a fresh one; None when it is gone. user_id is the minted id."""
    return choice.stored(workspace_id, service_id, user_id, token_id)


def credential_after_rejection(
    workspace_id: str, service: Service, credential: Credential, *, may_wait: bool
) -> Credential | None:
    """Give a renewed credential in place of one that the third party rejected; None when that cannot be done.

    With `may_wait`, for who does the whole later again: raises QuotaExceeded while its script may not run.
    """
    return choice.after_rejection(workspace_id, service, credential, may_wait=may_wait)


def variable_values(workspace_id: str, service: Service, *, cached: bool = False) -> dict[str, Any]:
    """Give the platform's values of a service's variables by name. Raises Conflict naming a required one without."""
    return values.of_service(workspace_id, service, cached=cached)


def forget_values() -> None:
    """Drop the cached values: a variable's declaration changed in this process."""
    values.forget()


def end_tokens_of_user(workspace_id: str, user_id: str) -> bool:
    """Delete a page of a deleted user's tokens; True when none is left."""
    return cleanup.of_user(workspace_id, user_id)


def end_tokens_of_service(workspace_id: str, service_id: str) -> bool:
    """Delete a page of a deleted service's tokens; True when none is left."""
    return cleanup.of_service(workspace_id, service_id)


def end_tokens_of_security(workspace_id: str, service_id: str, security_id: str) -> bool:
    """Delete a page of the tokens for a deleted security; True when none is left."""
    return cleanup.of_service(workspace_id, service_id, security_id)


def remove_values(workspace_id: str, service_id: str) -> bool:
    """Delete a page of a deleted service's variable values; True when none is left."""
    return values.remove_page(workspace_id, service_id)


def remove_value(workspace_id: str, service_id: str, variable_id: str) -> None:
    """Delete the value of a deleted variable."""
    values.remove(workspace_id, service_id, variable_id)
