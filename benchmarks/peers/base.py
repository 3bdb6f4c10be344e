"""What a peer is to the benchmark: something that starts, takes events at a URL, posts them on, and can be killed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from infra.harness import processes
from infra.harness.stack import free_port

# The secret every peer signs with, as Standard Webhooks writes it.
SECRET = "whsec_" + "YmVuY2htYXJrLWJlbmNobWFyay1iZW5jaG1hcms="
TOOLS = Path(__file__).parents[2] / ".bench"


class Missing(Exception):
    """A peer cannot be had on this machine; the text says what to install."""


class Peer:
    """Base of the peers. `start` leaves it ready to take events at `url`."""

    name = ""
    what = ""
    yes = b""  # what the body of its yes holds

    def __init__(self, folder: Path, target: str) -> None:
        self.folder, self.target = folder, target
        self.url, self.secret, self.port = "", SECRET, free_port()
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        """Install what is missing, start, and wait until it answers. Raises Missing, RuntimeError."""
        raise NotImplementedError

    def stop(self) -> None:
        """End every process."""
        for process in reversed(self._processes):
            try:
                os.killpg(process.pid, signal.SIGTERM)
                process.wait(15)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self._processes = []

    def kill(self) -> None:
        """SIGKILL every process at once."""
        for process in self._processes:
            os.killpg(process.pid, signal.SIGKILL)
        for process in self._processes:
            process.wait()
        self._processes = []

    def processes(self) -> list[int]:
        """List the process ids of the peer and all it started."""
        return [found for process in self._processes for found in processes.tree(process.pid)]

    def run(self, command: Sequence[str | Path], **environment: str) -> subprocess.Popen[bytes]:
        """Start one process of the peer in a group of its own."""
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(
                [str(part) for part in command],
                cwd=self.folder,
                env=os.environ | environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._processes.append(process)
        return process

    def await_port(self, port: int, timeout_s: float = 90) -> None:
        """Wait until something listens. Raises RuntimeError with the end of the log."""
        ends = time.monotonic() + timeout_s
        while time.monotonic() < ends:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            if any(process.poll() is not None for process in self._processes):
                break
            time.sleep(0.05)
        raise RuntimeError(f"{self.name} did not start:\n{(self.folder / 'log').read_text()[-2000:]}")


def need(program: str, package: str) -> str:
    """Find a program. Raises Missing naming the Debian package that has it."""
    found = shutil.which(program)
    if found is None:
        raise Missing(f"{program} is not installed (Debian package {package})")
    return found


def python_tools(name: str, *requirements: str) -> Path:
    """Make a virtual environment of its own for a peer; answer its bin folder."""
    folder = TOOLS / name
    if not (folder / ".done").exists():
        subprocess.run(["python3", "-m", "venv", folder], check=True)
        subprocess.run([folder / "bin/pip", "install", "-qqq", *requirements], check=True)
        (folder / ".done").touch()
    return folder / "bin"


def node_tools(name: str, package: str, version: str, **overrides: str) -> Path:
    """Install an npm package in a folder of its own; answer its bin folder. overrides: versions of what it needs."""
    npm = need("npm", "npm")
    folder = TOOLS / name
    if not (folder / ".done").exists():
        folder.mkdir(parents=True, exist_ok=True)
        wanted = {"private": True, "dependencies": {package: version}, "overrides": overrides}
        (folder / "package.json").write_text(json.dumps(wanted))
        subprocess.run([npm, "install", "--no-audit", "--no-fund", "--loglevel=error"], cwd=folder, check=True)
        (folder / ".done").touch()
    return folder / "node_modules/.bin"
