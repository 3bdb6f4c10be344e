"""GitHub's REST API as GitHub describes it, played by Prism: it refuses requests that do not fit the description.

The package's description has 811 paths; loading them all takes 8 s and 350 MB, so the paths that the connector may
call are cut out (3 s, 220 MB). Two faults are mended on the way:
- `nullable` beside `oneOf` without `type`, as GitHub writes for an issue's milestone, makes Prism's validator give
  up and accept every body of that operation;
- an example whose value is a reference to an example, as for reading an issue, is shown one level too deep.
Prism's --errors is left off: it would refuse answers as well, and some of GitHub's own examples do not keep to
GitHub's own schemas. Requests that do not fit are refused without it.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Any

from infra.harness.stack import free_port
from tests.real import packages

REPO = "/repos/{owner}/{repo}"
PATHS = (
    "/user",
    REPO,
    f"{REPO}/issues",
    f"{REPO}/issues/{{issue_number}}",
    f"{REPO}/issues/{{issue_number}}/comments",
    f"{REPO}/pulls",
    f"{REPO}/releases",
    f"{REPO}/actions/workflows/{{workflow_id}}/dispatches",
    f"{REPO}/hooks",
    f"{REPO}/hooks/{{hook_id}}",
)
START_LIMIT_S = 60
_VIOLATION = re.compile(r"error\s+(Request (?:body|path|query|header)\b.*)")
_COLOR = re.compile(r"\x1b\[[0-9;]*m")


def description() -> dict[str, Any]:
    """Read GitHub's description, cut to PATHS, with request bodies that Prism's validator can compile."""
    packages.ensure()
    whole = json.loads(packages.DESCRIPTION.read_text())
    whole["paths"] = {path: whole["paths"][path] for path in PATHS}
    for operations in whole["paths"].values():
        for operation in operations.values():
            if isinstance(operation, dict):
                _mend_body(operation.get("requestBody"))
                _mend_examples(operation.get("responses"))
    whole.pop("x-webhooks", None)
    return whole


def _mend_examples(responses: Any) -> None:
    for response in (responses or {}).values():
        for content in response.get("content", {}).values():
            examples = content.get("examples", {})
            for name, example in examples.items():
                value = example.get("value")
                if isinstance(value, dict) and list(value) == ["$ref"]:
                    examples[name] = value


def _mend_body(node: Any) -> None:
    if isinstance(node, list):
        for item in node:
            _mend_body(item)
    elif isinstance(node, dict):
        if node.get("nullable") is True and "type" not in node:
            del node["nullable"]
            for choice in [*node.get("oneOf", []), *node.get("anyOf", [])][:1]:
                choice["nullable"] = True
        for item in node.values():
            _mend_body(item)


class Prism:
    """A validating mock of GitHub's API on 127.0.0.1; a context manager. `url` is its base, `lines` what it logged."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "github-api.json"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.lines: list[str] = []
        self.started_s = 0.0
        self._process: subprocess.Popen[str] | None = None
        self._is_listening = threading.Event()

    def __enter__(self) -> Prism:
        began = time.monotonic()
        self.file.write_text(json.dumps(description()))
        node = shutil.which("node") or "node"
        command = [
            node,
            str(packages.PRISM),
            "mock",
            "-h",
            "127.0.0.1",
            "-p",
            str(self.port),
            str(self.file),
        ]
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        threading.Thread(target=self._read, daemon=True).start()
        if not self._is_listening.wait(START_LIMIT_S) or self._process.poll() is not None:
            self.__exit__(None, None, None)
            raise RuntimeError("Prism did not start:\n" + "\n".join(self.lines[-20:]))
        self.started_s = time.monotonic() - began
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(10)
            assert self._process.stdout is not None
            self._process.stdout.close()

    def mark(self) -> int:
        """Remember how much was logged so far, for violations()."""
        return len(self.lines)

    def violations(self, since: int, at_least: int = 0) -> list[str]:
        """Say what Prism found wrong since a mark; waits a little until there are `at_least` so many."""
        for _ in range(40):
            found = [match[1] for line in self.lines[since:] if (match := _VIOLATION.search(line))]
            if len(found) >= at_least:
                return found
            time.sleep(0.05)
        return found

    def _read(self) -> None:
        assert self._process is not None and self._process.stdout is not None
        try:
            for line in self._process.stdout:
                self.lines.append(_COLOR.sub("", line.rstrip()))
                if "Prism is listening" in line:
                    self._is_listening.set()
        except ValueError:  # closed while reading
            return
        self._is_listening.set()  # ended: nobody should wait for it any longer
