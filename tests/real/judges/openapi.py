"""Judging by an OpenAPI 3.0 description that was put to .real/descriptions."""

from __future__ import annotations

from typing import Any

from tests.real import vendor_packages
from tests.real.judges import Json, Request, asked_body, asked_query, schema_faults, template_fits, text_faults


class OpenApi:
    """Judges by an OpenAPI 3.0 description that was put to .real/descriptions."""

    def __init__(self, name: str, base: str) -> None:
        document = vendor_packages.description(name)
        assert document is not None
        self.document, self.base = document, base
        self.parts = {"components": _openapi_schema({"schemas": document["components"]["schemas"]})}

    def faults(self, request: Request) -> list[str]:
        """Say what does not fit; nothing when all does."""
        path = request["url"].split("?")[0].removeprefix(self.base)
        operation = self._operation(request["method"].lower(), path)
        if operation is None:
            return [f"there is no {request['method']} {path}"]
        known = {one["name"]: one for one in operation.get("parameters", []) if one["in"] == "query"}
        given, found = asked_query(request), []
        for name, values in given.items():
            if name not in known:
                found.append(f"{path} has no query parameter {name}")
            else:
                schema = known[name]["schema"]
                schema = schema.get("items", {}) if schema.get("type") == "array" else schema
                found += [fault for value in values for fault in text_faults(schema, value, name)]
        found += [f"{name} is missing" for name, one in known.items() if one.get("required") and name not in given]
        body, wanted = asked_body(request), operation.get("requestBody")
        if (body is None) != (wanted is None):
            return [*found, f"{path}: a body is {'not ' if wanted is None else ''}wanted"]
        if wanted:
            schema = _openapi_schema(wanted["content"]["application/json"]["schema"])
            found += schema_faults({**self.parts, **schema}, body, "body")
        return found

    def _operation(self, verb: str, path: str) -> Json | None:
        fitting = [
            one for one in self.document["paths"] if template_fits(one, path) and verb in self.document["paths"][one]
        ]
        return self.document["paths"][min(fitting, key=lambda one: one.count("{"))][verb] if fitting else None


def _openapi_schema(node: Any) -> Any:
    """Make JSON Schema out of OpenAPI 3.0's dialect."""
    if isinstance(node, list):
        return [_openapi_schema(one) for one in node]
    if not isinstance(node, dict):
        return node
    made = {name: _openapi_schema(inner) for name, inner in node.items() if name not in ("example", "xml", "nullable")}
    if node.get("nullable") and isinstance(made.get("type"), str):
        made["type"] = [made["type"], "null"]
    return made
