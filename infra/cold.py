"""`make cold`: the CPU time each packaged function spends before and in its first call, in a fresh process.

Measured in the unpacked package, by the deployed Python version, with nothing else in its search path; the least of
several runs. The first call of the API lists keys; that of a worker handles one message it
cannot use; that of a schedule sweeps empty tables; that of the runner runs a trivial script.
"""

from __future__ import annotations

import argparse
import base64
import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from chalicelib.adapters.javascript import Script, job, parcel
from infra.functions import API, FUNCTIONS, RUNNER, STAGES, Function
from infra.verify import events, handlers, same
from infra.verify.package import harness

_RUNS = 5
_DEAREST = 6
TARGETS_MS = {"api": 600, "worker": 470, "tick": 420}  # import and clients
GATES_MS = {"api": 800, "worker": 650, "tick": 600}  # on a busy machine


def kind_of(function: Function) -> str:
    """Say which target a function has."""
    return "api" if function.name == API else "tick" if function.is_scheduled else "worker"


def dearest(module: str, package: Path, python: str) -> list[tuple[float, str]]:
    """List the imports below a module that cost most by themselves, in milliseconds."""
    code = f"import sys; sys.path.insert(0, {str(package)!r}); import {module}"
    command = [python, "-I", "-S", "-X", "importtime", "-c", code]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stderr.splitlines()
    parsed = [line.removeprefix("import time:").split("|") for line in lines if "|" in line and "self" not in line]
    return sorted(((int(own) / 1000, name.strip()) for own, _, name in parsed), reverse=True)[:_DEAREST]


def measure(function: Function, template: Any, package: Path, scratch: Path, python: str) -> tuple[float, float]:
    """Give import with clients, and the first call, in milliseconds of CPU."""
    stage = STAGES["dev"]
    environment = handlers.environment_of(function, template["Resources"], scratch, stage)
    message = {"MessageId": "1", "ReceiptHandle": "1", "Body": "not json", "Attributes": {}}
    event = events.schedule()
    if function.name == RUNNER:
        encoded = base64.b64encode(job.encode(Script("return 1", {}), 5)).decode()
        event = parcel.pack({"workspace": "verify", "job": encoded, "events": [], "first": 0, "timeout_s": 5})
    elif function.queue:
        event = events.sqs(function.queue, [message])
    elif function.name == API:
        paths = template["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]["paths"]
        event = events.http(paths, "GET", "/v1/admin/keys", None, {"api_key": handlers.KEY})
    starts, calls = [], []
    for _ in range(_RUNS):
        one = handlers.Lambda(function, package, harness(scratch), python, environment)
        starts.append(one.started["import_ms"] + one.started["clients_ms"])
        calls.append(one.call(event)["cpu_ms"])
        one.close()
    return min(starts), min(calls)


def main() -> None:
    """Print the figures. Exits 1 when a gate is passed."""
    parser = argparse.ArgumentParser(prog="infra.cold", description=__doc__)
    parser.add_argument("--package", type=Path, required=True, help="the folder tree/ that make package leaves")
    parser.add_argument("--python", type=Path, required=True, help="an interpreter of the version deployed")
    parser.add_argument("--functions", default="", help="only these, comma-separated")
    chosen = parser.parse_args()
    package, python = chosen.package.absolute(), str(chosen.python.absolute())
    template = json.loads((package.parent / "template.json").read_text())
    slow = []
    with tempfile.TemporaryDirectory(prefix="millrace-cold-") as folder:
        scratch = Path(folder)
        same.create(template["Resources"], same.connect(scratch / "template.db"), STAGES["dev"])
        seen: set[str] = set()
        for function in FUNCTIONS:
            if chosen.functions and function.name not in chosen.functions.split(","):
                continue
            start_ms, call_ms = measure(function, template, package, scratch, python)
            kind = kind_of(function)
            print(f"{function.name}: start {start_ms:.0f} ms (target {TARGETS_MS[kind]}), first call {call_ms:.0f} ms")
            slow += [function.name] if start_ms > GATES_MS[kind] else []
            module = function.handler.rpartition(".")[0]
            if module not in seen:
                seen.add(module)
                for own_ms, name in dearest(module, package, python):
                    print(f"    {own_ms:7.1f} ms  {name}")
    if slow:
        raise SystemExit(f"too slow: {', '.join(slow)}")


if __name__ == "__main__":
    main()
