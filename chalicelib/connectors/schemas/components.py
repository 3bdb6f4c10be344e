"""Components: in snake_case, but for conditions."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AliasChoices, Field

from chalicelib.edge.schema import AtMs, CamelIn, CamelOut, Id, In, Name, Object, Out

Tags = Annotated[list[Name], Field(max_length=100)]
EventType = Literal["standard", "automation", "target", "user", "serviceUrl", "webhook"]


class ComponentPatch(In):
    """What may change of every named component."""

    name: Name = ""


class VariablePatch(ComponentPatch):
    """What may change of a variable."""

    label: Object | None = None
    config: Object | None = None
    required: bool | None = None
    json_schema: Object | None = Field(default=None, alias="schema")


class VariableIn(VariablePatch):
    """A new variable."""

    id: Id | None = None
    name: Name | None = None  # type: ignore[assignment]


class ActionPatch(ComponentPatch):
    """What may change of an action."""

    label: Object | None = None
    tag: Tags | None = None
    json_schema: Object | None = Field(default=None, alias="schema")
    logic: Object | None = None
    published: bool | None = None


class ActionIn(ActionPatch):
    """A new action."""

    id: Id | None = None
    name: Name


class EventPatch(ComponentPatch):
    """What may change of an event."""

    type: EventType | None = None
    config: Object | None = None
    logic: Object | None = None
    setting: Object | None = None
    published: bool | None = None


class EventIn(EventPatch):
    """A new event; unlike its siblings it is not published until somebody says so."""

    id: Id | None = None
    name: Name | None = None  # type: ignore[assignment]

    def fields(self) -> dict[str, Any]:
        """Give what was sent."""
        return {"published": False, **super().fields()}


class TriggerPatch(ComponentPatch):
    """What may change of a trigger."""

    label: Object | None = None
    json_schema: Object | None = Field(default=None, alias="schema")
    logic: Object | None = None
    published: bool | None = None


class TriggerIn(TriggerPatch):
    """A new trigger; the samples send trigger_id for the id."""

    id: Id | None = Field(default=None, validation_alias=AliasChoices("id", "trigger_id"))
    name: Name | None = None  # type: ignore[assignment]


class ComponentOut(Out):
    """What every component in snake_case shows."""

    id: str
    name: str
    created_by: str | None
    updated_by: str | None
    inserted_at: AtMs
    updated_at: AtMs
    service_id: str
    published: bool


class VariableOut(ComponentOut):
    """A variable as callers see it: its declaration, never its value."""

    label: Object
    config: Object
    required: bool
    json_schema: Object = Field(alias="schema")
    component_id: str
    version: str
    version_id: str


class ActionOut(ComponentOut):
    """An action as callers see it."""

    label: Object
    tag: list[str] | None
    json_schema: Object = Field(alias="schema")
    logic: Object
    component_id: str
    version: str
    version_id: str


class EventOut(ComponentOut):
    """An event as callers see it."""

    type: str
    config: Object
    logic: Object
    setting: Object
    event_id: str


class TriggerOut(ComponentOut):
    """A trigger as callers see it."""

    label: Object
    json_schema: Object = Field(alias="schema")
    logic: Object
    trigger_id: str


class DatatypePatch(ComponentPatch):
    """What may change of a datatype."""

    label: Object | None = None
    json_schema: Object | None = Field(default=None, alias="schema")
    logic: Object | None = None
    published: bool | None = None


class DatatypeIn(DatatypePatch):
    """A new datatype; its schema has the parts `data` and `valuesLogicInput`."""

    id: Id | None = Field(default=None, validation_alias=AliasChoices("id", "datatype_id"))
    name: Name | None = None  # type: ignore[assignment]


class DatatypeOut(ComponentOut):
    """A datatype as callers see it."""

    label: Object
    json_schema: Object = Field(alias="schema")
    logic: Object
    datatype_id: str
    version: str
    version_id: str


# --- conditions, in camelCase --------------------------------------------------------------------------------


class ConditionPatch(CamelIn):
    """What may change of a condition: every name has one spelling in camelCase and snake_case."""

    name: Name = ""
    label: Object | None = None
    json_schema: Object | None = Field(default=None, alias="schema")
    logic: Object | None = None
    published: bool | None = None


class ConditionIn(ConditionPatch):
    """A new condition."""

    id: Id | None = Field(default=None, validation_alias=AliasChoices("id", "conditionId", "condition_id"))
    name: Name | None = None  # type: ignore[assignment]


class ConditionOut(CamelOut):
    """A condition as callers see it, in camelCase unlike its siblings."""

    id: str
    name: str
    inserted_at: AtMs
    created_by: str | None
    updated_at: AtMs
    updated_by: str | None
    service_id: str
    label: Object
    json_schema: Object = Field(alias="schema")
    logic: Object
    published: bool
    condition_id: str
