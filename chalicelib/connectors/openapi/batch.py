"""The work of an import, 500 rows a take (rule 4.10). Every id is derived, so a repeat meets what it made before."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import orjson

from chalicelib.adapters import logs, queue
from chalicelib.connectors import components, definitions, logic, schema_check
from chalicelib.connectors.models import Action, Security, Service, ServiceVersion, Variable
from chalicelib.connectors.openapi import dialect, javascript, operations, records, securities
from chalicelib.connectors.openapi.operations import Operation
from chalicelib.connectors.openapi.parse import Document, Outline
from chalicelib.connectors.openapi.records import State
from chalicelib.connectors.openapi.references import Json
from chalicelib.core import clock, ids
from chalicelib.core.errors import AlreadyExists, Fault, InvalidInput, PlatformError, TooLarge
from chalicelib.durable import cursor, leases
from chalicelib.durable.leases import Lease, NotTaken
from chalicelib.storage.expressions import Change, Row
from chalicelib.storage.item import Item
from chalicelib.storage.tables import WORK

QUEUE = "connectors_import"
TAKE_MS, LEASE_MS = 15_000, 30_000
ROWS = 500
ROWS_EACH = 3  # an action, its name, its version's id
MAX_FAULTS = 200
VERSION = "1.0.0"
BUG = "something went wrong on our side"


def message_of(row: Row) -> Json:
    """Name an import in a message."""
    workspace_id, import_id = records.names_of(row)
    return {"w": workspace_id, "imp": import_id}


def advance(body: Json, deadline_ms: int) -> float | None:
    """Do one take of an import and send for the next. Answers after how many seconds to come again, or None."""
    now_ms = clock.now_ms()
    lease = leases.take(WORK, records.key_of(body["w"], body["imp"]), now_ms, LEASE_MS, when=records.is_open())
    if isinstance(lease, NotTaken):
        if lease.row is not None and lease.row["st"] in (State.DONE, State.FAILED):
            records.drop_parts(lease.row)  # whoever ended it may have fallen before this
        return lease.hide_s(now_ms)
    try:
        row = _Take(lease, min(deadline_ms, now_ms + TAKE_MS)).run()
    except PlatformError as error:
        if error.retryable:
            leases.release(WORK, lease)
            raise
        row = _fail(lease, error)
    except Exception as error:  # noqa: BLE001 an import may not stop silently, whatever its document made go wrong
        logs.exception("import.bug", error)
        row = _fail(lease, PlatformError(BUG))
    definitions.forget()
    if row["st"] == State.RUNNING:
        queue.send(QUEUE, body)
    else:
        records.drop_parts(row)
        logs.log("import.ended", state=row["st"], made=row.get("made", 0), total=row["total"])
    return None


def _fail(lease: Lease, error: PlatformError) -> Row:
    put = {"st": State.FAILED.value, "until": leases.FREE, "upd": clock.now_ms(), "reason": error.message[:500]}
    return leases.write(WORK, lease, Change(put=put), leases.fenced(lease), lambda row: row["st"] == State.FAILED)


class _Take:
    """One take: as many operations as fit, then the cursor moves behind them."""

    def __init__(self, lease: Lease, deadline_ms: int) -> None:
        self._lease, self._row, self._deadline_ms = lease, lease.row, deadline_ms
        self._workspace_id, self._import_id = records.names_of(lease.row)
        self._service_id = records.service_id_of(self._workspace_id, self._import_id)
        self._document = Document(orjson.loads(records.text_of(lease.row)))  # checked when the import began
        self._faults: list[Fault] = []

    def run(self) -> Row:
        """Do it, and answer the row as it is now. Raises LeaseLost, Unavailable, InvalidInput."""
        at = int(self._row.get("cur", 0))
        if at == 0:
            self._make_service()
        if Service.get(self._workspace_id, id=self._service_id) is None:
            raise InvalidInput("the service was deleted meanwhile")
        outlines, made, end = self._document.outlines(), 0, at
        for outline in outlines[at : at + ROWS // ROWS_EACH]:
            made += self._make_action(outline)
            end += 1
            if clock.now_ms() > self._deadline_ms:
                break
        state = State.DONE if end >= len(outlines) else State.RUNNING
        faults = [*self._row.get("faults", ()), *map(asdict, self._faults)][:MAX_FAULTS]
        put = {"st": state.value, "upd": clock.now_ms(), "faults": faults}
        return cursor.advance(WORK, self._lease, end, change=Change(put=put, add={"made": made})).row

    # --- the service ----------------------------------------------------------------------------------------------

    def _make_service(self) -> None:
        """Make the service, its ways to sign in, and its version with the shared script."""
        schemes = securities.schemes_of(self._document.root, records.schemes_of(self._row))
        self._faults += schemes.faults
        version_id = self._id("version", VERSION)
        service = {"name": self._row["name"], "type": "openapi", "default_version_id": version_id}
        self._insert(Service, self._service_id, **service)
        for scheme in schemes.usable:
            self._insert(
                Security,
                self._id("security", scheme.name),
                service_id=self._service_id,
                label={"en": scheme.label},
                type=scheme.type,
                scheme=scheme.scheme,
                config=scheme.config,
                version_id=self._id("security.v", scheme.name),
            )
        if any(not scheme.is_key for scheme in schemes.usable):
            self._make_client_variables()
        url = javascript.server_url(self._document.root.get("servers"), self._row.get("url") or "")
        code = {javascript.SCRIPT: javascript.shared_script(url, schemes.usable)}
        self._insert(
            ServiceVersion,
            version_id,
            service_id=self._service_id,
            name=VERSION,
            label={"en": self._document.title[:200]},
            logic=logic.normalised("version", {logic.SCRIPTS: code}),
            setting={"serverUrl": url, "documentVersion": self._document.version[:200]},
        )

    def _make_client_variables(self) -> None:
        """Declare what the platform must say of itself before users can grant it access."""
        for name, label in (("clientId", "OAuth client id"), ("clientSecret", "OAuth client secret")):
            self._insert(
                Variable,
                self._id("variable", name),
                service_id=self._service_id,
                name=name,
                label={"en": label},
                json_schema={"type": "string"},
                version_id=self._id("variable.v", name),
            )

    # --- an action ------------------------------------------------------------------------------------------------

    def _make_action(self, outline: Outline) -> int:
        """Make one action; 0 when it cannot be made, the reason being written down."""
        try:
            operation = operations.convert(self._document, outline)
            action = self._action(operation)
            components.check_size(action)
            self._insert(Action, action.id, action)
        except (InvalidInput, TooLarge) as error:
            self._note(outline, error.message)
            return 0
        except AlreadyExists:
            self._note(outline, f"an action named {outline.name} exists")
            return 0
        except (AttributeError, KeyError, TypeError, ValueError) as error:  # the document is not what it should be
            logs.log("import.misread", level="WARNING", place=outline.place, reason=type(error).__name__)
            self._note(outline, "is not written as OpenAPI has it")
            return 0
        return 1

    def _action(self, operation: Operation) -> Action:
        outline = operation.outline
        server = javascript.server_url(operation.servers, self._row.get("url") or "") if operation.servers else ""
        variables = [self._variable(outline, one) for one in operation.inputs]
        holder: Json = {"variables": variables}
        if operation.output is not None:
            holder["output"] = self._usable(outline, operation.output, "output")
        schema_check.check_holder(holder)
        return Action.new(
            self._workspace_id,
            by=self._row.get("by"),
            id=self._id("action", outline.name),
            version_id=self._id("action.v", outline.name),
            service_id=self._service_id,
            name=outline.name,
            label={"en": operation.summary},
            tag=operation.tags[:100] or None,
            json_schema=holder,
            logic=logic.normalised("action", {"execute": javascript.code_of(operation, server)}),
        )

    def _variable(self, outline: Outline, one: operations.Input) -> Json:
        schema = self._usable(outline, one.schema, one.title)
        required = {"x-required": True} if one.is_required else {}
        words = {word: part for word, part in schema.items() if word not in ("name", "schema", "title")}
        return {"title": one.title, **words, **required}

    def _usable(self, outline: Outline, schema: Json, name: str) -> Json:
        """Give the schema, or as much of it as can be checked here."""
        tries: list[tuple[Any, str]] = [
            (schema, ""),
            (dialect.without_patterns(schema), "its patterns are not checked: they are beyond regular expressions"),
            ({}, "is not checked: it is no JSON Schema"),
        ]
        for tried, note in tries:
            try:
                schema_check.check_schema(tried, name)
            except InvalidInput:
                continue
            if note:
                self._note(outline, f"{name}: {note}")
            return tried
        return {}

    # --- both -----------------------------------------------------------------------------------------------------

    def _insert(self, kind: type[Item], item_id: str, item: Item | None = None, **fields: Any) -> None:
        """Store an item; one that an earlier try of this import stored is left as it is. Raises AlreadyExists."""
        made = item or kind.new(self._workspace_id, by=self._row.get("by"), id=item_id, **fields)
        try:
            made.insert()
        except AlreadyExists as taken:
            if taken.details.get("field") != "id":
                raise

    def _id(self, kind: str, key: str) -> str:
        return ids.derived_uuid(self._workspace_id, kind, self._import_id, key)

    def _note(self, outline: Outline, message: str) -> None:
        place = outline.place
        self._faults.append(Fault(place, message.removeprefix(f"{place}: ")[:300], "import"))
