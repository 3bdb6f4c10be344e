"""Values of variables: written, checked, never read."""

from __future__ import annotations

from chalicelib.storage.tables import VAULT
from tests.builders import make_service, make_variable
from tests.client import Client


def test_a_value_goes_in_and_never_comes_out(client: Client, workspace: str) -> None:
    service = make_service(client)
    variable = make_variable(client, service, name="clientSecret", schema={"type": "string"})
    path = f"/v1/service/{service}/variable/clientSecret/value"
    assert client.put(path, {"value": "very-secret"}).ok() == {"set": True}
    assert "very-secret" not in client.get(f"/v1/service/{service}/variable/{variable['id']}").ok().__repr__()
    rows = VAULT.query_all(f"{workspace}#VAL#{service}")
    assert len(rows) == 1 and "very-secret" not in str(rows)
    assert client.put(path, {"value": None}).ok() == {"set": False}
    assert VAULT.query_all(f"{workspace}#VAL#{service}") == []


def test_a_value_must_fit_its_schema(client: Client) -> None:
    service = make_service(client)
    make_variable(client, service, name="port", schema={"type": "integer", "maximum": 9})
    path = f"/v1/service/{service}/variable/port/value"
    for body in ({}, [], {"value": "1"}, {"value": 10}):
        answer = client.put(path, body)
        assert (answer.status, answer.body["details"]["faults"][0]["location"]) == (400, "body.value")
    assert client.put(path, {"value": 9}).status == 200
    assert client.put(f"/v1/service/{service}/variable/other/value", {"value": 9}).status == 404
    assert client.put(path, {"value": 9}, key="other").status == 404


def test_a_large_value_is_refused(client: Client) -> None:
    service = make_service(client)
    make_variable(client, service, name="blob")
    assert client.put(f"/v1/service/{service}/variable/blob/value", {"value": "x" * 70_000}).status == 413
