"""References inside a document. Nothing outside it is ever followed."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from chalicelib.core.errors import Fault, InvalidInput

Json = dict[str, Any]

WHERE = "document"
MAX_HOPS = 20
MAX_FAULTS = 50
_OPAQUE = frozenset({"example", "examples", "default", "enum", "const"})  # values, in which $ref means nothing
_Trail = tuple[Any, str] | None  # the keys that lead to a node, the last one first


def pointer(*parts: str) -> str:
    """Spell the place of a part of the document: `document#/paths/~1pets/get`."""
    return f"{WHERE}#" + "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in parts)


def resolve(root: Json, node: Any, place: str) -> Any:
    """Follow a node's `$ref`, and that of its target, to what is meant. Raises InvalidInput naming the place."""
    for _ in range(MAX_HOPS):
        if not isinstance(node, dict) or not isinstance(node.get("$ref"), str):
            return node
        node = target(root, node["$ref"], place)
    raise InvalidInput.at(place, "refers only to itself", "reference")


def target(root: Json, reference: str, place: str) -> Any:
    """Find what a reference points to. Raises InvalidInput naming the place it stands at."""
    if not reference.startswith("#"):
        raise InvalidInput.at(place, f"refers to {reference[:200]}, outside this document", "external_reference")
    found: Any = root
    for step in unquote(reference[1:]).split("/")[1:]:
        found = _child(found, step.replace("~1", "/").replace("~0", "~"))
        if found is None:
            raise InvalidInput.at(place, f"refers to {reference[:200]}, which is not there", "reference")
    return found


def name_of(reference: str) -> str:
    """Give the last word of a reference, for people."""
    return unquote(reference.rpartition("/")[2])


def check_all(root: Json) -> list[Fault]:
    """List every reference of the document that leads outside or nowhere."""
    faults: list[Fault] = []
    known: set[str] = set()
    open_nodes: list[tuple[Any, _Trail]] = [(root, None)]
    while open_nodes and len(faults) < MAX_FAULTS:
        node, trail = open_nodes.pop()
        if isinstance(node, dict):
            reference = node.get("$ref")
            if isinstance(reference, str) and reference not in known:
                faults += _fault(root, reference, trail)
                known.add(reference)
            open_nodes += [
                (part, (trail, name))
                for name, part in node.items()
                if isinstance(part, dict | list) and name not in _OPAQUE and not name.startswith("x-")
            ]
        elif isinstance(node, list):
            open_nodes += [(part, (trail, str(at))) for at, part in enumerate(node) if isinstance(part, dict | list)]
    return faults


def _fault(root: Json, reference: str, trail: _Trail) -> list[Fault]:
    try:
        target(root, reference, "")
    except InvalidInput as error:
        parts = []
        while trail is not None:
            trail, name = trail
            parts.append(name)
        return [Fault(pointer(*reversed(parts)), error.faults[0].message, error.faults[0].kind)]
    return []


def _child(node: Any, step: str) -> Any:
    if isinstance(node, dict):
        return node.get(step)
    if isinstance(node, list) and step.isdecimal() and int(step) < len(node):
        return node[int(step)]
    return None
