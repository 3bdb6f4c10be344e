"""What a template reads: the names it must be given, and of which kind they seem to be."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from chalicelib.channels.templates.helpers import INLINE
from chalicelib.channels.templates.parse import Block, Call, Output, Path, parse

_LISTS, _CHOICES = frozenset({"each"}), frozenset({"if", "unless"})


def variables_of(text: str) -> dict[str, str]:
    """Name what a template reads of its data: String, Array or Boolean by name. Raises TemplateFault.

    What it reads inside a list or of another context is not told: that has no name of its own.
    """
    found: dict[str, str] = {}
    _walk(parse(text), found)
    return found


def _walk(nodes: Iterable[Any], found: dict[str, str]) -> None:
    for node in nodes:
        if isinstance(node, Output):
            _note(node.call, "String", found)
        elif isinstance(node, Block):
            _block(node, found)


def _block(block: Block, found: dict[str, str]) -> None:
    name = block.call.head.text if isinstance(block.call.head, Path) else ""
    if name in _CHOICES:
        for param in block.call.params:
            _note(param, "Boolean", found)
        _walk(block.body, found)
    elif name in _LISTS or name == "with":
        for param in block.call.params:
            _note(param, "Array" if name in _LISTS else "String", found)
    elif name in INLINE:
        _note(block.call, "String", found)
        _walk(block.body, found)
    else:
        _note(block.call.head, "Boolean", found)
    _walk(block.inverse, found)


def _note(value: Any, kind: str, found: dict[str, str]) -> None:
    """Note a path, or the arguments of a helper."""
    if isinstance(value, Call):
        is_helper = value.params or value.named
        for one in (*value.params, *(named for _, named in value.named)) if is_helper else (value.head,):
            _note(one, "String" if is_helper else kind, found)
    elif isinstance(value, Path) and not (value.is_data or value.is_scoped or value.up):
        name = ".".join(value.names)
        if name and name not in INLINE:
            found.setdefault(name, kind)
