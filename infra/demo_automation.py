"""The automation of the demonstration: an urgent GitHub issue is paged, waits until somebody takes it, is commented on.

python -m infra.demo_automation < execution.json     print the timeline of an execution
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from infra.harness.standin import Standin

DEFINITION = Path(__file__).with_suffix(".json")
NUMBER = 6  # of the issue that is urgent
Json = dict[str, Any]
Call = Callable[..., Any]


def set_up(call: Call, standin: Standin) -> None:
    """Make the tokens and the automation, publish it, and let its trigger start it."""
    for service in ("http", "github"):
        security = call("GET", f"/v1/service/{service}/security")[-1]["id"]
        token = {
            "name": f"{service}-standin",
            "serviceSecurityId": security,
            "key": "ghp_standin",
            "serviceUrl": standin.url,
        }
        call("POST", "/v1/user/ada/token", token)
    definition = json.loads(DEFINITION.read_text())
    call("POST", "/v1/automation/import?userId=ada", {"name": "triage", "definition": definition})
    call("POST", "/v1/automation/triage/version/1/publish?userId=ada")
    call("POST", "/v1/automation/triage/enable?userId=ada", {})


def waiting(call: Call) -> str | None:
    """Give the id of the execution that waits for its event."""
    found = call("GET", "/v1/automation/triage/execution?userId=ada&state=waiting")
    return str(found[0]["id"]) if found else None


def take(call: Call, execution: str) -> Json:
    """Tell it that somebody took the issue; give it as it ended."""
    event = {"name": "issue.taken", "payload": {"number": NUMBER, "by": "Ada"}}
    call("POST", f"/v1/execution/{execution}/event?userId=ada", event)
    for _ in range(400):
        found: Json = call("GET", f"/v1/execution/{execution}?userId=ada")
        if found["endedAt"]:
            break
        time.sleep(0.05)
    return found


def timeline(execution: Json) -> str:
    """Render an execution in a line a step."""
    lines = [f"execution {execution['state']} after {execution['durationMs']} ms: {json.dumps(execution['output'])}"]
    for step in execution["steps"]:
        at = step["startedAt"][11:23]
        took = "" if step["durationMs"] is None else f"{step['durationMs']} ms"
        shown = json.dumps(step["error"] or step["output"])
        lines.append(f"  {at}  {step['address']:<20} {step['type']:<13} {step['state']:<8} {took:>9}  {shown[:90]}")
    return "\n".join(lines)


if __name__ == "__main__":
    print(timeline(json.load(sys.stdin)))
