"""Is it an OpenAPI document that can become a service? And which operations has it?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from chalicelib.connectors.openapi import references
from chalicelib.connectors.openapi.references import MAX_FAULTS, WHERE, Json, pointer
from chalicelib.core.errors import Fault, InvalidInput, TooLarge

METHODS = ("get", "post", "put", "patch", "delete", "head", "options")
MAX_OPERATIONS = 5_000
MAX_NAME = 100
_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]+")
_VERSION = re.compile(r"3\.[01](\.\d+)?(-\S*)?")


@dataclass(frozen=True)
class Outline:
    """One operation: where it stands, and the name of its action."""

    path: str
    method: str
    name: str

    @property
    def place(self) -> str:
        """Say where in the document it stands."""
        return pointer("paths", self.path, self.method)


@dataclass(frozen=True)
class Document:
    """An OpenAPI document."""

    root: Json

    @property
    def is_30(self) -> bool:
        """Say whether its schemas are of OpenAPI's own older dialect."""
        return str(self.root["openapi"]).startswith("3.0")

    @property
    def title(self) -> str:
        """Give the document's own name for the service."""
        return str(self.root.get("info", {}).get("title") or "openapi")

    @property
    def version(self) -> str:
        """Give the document's own version."""
        return str(self.root.get("info", {}).get("version") or "")

    def outlines(self) -> list[Outline]:
        """List the operations in the document's order, every name unique and usable in a URL."""
        taken: set[str] = set()
        made = []
        for path, method, operation in _operations(self.root):
            name = _unique(_name(path, method, operation), taken)
            taken.add(name.lower())
            made.append(Outline(path, method, name))
        return made


def read(root: Any) -> Document:
    """Check a parsed document. Raises InvalidInput naming every fault by its JSON pointer, TooLarge."""
    if not isinstance(root, dict):
        raise InvalidInput.at(WHERE, "must be a JSON object", "type")
    if "swagger" in root:
        raise InvalidInput.at(pointer("swagger"), "is not read; convert it to OpenAPI 3.0 or 3.1 first", "version")
    if not _VERSION.fullmatch(str(root.get("openapi", ""))):
        raise InvalidInput.at(pointer("openapi"), "must be 3.0.x or 3.1.x", "version")
    faults = [*_faults(root), *references.check_all(root)][:MAX_FAULTS]
    if faults:
        raise InvalidInput(f"{faults[0].location}: {faults[0].message}", faults)
    count = sum(1 for _ in _operations(root))
    if not count:
        raise InvalidInput.at(pointer("paths"), "has no operation", "missing")
    if count > MAX_OPERATIONS:
        raise TooLarge(f"the document has more than {MAX_OPERATIONS} operations")
    return Document(root)


def slug(text: str) -> str:
    """Spell a name with letters, digits, dots, _ and - only."""
    plain = _UNSAFE.sub("_", text.replace("/", ".")).strip("._-")
    return plain[:MAX_NAME].strip("._-")


def _operations(root: Json) -> Iterator[tuple[str, str, Json]]:
    for path, item in root["paths"].items():
        if path.startswith("/"):
            found = references.resolve(root, item, pointer("paths", path))
            for method in found:
                if method in METHODS:
                    yield path, method, found[method]


def _name(path: str, method: str, operation: Json) -> str:
    given = slug(str(operation.get("operationId") or ""))
    name = given or slug(f"{method}.{path.strip('/').replace('{', '').replace('}', '')}")
    return name if name[:1].isalpha() else f"{method}.{name}".rstrip(".")


def _unique(name: str, taken: set[str]) -> str:
    number, unique = 1, name
    while unique.lower() in taken:
        number += 1
        unique = f"{name}_{number}"
    return unique


# --- faults ----------------------------------------------------------------------------------------------------------


def _faults(root: Json) -> Iterator[Fault]:
    if not isinstance(root.get("info", {}), dict):
        yield _wrong("must be an object", "info")
    if not isinstance(root.get("components", {}), dict):
        yield _wrong("must be an object", "components")
    paths = root.get("paths")
    if not isinstance(paths, dict):
        yield _wrong("must be an object", "paths")
        return
    for path, item in paths.items():
        if path.startswith("x-"):
            continue
        if not path.startswith("/"):
            yield _wrong("must begin with /", "paths", path)
        try:
            found = references.resolve(root, item, pointer("paths", path))
        except InvalidInput as error:
            yield error.faults[0]
            continue
        yield from _item_faults(root, path, found)


def _item_faults(root: Json, path: str, item: Any) -> Iterator[Fault]:
    if not isinstance(item, dict):
        yield _wrong("must be an object", "paths", path)
        return
    yield from _parameter_faults(root, item, "paths", path)
    for method in METHODS:
        if method not in item:
            continue
        operation, place = item[method], ("paths", path, method)
        if not isinstance(operation, dict):
            yield _wrong("must be an object", *place)
            continue
        if not isinstance(operation.get("operationId", ""), str):
            yield _wrong("must be text", *place, "operationId")
        for word in ("responses", "requestBody"):
            if not isinstance(operation.get(word, {}), dict):
                yield _wrong("must be an object", *place, word)
        yield from _parameter_faults(root, operation, *place)


def _parameter_faults(root: Json, holder: Json, *place: str) -> Iterator[Fault]:
    parameters = holder.get("parameters", [])
    if not isinstance(parameters, list):
        yield _wrong("must be an array", *place, "parameters")
        return
    for at, parameter in enumerate(parameters):
        here = (*place, "parameters", str(at))
        try:
            found = references.resolve(root, parameter, pointer(*here))
        except InvalidInput:
            continue  # check_all names it
        if not isinstance(found, dict) or not isinstance(found.get("name"), str) or not found["name"]:
            yield _wrong("needs a name", *here)
        elif found.get("in") not in ("path", "query", "header", "cookie"):
            yield _wrong("must be path, query, header or cookie", *here, "in")


def _wrong(message: str, *place: str) -> Fault:
    return Fault(pointer(*place), message, "document")
