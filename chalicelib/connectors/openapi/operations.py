"""What an operation takes and gives: its inputs, how they are sent, and the schema of its answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from chalicelib.connectors.openapi import dialect, references
from chalicelib.connectors.openapi.parse import Document, Outline
from chalicelib.connectors.openapi.references import Json
from chalicelib.core.errors import InvalidInput

INPUT_BYTES, OUTPUT_BYTES = 24_000, 16_000
MAX_INPUTS = 300
MAX_PARTS = 200  # of the body of one operation, by allOf
FORM = "application/x-www-form-urlencoded"
_OWN_HEADERS = frozenset({"accept", "content-type", "authorization"})
_REFUSED_NAMES = frozenset({"__proto__", "constructor", "prototype"})
_STYLES = {"spaceDelimited": "spaces", "pipeDelimited": "pipes", "deepObject": "deep"}
_VARIABLE = re.compile(r"\{([^{}]+)\}")


@dataclass(frozen=True)
class Input:
    """One input: its title, and where it goes (path, query, header, field of the body, or the whole body)."""

    title: str
    place: str
    name: str
    schema: Json
    is_required: bool = False
    style: str = ""


@dataclass(frozen=True)
class Operation:
    """An operation, ready to be written down as an action."""

    outline: Outline
    summary: str
    link: str
    tags: list[str]
    inputs: list[Input]
    media: str = ""  # of its body
    is_body_required: bool = False
    output: Json | None = None
    servers: list[Any] = field(default_factory=list)


def convert(document: Document, outline: Outline) -> Operation:
    """Read one operation. Raises InvalidInput naming what cannot be done."""
    reader = _Reader(document, outline)
    media, body = reader.body()
    inputs = _titled([*islice(reader.parameters(), MAX_INPUTS + 1), *body])
    if len(inputs) > MAX_INPUTS:
        raise InvalidInput.at(outline.place, f"has more than {MAX_INPUTS} inputs", "too_many")
    operation = reader.operation
    link = operation.get("externalDocs")
    return Operation(
        outline=outline,
        summary=_line(operation.get("summary") or operation.get("description") or outline.name),
        link=_line(link.get("url") or "") if isinstance(link, dict) else "",
        tags=[tag for tag in map(_line, _texts(operation.get("tags"))) if tag],
        inputs=inputs,
        media=media,
        is_body_required=reader.is_body_required,
        output=reader.output(),
        servers=reader.servers(),
    )


class _Reader:
    """Reads one operation of a document."""

    def __init__(self, document: Document, outline: Outline) -> None:
        self._document, self._outline, self._root = document, outline, document.root
        self._item = self._resolved(self._root["paths"][outline.path])
        self.operation: Json = self._item[outline.method]
        self.is_body_required = False
        self._parts = 0

    def parameters(self) -> Iterator[Input]:
        """List the parameters of path and operation; the operation's own win."""
        found: dict[tuple[str, str], Json] = {}
        for holder in (self._item, self.operation):
            for parameter in map(self._resolved, holder.get("parameters", ())):
                found[parameter["in"], parameter["name"]] = parameter
        needed = _VARIABLE.findall(self._outline.path)
        for name in needed:
            found.setdefault(("path", name), {"name": name, "in": "path", "schema": {"type": "string"}})
        for (place, name), parameter in found.items():
            if place == "path" and name not in needed:
                continue
            if place == "header" and name.lower() in _OWN_HEADERS:
                continue
            if place == "cookie":
                if parameter.get("required") is True:
                    raise InvalidInput.at(self._outline.place, f"needs the cookie {name[:100]}", "cookie")
                continue
            yield self._parameter(place, name, parameter)

    def _parameter(self, place: str, name: str, parameter: Json) -> Input:
        style = _style(place, parameter)
        content = parameter.get("content")
        schema = parameter.get("schema", {})
        if isinstance(content, dict) and content:
            schema, style = next(iter(content.values())).get("schema", {}), "json"
        made = self._schema(schema, INPUT_BYTES)
        if isinstance(parameter.get("description"), str):
            made = {**made, "description": parameter["description"][: dialect.MAX_TEXT]}
        return Input(name, place, name, made, place == "path" or parameter.get("required") is True, style)

    def body(self) -> tuple[str, list[Input]]:
        """Give the media type of the body and its inputs: its fields where they are known, else the whole."""
        body = self._resolved(self.operation.get("requestBody"))
        content = body.get("content") if isinstance(body, dict) else None
        if not isinstance(content, dict) or not content:
            return "", []
        self.is_body_required = body.get("required") is True
        media = self._chosen(content)
        schema = content[media].get("schema", {}) if isinstance(content[media], dict) else {}
        if not is_json(media) and media != FORM:
            return media, [Input("body", "whole", "body", {"type": "string"}, self.is_body_required)]
        fields = self._fields(schema)
        return media, fields or [
            Input("body", "whole", "body", self._schema(schema, INPUT_BYTES), self.is_body_required)
        ]

    def _chosen(self, content: Json) -> str:
        for wanted in (is_json, FORM.__eq__, lambda media: not media.startswith("multipart/")):
            found = next((media for media in content if wanted(media)), None)
            if found is not None:
                return found
        raise InvalidInput.at(self._outline.place, "takes only multipart bodies, which cannot be sent", "multipart")

    def _fields(self, schema: Any) -> list[Input]:
        """List the fields of a body that is an object with known fields; none when it is anything else."""
        properties, required = self._members(schema)
        is_nullable = isinstance(schema, dict) and schema.get("nullable") is True
        if not 0 < len(properties) <= MAX_INPUTS or is_nullable or not _REFUSED_NAMES.isdisjoint(properties):
            return []
        return [
            Input(name, "field", name, self._schema(part, INPUT_BYTES), self.is_body_required and name in required)
            for name, part in properties.items()
            if not (isinstance(part, dict) and part.get("readOnly") is True)
        ]

    def _members(self, schema: Any) -> tuple[Json, set[str]]:
        found = self._resolved(schema)
        self._parts += 1
        if (
            self._parts > MAX_PARTS
            or not isinstance(found, dict)
            or found.get("type", "object") not in ("object", ["object"])
        ):
            return {}, set()
        properties, required = dict(found.get("properties") or {}), set(_texts(found.get("required")))
        for part in found.get("allOf") or ():
            more, more_required = self._members(part)
            properties, required = {**more, **properties}, required | more_required
        if not properties or isinstance(found.get("additionalProperties"), dict):
            return {}, set()
        return properties, required

    def output(self) -> Json | None:
        """Give the schema of the first success that is JSON."""
        responses = self.operation.get("responses", {})
        codes = sorted(code for code in responses if code.upper() == "2XX" or (code[:1] == "2" and code.isdecimal()))
        for code in codes:
            response = self._resolved(responses[code])
            content = response.get("content") if isinstance(response, dict) else None
            media = next((media for media in content or () if is_json(media)), None)
            if content and media is not None and isinstance(content[media], dict) and "schema" in content[media]:
                return self._schema(content[media]["schema"], OUTPUT_BYTES)
        return None

    def servers(self) -> list[Any]:
        """List the servers of this very operation, where it has its own."""
        found = self.operation.get("servers") or self._item.get("servers") or []
        return found if isinstance(found, list) else []

    def _schema(self, schema: Any, max_bytes: int) -> Json:
        place, is_30 = self._outline.place, self._document.is_30
        return dialect.fitted(self._root, schema, place, max_bytes, is_30=is_30)

    def _resolved(self, node: Any) -> Any:
        return references.resolve(self._root, node, self._outline.place)


