"""Documents that are made to take long: references and combinations that multiply."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import orjson
import pytest

from chalicelib.connectors.openapi import dialect, operations, parse
from chalicelib.core.errors import InvalidInput
from infra import openapi_import

BUDGET_BYTES = 16_000
Json = dict[str, Any]


def ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def fitted(schemas: Json) -> Json:
    root = {"openapi": "3.1.0", "components": {"schemas": schemas}}
    return dialect.fitted(root, ref("A0"), "document#/x", BUDGET_BYTES, is_30=False)


@pytest.mark.parametrize("word", ["allOf", "anyOf", "properties"])
def test_references_that_multiply_stay_within_the_budget(word: str) -> None:
    parts = {"properties": {f"p{n}": None for n in range(10)}}.get(word, [None] * 10)
    schemas: Json = {"A9": {"type": "string"}}
    for level in range(9):
        inner = ref(f"A{level + 1}")
        schemas[f"A{level}"] = {word: dict.fromkeys(parts, inner) if isinstance(parts, dict) else [inner] * 10}
    began = time.monotonic()
    made = fitted(schemas)
    assert len(orjson.dumps(made)) <= BUDGET_BYTES + 100 and "$comment" in made
    assert time.monotonic() - began < 2


def test_a_long_chain_of_references_is_followed_only_so_far() -> None:
    chain: Json = {f"A{n}": {"anyOf": [ref(f"A{n + 1}")]} for n in range(3_000)} | {"A3000": {"type": "string"}}
    assert orjson.dumps(fitted(chain))
    straight: Json = {f"A{n}": ref(f"A{n + 1}") for n in range(3_000)} | {"A3000": {"type": "string"}}
    assert fitted(straight)["description"].endswith("again")


def test_a_body_of_many_parts_becomes_one_input() -> None:
    schemas: Json = {f"A{n}": {"allOf": [ref(f"A{n + 1}")] * 50} for n in range(6)} | {"A6": {"properties": {"a": {}}}}
    body = {"content": {"application/json": {"schema": ref("A0")}}}
    paths = {"/x": {"post": {"requestBody": body, "responses": {}}}}
    document = parse.read({"openapi": "3.1.0", "paths": paths, "components": {"schemas": schemas}})
    began = time.monotonic()
    [one] = operations.convert(document, document.outlines()[0]).inputs
    assert (one.title, one.place) in (("body", "whole"), ("a", "field"))
    assert time.monotonic() - began < 2


def test_an_operation_with_too_many_inputs_is_not_made() -> None:
    parameters = [{"name": f"p{n}", "in": "query", "schema": {}} for n in range(301)]
    document = parse.read({"openapi": "3.1.0", "paths": {"/x": {"get": {"parameters": parameters, "responses": {}}}}})
    with pytest.raises(InvalidInput, match="more than 300 inputs"):
        operations.convert(document, document.outlines()[0])


def test_the_command_says_what_is_wrong_with_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "a.json"
    assert openapi_import.main([str(file)]) == 1
    file.write_text("openapi: 3.1.0")
    assert openapi_import.main([str(file)]) == 1
    assert "is not JSON" in capsys.readouterr().err
