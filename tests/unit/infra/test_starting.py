"""Starting the platform on one machine: what it says when it is ready, and when it cannot."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import requests

from infra.harness.stack import free_port

ROOT = Path(__file__).parents[3]


def started(folder: Path, port: int) -> subprocess.Popen[str]:
    settings = {"MILLRACE_PORT": str(port), "MILLRACE_DATA_DIR": str(folder), "MILLRACE_LOG_LEVEL": "ERROR"}
    command, pipe = [sys.executable, "-m", "infra.local"], subprocess.PIPE
    return subprocess.Popen(command, cwd=ROOT, env=os.environ | settings, stdout=pipe, stderr=pipe, text=True)


def test_a_port_that_is_taken_is_named_in_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        process = started(tmp_path, port)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert out == ""
    assert err == f"millrace: 127.0.0.1:{port} cannot be listened on: Address already in use\n"


def test_the_connectors_are_there_when_it_says_so(tmp_path: Path) -> None:
    port = free_port()
    process = started(tmp_path, port)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == f"Millrace serves http://127.0.0.1:{port} with its data in {tmp_path}\n"
        address, key = f"http://127.0.0.1:{port}/v1/service", {"api_key": "default"}
        found = {one["name"] for one in requests.get(address, {"shared": "true"}, headers=key, timeout=30).json()}
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    assert {"github", "gmail", "googlecalendar", "http", "jira", "outlookmail", "slack"} <= found
    assert process.returncode == 0
