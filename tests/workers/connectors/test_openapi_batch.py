"""Larger documents: in parts, by queue, killed anywhere on the way."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest

from chalicelib.adapters.blobs import blobs
from chalicelib.connectors.openapi import batch, imports, records
from chalicelib.connectors.workers import connectors_import
from chalicelib.core.errors import NotFound
from chalicelib.storage import item
from chalicelib.storage.table import Table
from chalicelib.storage.tables import WORK
from tests import queues
from tests.api.connectors.openapi_documents import IMPORT, Json, document
from tests.client import Client
from tests.conftest import Clock


def many(count: int) -> Json:
    return document({f"/p{n}": {"get": {"operationId": f"op{n}", "responses": {}}} for n in range(count)})


def upload(client: Client, made: Json, parts: int = 3, name: str = "uploaded") -> str:
    import_id = client.post(IMPORT, {"name": name}).ok()["id"]
    text = json.dumps(made).encode()
    size = -(-len(text) // parts)
    for number in range(parts):
        chunk = text[number * size : (number + 1) * size]
        path = f"/v1/service/import/{import_id}/part/{number + 1}"
        client.send("PUT", path, raw=chunk, headers={"content-type": "application/octet-stream"}).ok()
    return str(import_id)


def drain(client: Client, import_id: str) -> Json:
    queues.drain(batch.QUEUE, connectors_import)
    made: Json = client.get(f"/v1/service/import/{import_id}").ok()
    return made


def test_a_document_in_parts_is_converted_by_the_queue_take_by_take(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "ROWS", 30)
    import_id = upload(client, many(25))
    started = client.post(f"/v1/service/import/{import_id}/start").ok()
    assert (started["state"], started["total"], started["done"]) == ("queued", 25, 0)
    made = drain(client, import_id)
    assert (made["state"], made["made"], made["faults"]) == ("done", 25, [])
    assert len(client.get("/v1/service/uploaded/action").ok()) == 25


def test_a_document_with_a_part_missing_is_not_begun(client: Client) -> None:
    import_id = client.post(IMPORT, {"name": "gap"}).ok()["id"]
    path = f"/v1/service/import/{import_id}"
    assert client.post(f"{path}/start").status == 400
    client.send("PUT", f"{path}/part/2", raw=b"{}").ok()
    assert client.post(f"{path}/start").status == 400
    assert client.send("PUT", f"{path}/part/0", raw=b"{}").status == 400
    assert client.send("PUT", f"{path}/part/1", raw=b"x" * 1_048_577).status == 413


def test_an_import_whose_service_is_deleted_meanwhile_ends(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "ROWS", 30)
    import_id = upload(client, many(25))
    service = client.post(f"/v1/service/import/{import_id}/start").ok()["serviceId"]
    [message] = queues.receive(batch.QUEUE, 1)
    queues.deliver(batch.QUEUE, connectors_import, [message])
    client.delete(f"/v1/service/{service}").ok()
    made = drain(client, import_id)
    assert (made["state"], made["reason"]) == ("failed", "the service was deleted meanwhile")


def test_the_parts_are_removed_at_the_end_even_by_a_late_message(client: Client) -> None:
    import_id = upload(client, many(3))
    client.post(f"/v1/service/import/{import_id}/start").ok()
    row = records.find(client.key, import_id)
    assert row["st"] == "done"
    with pytest.raises(NotFound):
        records.text_of(row)
    late = {**row, "parts": {"1": blobs().put(client.key, b"left over")}}
    WORK.put(late)
    queues.drain(batch.QUEUE, connectors_import)
    with pytest.raises(NotFound):
        records.text_of(late)


class Killed(BaseException):
    """The process ends here."""


def test_killed_anywhere_every_action_is_there_once(
    client: Client, still: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "ROWS", 6)
    monkeypatch.setattr(imports, "SMALL", 0)
    left = {"writes": -1}

    def dying(real: Any, *, after: bool) -> Any:
        def write(*args: Any, **kwargs: Any) -> Any:
            left["writes"] -= 1
            if left["writes"] == 0 and not after:
                raise Killed
            answer = real(*args, **kwargs)
            if left["writes"] == 0:
                raise Killed
            return answer

        return write

    for after in (False, True):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Table, "update", dying(Table.update, after=after))
            patch.setattr(item, "transact", dying(item.transact, after=after))
            _kill_at_every_write(client, still, left)


def _kill_at_every_write(client: Client, still: Clock, left: dict[str, int]) -> None:
    kills = 0
    import_id = upload(
        client, {**many(4), "components": {"securitySchemes": {"k": {"type": "http", "scheme": "bearer"}}}}
    )
    client.post(f"/v1/service/import/{import_id}/start").ok()
    body = batch.message_of(records.find(client.key, import_id))
    while records.find(client.key, import_id)["st"] in ("queued", "running"):
        kills += 1
        left["writes"] = kills
        still.advance_s(batch.LEASE_MS / 1000 + 1)
        with contextlib.suppress(Killed):
            batch.advance(body, still.at_ms + 50_000)
    left["writes"] = -1
    made = client.get(f"/v1/service/import/{import_id}").ok()
    assert kills > 3 and (made["state"], made["made"], made["total"]) == ("done", 4, 4)
    names = [one["name"] for one in client.get("/v1/service/uploaded/action").ok()]
    assert sorted(names) == ["op0", "op1", "op2", "op3"]
    assert len(client.get("/v1/service/uploaded/security").ok()) == 1
    client.delete("/v1/service/uploaded").ok()
