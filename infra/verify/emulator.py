"""The emulated AWS account: `ministack` from a virtualenv of its own, on a port of 127.0.0.1 that was free."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import botocore.session
from botocore.config import Config

from infra.harness.stack import free_port

ROOT = Path(__file__).parents[2]
REGION = "eu-central-1"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": REGION}


class Emulator:
    """One emulator process. Use as a context manager; everything in it goes with it."""

    def __init__(self, scratch: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = scratch / "ministack.log"
        self._scratch = scratch
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Emulator:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        environment = {
            **kept,
            **CREDENTIALS,
            "GATEWAY_PORT": str(self.port),
            "BIND_HOST": "127.0.0.1",  # else it serves the whole network
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "MINISTACK_REGION": REGION,
            "TMPDIR": str(self._scratch),
            "LAMBDA_EXECUTOR": "local",
        }
        with self.log.open("wb") as log:
            command = [str(ROOT / ".venv-ministack" / "bin" / "ministack")]
            self._process = subprocess.Popen(
                command, env=environment, stdout=log, stderr=log, cwd=self._scratch, start_new_session=True
            )
        ends = time.monotonic() + 30
        while time.monotonic() < ends:
            try:
                urllib.request.urlopen(self.url + "/_ministack/health", timeout=2).close()  # noqa: S310
                return self
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        raise SystemExit(f"the emulator does not start:\n{self.log.read_text()[-2000:]}")

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(5)
            with contextlib.suppress(ProcessLookupError):  # the functions' processes are of its group
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def session(self) -> Any:
        """Give a botocore session of the emulated account."""
        made = botocore.session.Session()
        made.set_credentials("test", "test")
        made.set_config_variable("region", REGION)
        return made

    def options(self) -> dict[str, Any]:
        """Say how clients reach it."""
        style = Config(s3={"addressing_style": "path"})
        return {"endpoint_url": self.url, "region_name": REGION, "config": style}

    def client(self, service: str) -> Any:
        """Give a client of the emulated account."""
        return self.session().create_client(service, **self.options())
