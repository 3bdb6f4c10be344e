"""The notification surface against its contract: every operation, every status, every shape that is answered."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml
from openapi_spec_validator import OpenAPIV31SpecValidator

import app as _app  # noqa: F401 registers every row
from chalicelib.channels import catalogue, providers
from chalicelib.edge.auth import PUBLIC
from chalicelib.edge.failures import NOVU
from chalicelib.edge.route import ROWS, Route
from chalicelib.platform.reference import document
from tests.client import Answer, Client

ROOT = Path(__file__).parents[2]
Json = dict[str, Any]
ROWS_HERE = [row for surface, row in ROWS if surface == NOVU]
GUARDED = [row for row in ROWS_HERE if row.scope != PUBLIC]


@lru_cache(maxsize=1)
def contract() -> Json:
    return yaml.safe_load((ROOT / "contract/novu.yaml").read_text())


def plain(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path)


def operations() -> dict[tuple[str, str], Json]:
    """Every (verb, path without names), other spellings of the path included."""
    found = {}
    for path, item in contract()["paths"].items():
        for verb, operation in item.items():
            for spelling in [path, *operation.get("x-aliases", ())]:
                found[verb.upper(), plain(spelling)] = operation
    return found


def ids(row: Route) -> str:
    return f"{row.operation_id} {row.path}"


def check(answer: Answer, place: tuple[str, str]) -> None:
    """Hold an answer against what the contract says for its status."""
    responses = operations()[place]["responses"]
    said = responses.get(str(answer.status))
    assert said is not None, (place, answer.status, answer.body)
    if "$ref" in said:
        said = contract()["components"]["responses"][said["$ref"].rpartition("/")[2]]
    if "content" in said and "application/json" in said["content"]:
        schema = said["content"]["application/json"]["schema"]
        validator = jsonschema_rs.validator_for({**schema, "components": contract()["components"]})
        assert [f"{e.instance_path}: {e.message}" for e in validator.iter_errors(answer.body)] == [], place
        if answer.status < 300:
            check_described(answer, place)
    else:
        assert answer.body == "", place


def check_described(answer: Answer, place: tuple[str, str]) -> None:
    """Hold an answer against what the API's own document says."""
    whole = described()
    path = next(path for path in whole["paths"] if plain(path) == place[1])
    said = whole["paths"][path][place[0].lower()]["responses"][str(answer.status)]
    schema = {**said["content"]["application/json"]["schema"], "components": whole["components"]}
    errors = jsonschema_rs.validator_for(schema).iter_errors(answer.body)
    assert [f"{e.instance_path}: {e.message}" for e in errors] == [], place


class CheckedClient(Client):
    """Holds every answer against the contract."""

    def send(self, method: str, path: str, body: Any = None, **more: Any) -> Answer:
        """Send a request and check its answer."""
        from tests.client import resolve

        answer = super().send(method, path, body, **more)
        check(answer, (method, plain(resolve(path.partition("?")[0])[0])))
        return answer


def test_the_rows_are_those_of_the_contract() -> None:
    assert {(row.verbs, plain(row.path)): row.operation_id for row in ROWS_HERE} == {
        place: operation["operationId"] for place, operation in operations().items()
    }


def test_there_are_74_operations() -> None:
    assert len({row.operation_id for row in ROWS_HERE}) == 74


@pytest.mark.parametrize("row", GUARDED, ids=ids)
def test_without_a_key_nothing_is_answered(row: Route, cloud: None) -> None:
    answer = Client().send(row.verbs, re.sub(r"{\w+}", "x", row.path), {} if row.takes else None, key=None)
    assert (answer.status, answer.body["statusCode"]) == (401, 401)
    assert answer.body["path"] == re.sub(r"{\w+}", "x", row.path)


@pytest.mark.parametrize("row", [row for row in GUARDED if row.takes], ids=ids)
@pytest.mark.parametrize("raw", [b"{", b"[1]", b'{"a": NaN}'], ids=["broken", "list", "nan"])
def test_a_body_that_cannot_be_read_is_refused(row: Route, client: Client, raw: bytes) -> None:
    answer = client.send(row.verbs, re.sub(r"{\w+}", "x", row.path), raw=raw)
    assert (answer.status, isinstance(answer.body["message"], str)) == (400, True)


@pytest.mark.parametrize("row", [row for row in GUARDED if "{" in row.path and row.takes is None], ids=ids)
def test_what_is_unknown_is_not_found(row: Route, workspace: str) -> None:
    path = row.path.replace("{parameter}", "global").replace("{type}", "primary")
    answer = CheckedClient(workspace).send(row.verbs, re.sub(r"{\w+}", "nobody", path))
    lenient = {"cancelTriggered": 200, "getSubscriberFeed": 400, "getSubscriberUnseenCount": 400}
    assert answer.status == lenient.get(row.operation_id, 404), answer.body


