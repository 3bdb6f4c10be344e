"""What AWS takes at most, held against what was built."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

MAX_TEMPLATE_BYTES = 1_000_000  # CloudFormation, from S3
MAX_RESOURCES = 500  # CloudFormation, after translation
MAX_PATHS = 300  # API Gateway, resources of one API
MAX_ZIP_BYTES = 45_000_000  # Lambda takes 50 MB
MAX_UNZIPPED_BYTES = 250_000_000
_EXTRA = {
    "AWS::Serverless::Function": 2,
    "AWS::Serverless::Api": 2,
}  # mapping or rule with permission; stage and deployment
Json = dict[str, Any]


def check(folder: Path) -> list[str]:
    """List the limits that a built stage passes."""
    found = {name: (value, most) for name, value, most in figures(folder)}
    return [f"{name}: {value} is more than {most}" for name, (value, most) in found.items() if value > most]


def report(folder: Path) -> list[str]:
    """Say how large everything is, and how large it may be."""
    return [f"  {name:<20} {value:>12,} of {most:>12,}" for name, value, most in figures(folder)]


def figures(folder: Path) -> list[tuple[str, int, int]]:
    """Measure a built stage: name, value, limit."""
    text = (folder / "template.json").read_text()
    template: Json = json.loads(text)
    paths = template["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]["paths"]
    with zipfile.ZipFile(folder / "deployment.zip") as archive:
        unzipped = sum(entry.file_size for entry in archive.infolist())
    return [
        ("template, bytes", len(text.encode()), MAX_TEMPLATE_BYTES),
        ("resources", translated_resources(template), MAX_RESOURCES),
        ("API resources", len(api_resources(paths)), MAX_PATHS),
        ("zip, bytes", (folder / "deployment.zip").stat().st_size, MAX_ZIP_BYTES),
        ("unzipped, bytes", unzipped, MAX_UNZIPPED_BYTES),
    ]


def translated_resources(template: Json) -> int:
    """Count resources as they are after the SAM translation, on the safe side."""
    return sum(1 + _EXTRA.get(resource["Type"], 0) for resource in template["Resources"].values())


def api_resources(paths: Any) -> set[str]:
    """List the nodes of the path tree: each is one resource of the API."""
    found = set()
    for path in paths:
        parts = path.strip("/").split("/")
        found |= {"/".join(parts[:depth]) for depth in range(1, len(parts) + 1)}
    return found


def mixed_variables(paths: Any) -> dict[str, set[str]]:
    """Find path positions whose variable has several names, which API Gateway refuses."""
    names: dict[str, set[str]] = {}
    for path in paths:
        parts = path.strip("/").split("/")
        for depth, part in enumerate(parts):
            if part.startswith("{"):
                names.setdefault("/".join(parts[:depth]), set()).add(part)
    return {place: found for place, found in names.items() if len(found) > 1}
