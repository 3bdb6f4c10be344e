"""The whole OpenAPI document, made from every row that is registered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

import orjson

from chalicelib.core.config import settings
from chalicelib.edge.failures import INTERACTOR
from chalicelib.edge.route import ROWS, Route
from chalicelib.platform.reference import conversing, flow, notices, operations
from chalicelib.platform.reference.declared import SHARED, Json
from chalicelib.platform.reference.operations import Schemas
from chalicelib.platform.reference.shapes import Shape, schemas_of

VERSION = "1.0.0"
_ABOUT = (
    "Connectors, automations, channels, journeys and chat over HTTP. Every call carries an API key, as the header "
    "`api_key`, `x-api-key`, `Authorization: ApiKey KEY` or `Authorization: Bearer KEY`. Lists are whole unless "
    "`limit` is sent; then `X-Next-Cursor` leads on. A POST sent again under the same `Idempotency-Key` gets the "
    "first answer. Wherever a service, action, event or trigger has a name, the name serves as its id."
)
_ERRORS = {"FlowError": flow.ERROR, "ChatError": conversing.ERROR}
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
    schemas = Schemas(pointers, {**SHARED, **_ERRORS, **notices.SCHEMAS, **shapes})
    paths: dict[str, Json] = {}
    taken: dict[str, str] = {}
    for surface, row in sorted(surfaced, key=lambda one: one[0] != INTERACTOR):  # which names its operations first
        for verb in row.verbs.split(","):
            operation_id = _unique(surface, row.operation_id, verb, taken)
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


def _unique(surface: str, operation_id: str, verb: str, taken: dict[str, str]) -> str:
    """Name an operation: after its surface where another has the name, and a further verb or path after the first."""
    name = operation_id if taken.get(operation_id, surface) == surface else f"{surface}_{operation_id}"
    if name in taken:
        name = f"{name}_{'patch' if verb == 'PATCH' else 'alias'}"
    while name in taken:
        name += "_alias"
    taken[name] = surface
    return name
