"""Judging and answering by Google's discovery documents."""

from __future__ import annotations

from typing import Any

from tests.real.judges import Json, Request, asked_body, asked_query, schema_faults, template_fits, text_faults
from tests.real.vendor_packages import discovery


class Google:
    """Judges by a discovery document, and answers with something its schemas allow."""

    def __init__(self, api: str) -> None:
        self.document = discovery(api)
        self.base = self.document["rootUrl"] + self.document["servicePath"]
        self.methods = list(_google_methods(self.document))
        shapes = {name: _google_schema(shape) for name, shape in self.document["schemas"].items()}
        self.shapes = {"$defs": shapes}

    def faults(self, request: Request) -> list[str]:
        """Say what does not fit; nothing when all does."""
        method = self.method(request)
        if method is None:
            return [f"there is no {request['method']} {request['url']}"]
        parameters = {**self.document["parameters"], **method.get("parameters", {})}
        found = []
        for name, values in asked_query(request).items():
            parameter = parameters.get(name)
            if parameter is None or parameter["location"] != "query":
                found.append(f"{method['id']} has no query parameter {name}")
            elif len(values) > 1 and not parameter.get("repeated"):
                found.append(f"{name} may be given once")
            else:
                found += [fault for value in values for fault in text_faults(parameter, value, name)]
        given = asked_query(request)
        required = [name for name, one in parameters.items() if one.get("required") and one["location"] == "query"]
        found += [f"{name} is missing" for name in required if name not in given]
        body, wanted = asked_body(request), method.get("request")
        if (body is None) != (wanted is None):
            return [*found, f"{method['id']}: a body is {'not ' if wanted is None else ''}wanted"]
        return found + (
            schema_faults({**self.shapes, "$ref": f"#/$defs/{wanted['$ref']}"}, body, "body") if wanted else []
        )

    def answer(self, request: Request) -> Any:
        """Make up an answer: every field of the shape, once."""
        response = (self.method(request) or {}).get("response")
        return self._sample({"$ref": response["$ref"]}, 0) if response else None

    def method(self, request: Request) -> Json | None:
        """Find the method a request means."""
        path = request["url"].split("?")[0]
        for method in self.methods:
            template = self.base + method.get("flatPath", method["path"])
            if method["httpMethod"] == request["method"] and template_fits(template, path):
                return method
        return None

    def _sample(self, shape: Json, depth: int) -> Any:
        if "$ref" in shape:
            return self._sample(self.document["schemas"][shape["$ref"]], depth)
        if depth > 6:
            return None
        if "properties" in shape:
            made = {name: self._sample(inner, depth + 1) for name, inner in shape["properties"].items()}
            return {name: value for name, value in made.items() if value is not None}
        if "additionalProperties" in shape:
            return {"text": self._sample(shape["additionalProperties"], depth + 1)}
        if "enum" in shape:
            return shape["enum"][0]
        by_kind: dict[str, Any] = {"integer": 1, "number": 1.5, "boolean": True, "object": {}, "string": "text"}
        by_format = {
            "int64": "1",
            "uint64": "1",
            "byte": "aGk=",
            "date-time": "2026-01-02T03:04:05.000Z",
            "date": "2026-01-02",
        }
        if shape.get("type") == "array":
            item = self._sample(shape["items"], depth + 1)
            return [] if item is None else [item]
        text = by_format.get(shape.get("format", "")) if shape.get("type") == "string" else None
        return text or by_kind.get(shape.get("type", ""))


def _google_methods(node: Json) -> Any:
    yield from node.get("methods", {}).values()
    for inner in node.get("resources", {}).values():
        yield from _google_methods(inner)


def _google_schema(shape: Json) -> Any:
    """Make a JSON Schema out of a discovery shape; fields it does not name are refused."""
    if "$ref" in shape:
        return {"$ref": f"#/$defs/{shape['$ref']}"}
    made: Json = {} if shape.get("type") in (None, "any") else {"type": shape["type"]}
    if "enum" in shape:
        made["enum"] = shape["enum"]
    if "items" in shape:
        made["items"] = _google_schema(shape["items"])
    if made.get("type") == "object":
        made["properties"] = {name: _google_schema(inner) for name, inner in shape.get("properties", {}).items()}
        more = shape.get("additionalProperties")
        made["additionalProperties"] = _google_schema(more) if more else False
    return made
