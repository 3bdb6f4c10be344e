"""Small OpenAPI documents, and their import through the API."""

from __future__ import annotations

from typing import Any

from tests.client import Answer, Client

Json = dict[str, Any]
IMPORT = "/v1/service/import?userId=developer"
PET = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}, "age": {"type": "integer"}}}


def document(paths: Json | None = None, **more: Any) -> Json:
    found = paths if paths is not None else {"/pets": {"get": {"operationId": "pets/list", "responses": {}}}}
    return {"openapi": "3.1.0", "info": {"title": "Pet Store", "version": "7"}, "paths": found, **more}


def operation(**more: Any) -> Json:
    return {"operationId": "run", "responses": {}, **more}


def imported(client: Client, made: Json, **more: Any) -> Json:
    answer = client.post(IMPORT, {"document": made, **more}).ok()
    assert answer["state"] == "done", answer
    return answer


def action(client: Client, made: Json, name: str = "run", **more: Any) -> Json:
    """Import a document and give one of its actions."""
    service = imported(client, made, **more)["serviceId"]
    return client.get(f"/v1/service/{service}/action/{name}").ok()


def run_schema(client: Client, parameters: list[Json], **more: Any) -> list[Json]:
    """Give schema.variables of an operation with these parameters."""
    made = document({"/x": {"post": operation(parameters=parameters, **more)}})
    return action(client, made)["schema"]["variables"]


def refusal(answer: Answer) -> tuple[int, list[str]]:
    return answer.status, [fault["location"] for fault in answer.body["details"]["faults"]]
