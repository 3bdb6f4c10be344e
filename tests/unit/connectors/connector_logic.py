"""Run a connector's hooks as the platform does, straight through the JavaScript runner."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from chalicelib.adapters.javascript import Script, runner
from infra import connector_files

GITHUB = Path(__file__).parents[3] / "chalicelib" / "connectors" / "builtin" / "github"
SECRET = "It's a Secret to Everybody"


@lru_cache(maxsize=1)
def github() -> dict[str, Any]:
    """Read the github connector once."""
    return connector_files.read(GITHUB)


@dataclass
class Logic:
    """A connector and the setting its hooks run in."""

    parts: dict[str, Any] = field(default_factory=github)
    token: dict[str, Any] | None = None
    url: str | None = None
    vars: dict[str, Any] = field(default_factory=lambda: {"webhookSecret": SECRET})
    host: Any = None

    def run(self, kind: str, name: str, hook: str, **bindings: Any) -> Any:
        """Run one hook, such as ("trigger", "push", "trigger"), and return its value."""
        return self.run_code(self.parts[f"{kind}s"][name]["logic"][hook]["code"], **bindings)

    def run_code(self, code: str, **bindings: Any) -> Any:
        """Run any code with the connector's scripts at hand."""
        service = {"token": self.token, "token_name": "token", "url": self.url, "vars": self.vars}
        everything = {"service": service, "connector": service, "credential": self.token, **bindings}
        script = Script(code=code, bindings=everything, functions=self.parts["scripts"])
        return runner().run("test-workspace", script, self.host).value


def notification(
    event: str | None, payload: Any, *, delivery: str = "d-1", form: bool = False, secret: str | None = SECRET
) -> dict[str, Any]:
    """Build the notification GitHub would send for an event, signed unless secret is None."""
    text = json.dumps(payload)
    raw = urlencode({"payload": text}) if form else text
    headers = {
        "content-type": "application/x-www-form-urlencoded" if form else "application/json",
        "x-github-delivery": delivery,
    }
    if event is not None:
        headers["x-github-event"] = event
    if secret is not None:
        headers["x-hub-signature-256"] = signature(raw, secret)
    body = {"payload": text} if form else payload
    return {"method": "POST", "headers": headers, "query": {}, "body": body, "rawBody": raw}


def signature(raw: str, secret: str = SECRET) -> str:
    """Sign a body as GitHub does."""
    return "sha256=" + hmac.new(secret.encode(), raw.encode(), hashlib.sha256).hexdigest()
