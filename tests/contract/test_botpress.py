"""The chat surface against its contract: every operation, every status, every shape that is answered."""

from __future__ import annotations

import base64
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

import app as _app  # noqa: F401 registers every row
from chalicelib.edge.auth import PUBLIC, SCOPES
from chalicelib.edge.failures import BOTPRESS, botpress_type
from chalicelib.edge.route import ROWS, Body, Route
from chalicelib.platform.reference import document
from tests.client import Answer, Client, resolve

ROOT = Path(__file__).parents[2]
Json = dict[str, Any]
ROWS_HERE = [row for surface, row in ROWS if surface == BOTPRESS]
GUARDED = [row for row in ROWS_HERE if row.scope != PUBLIC]
WITH_BODY = [row for row in ROWS_HERE if row.takes not in (None, Body.RAW)]
NAMED = [row for row in GUARDED if "{" in row.path]
ADDITIVE = {
    "createBotKey", "pingBot", "createIntegrationKey", "pingIntegration", "getIntegrationAsset", "receiveWebhook",
    "receiveWebhookBelow", "showPublicFile",
}  # fmt: skip
OBJECT: Json = {"schema": {"type": "object"}}


@lru_cache(maxsize=1)
def contract() -> Json:
    return yaml.safe_load((ROOT / "contract/botpress.yaml").read_text())


def plain(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path)


def operations() -> dict[tuple[str, str], Json]:
    """Every (verb, path without names)."""
    return {
        (verb.upper(), plain(path)): operation
        for path, item in contract()["paths"].items()
        for verb, operation in item.items()
    }


def ids(row: Route) -> str:
    return f"{row.operation_id} {row.path}"


def errors_of(schema: Json, value: Any) -> list[str]:
    validator = jsonschema_rs.validator_for({**schema, "components": contract()["components"]})
    return [f"{one.instance_path}: {one.message}" for one in validator.iter_errors(value)]


def check(answer: Answer, place: tuple[str, str]) -> None:
    """Hold an answer against what the contract says for its status, and against what our own document says."""
    said = operations()[place]["responses"].get(str(answer.status))
    assert said is not None, (place, answer.status, answer.body)
    if "$ref" in said:
        named = contract()["components"]["responses"][said["$ref"].rpartition("/")[2]]
        assert answer.body["type"] in named["x-error-types"], (place, answer.body)
        said = named
    if "application/json" in said.get("content", {}):
        assert errors_of(said["content"]["application/json"]["schema"], answer.body) == [], (place, answer.body)
    told = own_responses()[place].get(str(answer.status))
    assert told is not None, (place, answer.status, "is not in our document")
    told = made()["components"]["responses"][told["$ref"].rpartition("/")[2]] if "$ref" in told else told
    if "application/json" in told["content"]:
        schema = {**told["content"]["application/json"]["schema"], "components": made()["components"]}
        wrong = [
            f"{one.instance_path}: {one.message}"
            for one in jsonschema_rs.validator_for(schema).iter_errors(answer.body)
        ]
        assert wrong == [], (place, answer.body)


@lru_cache(maxsize=1)
def made() -> Json:
    return document.document()


@lru_cache(maxsize=1)
def own_responses() -> dict[tuple[str, str], Json]:
    return {
        (verb.upper(), plain(path)): operation["responses"]
        for path, item in made()["paths"].items()
        for verb, operation in item.items()
    }


