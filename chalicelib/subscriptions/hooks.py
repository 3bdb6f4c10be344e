"""A trigger's hooks around a subscription's life: `create` at its beginning and renewals, `delete` at its end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chalicelib.connectors import public as connectors
from chalicelib.connectors.public import Component, HookRun, Service, ServiceVersion
from chalicelib.credentials.public import Credential

CREATE, DELETE = "create", "delete"


@dataclass(frozen=True)
class Occasion:
    """Whose hook is run, and what it may see. `stored` is what `create` returned last."""

    workspace_id: str
    subscription_id: str
    service: Service
    version: ServiceVersion | None
    trigger: Component
    variables: dict[str, Any]
    credential: Credential | None
    stored: Any = None


def create(occasion: Occasion, seed: str) -> Any:
    """Run `create` and give what it returned; None without such a hook. Raises what run_hook raises."""
    if not connectors.has_hook(occasion.trigger, CREATE):
        return None
    return connectors.run_hook(_run(occasion, CREATE, seed)).value


def delete(occasion: Occasion) -> None:
    """Run `delete`, where there is one. Raises what run_hook raises."""
    if connectors.has_hook(occasion.trigger, DELETE):
        connectors.run_hook(_run(occasion, DELETE, occasion.subscription_id))


def _run(occasion: Occasion, hook: str, seed: str) -> HookRun:
    bindings = {
        "variables": occasion.variables,
        "webhook": _webhook_of(occasion.service),
        "stored": occasion.stored,
        "subscription": {"id": occasion.subscription_id},
    }
    return HookRun(
        occasion.workspace_id,
        occasion.service,
        occasion.trigger,
        hook,
        bindings,
        credential=occasion.credential,
        version=occasion.version,
        seed=seed,
        cached=hook != CREATE,
    )


def _webhook_of(service: Service) -> dict[str, Any]:
    """Tell hooks where the service's notifications are taken in: `url` of the first event, `urls` by event name."""
    urls = {
        event.name: connectors.notification_url(service, event) for event in connectors.components(service, "event")
    }
    return {"url": next(iter(urls.values()), None), "urls": urls}
