"""What the load on connectors needs: a service, its triggers and actions, and automations with steps of many kinds."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from tests.chaos.surfaces.base import Client

USER = "ada"
OF_USER = f"?userId={USER}"
PLACES = ("first", "act", "each-1", "each-2", "each-3", "child", "last")
TRANSFORM = "return {number: notification.body.number, twice: notification.body.number * 2};"
CALL = (
    "const key = typeof execution === 'undefined' ? 'at once ' + input.data.n : execution.key;"
    "await $.axios.post('%s/' + input.data.at, {n: input.data.n}, {headers: {'idempotency-key': key}});"
    "return {n: input.data.n};"
)
POLL = "const found = await $.axios.get('%s?after=' + (cursor || 0)); return found.data;"


def build(client: Client, service: str, effects: str, source: str) -> None:
    """Make user, service, event, triggers and an action."""
    client.send("POST", "/v1/user", {"userId": USER})
    client.post(f"/v1/service{OF_USER}", {"name": service})
    client.post(f"/v1/service/{service}/version{OF_USER}", {"name": "1.0.0", "published": True})
    event = {
        "name": "order",
        "type": "standard",
        "setting": {"deliveryIdHeader": "x-delivery-id"},
        "logic": {"route": _script("return notification.body.trigger;")},
    }
    client.post(f"/v1/service/{service}/event{OF_USER}", event)
    for name in ("order.placed", "order.risky"):
        trigger = {"name": name, "logic": {"trigger": _script(TRANSFORM)}}
        client.post(f"/v1/service/{service}/trigger{OF_USER}", trigger)
    poll = {"name": "changed", "logic": {"poll": _script(POLL % source)}, "schema": {"pollSeconds": 10}}
    client.post(f"/v1/service/{service}/trigger{OF_USER}", poll)
    action = {"name": "call", "logic": {"execute": _script(CALL % effects)}}
    client.post(f"/v1/service/{service}/action{OF_USER}", action)


def hook_path(client: Client, service: str) -> str:
    """Give the path to which a third party sends its notifications."""
    return urlsplit(client.get(f"/v1/service/{service}/webhookSetting{OF_USER}")["url"]).path


def main(service: str, effects: str) -> list[Any]:
    """Build steps that call, repeat, wait, start another automation and wait for an event."""
    return [
        {"id": "code", "type": "code", "code": "return {n: input.n, chance: Math.random()}"},
        _http("first", f"{effects}/first"),
        _action("act", service, "${input.n}", "act"),
        {
            "id": "each",
            "type": "repeat",
            "over": [1, 2, 3],
            "parallelism": 2,
            "steps": [_http("one", effects + "/each-${item}")],
        },
        {"id": "pause", "type": "wait", "seconds": 2},
        {"id": "child", "type": "automation", "automationId": "child", "input": {"n": "${input.n}"}},
        {"id": "heard", "type": "waitForEvent", "event": "go", "match": {"n": "${input.n}"}, "timeoutSeconds": 86400},
        _http("last", f"{effects}/last"),
        {"id": "end", "type": "return", "value": "${steps.heard.output.payload.n}"},
    ]


def automation(client: Client, name: str, steps: list[Any], trigger: Any = None) -> str:
    """Make and publish an automation, after the one it calls; give the path of its version."""
    if name == "main":
        effects = steps[1]["url"].rpartition("/")[0]
        automation(client, "child", [_http("called", f"{effects}/child")])
    definition = {"steps": steps, **({"trigger": trigger} if trigger else {})}
    made = client.post(f"/v1/automation/import{OF_USER}", {"name": name, "definition": definition})
    path = f"/v1/automation/{made['id']}/version/{made['versionId']}"
    client.post(f"{path}/publish{OF_USER}")
    return path


def feed(client: Client, service: str, effects: str) -> None:
    """Let every order start an automation."""
    step = {**_http("note", f"{effects}/fed"), "body": {"n": "${input.number}"}}
    automation(client, "fed", [step], {"service": service, "trigger": "order.placed"})
    client.post(f"/v1/automation/fed/enable{OF_USER}", {})


def waits_for_event(execution: Any) -> bool:
    """Say whether an execution has come to its step that waits for an event."""
    return any(step["address"] == "heard" and step["state"] == "waiting" for step in execution["steps"])


def _http(name: str, url: str) -> dict[str, Any]:
    retry = {"maxAttempts": 8, "backoff": {"seconds": 1}}
    return {"id": name, "type": "http", "method": "POST", "url": url, "body": {"n": "${input.n}"}, "retry": retry}


def _action(name: str, service: str, number: str, place: str) -> dict[str, Any]:
    given = {"n": number, "at": place}
    return {"id": name, "type": "action", "service": service, "action": "call", "input": given}


def _script(code: str) -> dict[str, str]:
    return {"language": "javascript", "code": code}