class CheckedClient(Client):
    """Holds every answer against the contract; acts for a bot, and for an integration in it, when they are set."""

    bot = integration = ""

    def send(self, method: str, path: str, body: Any = None, **more: Any) -> Answer:
        """Send a request and check its answer."""
        acting = {"x-bot-id": self.bot} if self.bot else {}
        if self.integration:
            acting["x-integration-id"] = self.integration
        answer = super().send(method, path, body, headers={**acting, **(more.pop("headers", None) or {})}, **more)
        check(answer, (method, plain(resolve(path.partition("?")[0])[0])))
        return answer

    def good(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        """Send a request that succeeds."""
        answer = self.send(method, path, body, **more)
        assert answer.status in (200, 201), answer.body
        return answer.body


def test_the_rows_are_those_of_the_contract_and_the_additive_ones() -> None:
    found = {(row.verbs, plain(row.path)): row.operation_id for row in ROWS_HERE if row.operation_id not in ADDITIVE}
    assert found == {place: operation["operationId"] for place, operation in operations().items()}
    assert {row.operation_id for row in ROWS_HERE} - set(found.values()) == ADDITIVE


def test_there_are_55_operations_and_11_requests_out() -> None:
    assert len(operations()) == 55
    assert len(contract()["webhooks"]) == 11


def test_our_document_shows_every_parameter_of_the_contract() -> None:
    own = {
        (verb.upper(), plain(path)): {(one["name"], one["in"]) for one in operation.get("parameters", ())}
        for path, item in made()["paths"].items()
        for verb, operation in item.items()
    }
    for place, operation in operations().items():
        named = [one["$ref"].rpartition("/")[2] if "$ref" in one else one for one in operation.get("parameters", ())]
        wanted = [contract()["components"]["parameters"][one] if isinstance(one, str) else one for one in named]
        missing = {(one["name"], one["in"]) for one in wanted if one["in"] != "path"} - own[place]
        assert missing == set(), place


@pytest.mark.parametrize("row", GUARDED, ids=ids)
def test_without_a_key_nothing_is_answered(row: Route, cloud: None) -> None:
    path = re.sub(r"{\w+}", "x", row.path)
    for key in (None, "unknown"):
        answer = Client().send(row.verbs, path, {} if row.takes else None, key=key)
        assert (answer.status, answer.body["type"]) == (401, "Unauthorized")
        assert errors_of({"$ref": "#/components/schemas/Error"}, answer.body) == []


@pytest.mark.parametrize("row", GUARDED, ids=ids)
def test_a_key_without_the_scope_is_refused(row: Route, client: Client) -> None:
    weak = client.post("/v1/admin/keys", {"name": "weak", "scopes": sorted(SCOPES - {row.scope})}).ok()["key"]
    answer = client.send(row.verbs, re.sub(r"{\w+}", "x", row.path), {} if row.takes else None, key=weak)
    assert (answer.status, answer.body["type"]) == (403, "Forbidden")


@pytest.mark.parametrize("row", WITH_BODY, ids=ids)
@pytest.mark.parametrize(
    ("raw", "status"),
    [(b"{", 400), (b"[1]", 400), (b'{"a": NaN}', 400), (b"[" * 70 + b"]" * 70, 400), (b'{"a":1,"a":2}', 400)],
    ids=["broken", "list", "nan", "deep", "twice"],
)
def test_a_body_that_cannot_be_read_is_refused(row: Route, client: Client, raw: bytes, status: int) -> None:
    answer = client.send(row.verbs, re.sub(r"{\w+}", "x", row.path), raw=raw)
    assert (answer.status, answer.body["type"]) == (status, "InvalidPayload")
    assert errors_of({"$ref": "#/components/schemas/Error"}, answer.body) == []


@pytest.mark.parametrize("row", WITH_BODY, ids=ids)
def test_a_body_that_is_too_large_or_of_another_type_is_refused(row: Route, client: Client) -> None:
    path, most = re.sub(r"{\w+}", "x", row.path), getattr(row.takes, "MAX_BYTES", 0)
    large = client.send(row.verbs, path, raw=b" " * most + b"{}")
    assert (large.status, large.body["type"]) == (413, "PayloadTooLarge")
    media = client.send(row.verbs, path, raw=b"<a/>", headers={"content-type": "text/xml"})
    assert (media.status, media.body["type"]) == (415, "UnsupportedMediaType")


@pytest.mark.parametrize("row", GUARDED, ids=ids)
def test_any_other_verb_is_refused(row: Route, client: Client) -> None:
    taken = {verb for _, other in ROWS if other.path == row.path for verb in other.verbs.split(",")}
    for verb in sorted({"GET", "POST", "PUT", "PATCH", "DELETE"} - taken):
        answer = client.send(verb, re.sub(r"{\w+}", "x", row.path))
        assert (answer.status, answer.body["type"]) == (405, "MethodNotFound")


@pytest.mark.parametrize("row", NAMED, ids=ids)
def test_what_is_unknown_is_not_found(row: Route, client: Client) -> None:
    bot = client.post("/v1/admin/bots", {}).ok()["bot"]["id"]
    bodies = {
        "updateUser": {"tags": {}},
        "updateMessage": {"tags": {}},
        "transferBot": {"targetWorkspaceId": "x"},
        "setState": {"payload": {}},
        "patchState": {"payload": {}},
    }
    path = row.path.replace("{type}", "bot")
    query = {"type": "fullscreen"} if row.operation_id == "getBotWebchat" else {}
    wanted = (404, "ResourceNotFound")
    if row.operation_id == "setState":
        wanted = (400, "ReferenceNotFound")  # nobody declares a state of this name
    body = bodies.get(row.operation_id, {}) if row.takes else None
    answer = client.send(row.verbs, re.sub(r"{\w+}", "nobody", path), body, headers={"x-bot-id": bot}, query=query)
    assert (answer.status, answer.body["type"]) == wanted, answer.body


def test_every_error_of_the_contract_can_be_answered() -> None:
    from chalicelib.core import errors
    from chalicelib.edge import failures

    made: list[Any] = [
        errors.InvalidInput.at("body.x", "m"), errors.InvalidInput.at("query.x", "m"), errors.Unauthenticated("m"),
        errors.Forbidden("m"), errors.NotFound("m"), errors.AlreadyExists("m"), errors.InUse("m"), errors.TooLarge("m"),
        errors.UnsupportedMedia("m"), errors.RateLimited("m", 1), errors.UpstreamFailed("m"), errors.Unavailable("m"),
        errors.PlatformError("m"), failures.MethodNotAllowed("GET"),
        *(errors.InvalidInput.at("body.x", "m", kind) for kind in
          ("json_schema", "data_format", "identifier", "reference", "runtime")),
    ]  # fmt: skip
    wanted = set(contract()["components"]["schemas"]["Error"]["properties"]["type"]["enum"])
    assert {botpress_type(error) for error in made} == wanted
    for error in made:
        body = failures.render(BOTPRESS, error, "r-1").body
        assert errors_of({"$ref": "#/components/schemas/Error"}, body) == []
        assert body["code"] == body["status"]


BOT = {
    "name": "Ada",
    "states": {"count": {"type": "bot", "schema": {"type": "object"}, "expiry": 60_000}},
    "tags": {"users": ["plan"], "conversations": [], "messages": []},
    "events": {"tick": OBJECT},
    "recurringEvents": {"daily": {"schedule": {"cron": "0 6 * * *"}, "type": "tick", "payload": {}}},
    "configuration": {"data": {"a": 1}, "schema": {"type": "object"}},
    "medias": [{"url": "https://example.com/a.png", "name": "a"}],
    "code": "function handler(request) { return {} }",
}
INTEGRATION = {
    "name": "chat",
    "version": "0.1.0",
    "public": True,
    "title": "Chat",
    "description": "d",
    "code": "function handler(request) { return { output: { ok: true }, user: {id: 'x'} } }",
    "channels": {"room": {"messages": {"text": OBJECT}, "tags": {"conversations": ["id"], "messages": ["ts"]}}},
    "actions": {"ask": {"input": OBJECT, "output": OBJECT}},
    "events": {"opened": OBJECT},
    "states": {"kept": {"type": "integration", "schema": {"type": "object"}}},
    "user": {"tags": {"id": {"title": "Id"}}, "creation": {"enabled": False, "requiredTags": []}},
    "configuration": {"schema": {"type": "object"}},
    "icon": base64.b64encode(b"<svg/>").decode(),
    "readme": base64.b64encode(b"# Chat").decode(),
}


def test_the_life_of_everything_is_answered_in_the_shapes_of_the_contract(workspace: str) -> None:
    client = CheckedClient(workspace)
    made = client.good("POST", "/v1/admin/workspaces", {"name": "Second"})["id"]
    client.good("PUT", f"/v1/admin/workspaces/{made}", {"name": "Third", "accountType": "premium"})
    for path in ("/v1/admin/workspaces", f"/v1/admin/workspaces/{made}"):
        client.good("GET", path)
    bot = client.good("POST", "/v1/admin/bots", BOT)["bot"]["id"]
    integration = client.good("POST", "/v1/admin/integrations", INTEGRATION)["integration"]["id"]
    client.good("PUT", f"/v1/admin/bots/{bot}", {"integrations": {integration: {"configuration": {"a": 1}}}})
    client.good("PUT", f"/v1/admin/integrations/{integration}", {"title": "Chat 2"})
    span = "startDate=2026-01-01T00:00:00Z&endDate=2026-01-02T00:00:00Z"
    for path in (
        "/v1/admin/bots", f"/v1/admin/bots/{bot}", f"/v1/admin/bots/{bot}/logs",
        f"/v1/admin/bots/{bot}/analytics?{span}",
        "/v1/admin/integrations", f"/v1/admin/integrations/{integration}", f"/v1/admin/integrations/{integration}/logs",
        "/v1/admin/integrations/chat/latest", "/v1/admin/hub/integrations", "/v1/admin/hub/integrations/chat/0.1.0",
        f"/v1/admin/hub/integrations/{integration}",
    ):  # fmt: skip
        client.good("GET", path)
    live_in_a_conversation(client, bot, integration)
    client.bot = client.integration = ""
    client.good("POST", f"/v1/admin/bots/{bot}/transfer", {"targetWorkspaceId": made})
    client.good("DELETE", f"/v1/admin/bots/{bot}", headers={"x-workspace-id": made})
    client.good("DELETE", f"/v1/admin/workspaces/{made}")
    refused = client.send("DELETE", f"/v1/admin/integrations/{integration}")
    assert refused.body["type"] == "RelationConflict"


def live_in_a_conversation(client: CheckedClient, bot: str, integration: str) -> None:
    client.bot, client.integration = bot, integration
    tags = {"tags": {"chat:id": "1"}}
    user = client.good("POST", "/v1/chat/users", tags)["user"]["id"]
    client.good("POST", "/v1/chat/users/get-or-create", tags)
    room = client.good("POST", "/v1/chat/conversations", {"channel": "room", **tags})["conversation"]["id"]
    client.good("POST", "/v1/chat/conversations/get-or-create", {"channel": "room", **tags})
    said = {"userId": user, "conversationId": room, "type": "text", "payload": {"text": "hi"}, "tags": {"ts": "1"}}
    message = client.good("POST", "/v1/chat/messages", said)["message"]["id"]
    client.good("POST", "/v1/chat/messages/get-or-create", said)
    client.good("PUT", f"/v1/chat/messages/{message}", {"tags": {"ts": "2"}})
    event = client.good("POST", "/v1/chat/events", {"type": "opened", "payload": {}, "schedule": {"delay": 1}})["event"]
    state = f"/v1/chat/states/integration/{integration}/kept"
    client.good("POST", state, {"payload": {"a": 1}})
    client.good("PATCH", state, {"payload": {"b": 1}})
    client.good("GET", state)
    client.integration = ""
    client.good("PUT", f"/v1/chat/users/{user}", {"tags": {"plan": "gold"}})
    client.good("PUT", f"/v1/chat/conversations/{room}", {"participantIds": [user]})
    client.good("POST", "/v1/chat/actions", {"type": "chat:ask", "input": {}})
    upload = {"botId": bot, "contents": "YQ==", "name": "a.txt", "accessType": "public"}
    file = client.good("POST", "/v1/storage/files", upload)["file"]["id"]
    for path in (
        "/v1/chat/users", f"/v1/chat/users/{user}", f"/v1/chat/users?conversationId={room}", "/v1/chat/conversations",
        f"/v1/chat/conversations/{room}", f"/v1/chat/messages?conversationId={room}", f"/v1/chat/messages/{message}",
        "/v1/chat/events", f"/v1/chat/events/{event['id']}", f"/v1/chat/events/{message}", f"/v1/storage/files/{file}",
        f"/v1/storage/files?botId={bot}",
    ):  # fmt: skip
        client.good("GET", path)
    for path in (f"/v1/storage/files/{file}", f"/v1/chat/messages/{message}", f"/v1/chat/users/{user}"):
        client.good("DELETE", path)
    client.good("DELETE", f"/v1/chat/conversations/{room}")


def test_what_is_sent_out_is_what_the_contract_says(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every operation but the two that are optional for bots, seen at the url."""
    from tests.contract.botpress_requests import sent_requests

    seen = sent_requests(client, monkeypatch)
    hooks = {name: one["post"] for name, one in contract()["webhooks"].items()}
    wanted = set(hooks) - {"botRegister", "botUnregister"}
    assert set(seen) == wanted
    for name, requests in seen.items():
        hook = hooks[name]
        schema = hook["requestBody"]["content"]["application/json"]["schema"]
        for headers, body in requests:
            assert errors_of(schema, body) == [], (name, body)
            for parameter in hook["parameters"]:
                assert headers.get(parameter["name"]), (name, parameter["name"])
                constant = parameter["schema"].get("const")
                assert constant in (None, headers[parameter["name"]])
