"""Journeys in tests: a client of one node that holds every answer against the contract, and graphs to start from."""

from __future__ import annotations

import itertools
import json
import re
import uuid
from functools import lru_cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import yaml

from tests.client import Answer, Client

Json = dict[str, Any]
FLOW = "/flow/v1"
CONTRACT = Path(__file__).parents[1] / "contract/contactflow.yaml"


@lru_cache(maxsize=1)
def contract() -> Json:
    """Read the contract."""
    return dict(yaml.safe_load(CONTRACT.read_text()))


@lru_cache(maxsize=1)
def operations() -> dict[tuple[str, str], Json]:
    """Map verb and path, names left out, to the operation."""
    return {
        (verb.upper(), plain(path)): operation
        for path, item in contract()["paths"].items()
        for verb, operation in item.items()
        if verb != "parameters"
    }


def plain(path: str) -> str:
    """Leave the names of variables out of a path."""
    return re.sub(r"\{[^}]*\}", "{}", path)


@lru_cache(maxsize=256)
def _validator(schema: str) -> Any:
    return jsonschema_rs.validator_for({**json.loads(schema), "components": contract()["components"]})


def faults_of(answer: Answer, place: tuple[str, str]) -> list[str]:
    """Name what of an answer the contract does not allow; nothing for operations it does not know."""
    operation = operations().get(place)
    if operation is None:
        return []
    said = operation["responses"].get(str(answer.status))
    if said is None:
        return [] if answer.status in (405, 415, 503, 409) else [f"{place}: no status {answer.status}: {answer.body}"]
    if "$ref" in said:
        said = contract()["components"]["responses"][said["$ref"].rpartition("/")[2]]
    schema = said.get("content", {}).get("application/json", {}).get("schema")
    if schema is None:
        return [] if answer.body == "" or "content" in said else [f"{place}: a body: {answer.body}"]
    found = _validator(json.dumps(schema)).iter_errors(answer.body)
    return [f"{place} {answer.status}: {one.instance_path}: {one.message}" for one in found]


class FlowClient(Client):
    """Calls one node; every answer is held against the contract. Paths begin after /flow/v1."""

    def __init__(self, key: str, node: str | None = None) -> None:
        super().__init__(key)
        self.node = node

    def send(self, method: str, path: str, body: Any = None, **more: Any) -> Answer:
        """Send a request and check its answer."""
        from tests.client import resolve

        headers = {**({"node": self.node} if self.node else {}), **(more.pop("headers", None) or {})}
        whole = path if path.startswith(("/flow/", "/v1/")) else FLOW + path
        answer = super().send(method, whole, body, headers=headers, **more)
        assert faults_of(answer, (method, plain(resolve(whole.partition("?")[0])[0]))) == []
        assert not whole.startswith(FLOW) or answer.headers["x-tracing-id"], "no tracing id"
        return answer


def step_uuid(number: int = 0) -> str:
    """Give a uuid for a step: a new one, or one that ends in a number."""
    return f"00000000-0000-4000-8000-{number:012d}" if number else str(uuid.uuid4())


def make_node(workspace: str, **fields: Any) -> FlowClient:
    """Set up a node with both channels on, a message setting and one mail and one text model."""
    sent = {"name": "Shop", "emailActive": True, "smsActive": True, "hubPhoneField": "base.contacts.mobilePhone"}
    client = FlowClient(workspace)
    made = client.post("/nodes", {**sent, **fields})
    assert made.status == 201, made.body
    client.node = made.body["uuid"]
    setting = {"category": "INTEGRATION", "type": "CLAB_API_SOAP", "value": {"provider": "FAKE"}}
    assert client.post("/settings", setting).status == 201
    hub = {"category": "INTEGRATION", "type": "HUB", "value": {}}
    assert client.post("/settings", hub).status == 201
    model = {"identifier": 7, "name": "Newsletter", "subject": "News", "senderEmail": "shop@example.com"}
    assert client.post("/external-contents/email-models", model).status == 201
    assert client.post("/external-contents/sms-models", {"identifier": 3, "name": "Alert"}).status == 201
    return client


def email_step(uuid_: str, **parameters: Any) -> Json:
    """Describe a mail step."""
    given = {
        "campaignName": "welcome",
        "modelIdentifier": 7,
        "subject": "Welcome ${name}",
        "senderEmail": "shop@example.com",
        "htmlContent": "<p>Hello ${name}</p>",
    }
    return {"uuid": uuid_, "type": "ACTION", "operation": "CLAB_CAMPAIGN", "parameters": {**given, **parameters}}


def wait_step(uuid_: str, amount: int = 1, unit: str = "DAYS") -> Json:
    """Describe a wait."""
    wait = {"wait": {"amount": amount, "unit": unit}}
    return {"uuid": uuid_, "type": "WAIT", "operation": "FROM_LAST_STEP", "parameters": wait}


def end_step(uuid_: str) -> Json:
    """Describe an end."""
    return {"uuid": uuid_, "type": "END", "operation": "NO_ACTION"}


def joined(*steps: Json) -> Json:
    """Join steps in a row by NEXT."""
    pairs = itertools.pairwise(steps)
    connections = [{"fromStepUuid": a["uuid"], "toStepUuid": b["uuid"], "outcome": "NEXT"} for a, b in pairs]
    return {"steps": list(steps), "connections": connections}


def welcome(**fields: Any) -> Json:
    """Describe an automation that sends one mail, with steps of its own."""
    return {"name": "Welcome", **joined(email_step(step_uuid()), end_step(step_uuid())), **fields}


def make_automation(client: FlowClient, status: str = "RUNNING", **fields: Any) -> Json:
    """Make a welcome automation in a status it can begin in; give it as answered."""
    made = client.post("/automations", welcome(status=status, **fields))
    assert made.status == 201, made.body
    return dict(made.body)
