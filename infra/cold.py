"""`make cold`: the CPU time each function spends on importing, in a fresh interpreter, and its dearest imports."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_RUNS = 5
_DEAREST = 8
_MEASURE = (
    "import time, importlib; t = time.process_time(); importlib.import_module({!r}); print(time.process_time() - t)"
)


def entry_points() -> list[str]:
    """List what Lambda imports: the API, and each context's workers."""
    root = Path(__file__).parent.parent
    workers = sorted(root.glob("chalicelib/*/workers.py"))
    return ["app", *(".".join(path.relative_to(root).with_suffix("").parts) for path in workers)]


def cpu_ms(module: str) -> float:
    """Measure the least CPU time of several fresh imports, in milliseconds."""
    command = [sys.executable, "-c", _MEASURE.format(module)]
    return (
        min(float(subprocess.run(command, capture_output=True, text=True, check=True).stdout) for _ in range(_RUNS))
        * 1000
    )


def dearest(module: str) -> list[tuple[float, str]]:
    """List the imports below a module that cost most by themselves, in milliseconds."""
    command = [sys.executable, "-X", "importtime", "-c", f"import {module}"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stderr.splitlines()
    parsed = [line.removeprefix("import time:").split("|") for line in lines if "|" in line and "self" not in line]
    return sorted(((int(own) / 1000, name.strip()) for own, _, name in parsed), reverse=True)[:_DEAREST]


def main() -> None:
    """Print the figures."""
    for module in entry_points():
        print(f"{module}: {cpu_ms(module):.0f} ms CPU")
        for own_ms, name in dearest(module):
            print(f"    {own_ms:7.1f} ms  {name}")


if __name__ == "__main__":
    main()
