"""Paths that API Gateway did not recognise.

Those that only end in a slash too many mean what they say without it. A resource that ends in `{rest}` takes any number
of segments there, which a resource of API Gateway cannot beside its shorter siblings.
"""

from __future__ import annotations

from collections.abc import Iterable

REST = "{rest}"
MAX_REST = 2_000  # characters


def find(resources: Iterable[str], path: str) -> tuple[str, dict[str, str]] | None:
    """Find the resource a path means, and the raw values of its variables; literal segments count before variables."""
    parts = path.strip("/").split("/")
    found = [(resource, values) for resource in resources if (values := _matched(resource, parts)) is not None]
    return min(found, key=lambda one: [part.startswith("{") for part in one[0].split("/")], default=None)


def _matched(resource: str, parts: list[str]) -> dict[str, str] | None:
    pattern = resource.strip("/").split("/")
    if pattern[-1] == REST and len(parts) > len(pattern):
        parts = [*parts[: len(pattern) - 1], "/".join(parts[len(pattern) - 1 :])]
    if "+" in resource or len(pattern) != len(parts) or not all(parts):
        return None
    values = {}
    for expected, part in zip(pattern, parts, strict=True):
        if expected.startswith("{"):
            values[expected[1:-1]] = part
        elif expected != part:
            return None
    return values
