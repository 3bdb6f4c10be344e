"""The ZIP of tokens as it is asked for: at once when it is small, else prepared and fetched from a signed address."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson

from chalicelib.adapters import blobs, queue
from chalicelib.core import clock, ids
from chalicelib.core.call import Call
from chalicelib.core.errors import InvalidInput, NotFound
from chalicelib.edge.route import Answer, raw_answer
from chalicelib.journeys import listings, marks, queues, tokens, wire
from chalicelib.journeys.listings import Filter
from chalicelib.journeys.marks import Kind, Mark
from chalicelib.journeys.models import reports as stored
from chalicelib.journeys.models.nodes import Node
from chalicelib.journeys.reports.tokens_zip import ZIP, rows_of, zipped
from chalicelib.journeys.rules import cells
from chalicelib.storage.expressions import ABSENT, Row
from chalicelib.storage.table import ConditionFailed
from chalicelib.storage.tables import JOURNEYS

Json = dict[str, Any]
DIRECT_ROWS = 20_000
MAX_ANSWER_BYTES = 4_000_000  # before base64; a function's answer may have 6 MB
ADDRESS_S = 300
AGAIN_S = 5


def download(call: Call) -> Answer:
    """Answer the report, or say that it is being prepared (202), or where it is ready (303)."""
    node = wire.node_of(call)
    heads = tokens.heads_of(call, node)
    wanted = tokens.filter_of(call, node, heads)
    name = cells.file_name(wire.text(call, "filename", 100), "automations-monitor", ".zip")
    found = listings.find(wanted, DIRECT_ROWS, is_lean=True)
    if found.after is None:
        data = zipped(name, [rows_of(found.rows, heads)], len(found.rows))
        if len(data) <= MAX_ANSWER_BYTES:
            return file_answer(call, name, data)
    return _asked(call, node, wanted, name)


def follow(call: Call) -> Answer:
    """Answer how far a report is, by its uuid. Raises NotFound."""
    node = wire.node_of(call)
    report = wire.uuid_in_path(call, "report_uuid")
    row = JOURNEYS.get(stored.key(call.workspace_id, node.id, report))
    if row is None or int(row["exp"]) < clock.now_s():
        raise NotFound(f"the node has no report {report}")
    return _state(call, node, report, row)


def fetch(call: Call) -> Answer:
    """Answer the file of a report to whoever has its signed address. Raises NotFound."""
    mark = marks.shown(call)
    row = None if mark.kind is not Kind.REPORT else JOURNEYS.get(stored.key(mark.workspace_id, mark.node, mark.token))
    if row is None or row["st"] != stored.READY:
        raise NotFound("there is nothing at this address")
    return file_answer(call, row["doc"]["name"], blobs.blobs().get(mark.workspace_id, row["blob"]))


def file_answer(call: Call, name: str, data: bytes) -> Answer:
    """Answer a ZIP as an attachment. Raises InvalidInput for a caller who does not say that any may come."""
    accepted = call.headers.get("accept", "")
    if "*/*" not in accepted and ZIP not in accepted:
        raise InvalidInput.at("header.Accept", f"must allow {ZIP}", "accept")  # the gateway would not let it through
    headers = {"Content-Type": ZIP, "Content-Disposition": f'attachment; filename="{name}"', "raw": "1"}
    return Answer(data, 200, {**call.answer_headers, **headers, "X-Content-Type-Options": "nosniff"})


# --- ----------------------------------------------------------------------------------------------


def _asked(call: Call, node: Node, wanted: Filter, name: str) -> Answer:
    """Find the report that was asked for before, or have it built; an hour later the same call means a new one."""
    what = {
        "automations": list(wanted.automations),
        "names": list(wanted.names),
        "step": wanted.step,
        "group": wanted.group.value if wanted.group else None,
        "name": name,
    }
    asked = {**what, "automations": sorted(wanted.automations)}
    hour = clock.now_s() // 3600
    same = hashlib.sha256(orjson.dumps([hour, asked], option=orjson.OPT_SORT_KEYS)).hexdigest()
    report = ids.derived_uuid(call.workspace_id, "journey-report", node.id, same)
    where = stored.key(call.workspace_id, node.id, report)
    row = stored.new_row(where, what, clock.now_ms())
    try:
        JOURNEYS.put(row, ABSENT)
    except ConditionFailed as failed:
        row = failed.row or row
    if row["st"] in (stored.QUEUED, stored.RUNNING):
        queue.send(queues.JOB, {"w": call.workspace_id, "n": node.id, "job": "report", "r": report})
    return _state(call, node, report, row)


def _state(call: Call, node: Node, report: str, row: Row) -> Answer:
    if row["st"] == stored.READY:
        until_s = clock.now_s() + ADDRESS_S
        address = blobs.blobs().address(call.workspace_id, row["blob"], ADDRESS_S, row["doc"]["name"], ZIP)
        if address is None:
            mark = Mark(Kind.REPORT, call.workspace_id, node.id, report, until_s=until_s)
            address = marks.address(mark, "files")
        return raw_answer("", 303, {**call.answer_headers, "Location": address})
    shown = {"uuid": report, "status": row["st"], "created": clock.iso_ms(row["made"]), "rows": int(row["n"])}
    location = f"/flow/v1/tokens/reports/{report}"
    return Answer(shown, 202, {**call.answer_headers, "Location": location, "Retry-After": str(AGAIN_S)})
