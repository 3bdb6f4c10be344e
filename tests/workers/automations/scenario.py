"""One automation with steps of every type, and two it needs: what the tests about falling workers run."""

from __future__ import annotations

from typing import Any

from chalicelib.automations.rules import language
from tests.client import Client

WORKSPACE, USER = "default", "ann@example.com"
OF_USER = f"?userId={USER}"
CALL = "await $.axios.post(input.data.url, {}, {headers: {'idempotency-key': execution.key}}); return {did: 1}"
EFFECTS = frozenset(
    {"/first", "/act", "/items/1", "/items/2", "/items/3", "/inner", "/called", "/check", "/child", "/last"}
)
OUTPUT = [2, 7]


def steps(base: str) -> list[Any]:
    """Build the steps; `base` is where their calls go."""
    return [
        {"id": "code", "type": "code", "code": "return {n: 2, r: Math.random(), at: Date.now()}"},
        {"id": "http", "type": "http", "method": "POST", "url": f"{base}/first", "body": "${steps.code.output}"},
        {"id": "act", "type": "action", "service": "shop", "action": "call", "input": {"url": f"{base}/act"}},
        {
            "id": "each",
            "type": "repeat",
            "over": [1, 2, 3],
            "parallelism": 2,
            "steps": [{"id": "item_call", "type": "http", "url": base + "/items/${item}"}],
        },
        {
            "id": "iff",
            "type": "if",
            "condition": "steps.code.output.n == 2",
            "then": [
                {
                    "id": "same",
                    "type": "ifValue",
                    "value": "${steps.code.output.n}",
                    "equals": 2,
                    "then": [{"id": "inner", "type": "http", "url": f"{base}/inner"}],
                }
            ],
        },
        {
            "id": "calling",
            "type": "code",
            "code": f"await $.axios.post('{base}/called', {{}}, {{headers: {{'idempotency-key': execution.key}}}})",
        },
        {"id": "count", "type": "code", "code": "return (steps.count ? steps.count.output : 0) + 1"},
        {
            "id": "case",
            "type": "case",
            "branches": [
                {
                    "condition": {"left": "${steps.count.output}", "operator": "<", "right": 2},
                    "steps": [{"id": "back", "type": "goto", "target": "count"}],
                }
            ],
        },
        {
            "id": "byValue",
            "type": "caseValue",
            "value": "${steps.count.output}",
            "branches": [{"equals": 2, "steps": [{"id": "wait", "type": "wait", "seconds": 30}]}],
        },
        {
            "id": "check",
            "type": "condition",
            "service": "shop",
            "condition": "asked",
            "input": {"url": f"{base}/check"},
            "then": [],
        },
        {"id": "heard", "type": "waitForEvent", "event": "go", "timeoutSeconds": 86_400},
        {"id": "child", "type": "automation", "automationId": "child"},
        {"id": "last", "type": "http", "method": "PUT", "url": f"{base}/last", "body": "${steps.child.output}"},
        {"id": "end", "type": "return", "value": ["${steps.count.output}", "${steps.heard.output.payload}"]},
    ]


def kinds(found: list[Any]) -> set[str]:
    """Collect the types of steps, those inside others too."""
    seen = set()
    for step in found:
        inner = [step.get(name, []) for name in language.BRANCHES]
        inner += [branch["steps"] for branch in step.get("branches", ())]
        seen |= {step["type"]}.union(*(kinds(part) for part in inner))
    return seen


def build(client: Client, base: str, scene: str) -> str:
    """Make user, service and automations through the API; give the path that executes the main one."""
    client.post("/v1/user", {"userId": USER}).ok()
    if scene in ("once", "poison"):
        step = {"id": "only", "type": "http", "method": "POST", "url": f"{base}/only", "atMostOnce": scene == "once"}
        return _publish(client, "main", [step]) + "/execute"
    client.post(f"/v1/service{OF_USER}", {"name": "shop"}).ok()
    client.post(f"/v1/service/shop/version{OF_USER}", {"name": "1.0.0"}).ok()
    client.post(f"/v1/service/shop/action{OF_USER}", {"name": "call", "logic": {"execute": CALL}}).ok()
    condition = CALL.replace("return {did: 1}", "return true")
    client.post(f"/v1/service/shop/condition{OF_USER}", {"name": "asked", "logic": {"execute": condition}}).ok()
    _publish(client, "child", [{"id": "in_child", "type": "http", "url": f"{base}/child"}])
    return _publish(client, "main", steps(base)) + "/execute"


def _publish(client: Client, name: str, found: list[Any]) -> str:
    body = {"name": name, "definition": {"steps": found}}
    made = client.post(f"/v1/automation/import{OF_USER}", body).ok()
    path = f"/v1/automation/{made['id']}/version/{made['versionId']}"
    client.post(f"{path}/publish{OF_USER}").ok()
    return path
