"""Layouts: identifiers, changes, the default."""

from __future__ import annotations

from typing import Any

import pytest

from tests.client import Client
from tests.conftest import Clock

BODY = {"name": "Lay Out", "content": "<p>{{{body}}}</p>"}


def make(client: Client, **more: Any) -> dict[str, Any]:
    answer = client.post("/v1/layouts", {**BODY, **more})
    assert answer.status == 201, answer.body
    return dict(answer.body["data"])


def test_an_identifier_nobody_chose_gets_out_of_the_way(client: Client) -> None:
    first, second = make(client), make(client)
    assert first["identifier"] == "lay-out"
    assert second["identifier"].startswith("lay-out-")
    assert client.get(f"/v1/layouts/{second['_id']}").body["data"]["identifier"] == second["identifier"]
    assert client.post("/v1/layouts", {**BODY, "identifier": "lay-out"}).status == 409


def test_an_identifier_can_be_changed_to_one_that_is_free(client: Client) -> None:
    first, second = make(client, identifier="a"), make(client, identifier="b")
    path = f"/v1/layouts/{second['_id']}"
    assert client.patch(path, {"identifier": "a"}).status == 409
    client.delete(f"/v1/layouts/{first['_id']}")
    assert client.patch(path, {"identifier": "a"}).body["data"]["identifier"] == "a"
    assert make(client, identifier="b")["identifier"] == "b"


@pytest.mark.parametrize("body", [{}, {"name": None, "content": None}, {"unknown": 1}])
def test_a_change_of_nothing_is_refused(client: Client, body: Any) -> None:
    assert client.patch(f"/v1/layouts/{make(client)['_id']}", body).status == 400


def test_a_change_has_its_time(client: Client, still: Clock) -> None:
    one = make(client)
    still.advance_s(60)
    changed = client.patch(f"/v1/layouts/{one['_id']}", {"name": "New"}).body["data"]
    assert changed["createdAt"] == one["createdAt"] < changed["updatedAt"]


@pytest.mark.parametrize("where", ["step", "variant"])
def test_a_layout_that_is_used_stays(client: Client, where: str) -> None:
    used, group = make(client), client.get("/v1/notification-groups").body["data"][0]["_id"]
    plain = {"template": {"type": "email", "subject": "s", "content": "x"}}
    wearing = {"template": {**plain["template"], "layoutId": used["_id"]}}
    step = wearing if where == "step" else {**plain, "variants": [wearing]}
    made = client.post("/v1/workflows", {"name": "w", "notificationGroupId": group, "steps": [step]}).body["data"]
    assert client.delete(f"/v1/layouts/{used['_id']}").status == 409
    client.delete(f"/v1/workflows/{made['_id']}")
    assert client.delete(f"/v1/layouts/{used['_id']}").status == 204
