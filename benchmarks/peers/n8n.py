"""n8n: webhook, Code node, HTTP Request node; executions recorded in its SQLite database."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests

from benchmarks.peers.base import SECRET, Peer, node_tools
from benchmarks.workload import TRANSFORM
from infra.harness.stack import free_port

_VERSION = "1.123.0"
_SIGN = """
const crypto = require('crypto');
const transform = (notification) => { %s };
const id = $json.headers['x-delivery-id'];
const data = transform({ body: $json.body });
const body = JSON.stringify({ type: 'order.placed', timestamp: new Date().toISOString(), data });
const timestamp = String(Math.floor(Date.now() / 1000));
const key = Buffer.from('%s', 'base64');
const signature = 'v1,' + crypto.createHmac('sha256', key).update(id + '.' + timestamp + '.' + body).digest('base64');
return [{ json: { id, timestamp, signature, body } }];
"""


class N8n(Peer):
    """One process, its default mode and database; the webhook answers at once."""

    name = "n8n"
    what = f"n8n {_VERSION}, SQLite, one process and its task runner, every execution saved"
    yes = b"Workflow was started"

    def __init__(self, folder: Path, target: str) -> None:
        super().__init__(folder, target)
        self._broker_port, self._is_made = free_port(), False

    def start(self) -> None:
        # n8n asks for a spreadsheet library by an address outside the registry; the registry's serves as well here.
        tools = node_tools("n8n", "n8n", _VERSION, xlsx="0.18.5")
        port, broker_port = self.port, self._broker_port
        environment = {
            "N8N_USER_FOLDER": str(self.folder),
            "N8N_PORT": str(port),
            "N8N_LISTEN_ADDRESS": "127.0.0.1",
            "N8N_RUNNERS_ENABLED": "true",
            "N8N_RUNNERS_BROKER_PORT": str(broker_port),
            "N8N_DIAGNOSTICS_ENABLED": "false",
            "N8N_VERSION_NOTIFICATIONS_ENABLED": "false",
            "N8N_TEMPLATES_ENABLED": "false",
            "NODE_FUNCTION_ALLOW_BUILTIN": "crypto",
            "DB_SQLITE_POOL_SIZE": "4",
            "N8N_LOG_LEVEL": "warn",
            "N8N_SECURE_COOKIE": "false",
        }
        self.run([tools / "n8n", "start"], **environment)
        self.await_port(port)
        self.url = f"http://127.0.0.1:{port}/webhook/orders"
        if not self._is_made:
            self._make_workflow()
            self._is_made = True
        # Only a registered webhook says that it wants another verb; nothing is run by asking.
        self._until(lambda: _asked(self.url))

    def _make_workflow(self) -> None:
        """Set up an owner and a workflow over the calls of its own editor, and switch the workflow on."""
        api, base = requests.Session(), f"http://127.0.0.1:{self.port}/rest"
        owner = {"email": "bench@example.com", "firstName": "B", "lastName": "B", "password": "Bench-marks-1"}
        self._until(lambda: api.post(f"{base}/owner/setup", json=owner, timeout=60))
        made = api.post(f"{base}/workflows", json=self._workflow(), timeout=60)
        made.raise_for_status()
        workflow = made.json()["data"]
        switch = {"active": True, "versionId": workflow["versionId"]}
        api.patch(f"{base}/workflows/{workflow['id']}", json=switch, timeout=60).raise_for_status()

    def _until(self, call: Callable[[], requests.Response], timeout_s: float = 180) -> None:
        """Repeat a call until it is answered well: the port opens before the application behind it is up."""
        ends = time.monotonic() + timeout_s
        while True:
            try:
                answer = call()
                # While it starts up it answers every address with a page that says so.
                if answer.ok and "starting up" not in answer.text:
                    return
                reason = answer.text
            except (requests.ConnectionError, requests.Timeout) as error:
                reason = str(error)
            if time.monotonic() > ends:
                raise RuntimeError(f"n8n did not come up: {reason[:500]}")
            time.sleep(0.2)

    def _workflow(self) -> dict[str, Any]:
        headers = [
            {"name": "webhook-id", "value": "={{ $json.id }}"},
            {"name": "webhook-timestamp", "value": "={{ $json.timestamp }}"},
            {"name": "webhook-signature", "value": "={{ $json.signature }}"},
        ]
        code = _SIGN % (TRANSFORM, SECRET.removeprefix("whsec_"))
        entry = {"httpMethod": "POST", "path": "orders", "responseMode": "onReceived", "options": {}}
        send = {
            "method": "POST",
            "url": self.target,
            "sendHeaders": True,
            "headerParameters": {"parameters": headers},
            "sendBody": True,
            "contentType": "raw",
            "rawContentType": "application/json",
            "body": "={{ $json.body }}",
            "options": {},
        }
        return {
            "name": "orders",
            "active": False,
            "nodes": [
                _node("Webhook", "n8n-nodes-base.webhook", 2, entry, webhookId="orders"),
                _node("Code", "n8n-nodes-base.code", 2, {"jsCode": code}),
                _node("Send", "n8n-nodes-base.httpRequest", 4.2, send),
            ],
            "connections": {
                "Webhook": {"main": [[{"node": "Code", "type": "main", "index": 0}]]},
                "Code": {"main": [[{"node": "Send", "type": "main", "index": 0}]]},
            },
            "settings": {"executionOrder": "v1", "saveDataSuccessExecution": "all"},
        }


def _node(name: str, kind: str, version: float, parameters: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "id": name.lower(),
        "name": name,
        "type": kind,
        "typeVersion": version,
        "position": [0, 0],
        "parameters": parameters,
        **more,
    }


def _asked(url: str) -> requests.Response:
    answer = requests.get(url, timeout=30)
    if "POST" in answer.text:
        answer.status_code = 200
    return answer
