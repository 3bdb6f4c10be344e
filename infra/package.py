"""`make package`: the template and the zip of a stage, in `out/<stage>/`.

A copy of what runs is staged with its generated configuration and policies and packaged by Chalice with our merge file.
What it depends on is installed beside it from requirements.lock, every hash checked, for the architecture asked for;
then all is made small and quick: unused parts of botocore left out, symbols stripped, `.pyc` put in. Run by the Python
version to deploy, because Chalice packages for the version that runs it.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

from infra import bill, limits, lock, policies, template
from infra.functions import API, FUNCTIONS, STAGES, Stage

ROOT = Path(__file__).parents[1]
ARCHITECTURES = {"x86-64": "x86_64", "arm64": "arm64"}
SERVICES = frozenset(
    {"cloudwatch", "dynamodb", "kms", "lambda", "s3", "sqs"}
)  # of botocore's 420; a test compares them with aws.client(...)
_LEFT_OUT_FOLDERS = ("tests", "__pycache__", "bin", "botocore/docs/bcdoc/assets")
_TIME = (1980, 1, 1, 0, 0, 0)  # in every entry, so that the same files make the same zip
Json = dict[str, Any]


def main() -> None:
    """Build one stage and print what came of it. Exits 1 when a limit is passed."""
    parser = argparse.ArgumentParser(prog="infra.package", description=__doc__)
    parser.add_argument("--stage", choices=STAGES, default="prod")
    parser.add_argument("--arch", choices=ARCHITECTURES, default="arm64")
    parser.add_argument("--out", type=Path, default=ROOT / "out")
    chosen = parser.parse_args()
    print(f"for Python {sys.version_info[0]}.{sys.version_info[1]} on {chosen.arch}, stage {chosen.stage}")
    folder = build(STAGES[chosen.stage], chosen.arch, chosen.out.absolute())
    faults = [*limits.check(folder), *bill.strangers(json.loads((folder / "sbom.json").read_text()))]
    print("\n".join(limits.report(folder)))
    if faults:
        raise SystemExit("\n".join(faults))
    print(f"{folder}/template.json, deployment.zip, sbom.json are ready: infra/README.md says how they are deployed")


def build(stage: Stage, arch: str, out: Path) -> Path:
    """Build a stage into `out/<stage>` and give that folder."""
    folder = out / stage.name
    shutil.rmtree(folder, ignore_errors=True)
    staged = _stage(stage, arch, folder / "stage")
    raw = _chalice(stage, staged, folder / "chalice")
    merged = json.loads((raw / "sam.json").read_text())
    (folder / "template.json").write_text(template.finish(merged, stage))
    tree = folder / "tree"
    with zipfile.ZipFile(raw / "deployment.zip") as archive:
        archive.extractall(tree)
    requirements = ["--require-hashes", "--requirement", str(lock.LOCK)]
    lock.pip("install", "--quiet", "--no-deps", "--no-compile", *lock.target(arch, tree), *requirements)
    (folder / "sbom.json").write_text(json.dumps(bill.of(tree), indent=1))
    slim(tree)
    compile_all(tree)
    zip_tree(tree, folder / "deployment.zip")
    shutil.rmtree(raw)
    return folder


def configuration(stage: Stage, arch: str) -> Json:
    """Fill `.chalice/config.json` with what each function's row says."""
    config: Json = json.loads((ROOT / ".chalice" / "config.json").read_text())
    chosen = config["stages"][stage.name]
    chosen["lambda_architecture"] = ARCHITECTURES[arch]
    chosen["environment_variables"]["MILLRACE_QUEUE_PREFIX"] = stage.prefix
    chosen["lambda_functions"] = {}
    for function in FUNCTIONS:
        row: Json = {
            "lambda_memory_size": function.memory_mb,
            "lambda_timeout": function.timeout_s,
            "iam_policy_file": f"policy-{function.name}.json",
        }
        if function.most and not function.queue and stage.is_kept:
            row["reserved_concurrency"] = function.most
        chosen["lambda_functions"][function.name] = row
    chosen["iam_policy_file"] = chosen["lambda_functions"][API]["iam_policy_file"]
    return config


def _stage(stage: Stage, arch: str, staged: Path) -> Path:
    shutil.copytree(ROOT / "chalicelib", staged / "chalicelib", ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
    shutil.copy(ROOT / "app.py", staged / "app.py")
    (staged / "requirements.txt").touch()  # they are installed from the lock; Chalice adds its own runtime
    chalice = staged / ".chalice"
    chalice.mkdir()
    files = {"config": configuration(stage, arch), "merge": template.merge_file(stage)}
    files |= {f"policy-{function.name}": policies.document(function, stage) for function in FUNCTIONS}
    for name, content in files.items():
        (chalice / f"{name}.json").write_text(json.dumps(content, indent=1))
    return staged


def _chalice(stage: Stage, staged: Path, raw: Path) -> Path:
    command = [
        sys.executable,
        "-c",
        "from chalice.cli import main; main()",
        "--project-dir",
        str(staged),
        "package",
        "--stage",
        stage.name,
    ]
    command += ["--merge-template", str(staged / ".chalice" / "merge.json"), str(raw)]
    environment = {**os.environ, "AWS_DEFAULT_REGION": "eu-central-1", "MILLRACE_QUEUE_PREFIX": stage.prefix}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"chalice package failed\n{done.stdout}\n{done.stderr}")
    return raw


def slim(tree: Path) -> None:
    """Leave out what no function reads: other services of botocore, tests, caches; strip symbols."""
    for entry in (tree / "botocore" / "data").iterdir():
        if entry.is_dir() and entry.name not in SERVICES:
            shutil.rmtree(entry)
    for name in _LEFT_OUT_FOLDERS:
        for found in [path for path in tree.rglob(name) if path.is_dir() and "chalicelib" not in path.parts]:
            shutil.rmtree(found)
    strip = shutil.which("strip")
    for library in tree.rglob("*.so*") if strip else ():
        subprocess.run([str(strip), "--strip-unneeded", str(library)], capture_output=True, check=False)


def compile_all(tree: Path) -> None:
    """Put `.pyc` beside each source; Lambda may not write any, and would compile at every cold start."""
    command = [sys.executable, "-m", "compileall", "-q", "-f", "-s", str(tree), "-p", "/var/task"]
    subprocess.run([*command, "--invalidation-mode", "unchecked-hash", str(tree)], check=False)


def zip_tree(tree: Path, archive: Path) -> None:
    """Write a folder as a zip whose bytes depend on its files alone."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as out:
        for path in sorted(path for path in tree.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(str(path.relative_to(tree)), _TIME)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            out.writestr(entry, path.read_bytes())


if __name__ == "__main__":
    main()
