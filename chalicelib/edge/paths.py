"""Paths that API Gateway did not recognise: those that only end in a slash too many mean what they say without it."""

from __future__ import annotations

from collections.abc import Iterable


def find(resources: Iterable[str], path: str) -> tuple[str, dict[str, str]] | None:
    """Find the resource a path means, and the raw values of its variables; literal segments count before variables."""
    parts = path.strip("/").split("/")
    found = [(resource, values) for resource in resources if (values := _matched(resource, parts)) is not None]
    return min(found, key=lambda one: [part.startswith("{") for part in one[0].split("/")], default=None)


def _matched(resource: str, parts: list[str]) -> dict[str, str] | None:
    pattern = resource.strip("/").split("/")
    if "+" in resource or len(pattern) != len(parts) or not all(parts):
        return None
    values = {}
    for expected, part in zip(pattern, parts, strict=True):
        if expected.startswith("{"):
            values[expected[1:-1]] = part
        elif expected != part:
            return None
    return values
