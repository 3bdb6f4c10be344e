"""Creations that an integration carries out: the bot asks, the integration makes the object and names it."""

from __future__ import annotations

from typing import Any

from chalicelib.chat import actions
from chalicelib.chat.access import Context
from chalicelib.chat.models import installations
from chalicelib.chat.models.installations import Installation
from chalicelib.chat.models.integrations import Integration
from chalicelib.core.call import Call
from chalicelib.core.errors import InvalidInput, UpstreamFailed

Json = dict[str, Any]


def is_asked(context: Context, name: str | None) -> bool:
    """Say whether an integration is to create; one that names itself creates by this very call."""
    return name is not None and name != context.integration_name


def find(context: Context, name: str) -> tuple[Installation, Integration]:
    """Find the integration that is to create. Raises InvalidInput (ReferenceNotFound)."""
    for one in installations.installed_in(context.home, context.bot.id):
        if one.name == name and one.enabled:
            definition = Integration.get(one.owner, id=one.id)
            if definition is not None:
                return one, definition
    raise InvalidInput.at("body.integrationName", f"no integration {name} is installed in this bot", "reference")


def check(creation: Json, name: str, tags: dict[str, str]) -> None:
    """Check that objects may be created so, and that every tag needed is there. Raises InvalidInput naming it."""
    if not creation.get("enabled"):
        raise InvalidInput.at("body.integrationName", f"{name} does not let this be created", "creation")
    for bare in creation.get("requiredTags", ()):
        if not tags.get(f"{name}:{bare}"):
            raise InvalidInput.at(f"body.tags.{name}:{bare}", "is required by the integration", "missing")


def ask(call: Call, context: Context, installed: Installation, operation: str, noun: str, body: Json) -> str:
    """Ask the integration and give the id it names. Raises LogicFailed, UpstreamFailed."""
    answer = actions.ask(call, context, installed, operation, body)
    named = answer.get(noun) if isinstance(answer, dict) else None
    made_id = named.get("id") if isinstance(named, dict) else None
    if not isinstance(made_id, str) or not made_id:
        raise UpstreamFailed(f"{installed.name} created no {noun}")
    return made_id
