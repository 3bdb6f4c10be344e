"""Imports as callers handle them: a document at once, or in parts; then the work goes on by queue."""

from __future__ import annotations

from contextlib import suppress

import orjson

from chalicelib.adapters import queue
from chalicelib.connectors import rules
from chalicelib.connectors.models import Service
from chalicelib.connectors.openapi import batch, parse, records, securities
from chalicelib.connectors.openapi.records import State
from chalicelib.core import clock, jsontext
from chalicelib.core.call import Call
from chalicelib.core.errors import AlreadyExists, InvalidInput, PlatformError, TooLarge
from chalicelib.edge.resource import whole_number
from chalicelib.storage.expressions import Row

MAX_PARTS = 64
MAX_PART_BYTES = 1_048_576
MAX_BYTES = 32 * 1_048_576
SMALL = 20  # operations that are converted within the request
SMALL_MS = 10_000


def create(call: Call) -> object:
    """Make a service from an OpenAPI 3.0 or 3.1 document, or begin the upload of one that is larger than 1 MB."""
    body = call.body
    schemes = body.security_schemes
    if schemes is not None:
        _check_schemes(schemes)
    if body.name is not None:
        rules.check_name(body.name)
    if body.document is None and body.name is not None:
        _check_free(call.workspace_id, body.name)
    fields = {"name": body.name, "url": body.url, "by": call.user_id}
    fields["schemes"] = None if schemes is None else orjson.dumps(schemes).decode()
    document = None if body.document is None else parse.read(body.document)
    row = records.create(call.workspace_id, call.new_id("import"), fields)
    if row["st"] != State.UPLOADING:  # a repeat of a request whose answer was lost
        return _sent_again(row)
    if document is not None:
        row = _begin(records.put_part(row, 1, orjson.dumps(body.document)), document)
    return records.shown(row)


def read(call: Call) -> object:
    """Show how far an import is."""
    return records.shown(records.find(call.workspace_id, call.path["import_id"]))


def put_part(call: Call) -> object:
    """Take in one part of the document, up to 1 MB; parts are numbered from 1, and may be sent again."""
    number = whole_number(call.path["part"], MAX_PARTS, "path.part")
    if len(call.raw_body) > MAX_PART_BYTES:
        raise TooLarge(f"a part may have at most {MAX_PART_BYTES} bytes")
    row = records.find(call.workspace_id, call.path["import_id"])
    return records.shown(records.put_part(row, number, call.raw_body))


def start(call: Call) -> object:
    """Check the uploaded document and begin to make the service from it."""
    row = records.find(call.workspace_id, call.path["import_id"])
    if row["st"] != State.UPLOADING:
        return _sent_again(row)
    if sorted(map(int, row["parts"])) != list(range(1, len(row["parts"]) + 1)) or not row["parts"]:
        raise InvalidInput.at("document", "lacks a part: they are numbered from 1 without a gap", "missing")
    document = parse.read(jsontext.read(records.text_of(row), where="document", max_bytes=MAX_BYTES))
    return records.shown(_begin(row, document))


def _begin(row: Row, document: parse.Document) -> Row:
    """Persist, send, answer (rule R1); a small document is done before the answer."""
    workspace_id, _ = records.names_of(row)
    name = row.get("name") or parse.slug(document.title) or "openapi"
    _check_free(workspace_id, name)
    total = len(document.outlines())
    row = records.begin(row, name, total)
    queue.send(batch.QUEUE, batch.message_of(row))
    if total <= SMALL:
        with suppress(PlatformError):  # the message stands behind it
            batch.advance(batch.message_of(row), clock.now_ms() + SMALL_MS)
        row = records.find(*records.names_of(row))
    return row


def _sent_again(row: Row) -> object:
    """Send the message of an import that has begun: the first time it may not have been taken."""
    queue.send(batch.QUEUE, batch.message_of(row))
    return records.shown(row)


def _check_free(workspace_id: str, name: str) -> None:
    if Service.get_named(workspace_id, "name", name=name, platform_id="default") is not None:
        raise AlreadyExists("a service with this name exists", details={"field": "name"})


def _check_schemes(schemes: dict[str, object]) -> None:
    faults = securities.schemes_of({}, schemes).faults
    if faults:
        raise InvalidInput(f"securitySchemes: {faults[0].message}", faults)
