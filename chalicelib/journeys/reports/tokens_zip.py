"""The ZIP of tokens: answered at once when it is small, else built part by part and fetched from a signed address."""

from __future__ import annotations

import io
import itertools
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import orjson

from chalicelib.adapters import blobs, queue
from chalicelib.core import clock
from chalicelib.durable import leases
from chalicelib.durable.leases import NotTaken
from chalicelib.journeys import listings, queues
from chalicelib.journeys.listings import Filter
from chalicelib.journeys.models import automations
from chalicelib.journeys.models import reports as stored
from chalicelib.journeys.rules import cells
from chalicelib.journeys.rules.tokens import Group, group_of
from chalicelib.journeys.token_views import view
from chalicelib.storage.expressions import Change, Row
from chalicelib.storage.table import Key
from chalicelib.storage.tables import JOURNEYS

Json = dict[str, Any]
COLUMNS = [
    "uuid", "userPk", "clabUuid", "recipient", "automationUuid", "automationName", "automationStatus", "stepUuid",
    "stepType", "stepOperation", "stepDescription", "enterAutomationDate", "enterStepDate", "status",
    "aggregatedStatus", "endReason", "errorDate", "errorMessage",
]  # fmt: skip
PART_ROWS = 10_000
PARTS_A_MESSAGE = 5
FILE_ROWS = 1_000_000
LEASE_MS = 90_000
ZIP = "application/zip"


def build(body: Json) -> float | None:
    """Build some parts of a report, from its cursor; then send for the rest, or put it together."""
    where = stored.key(body["w"], body["n"], body["r"])
    now_ms = clock.now_ms()
    lease = leases.take(JOURNEYS, where, now_ms, LEASE_MS)
    if isinstance(lease, NotTaken):
        return lease.hide_s(now_ms)
    row = lease.row
    if row["st"] not in (stored.QUEUED, stored.RUNNING):
        leases.release(JOURNEYS, lease)
        return None
    for _ in range(PARTS_A_MESSAGE):
        row = _build_part(lease, row)
        if row["st"] == stored.READY:
            return None
    leases.release(JOURNEYS, lease)
    queue.send(queues.JOB, body)
    return None


def _build_part(lease: leases.Lease, row: Row) -> Row:
    """Store one part and move the cursor; the last one puts the file together."""
    workspace_id, _, rest = row["pk"].partition("#N#")
    node, doc = rest.partition("#RPT#")[0], row["doc"]
    group = Group(doc["group"]) if doc["group"] else None
    wanted = Filter(workspace_id, node, tuple(doc["automations"]), tuple(doc["names"]), doc["step"], group)
    found = listings.find(wanted, PART_ROWS, row["cur"] or None, is_lean=True)
    loaded = {uuid: automations.load(workspace_id, node, uuid) for uuid in {one["a"] for one in found.rows}}
    heads = {uuid: head for uuid, head in loaded.items() if head is not None}
    text = orjson.dumps([list(one.values()) for one in rows_of(found.rows, heads)])
    blob = blobs.blobs().put(workspace_id, orjson.dumps([row["pk"], row["part"]]) + b"\n" + text)
    part = {**stored.part_key(lease.key, row["part"])._asdict(), "blob": blob, "exp": row["exp"]}
    JOURNEYS.put(part)
    put: Json = {"part": int(row["part"]) + 1, "n": int(row["n"]) + len(found.rows), "st": stored.RUNNING}
    put |= {"cur": found.after or "", "until": clock.now_ms() + LEASE_MS}
    if found.after is None:
        parts = [*JOURNEYS.query_all(row["pk"], prefix="P#")]
        put |= {"st": stored.READY, "until": leases.FREE, "blob": _together(workspace_id, doc["name"], parts, put["n"])}
    return leases.write(JOURNEYS, lease, Change(put=put), leases.fenced(lease), lambda _: False)


def _together(workspace_id: str, name: str, parts: Sequence[Row], count: int) -> str:
    """Put the parts into one file, and remove them."""
    store = blobs.blobs()

    def rows(part: Row) -> Iterator[Json]:
        text = store.get(workspace_id, part["blob"]).partition(b"\n")[2]
        return (dict(zip(COLUMNS, values, strict=True)) for values in orjson.loads(text))

    made = store.put(workspace_id, zipped(name, [rows(part) for part in parts], count))
    for part in parts:
        store.delete(workspace_id, part["blob"])
        JOURNEYS.delete(Key(part["pk"], part["sk"]))
    return made


# --- rows -----------------------------------------------------------------------------------------------------------


def rows_of(found: Iterable[Row], heads: dict[str, automations.Automation]) -> Iterator[Json]:
    """Give the rows of tokens; those of automations that are gone are left out."""
    for row in found:
        head = heads.get(row["a"])
        if head is not None:
            shown = view(row, head) | {"aggregatedStatus": group_of(row["st"]).value}
            yield {column: shown.get(column) for column in COLUMNS}


def zipped(name: str, parts: Sequence[Iterable[Json]], count: int) -> bytes:
    """Build the ZIP: one CSV, or several of a million rows each."""
    base, buffer = name.removesuffix(".zip"), io.BytesIO()
    rows = (row for part in parts for row in part)
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(1, max(1, -(-count // FILE_ROWS)) + 1):
            entry = f"{base}.csv" if count <= FILE_ROWS else f"{base}-{number:04d}.csv"
            with archive.open(entry, "w", force_zip64=True) as file:
                for line in cells.lines(COLUMNS, itertools.islice(rows, FILE_ROWS)):
                    file.write(line.encode())
    return buffer.getvalue()