def make(client: Client) -> dict[str, str]:
    """Make one of everything; every answer on the way is checked."""
    group = client.post("/v1/notification-groups", {"name": "g"}).body["data"]["_id"]
    feed = client.post("/v1/feeds", {"name": "f"}).body["data"]["_id"]
    step = {"template": {"type": "in_app", "content": "Hi {{name}}", "feedId": feed}}
    step["variants"] = [
        {**step, "filters": [{"children": [{"on": "payload", "field": "x", "operator": "IS_DEFINED"}]}]}
    ]
    waits = {"amount": 1, "unit": "hours"}
    steps = [step, *({"template": {"type": kind}, "metadata": waits} for kind in ("delay", "digest"))]
    flow = {
        "name": "Hello",
        "notificationGroupId": group,
        "active": True,
        "steps": steps,
        "tags": ["t"],
        "data": {"a": 1},
    }
    return {
        "group": group,
        "feed": feed,
        "workflow": client.post("/v1/workflows", flow).body["data"]["_id"],
        "layout": client.post("/v1/layouts", {"name": "l", "content": "<i>{{{body}}}</i>"}).body["data"]["_id"],
        "integration": client.post("/v1/integrations", {"providerId": "twilio", "channel": "sms"}).body["data"]["_id"],
    }


def test_the_life_of_everything_is_answered_in_the_shapes_of_the_contract(workspace: str) -> None:
    from chalicelib.channels import workers
    from tests.queues import drain

    client = CheckedClient(workspace)
    made = make(client)
    client.post("/v1/subscribers", {"subscriberId": "ann", "email": "ann@example.com", "data": {"a": 1}})
    client.post("/v1/subscribers/bulk", {"subscribers": [{"subscriberId": "bob"}, {"email": "x"}]})
    client.post("/v1/topics", {"key": "t", "name": "T"})
    client.post("/v1/topics/t/subscribers", {"subscribers": ["bob", "nobody"]})
    to = ["ann", {"type": "Topic", "topicKey": "t"}]
    sent = client.post("/v1/events/trigger", {"name": "hello", "to": to, "payload": {"name": "x"}})
    client.post("/v1/events/trigger/bulk", {"events": [{"name": "hello", "to": "ann"}, {"name": "nope", "to": "a"}]})
    client.post("/v1/events/trigger/broadcast", {"name": "hello"})
    drain("channels_notify", workers.notify)
    message = client.get("/v1/subscribers/ann/notifications/feed?feedIdentifier=f").body["data"][0]["_id"]
    run = client.get("/v1/notifications").body["data"][0]["_id"]
    transaction = sent.body["data"]["transactionId"]
    for path in (
        "/v1/integrations", "/v1/integrations/active", "/v1/subscribers", "/v1/subscribers/ann",
        "/v1/subscribers/ann/preferences", "/v1/subscribers/ann/preferences/global", "/v1/topics", "/v1/topics/t",
        "/v1/subscribers/ann/notifications/unseen", "/v1/topics/t/subscribers/bob", "/v1/notifications/stats",
        "/v1/notifications/graph/stats", f"/v1/notifications/{run}", "/v1/messages", "/v1/workflows",
        "/v1/notification-templates/hello", "/v1/notification-groups", f"/v1/notification-groups/{made['group']}",
        "/v1/layouts", f"/v1/layouts/{made['layout']}", "/v1/feeds", "/v1/environments", "/v1/environments/me",
        "/v1/organizations", "/v1/organizations/me",
    ):  # fmt: skip
        assert client.get(path).status == 200, path
    whole = client.get(f"/v1/notifications/{run}").body["data"]
    details = client.get(f"/v1/execution-details?notificationId={run}&subscriberId={whole['_subscriberId']}").body[
        "data"
    ]
    assert details[0]["detail"]
    marked = client.post("/v1/subscribers/ann/messages/markAs", {"messageId": message, "mark": {"seen": True}})
    assert marked.body["data"][0]["seen"] is True
    client.post("/v1/subscribers/ann/messages/mark-as", {"messageId": [message], "markAs": "read"})
    client.post("/v1/subscribers/ann/messages/mark-all", {"markAs": "unread"})
    client.post(f"/v1/subscribers/ann/messages/{message}/actions/primary", {"status": "done", "payload": {"a": 1}})
    client.patch("/v1/subscribers/ann/online-status", {"online": False})
    client.patch("/v1/subscribers/ann/preferences", {"preferences": [{"type": "sms", "enabled": False}]})
    client.patch(
        f"/v1/subscribers/ann/preferences/{made['workflow']}", {"channel": {"type": "in_app", "enabled": False}}
    )
    client.put("/v1/subscribers/ann", {"firstName": "Ann"})
    client.patch("/v1/topics/t", {"name": "U"})
    client.put(f"/v1/integrations/{made['integration']}", {"active": True})
    client.post(f"/v1/integrations/{made['integration']}/set-primary")
    client.put(f"/v1/workflows/{made['workflow']}", {"description": "d"})
    client.put(f"/v1/workflows/{made['workflow']}/status", {"active": False})
    client.patch(f"/v1/layouts/{made['layout']}", {"name": "m"})
    client.post(f"/v1/layouts/{made['layout']}/default")
    client.patch(f"/v1/notification-groups/{made['group']}", {"name": "h"})
    client.patch("/v1/organizations", {"name": "Acme"})
    client.put("/v1/organizations/branding", {"color": "#fff", "direction": "ltr"})
    for path in (
        f"/v1/messages/{message}", f"/v1/messages/transaction/{transaction}", f"/v1/events/trigger/{transaction}",
        f"/v1/workflows/{made['workflow']}", f"/v1/feeds/{made['feed']}", f"/v1/integrations/{made['integration']}",
        f"/v1/notification-groups/{made['group']}", "/v1/subscribers/ann",
    ):  # fmt: skip
        assert client.delete(path).status in (200, 204), path
    client.post("/v1/topics/t/subscribers/removal", {"subscribers": ["bob"]})
    assert client.delete("/v1/topics/t").status == 204


