"""Services, their versions and securities: in camelCase."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StringConstraints

from chalicelib.edge.schema import AtMs, CamelIn, CamelOut, Id, Name, Object, Whole, clean

Order = Annotated[Whole, Field(ge=-(2**31), le=2**31 - 1)]
Icon = Annotated[str, Field(max_length=100_000)]
Sharing = Literal["none", "platform", "public"]
SecurityType = Literal["oauth2", "apiKey"]
Scheme = Annotated[str, StringConstraints(max_length=200), BeforeValidator(clean)]  # empty where none is said


# --- services ------------------------------------------------------------------------------------------------


class ServiceIn(CamelIn):
    """A new service."""

    id: Id | None = None
    name: Name | None = None
    type: Name | None = None
    platform_id: Name | None = None
    sharing: Sharing | None = None
    icon: Icon | None = None
    display_order: Order | None = None
    enabled: bool | None = None


class ServicePatch(CamelIn):
    """What may change of a service."""

    name: Name = ""
    type: Name | None = None
    platform_id: Name | None = None
    sharing: Sharing | None = None
    icon: Icon | None = None
    display_order: Order | None = None
    enabled: bool | None = None
    default_version_id: Name | None = None


class ServiceOut(CamelOut):
    """A service as callers see it."""

    enabled: bool
    id: str
    name: str
    type: str
    sharing: str
    inserted_at: AtMs
    updated_at: AtMs
    updated_by: str | None
    created_by: str | None
    platform_id: str
    default_version_id: str | None
    display_order: int
    icon: str | None
    is_shared: bool = Field(alias="shared")


class VersionPatch(CamelIn):
    """What may change of a service version."""

    name: Name = ""
    label: Object | None = None
    published: bool | None = None
    logic: Object | None = None
    setting: Object | None = None
    default_service_security_id: Id | None = None


class VersionIn(VersionPatch):
    """A new service version."""

    id: Id | None = None
    name: Name | None = None  # type: ignore[assignment]


class VersionOut(CamelOut):
    """A service version as callers see it."""

    id: str
    name: str
    label: Object
    published: bool
    logic: Object
    setting: Object
    inserted_at: AtMs
    created_by: str | None
    updated_at: AtMs
    updated_by: str | None
    service_id: str
    default_service_security_id: str | None


# --- securities ----------------------------------------------------------------------------------------------


class SecurityPatch(CamelIn):
    """What may change of a security."""

    label: Object | None = None
    scheme: Scheme | None = None
    type: SecurityType = "apiKey"
    config: Object | None = None


class SecurityIn(SecurityPatch):
    """A new security."""

    id: Id | None = None
    type: SecurityType


class SecurityOut(CamelOut):
    """A security as callers see it."""

    id: str
    label: Object
    scheme: str
    config: Object
    inserted_at: AtMs
    updated_at: AtMs
    service_id: str
    type: str
    version: str
    version_id: str
