"""The bill of materials of a package, in CycloneDX form, and the licences that may be in it."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

from infra.lock import normal

ALLOWED = ("apache", "bsd", "mit", "isc", "mpl", "mozilla", "psf", "python software foundation", "0bsd", "unlicense")
Json = dict[str, Any]


def of(tree: Path) -> Json:
    """List what a package holds beside the project itself."""
    found = [_component(one) for one in metadata.distributions(path=[str(tree)])]
    runtime = metadata.distribution("chalice")  # the packager puts in its runtime without saying so
    components = sorted([*found, _component(runtime)], key=lambda one: str(one["name"]))
    return {"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "components": components}


def strangers(bill: Json) -> Iterator[str]:
    """Name the components whose licence is none of the allowed ones, or is not told."""
    for one in bill["components"]:
        words = " ".join(entry["license"]["name"] for entry in one["licenses"]).lower()
        if not any(name in words for name in ALLOWED):
            yield f"{one['name']} {one['version']}: {words or 'no licence told'}"


def _component(one: metadata.Distribution) -> Json:
    about = one.metadata
    name, version = normal(about["Name"]), about["Version"]
    return {
        "type": "library",
        "name": name,
        "version": version,
        "purl": f"pkg:pypi/{name}@{version}",
        "licenses": [{"license": {"name": words}} for words in _licences(one)],
    }


def _licences(one: metadata.Distribution) -> list[str]:
    """Give what a package says of itself: an expression, a name, classifiers, or the title of its licence file."""
    about: Any = one.metadata
    told = [about.get("License-Expression") or "", (about.get("License") or "").strip().partition("\n")[0]]
    told += [words.rpartition(" :: ")[2] for words in about.get_all("Classifier", ()) if words.startswith("License ::")]
    if not any(told):
        files = [file for file in one.files or () if "/licenses/" in str(file)]
        told = [str(file.locate().read_text()).strip().partition("\n")[0] for file in files]
    return sorted({words for words in told if words and words.upper() != "UNKNOWN"})
