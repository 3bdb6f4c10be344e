"""`make lock`: every package that is deployed, with its version and the hashes of its wheels, in `requirements.lock`.

Resolved from requirements.txt for both architectures and the Python version that runs this, wheels only. `make package`
installs from it with hashes required, so what is deployed is what was locked.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
LOCK = ROOT / "requirements.lock"
ARCHITECTURES = {"x86-64": "x86_64", "arm64": "aarch64"}
GLIBC = ("2014", "_2_17", "_2_28", "_2_34")  # what Lambda's Python 3.13 runs on has 2.34
_PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([A-Za-z0-9._+!-]+)", re.MULTILINE)


def main() -> None:
    """Write the lock file."""
    hashes: dict[tuple[str, str], set[str]] = {}
    for arch in ARCHITECTURES:
        for one in _resolved(arch):
            name, version = normal(one["metadata"]["name"]), one["metadata"]["version"]
            hashes.setdefault((name, version), set()).add(one["download_info"]["archive_info"]["hashes"]["sha256"])
    lines = ["# Made by `make lock` from requirements.txt; do not edit.\n"]
    for (name, version), found in sorted(hashes.items()):
        lines.append(f"{name}=={version}" + "".join(f" \\\n    --hash=sha256:{one}" for one in sorted(found)) + "\n")
    LOCK.write_text("".join(lines))
    print(f"{LOCK.name}: {len(hashes)} packages")


def pins(text: str) -> dict[str, str]:
    """Read the pinned versions of a requirements file."""
    return {normal(name): version for name, version in _PINNED.findall(text)}


def normal(name: str) -> str:
    """Spell a package's name as the index does."""
    return re.sub(r"[-_.]+", "-", name).lower()


def target(arch: str, folder: Path) -> list[str]:
    """Give pip's words for installing the deployed version's wheels of an architecture into a folder."""
    platforms = [f"--platform=manylinux{glibc}_{ARCHITECTURES[arch]}" for glibc in GLIBC]
    version = f"--python-version={sys.version_info[0]}.{sys.version_info[1]}"
    return ["--only-binary=:all:", "--implementation=cp", version, *platforms, f"--target={folder}"]


def pip(*words: str) -> str:
    """Run pip and give what it prints. Exits with its words when it fails."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"pip failed\n{done.stdout}\n{done.stderr}")
    return done.stdout


def _resolved(arch: str) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        words = ["install", "--dry-run", "--ignore-installed", "--quiet", f"--report={report}"]
        pip(*words, *target(arch, Path(folder) / "tree"), "--requirement", str(ROOT / "requirements.txt"))
        found: list[dict[str, Any]] = json.loads(report.read_text())["install"]
        return found


if __name__ == "__main__":
    main()
