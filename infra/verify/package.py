"""`make verify-package`: everything about the package that can be verified without an account."""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from infra import limits
from infra.functions import STAGES
from infra.verify import handlers, properties, same

ROOT = Path(__file__).parents[2]
VENV = ROOT / ".venv-verify" / "bin"


def main() -> None:
    """Check a built stage, saying each finding. Exits 1 when there is one."""
    parser = argparse.ArgumentParser(prog="infra.verify.package")
    parser.add_argument("--stage", choices=STAGES, default="prod")
    parser.add_argument("--out", type=Path, default=ROOT / "out")
    parser.add_argument("--python", type=Path, required=True, help="an interpreter of the version deployed")
    chosen = parser.parse_args()
    folder = chosen.out / chosen.stage
    print("\n".join(limits.report(folder)))
    found = _say("limits", limits.check(folder))
    found += _say("cfn-lint", _lint(folder / "template.json"))
    found += _say("properties after translation", properties.faults(_translated(folder), STAGES[chosen.stage]))
    template = json.loads((folder / "template.json").read_text())
    with tempfile.TemporaryDirectory(prefix="millrace-verify-") as scratch:
        package = Path(scratch) / "task"
        with zipfile.ZipFile(folder / "deployment.zip") as archive:
            archive.extractall(package)
        found += _say("tables and queues as in code", same.faults(template, STAGES[chosen.stage], Path(scratch)))
        found += _say(
            "handlers",
            handlers.faults(template, STAGES[chosen.stage], package, Path(scratch), str(chosen.python.absolute())),
        )
    if found:
        raise SystemExit(f"{found} faults")


def _say(what: str, faults: list[str]) -> int:
    print(f"{what}: {'good' if not faults else ''}", *faults, sep="\n  ", flush=True)
    return len(faults)


def _lint(template: Path) -> list[str]:
    done = subprocess.run([VENV / "cfn-lint", template], capture_output=True, text=True, check=False)
    return [done.stdout + done.stderr] if done.returncode else []


def _translated(folder: Path) -> dict[str, Any]:
    script = ROOT / "infra" / "verify" / "translate.py"
    with (folder / "template.json").open() as template:
        done = subprocess.run([VENV / "python", script], stdin=template, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    translated: dict[str, Any] = json.loads(done.stdout)
    return translated


def harness(scratch: Path) -> Path:
    """Copy the local cloud alone to a folder of its own."""
    folder = scratch / "harness"
    if not folder.exists():
        source = ROOT / "infra" / "local" / "cloud"
        shutil.copytree(source, folder / "infra" / "local" / "cloud", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


if __name__ == "__main__":
    main()
