"""Judges of requests: each holds one call of a script against what the vendor published, and says what does not fit."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import jsonschema_rs

Request = dict[str, Any]
Json = dict[str, Any]


def asked_query(request: Request) -> dict[str, list[str]]:
    """Give the query parameters of a request."""
    found: dict[str, list[str]] = {}
    for name, value in parse_qsl(urlsplit(request["url"]).query, keep_blank_values=True):
        found.setdefault(name, []).append(value)
    return found


def asked_body(request: Request) -> Any:
    """Give the JSON body of a request, or None."""
    return None if request["body"] is None else json.loads(request["body"])


def template_fits(template: str, path: str) -> bool:
    """Say whether a path fits a template such as /users/{id}."""
    return re.fullmatch(re.sub(r"\\{[^/]+?\\}", "[^/]+", re.escape(template)), path) is not None


def schema_faults(schema: Any, value: Any, where: str) -> list[str]:
    """Say what of a value does not fit a JSON Schema."""
    return [
        f"{where}{list(error.instance_path)}: {error.message}"
        for error in jsonschema_rs.validator_for(schema, offline=True).iter_errors(value)
    ]


def text_faults(schema: Json, text: str, where: str) -> list[str]:
    """Say whether the text of a parameter can be what its schema says."""
    value: Any = text
    kind = schema.get("type")
    if kind == "integer" and re.fullmatch(r"-?\d+", text):
        value = int(text)
    elif kind == "boolean" and text in ("true", "false"):
        value = text == "true"
    limits = {name: int(schema[name]) for name in ("minimum", "maximum") if name in schema and kind == "integer"}
    wanted = {name: schema[name] for name in ("type", "enum", "pattern") if name in schema}
    return schema_faults({**wanted, **limits}, value, where)
