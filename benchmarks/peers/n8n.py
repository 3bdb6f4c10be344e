"""n8n: webhook, Code node, HTTP Request node; executions recorded in its SQLite database."""

from __future__ import annotations

import json
import os
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

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

    def __init__(self, folder: Path, target: str) -> None:
        super().__init__(folder, target)
        self._broker_port = free_port()

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
        }
        if not (self.folder / "workflow.json").exists():
            (self.folder / "workflow.json").write_text(json.dumps(self._workflow()))
            self._once([tools / "n8n", "import:workflow", "--input=workflow.json"], environment)
            self._once([tools / "n8n", "update:workflow", "--all", "--active=true"], environment)
        self.run([tools / "n8n", "start"], **environment)
        self.await_port(port)
        self.url = f"http://127.0.0.1:{port}/webhook/orders"
        self._await_webhook()

    def _once(self, command: list[Any], environment: dict[str, str]) -> None:
        done = subprocess.run(
            [str(part) for part in command], cwd=self.folder, env=os.environ | environment, capture_output=True
        )
        if done.returncode:
            raise RuntimeError(f"{command[1]}: {done.stdout.decode()[-1000:]}{done.stderr.decode()[-1000:]}")

    def _await_webhook(self) -> None:
        ends = time.monotonic() + 90
        while time.monotonic() < ends:
            try:
                urllib.request.urlopen(self.url, timeout=2)
            except urllib.error.HTTPError as error:
                # An active webhook for POST refuses GET by saying so; an unknown one says it is not registered.
                if b"POST" in error.read():
                    return
            except OSError:
                pass
            time.sleep(0.1)
        raise RuntimeError("n8n did not activate the webhook")

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
            "id": "benchorders000001",
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
