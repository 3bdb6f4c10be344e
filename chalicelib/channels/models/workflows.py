"""Workflows: a trigger and its steps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from chalicelib.core.errors import NotFound
from chalicelib.storage.item import Item, Unique
from chalicelib.storage.tables import CHANNELS


@dataclass(kw_only=True)
class Workflow(Item):
    """What an event sets in motion. `steps` are as callers see them, ids and templates included."""

    TABLE, NOUN = CHANNELS, "workflow"
    PARTITION, SORT = "WF", "wf#{id}"
    UNIQUE = (Unique("identifier", "WF", "trigger@{identifier}"),)

    name: str = ""
    identifier: str = ""
    description: str | None = None
    active: bool = False
    critical: bool = False
    tags: list[str] = field(default_factory=list)
    group_id: str = ""
    preference_settings: dict[str, bool] = field(default_factory=dict)
    steps: list[dict[str, Any]] = field(default_factory=list)
    variables: list[dict[str, Any]] = field(default_factory=list)
    subscriber_variables: list[dict[str, Any]] = field(default_factory=list)
    data: dict[str, Any] | None = None

    def active_steps(self) -> list[dict[str, Any]]:
        """Give the steps that run."""
        return [step for step in self.steps if step.get("active", True)]


def find_either(workspace_id: str, id_or_identifier: str) -> Workflow:
    """Find a workflow by id or trigger identifier. Raises NotFound."""
    found = Workflow.get(workspace_id, id=id_or_identifier)
    found = found or Workflow.get_named(workspace_id, "identifier", identifier=id_or_identifier)
    if found is None:
        raise NotFound(f"no such workflow: {id_or_identifier}")
    return found
