"""What callers send and see of imports."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from chalicelib.edge.schema import AtMs, CamelIn, CamelOut, Name, Object

Url = Annotated[str, StringConstraints(max_length=2_048, pattern=r"^https?://[^\s{}]+$")]


class ImportIn(CamelIn):
    """A new import: the document itself, or nothing, when its parts are uploaded.

    `name` is the service's, `url` the address that servers written without a host are relative to, `securitySchemes`
    replaces the document's own (OpenAPI Security Scheme Objects by name).
    """

    name: Name | None = None
    url: Url | None = None
    document: Object | None = None
    security_schemes: Annotated[dict[str, Object], Field(max_length=20)] | None = None


class ImportOut(CamelOut):
    """An import as callers see it: how far it is, and which places of the document it had to leave out."""

    id: str
    state: str
    name: str | None
    service_id: str
    total: int
    done: int
    made: int
    parts: int
    faults: list[Object]
    reason: str | None
    inserted_at: AtMs
    updated_at: AtMs
