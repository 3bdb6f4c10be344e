"""The whole OpenAPI document, made from every row that is registered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

import orjson

from chalicelib.core.config import settings
from chalicelib.edge.route import ROWS, Route
from chalicelib.platform.reference import flow, notices, operations
from chalicelib.platform.reference.declared import SHARED, Json
from chalicelib.platform.reference.operations import Schemas
from chalicelib.platform.reference.shapes import Shape, schemas_of

VERSION = "1.0.0"
_ABOUT = (
    "Connectors, notifications, automations and chat over HTTP. Every call carries an API key, as the header "
    "`api_key`, `x-api-key`, `Authorization: ApiKey KEY` or `Authorization: Bearer KEY`. Lists are whole unless "
    "`limit` is sent; then `X-Next-Cursor` leads on. A POST sent again under the same `Idempotency-Key` gets the "
    "first answer. Wherever a service, action, event or trigger has a name, the name serves as its id."
)
_SECURITY_SCHEMES = {
    "api_key": {"type": "apiKey", "in": "header", "name": "api_key"},
    "x_api_key": {"type": "apiKey", "in": "header", "name": "x-api-key"},
    "bearer": {"type": "http", "scheme": "bearer"},
}


@lru_cache(maxsize=1)
def document() -> Json:
    """Give the document; it is made once per process, when somebody first asks."""
    return build(ROWS, settings().public_url)


@lru_cache(maxsize=1)
def document_text() -> str:
    """Give the document as JSON text."""
    return orjson.dumps(document()).decode()


def build(surfaced: Sequence[tuple[str, Route]], url: str) -> Json:
    """Build the document of some rows, each with its surface; the same rows always give the same document."""
    rows = [row for _, row in surfaced]
    pointers, shapes = schemas_of(_shapes(rows))
    schemas = Schemas(pointers, {**SHARED, "FlowError": flow.ERROR, **notices.SCHEMAS, **shapes})
    paths: dict[str, Json] = {}
    taken: set[str] = set()
    for surface, row in surfaced:
        for verb in row.verbs.split(","):
            operation_id = _unique(row.operation_id, verb, taken)
            item = paths.setdefault(operations.path_of(row), {})
            item[verb.lower()] = operations.operation(surface, row, verb, operation_id, schemas)
    tags = dict.fromkeys(operations.tag_of(row.path) for row in rows)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Millrace", "version": VERSION, "description": _ABOUT},
        "servers": [{"url": url}],
        "tags": [{"name": tag} for tag in sorted(tags)],
        "paths": paths,
        "components": {
            "securitySchemes": _SECURITY_SCHEMES,
            "responses": operations.error_responses(dict.fromkeys(surface for surface, _ in surfaced)),
            "schemas": schemas.shared,
        },
    }


def _shapes(rows: Iterable[Route]) -> Iterator[Shape]:
    for row in rows:
        for shape in (row.takes, row.gives):
            if isinstance(shape, type):
                yield shape


def _unique(operation_id: str, verb: str, taken: set[str]) -> str:
    """Name a further verb or path of an operation after it."""
    name = operation_id
    if name in taken:
        name = f"{operation_id}_{'patch' if verb == 'PATCH' else 'alias'}"
    while name in taken:
        name += "_alias"
    taken.add(name)
    return name
