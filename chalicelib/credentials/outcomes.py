"""Outcomes of idempotent requests: the request log, with the bodies sealed, because some show a secret once."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chalicelib.core import clock
from chalicelib.credentials.sealing import vault
from chalicelib.durable import requests
from chalicelib.edge.idempotency import Mismatch, Running
from chalicelib.storage.tables import WORK

if TYPE_CHECKING:
    from chalicelib.edge.idempotency import Fresh

SCOPE = "api"
LEASE_MS = 40_000  # longer than any request may run
SOON_S = 5  # a running request is mostly done long before its lease ends
MAX_BODY_BYTES = 300 * 1024
TOO_LARGE = {
    "error": "the first request under this Idempotency-Key was carried out; its answer was too large to keep",
    "type": "TooLarge",
    "description": "Outside the stated limits.",
    "status": 413,
}


class SealedOutcomes:
    """Keeps the first outcome of each key for 24 hours."""

    def begin(self, workspace_id: str, key: str, fingerprint: str) -> Fresh | dict[str, Any] | Running | Mismatch:
        """Begin under a key, or say what came of it the first time."""
        begun = requests.begin(WORK, workspace_id, SCOPE, key, fingerprint, clock.now_ms(), LEASE_MS)
        if isinstance(begun, requests.Fresh):
            return _Fresh(workspace_id, begun)
        if isinstance(begun, requests.Running):
            return Running(min(begun.retry_after_s, SOON_S))
        if isinstance(begun, requests.Mismatch):
            return Mismatch()
        where = requests.key_of(workspace_id, SCOPE, key).pk
        opened = vault().open_json(workspace_id, _context(where), begun.body.decode())
        return {"status": begun.status, "headers": dict(begun.headers), "body": opened["body"]}


@dataclass(frozen=True)
class _Fresh:
    workspace_id: str
    begun: requests.Fresh

    @property
    def begun_ms(self) -> int:
        """When the first run under the key began."""
        return self.begun.begun_ms

    def finish(self, outcome: dict[str, Any]) -> None:
        """Keep the outcome for repeats."""
        status, headers = outcome["status"], outcome["headers"]
        text = json.dumps({"body": outcome["body"]}, separators=(",", ":"))
        if len(text) > MAX_BODY_BYTES:
            status, text = TOO_LARGE["status"], json.dumps({"body": TOO_LARGE})
        sealed = vault().seal(self.workspace_id, _context(self.begun.key.pk), text)
        requests.finish(WORK, self.begun, int(status), headers, sealed.encode())

    def leave(self) -> None:
        """Let the next repeat run at once."""
        requests.leave(WORK, self.begun)

    def abandon(self) -> None:
        """Forget a request that did nothing."""
        requests.abandon(WORK, self.begun)


def _context(where: str) -> str:
    return f"request|{where}"
