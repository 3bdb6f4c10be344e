"""OpenAPI documents become services, through the real routes."""

from __future__ import annotations

import pytest

from tests.api.connectors.openapi_documents import (
    IMPORT,
    PET,
    Json,
    action,
    document,
    imported,
    operation,
    refusal,
    run_schema,
)
from tests.client import Client

# --- what an import makes --------------------------------------------------------------------------------------------


def test_a_document_becomes_a_service_with_one_action_for_each_operation(client: Client) -> None:
    paths = {
        "/pets": {
            "get": {"operationId": "pets/list", "summary": "List pets", "tags": ["pets"], "responses": {}},
            "post": {"responses": {}},
        },
        "/pets/{id}": {"delete": {"operationId": "drop pet!", "responses": {}}},
    }
    made = imported(client, document(paths, servers=[{"url": "https://pets.example/v2"}]))
    assert (made["name"], made["total"], made["made"], made["faults"]) == ("Pet_Store", 3, 3, [])
    service = client.get("/v1/service/Pet_Store").ok()
    assert service["id"] == made["serviceId"] and service["createdBy"] == "developer"
    found = {one["name"]: one for one in client.get("/v1/service/Pet_Store/action").ok()}
    assert set(found) == {"pets.list", "post.pets", "drop_pet"}
    assert found["pets.list"]["label"] == {"en": "List pets"} and found["pets.list"]["tag"] == ["pets"]
    [version] = client.get("/v1/service/Pet_Store/version").ok()
    assert version["id"] == service["defaultVersionId"]
    assert version["setting"] == {"serverUrl": "https://pets.example/v2", "documentVersion": "7"}


def test_names_that_collide_get_numbers(client: Client) -> None:
    paths = {f"/{n}": {"get": {"operationId": given, "responses": {}}} for n, given in enumerate(("a b", "a/b", "a_b"))}
    made = imported(client, document(paths))
    names = {one["name"] for one in client.get(f"/v1/service/{made['serviceId']}/action").ok()}
    assert names == {"a_b", "a.b", "a_b_2"}


def test_a_name_that_is_taken_is_refused(client: Client) -> None:
    imported(client, document(), name="pets")
    again = client.post(IMPORT, {"document": document(), "name": "pets"})
    assert (again.status, again.body["type"]) == (409, "AlreadyExists")
    assert client.post(IMPORT, {"name": "pets"}).status == 409


def test_inputs_come_from_parameters_and_from_the_fields_of_the_body(client: Client) -> None:
    variables = run_schema(
        client,
        [
            {"name": "limit", "in": "query", "description": "How many", "schema": {"type": "integer", "maximum": 9}},
            {"name": "X-Trace", "in": "header", "required": True, "schema": {"type": "string"}},
            {"name": "Authorization", "in": "header", "schema": {"type": "string"}},
        ],
        requestBody={"required": True, "content": {"application/json": {"schema": PET}}},
    )
    assert variables == [
        {"title": "limit", "type": "integer", "maximum": 9, "description": "How many"},
        {"title": "X-Trace", "type": "string", "x-required": True},
        {"title": "name", "type": "string", "x-required": True},
        {"title": "age", "type": "integer"},
    ]


def test_a_body_without_known_fields_is_one_input(client: Client) -> None:
    body = {"required": True, "content": {"application/json": {"schema": {"type": "array", "items": PET}}}}
    [one] = run_schema(client, [], requestBody=body)
    assert (one["title"], one["type"], one["x-required"]) == ("body", "array", True)


def test_fields_of_one_name_are_told_apart_by_their_place(client: Client) -> None:
    body = {"content": {"application/json": {"schema": {"properties": {"id": {"type": "integer"}}}}}}
    variables = run_schema(client, [{"name": "id", "in": "query", "schema": {}}], requestBody=body)
    assert [one["title"] for one in variables] == ["id", "body_id"]


def test_parameters_of_an_operation_win_over_those_of_its_path(client: Client) -> None:
    item = {
        "parameters": [{"name": "a", "in": "query", "schema": {"type": "string"}}],
        "get": operation(parameters=[{"name": "a", "in": "query", "schema": {"type": "integer"}}]),
    }
    assert action(client, document({"/x": item}))["schema"]["variables"] == [{"title": "a", "type": "integer"}]


def test_the_output_is_the_first_success_that_is_json(client: Client) -> None:
    responses = {
        "404": {"content": {"application/json": {"schema": {"type": "string"}}}},
        "201": {"content": {"text/html": {}, "application/vnd.pet+json": {"schema": PET}}},
        "204": {"description": "Nothing"},
    }
    found = action(client, document({"/x": {"post": operation(responses=responses)}}))
    assert found["schema"]["output"] == PET


def test_the_words_of_3_0_become_those_of_json_schema(client: Client) -> None:
    schema = {"type": "integer", "nullable": True, "minimum": 0, "exclusiveMinimum": True, "example": 1, "xml": {}}
    made = document({"/x": {"get": operation(parameters=[{"name": "n", "in": "query", "schema": schema}])}})
    [one] = action(client, {**made, "openapi": "3.0.3"})["schema"]["variables"]
    assert one == {"title": "n", "type": ["integer", "null"], "exclusiveMinimum": 0}


