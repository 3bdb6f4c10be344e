"""What is stored of an import: one row of the work table, and the document in parts among the big values.

    uploading -> queued -> running -> done
                 queued, running   -> failed

Attributes: st, name, url, schemes (JSON text), by, parts (number -> hash), total, cur (operations looked at), made
(actions there), faults, reason, at, upd, and those of durable/leases.py. Each part is stored with the import's id
before it, so that no other import leans on the same value and it may be removed at the end.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import SimpleNamespace
from typing import Any

import orjson

from chalicelib.adapters.blobs import blobs
from chalicelib.connectors.openapi.references import Json
from chalicelib.core import clock, ids
from chalicelib.core.errors import NotFound
from chalicelib.durable import leases
from chalicelib.storage.expressions import ABSENT, Change, Condition, OneOf, Row, eq
from chalicelib.storage.table import ConditionFailed, Key
from chalicelib.storage.tables import WORK

UPLOAD_S, KEPT_S = 86_400, 30 * 86_400


class State(StrEnum):
    """Where an import stands."""

    UPLOADING = "uploading"
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


def is_open() -> Condition:
    """The import has work left."""
    return OneOf("st", (State.QUEUED.value, State.RUNNING.value))


def key_of(workspace_id: str, import_id: str) -> Key:
    """Say where an import lies."""
    return Key(f"{workspace_id}#IMP#{import_id}", "I")


def service_id_of(workspace_id: str, import_id: str) -> str:
    """Derive the id of the service an import makes (rule R4)."""
    return ids.derived_uuid(workspace_id, "service", "import", import_id)


def find(workspace_id: str, import_id: str) -> Row:
    """Read an import. Raises NotFound."""
    row = WORK.get(key_of(workspace_id, import_id))
    if row is None or row["exp"] <= clock.now_s():
        raise NotFound("no such import")
    return row


def create(workspace_id: str, import_id: str, fields: Mapping[str, Any]) -> Row:
    """Store a new import; one that is there already is answered as it is."""
    now_ms = clock.now_ms()
    row = {
        **key_of(workspace_id, import_id)._asdict(),
        "st": State.UPLOADING.value,
        "parts": {},
        "until": leases.FREE,
        "fence": 0,
        "at": now_ms,
        "upd": now_ms,
        "exp": now_ms // 1000 + UPLOAD_S,
        **fields,
    }
    try:
        WORK.put(row, ABSENT)
    except ConditionFailed as refused:
        return refused.row or row
    return row


def put_part(row: Row, number: int, data: bytes) -> Row:
    """Store one part of the document. Raises NotFound once the import has begun."""
    workspace_id, import_id = names_of(row)
    sha256 = blobs().put(workspace_id, f"{import_id} {number}\n".encode() + data)
    change = Change(put={f"parts.{number}": sha256, "upd": clock.now_ms()})
    try:
        return WORK.update(key_of(workspace_id, import_id), change, eq("st", State.UPLOADING.value))
    except ConditionFailed:
        raise NotFound("this import takes no parts any more") from None


def text_of(row: Row) -> bytes:
    """Put the parts together."""
    workspace_id, _ = names_of(row)
    parts = (row["parts"][number] for number in sorted(row["parts"], key=int))
    return b"".join(blobs().get(workspace_id, sha256).partition(b"\n")[2] for sha256 in parts)


def drop_parts(row: Row) -> None:
    """Remove the parts; a repeat is harmless."""
    workspace_id, _ = names_of(row)
    for sha256 in row["parts"].values():
        blobs().delete(workspace_id, sha256)


def begin(row: Row, name: str, total: int) -> Row:
    """Let the work begin; an import that has begun already is answered as it is."""
    now_ms = clock.now_ms()
    put = {"st": State.QUEUED.value, "name": name, "total": total, "upd": now_ms, "exp": now_ms // 1000 + KEPT_S}
    try:
        return WORK.update(key_of(*names_of(row)), Change(put=put), eq("st", State.UPLOADING.value))
    except ConditionFailed as refused:
        if refused.row is None:
            raise NotFound("no such import") from None
        return refused.row


def names_of(row: Row) -> tuple[str, str]:
    """Give the workspace and the id of an import."""
    workspace_id, _, import_id = row["pk"].split("#")
    return workspace_id, import_id


def schemes_of(row: Row) -> Json | None:
    """Give the ways to sign in that were sent instead of the document's."""
    found: Json | None = orjson.loads(row["schemes"]) if row.get("schemes") else None
    return found


def shown(row: Row) -> SimpleNamespace:
    """Give an import under the names callers see."""
    workspace_id, import_id = names_of(row)
    return SimpleNamespace(
        id=import_id,
        state=row["st"],
        name=row.get("name"),
        service_id=service_id_of(workspace_id, import_id),
        total=row.get("total", 0),
        done=row.get("cur", 0),
        made=row.get("made", 0),
        parts=len(row["parts"]),
        faults=row.get("faults", []),
        reason=row.get("reason"),
        inserted_at=row["at"],
        updated_at=row["upd"],
    )