# --- what is said of it ----------------------------------------------------------------------------------------------


def table(text: str, heading: str, number: int = 0) -> list[list[str]]:
    """Read a table under a heading of the page: its rows without the head."""
    section = text.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    blocks = re.findall(r"(?:^\|.*\|\n?)+", section, re.MULTILINE)
    return [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in blocks[number].strip().split("\n")[2:]]


def page() -> str:
    return (ROOT / "docs/CHANNELS.md").read_text()


def test_the_page_lists_every_operation_as_it_is_served() -> None:
    said = {cells[0]: cells[1] for cells in table(page(), "Operations")}
    served: dict[str, list[str]] = {}
    for row in ROWS_HERE:
        served.setdefault(row.operation_id, []).append(f"`{row.verbs} {row.path}`")
    assert said == {name: ", ".join(places) for name, places in served.items()}
    assert len(said) == 74


def test_the_page_lists_every_provider_as_it_delivers_or_refuses() -> None:
    delivering = {cells[0]: cells[1] for cells in table(page(), "Providers")}
    refusing = {cells[0]: cells[1].split(", ") for cells in table(page(), "Providers", 1)}
    homes = {name: channel for channel, found in catalogue.BY_CHANNEL.items() for name in found if channel != "in_app"}
    assert delivering == {name: channel for name, channel in homes.items() if name in providers.DELIVERING}
    assert {name: channel for channel, names in refusing.items() for name in names} == {
        name: channel for name, channel in homes.items() if name not in providers.DELIVERING
    }


def test_the_readme_counts_operations_and_providers_as_they_are() -> None:
    readme = (ROOT / "README.md").read_text()
    found = re.search(r"\| channels .*all (\d+) operations; (\d+) providers deliver, the other (\d+) refuse", readme)
    assert found is not None
    listed = sum(len(names) for channel, names in catalogue.BY_CHANNEL.items() if channel != "in_app")
    assert [int(one) for one in found.groups()] == [
        len({row.operation_id for row in ROWS_HERE}),
        len(providers.DELIVERING),
        listed - len(providers.DELIVERING),
    ]


@lru_cache(maxsize=1)
def described() -> Json:
    """The part of the document that describes this surface."""
    return document.build([(surface, row) for surface, row in ROWS if surface == NOVU], "https://api.example.com")


def resolved(schema: Json, shared: Json) -> Json:
    return shared[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def compare(ours: Json, theirs: Json, place: str, depth: int = 0) -> None:
    """Hold a shape of the document against the contract's: no member unknown there, all that are always there."""
    own, known = described()["components"]["schemas"], contract()["components"]["schemas"]
    ours, theirs = resolved(ours, own), resolved(theirs, known)
    if depth > 6 or "properties" not in theirs or "properties" not in ours:
        return
    assert set(ours["properties"]) <= set(theirs["properties"]), place
    assert set(theirs.get("required", ())) <= set(ours.get("required", ())), place
    for name, one in ours["properties"].items():
        other = theirs["properties"][name]
        compare(one.get("items", one), other.get("items", other), f"{place}.{name}", depth + 1)


def test_the_document_of_this_surface_is_valid() -> None:
    OpenAPIV31SpecValidator(described()).validate()


@pytest.mark.parametrize("row", ROWS_HERE, ids=ids)
def test_the_document_describes_answers_as_the_contract_does(row: Route) -> None:
    said = operations()[row.verbs, plain(row.path)]["responses"]
    path = next(path for path in described()["paths"] if plain(path) == plain(row.path))
    shown = described()["paths"][path][row.verbs.lower()]["responses"]
    assert {status for status in shown if status[0] in "23"} == {status for status in said if status[0] in "23"}
    for status, answer in said.items():
        wanted = answer.get("content", {}).get("application/json", {}).get("schema")
        if status[0] == "2" and wanted is not None:
            compare(shown[status]["content"]["application/json"]["schema"], wanted, f"{row.operation_id}")