def _style(place: str, parameter: Json) -> str:
    """Name how lists and objects are written: "" is a repeated name in a query and commas elsewhere."""
    if place == "path":
        return "segments" if parameter.get("x-multi-segment") is True else ""
    if place != "query":
        return ""
    style = str(parameter.get("style") or "form")
    if style == "form":
        return "" if parameter.get("explode", True) is True else "commas"
    return "" if parameter.get("explode") is True and style != "deepObject" else _STYLES.get(style, "")


def _titled(inputs: list[Input]) -> list[Input]:
    """Give every input a title of its own: its name, with its place before it where another has that name."""
    taken: set[str] = set()
    made = []
    for one in inputs:
        title = one.name
        if title in taken or title in _REFUSED_NAMES:
            title = f"{'body' if one.place in ('field', 'whole') else one.place}_{one.name}"
        while title in taken:
            title += "_"
        taken.add(title)
        made.append(replace(one, title=title))
    return made


def is_json(media: str) -> bool:
    """Say whether a body of this media type is JSON."""
    plain = media.partition(";")[0].strip().lower()
    return plain == "application/json" or plain.endswith("+json") or plain == "*/*"


def _texts(value: Any) -> list[str]:
    return [part for part in value if isinstance(part, str)] if isinstance(value, list) else []


def _line(text: Any) -> str:
    """Make one line of a text, short enough for a label."""
    return " ".join("".join(c if c.isprintable() else " " for c in str(text)).split())[:200]
