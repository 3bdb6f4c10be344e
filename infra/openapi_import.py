"""Makes a service of an OpenAPI document: uploads the file in parts, lets the platform work, and tells how it went.

    python -m infra.openapi_import FILE --url http://localhost:1290 --key default --user admin [--name NAME] \\
        [--server URL] [--bearer]
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Json = dict[str, Any]

PART_BYTES = 1_000_000
TIMEOUT_S = 60
LIMIT_S = 600
BEARER = {"token": {"type": "http", "scheme": "bearer", "description": "Access token"}}


class ImportRefused(RuntimeError):
    """The platform refused the document, or could not be reached."""


@dataclass(frozen=True)
class Target:
    """Where to import, and as whom."""

    url: str
    key: str
    user_id: str

    def call(self, method: str, path: str, **sent: Any) -> Json:
        """Call the platform. Raises ImportRefused."""
        import requests

        try:
            answer = requests.request(
                method,
                self.url.rstrip("/") + path,
                params={"userId": self.user_id},
                timeout=TIMEOUT_S,
                **{**sent, "headers": {"api_key": self.key, **sent.get("headers", {})}},
            )
        except requests.RequestException as error:
            raise ImportRefused(f"{method} {path}: {error}") from error
        if answer.status_code >= 300:
            raise ImportRefused(f"{method} {path}: {answer.status_code} {answer.text[:2000]}")
        found: Json = answer.json()
        return found


def upload(target: Target, file: Path, **fields: Any) -> Json:
    """Upload a document and begin its import. `fields` are those of the operation importService."""
    try:
        text = json.dumps(json.loads(file.read_bytes()), separators=(",", ":")).encode()
    except ValueError as error:
        raise ImportRefused(f"{file} is not JSON: {error}") from error
    sent = {name: value for name, value in fields.items() if value is not None}
    path = "/v1/service/import/" + target.call("POST", "/v1/service/import", json=sent)["id"]
    for number, start in enumerate(range(0, len(text), PART_BYTES), start=1):
        part = text[start : start + PART_BYTES]
        target.call("PUT", f"{path}/part/{number}", data=part, headers={"Content-Type": "application/octet-stream"})
    return target.call("POST", f"{path}/start")


def wait(target: Target, made: Json, limit_s: float = LIMIT_S) -> Json:
    """Wait until an import has ended. Raises ImportRefused when it takes too long."""
    ends = time.monotonic() + limit_s
    while made["state"] in ("queued", "running"):
        if time.monotonic() > ends:
            raise ImportRefused(f"still {made['state']} after {limit_s:.0f} s: {made['done']} of {made['total']}")
        time.sleep(0.5)
        made = target.call("GET", f"/v1/service/import/{made['id']}")
    return made


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m infra.openapi_import", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("file", type=Path, help="an OpenAPI 3.0 or 3.1 document as JSON")
    parser.add_argument("--url", default="http://localhost:1290", help="where the platform is")
    parser.add_argument("--key", default="default", help="an API key with the scope write")
    parser.add_argument("--user", default="admin", help="who makes the service")
    parser.add_argument("--name", help="the service's name; else the document's title")
    parser.add_argument("--server", help="the address that servers written without a host are relative to")
    parser.add_argument("--bearer", action="store_true", help="users sign in with a bearer token, whatever it says")
    given = parser.parse_args(arguments)
    target = Target(given.url, given.key, given.user)
    fields = {"name": given.name, "url": given.server, "securitySchemes": BEARER if given.bearer else None}
    try:
        made = wait(target, upload(target, given.file, **fields))
    except (ImportRefused, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    for fault in made["faults"]:
        print(f"{fault['location']}: {fault['message']}")
    why = f": {made['reason']}" if made["reason"] else ""
    print(f"{made['state']}: {made['made']} of {made['total']} operations in service {made['name']}{why}")
    return 0 if made["state"] == "done" else 1


if __name__ == "__main__":
    sys.exit(main())
