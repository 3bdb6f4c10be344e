"""The runner function on one machine: processes of their own, without environment, that only run scripts.

`python -m infra.local.runner` is one of them: each line of its input is a request, each line of its output an answer.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from chalicelib.core.errors import Unavailable

ROOT = Path(__file__).parents[2]


class Processes:
    """Sends each request to a process that is free, and starts one when none is."""

    def __init__(self) -> None:
        self._free: list[subprocess.Popen[bytes]] = []
        self._lock = threading.Lock()

    def __call__(self, parcel: dict[str, str]) -> Any:
        """Do one step of a run. Raises Unavailable when the process dies over it."""
        process = self._take()
        try:
            if process.stdin is None or process.stdout is None:
                raise RuntimeError("no pipe to the process")
            process.stdin.write(json.dumps(parcel).encode() + b"\n")
            process.stdin.flush()
            answer = json.loads(process.stdout.readline())
        except (OSError, ValueError) as error:
            _end(process)
            raise Unavailable("the process that runs scripts died") from error
        with self._lock:
            self._free.append(process)
        return answer

    def close(self) -> None:
        """End them all."""
        with self._lock:
            for process in self._free:
                _end(process)
            self._free.clear()

    def _take(self) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._free:
                return self._free.pop()
        command = [sys.executable, "-m", "infra.local.runner"]
        environment = {"PYTHONPATH": str(ROOT)}
        return subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, cwd="/", bufsize=0
        )


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    with process:  # closes its pipes and waits for it
        pass


def main() -> None:
    """Answer requests until the input ends."""
    from chalicelib.platform.workers import runner

    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    for line in sys.stdin.buffer:  # it ends when whoever started this process does
        answers.write(json.dumps(runner(json.loads(line), None)).encode() + b"\n")


if __name__ == "__main__":
    main()
