"""What is asked of stored logic."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from chalicelib.edge.schema import CamelIn, In, Name, Object, Text


class ExecuteIn(In):
    """A run of an action that the body names."""

    at_type: Literal["action"] = Field(alias="@type")
    service: Name
    service_version: Name = Field(alias="serviceVersion")
    action: Name
    action_version: Name | None = Field(default=None, alias="actionVersion")
    input: Object | None = None
    user_credential_id: Text | None = Field(default=None, alias="userCredentialId")


class RefreshIn(CamelIn):
    """What was filled in so far, and the input whose change asks for a new description."""

    step: Annotated[list[Object], Field(max_length=500)]
    target_field: Name


class TryLogicIn(In):
    """Stored logic to try: where it lies, what it is given, and what references may read."""

    table: Text | None = None
    id: Text | None = None
    record_path: Annotated[list[Any], Field(max_length=20)] | None = None
    data: Any = None
    source: list[Any] | None = None
