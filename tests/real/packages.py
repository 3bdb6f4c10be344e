"""The npm packages these tests stand on, installed once into .real/ at the top of the repository.

    python -m tests.real.packages

Exact versions are in package.json and package-lock.json beside this file. Needs Node 18.20 or later and npm.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
FOLDER = HERE.parents[1] / ".real"
MODULES = FOLDER / "node_modules"
EXAMPLES = MODULES / "@octokit/webhooks-examples/api.github.com/index.json"
DESCRIPTION = MODULES / "@octokit/openapi/generated/api.github.com.json"
PRISM = MODULES / "@stoplight/prism-cli/dist/index.js"
FILES = ("package.json", "package-lock.json")


def ensure() -> None:
    """Install the packages unless these very versions are there. Raises RuntimeError when that is impossible."""
    if _is_installed():
        return
    for name in FILES:
        (FOLDER / f".installed-{name}").unlink(missing_ok=True)
    _npm_ci(HERE, FOLDER)
    for other in DESCRIPTION.parent.glob("*.json"):  # 370 MB of editions nobody reads here
        if other != DESCRIPTION:
            other.unlink()
    for name in FILES:
        shutil.copy(HERE / name, FOLDER / f".installed-{name}")


def install(name: str, scripts: str) -> Path:
    """Install what the folder of this name pins into .real/<name>, unless these very versions are there.

    Its scripts are put beside them, so that they find them. Raises RuntimeError when that is impossible.
    """
    source, folder = HERE / name, FOLDER / name
    lock, mark = source / "package-lock.json", folder / ".installed"
    folder.mkdir(parents=True, exist_ok=True)
    for script in source.glob(scripts):
        shutil.copy(script, folder)
    if not mark.is_file() or mark.read_bytes() != lock.read_bytes():
        _npm_ci(source, folder)
        shutil.copy(lock, mark)
    return folder


def _npm_ci(source: Path, folder: Path) -> None:
    """Install exactly what a folder pins into another."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise RuntimeError("the tests in tests/real need node and npm")
    folder.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        shutil.copy(source / name, folder / name)
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode:
        raise RuntimeError(f"npm ci failed: {done.stderr[-2000:]}")


def _is_installed() -> bool:
    marks = [(HERE / name, FOLDER / f".installed-{name}") for name in FILES]
    return all(mark.is_file() and mark.read_bytes() == wanted.read_bytes() for wanted, mark in marks)


def examples() -> list[tuple[str, dict[str, Any]]]:
    """Read every published webhook example: (GitHub's event name, payload), in the order of the package."""
    ensure()
    return [(event["name"], payload) for event in json.loads(EXAMPLES.read_text()) for payload in event["examples"]]


if __name__ == "__main__":
    ensure()
    found = examples()
    print(f"{len(found)} examples of {len({event for event, _ in found})} events in {FOLDER}")