def test_references_are_put_in_place_and_recursion_is_cut(client: Client) -> None:
    tree = {
        "type": "object",
        "properties": {"children": {"type": "array", "items": {"$ref": "#/components/schemas/T"}}},
    }
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/T"}}}
    made = document(
        {"/x": {"post": operation(responses={"200": {"content": content}})}},
        components={"schemas": {"T": tree}},
    )
    output = action(client, made)["schema"]["output"]
    assert output["properties"]["children"]["items"] == {"type": "object", "description": "T again"}


def test_a_schema_that_is_too_deep_says_how_deep_it_is_shown(client: Client) -> None:
    schema: Json = {"type": "string"}
    for _ in range(20):
        schema = {"type": "object", "properties": {"in": schema}}
    responses = {"200": {"content": {"application/json": {"schema": schema}}}}
    output = action(client, document({"/x": {"get": operation(responses=responses)}}))["schema"]["output"]
    assert output["$comment"] == "shown to a depth of 8"


def test_what_cannot_be_done_is_reported_and_the_rest_is_made(client: Client) -> None:
    body = {"content": {"multipart/form-data": {"schema": {}}}}
    strange = [{"name": "a", "in": "query", "schema": {"type": "string", "pattern": "(?=x)y"}}]
    paths = {"/a": {"post": operation(requestBody=body)}, "/b": {"get": operation(parameters=strange, operationId="b")}}
    made = imported(client, document(paths))
    assert (made["total"], made["made"]) == (2, 1)
    assert [fault["location"] for fault in made["faults"]] == ["document#/paths/~1a/post", "document#/paths/~1b/get"]
    assert client.get(f"/v1/service/{made['serviceId']}/action/b").ok()["schema"]["variables"] == [
        {"title": "a", "type": "string"}
    ]


def test_ways_to_sign_in_become_securities(client: Client) -> None:
    flow = {
        "authorizationUrl": "https://a.example/",
        "tokenUrl": "https://t.example/",
        "scopes": {"read": "Read", "write": "Write"},
    }
    schemes = {
        "key": {"type": "apiKey", "in": "query", "name": "api_key"},
        "bearer": {"type": "http", "scheme": "bearer"},
        "basic": {"type": "http", "scheme": "Basic", "description": "Name and password"},
        "oauth": {"type": "oauth2", "flows": {"authorizationCode": flow}},
        "tls": {"type": "mutualTLS"},
    }
    made = imported(client, document(components={"securitySchemes": schemes}, security=[{"oauth": []}]))
    found = client.get(f"/v1/service/{made['serviceId']}/security").ok()
    assert {(one["type"], one["scheme"]) for one in found} == {
        ("oauth2", "authorizationCode"),
        ("apiKey", "apiKey"),
        ("apiKey", "bearer"),
        ("apiKey", "basic"),
    }
    oauth = next(one["config"] for one in found if one["type"] == "oauth2")
    urls = {name: flow[name] for name in ("authorizationUrl", "tokenUrl")}
    assert oauth == {"auth": {**urls, "scopes": "read write"}}
    declared = client.get(f"/v1/service/{made['serviceId']}/variable").ok()
    assert {one["name"]: one["required"] for one in declared} == {"clientId": False, "clientSecret": False}
    assert [fault["location"] for fault in made["faults"]] == ["document#/components/securitySchemes/tls"]


# --- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("made", "places"),
    [
        ({}, ["document#/openapi"]),
        ({"swagger": "2.0"}, ["document#/swagger"]),
        ({"openapi": "4.0.0", "paths": {}}, ["document#/openapi"]),
        ({"openapi": "3.1.0"}, ["document#/paths"]),
        (document({}), ["document#/paths"]),
        (document({"x": {}, "/y": 1}), ["document#/paths/x", "document#/paths/~1y"]),
        (document({"/x": {"get": []}}), ["document#/paths/~1x/get"]),
        (document({"/x": {"get": operation(parameters={})}}), ["document#/paths/~1x/get/parameters"]),
        (document({"/x": {"get": operation(parameters=[{"in": "query"}])}}), ["document#/paths/~1x/get/parameters/0"]),
        (document({"/x": {"$ref": "#/paths/~1x"}}), ["document#/paths/~1x"]),
        (
            document({"/x": {"get": operation(requestBody={"$ref": "https://elsewhere.example/a.json"})}}),
            ["document#/paths/~1x/get/requestBody"],
        ),
        (
            document({"/x": {"get": operation(parameters=[{"$ref": "#/components/parameters/none"}])}}),
            ["document#/paths/~1x/get/parameters/0"],
        ),
    ],
)
def test_a_broken_document_is_refused_with_the_place(client: Client, made: Json, places: list[str]) -> None:
    assert refusal(client.post(IMPORT, {"document": made})) == (400, places)


def test_a_reference_in_an_example_is_no_reference(client: Client) -> None:
    parameters = [{"name": "a", "in": "query", "schema": {"type": "object", "example": {"$ref": "http://x.example"}}}]
    assert run_schema(client, parameters) == [{"title": "a", "type": "object"}]


def test_another_workspace_does_not_see_an_import(client: Client, stranger: Client) -> None:
    made = imported(client, document())
    assert client.get(f"/v1/service/import/{made['id']}").ok() == made
    assert stranger.get(f"/v1/service/import/{made['id']}").status == 404
