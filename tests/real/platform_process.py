"""The whole platform on one machine, started for a test run and spoken to over HTTP."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any

import requests

from tests.real.github_api import free_port

ROOT = Path(__file__).parents[2]
START_LIMIT_S = 60
STOP_LIMIT_S = 20


class PlatformProcess:
    """`python -m infra.local` on a fresh folder and a free port; a context manager. `url` is its base."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.log = folder / "platform.log"
        self.env = {
            **os.environ,
            "MILLRACE_PORT": str(port),
            "MILLRACE_PUBLIC_URL": self.url,
            "MILLRACE_DATA_DIR": str(folder / "data"),
            "MILLRACE_DEV_KEYS": "default=default",
            "MILLRACE_EGRESS_ALLOW": "127.0.0.1:*",
            "MILLRACE_RETRY_SCHEDULE_S": "0,1,2,5",
        }
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> PlatformProcess:
        with self.log.open("wb") as log:
            command = [sys.executable, "-m", "infra.local"]
            self._process = subprocess.Popen(command, cwd=ROOT, env=self.env, stdout=log, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + START_LIMIT_S
        while time.monotonic() < deadline and self._process.poll() is None:
            if is_healthy(self.url):
                return self
            time.sleep(0.2)
        self.__exit__(None, None, None)
        raise RuntimeError("the platform did not start:\n" + self.log.read_text(errors="replace")[-3000:])

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is None or self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)


def is_healthy(url: str) -> bool:
    """Say whether a platform answers at a URL."""
    try:
        return requests.get(f"{url}/healthz", timeout=2).status_code == 200
    except requests.RequestException:
        return False


class Client:
    """Calls the public API of a platform as one user."""

    def __init__(self, url: str, user_id: str, key: str = "default") -> None:
        self.url, self.user_id = url, user_id
        self.session = requests.Session()
        self.session.headers["api_key"] = key
        self.session.trust_env = False

    def call(self, method: str, path: str, body: Any = None, **query: str) -> requests.Response:
        """Call an operation and return the answer as it is."""
        params = {"userId": self.user_id, **query}
        return self.session.request(method, self.url + path, params=params, json=body, timeout=40)

    def ok(self, method: str, path: str, body: Any = None, **query: str) -> Any:
        """Call an operation that must succeed and return its JSON."""
        answer = self.call(method, path, body, **query)
        assert answer.status_code == 200, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
        return answer.json()

    def close(self) -> None:
        self.session.close()
