"""Requests that mean harm: each is answered by a 4xx in this surface's shape, and nobody sees what is not theirs."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest

import app as _app  # noqa: F401 registers every row
from chalicelib.chat.rules import check_cron
from chalicelib.core.errors import InvalidInput
from chalicelib.edge.auth import PUBLIC
from chalicelib.edge.failures import BOTPRESS
from chalicelib.edge.route import ROWS, Body, Route
from tests.api.chat.world import World
from tests.client import Answer, Client

Json = dict[str, Any]
KEYS = {"id", "code", "type", "message", "description", "status"}
HERE = [row for surface, row in ROWS if surface == BOTPRESS]
WITH_BODY = [row for row in HERE if row.takes not in (None, Body.RAW)]
NAMED = [row for row in HERE if "{" in row.path and row.scope != PUBLIC and row.operation_id != "getState"]
DEEP: Any = "x"
for _ in range(40):
    DEEP = {"a": [DEEP]}
HOSTILE: list[Any] = [
    None,
    [],
    {},
    0,
    -1,
    1e308,
    10**38,
    True,
    "",
    "x" * 70_000,
    "a#b",
    "..",
    "../../etc/passwd",
    "a\x00b",
    "a\r\nX-Y: z",
    "\ud800",
    "__proto__",
    {"__proto__": {"a": 1}},
    {"": ""},
    {"constructor": None},
    {"$ref": "#"},
    [[[[]]]],
    DEEP,
    "http://169.254.169.254/latest/meta-data",
    "file:///etc/passwd",
    "${7*7}",
    {"type": "object", "$ref": "http://a.b"},
]
ODD_IDS = (
    "x",
    "%23",
    "a%23b",
    "..",
    "%00",
    "%2e%2e%2f",
    "%F0%9F%98%80",
    "%ff",
    "a" * 3_000,
    "-",
    "0",
    "null",
    "%7B%7D",
    "~",
    "%20",
    "01a202a7-674f-75d3-9560-cd38d8688ab4",
    "x.y",
    "x.01a202a7-674f-75d3-9560-cd38d8688ab4",
    "get-or-create%2F",
    "%25",
)


def ids(row: Route) -> str:
    return row.operation_id


def is_refused(answer: Answer) -> bool:
    """Say whether this is a 4xx in the surface's shape that tells nothing of the inside."""
    fits = 400 <= answer.status < 500 and answer.body.keys() == KEYS and answer.body["code"] == answer.status
    return fits and not re.search(r"Traceback|File \"|chalicelib|boto|dynamodb", str(answer.body))


def is_fine(answer: Answer) -> bool:
    return answer.status < 300 or is_refused(answer)


def fields_of(shape: Any) -> list[str]:
    return [field.alias or name for name, field in shape.model_fields.items()]


def good_body(world: World, row: Route, user: str, room: str) -> Json:
    """Give a body that the row takes, so that one field at a time can be spoilt."""
    known: dict[str, Json] = {
        "authenticate": {"clientKey": "x", "clientSecret": "x"},
        "createWorkspace": {"name": "x"},
        "transferBot": {"targetWorkspaceId": world.client.key},
        "createBot": {"name": "x"},
        "createIntegration": {"name": "other", "version": "1.0.0"},
        "callAction": {"type": "chat:none", "input": {}},
        "createUser": {"tags": {}},
        "getOrCreateUser": {"tags": {"chat:id": "1"}},
        "updateUser": {"tags": {}},
        "createConversation": {"channel": "room", "tags": {}},
        "getOrCreateConversation": {"channel": "room", "tags": {"chat:id": "1"}},
        "updateConversation": {"tags": {}},
        "createEvent": {"type": "opened", "payload": {"text": "x"}},
        "createMessage": world.message_body(user, room),
        "getOrCreateMessage": world.message_body(user, room, tags={"ts": "1"}),
        "updateMessage": {"tags": {}},
        "setState": {"payload": {}},
        "patchState": {"payload": {}},
        "createFile": {"botId": world.bot, "contents": "YQ==", "name": "a", "accessType": "private"},
    }
    return known.get(row.operation_id, {})


def place_of(world: World, row: Route, user: str, room: str, message: str) -> str:
    """Fill a row's path with what is there."""
    if "/states/" in row.path:
        return f"/v1/chat/states/bot/{world.bot}/memo"
    there = {"users": user, "conversations": room, "messages": message, "bots": world.bot}
    noun = row.path.split("/{id}")[0].rpartition("/")[2]
    return row.path.replace("{id}", there.get(noun, world.integration)).replace("{version}", "0.1.0")


@pytest.mark.parametrize("row", WITH_BODY, ids=ids)
def test_no_value_in_any_field_is_a_bug(client: Client, row: Route) -> None:
    full = World(client, states={"memo": {"type": "bot", "schema": {}}})
    user, room = full.user()["id"], full.conversation()["id"]
    message = full.hear(user, room)["id"]
    headers = {"x-bot-id": full.bot}
    if row.path.startswith("/v1/chat/") and "/states/" not in row.path and "/actions" not in row.path:
        headers["x-integration-id"] = full.integration
    path, good = place_of(full, row, user, room, message), good_body(full, row, user, room)
    spoilt = [{**good, field: value} for field in fields_of(row.takes) for value in HOSTILE]
    spoilt += [{**good, "unknown": 1}, {**good, "__proto__": {}}, {**good, "workspaceId": "other", "home": "other"}]
    for body in spoilt:
        answer = full.client.send(row.verbs, path, body, headers=headers)
        assert is_fine(answer), (body, answer)


@pytest.mark.parametrize("row", NAMED, ids=ids)
def test_no_id_in_a_path_is_a_bug(world: World, row: Route) -> None:
    for odd in ODD_IDS:
        path = re.sub(r"{\w+}", odd, row.path.replace("{type}", "bot"))
        body: Json | None = {} if row.takes else None
        for headers in ({"x-bot-id": world.bot}, {"x-bot-id": world.bot, "x-integration-id": world.integration}):
            answer = world.client.send(row.verbs, path, body, headers=headers)
            assert is_refused(answer) or (odd == "-" and answer.status == 200), (path, answer)


@pytest.mark.parametrize("name", ["x-bot-id", "x-integration-id", "x-workspace-id"])
def test_no_header_is_a_bug(world: World, name: str) -> None:
    for odd in ("", " ", "x" * 5_000, "a#b", "é", "\ud800", "%00", "a\tb", "null", "{}", world.bot + "#", "-"):
        for path in ("/v1/chat/users", "/v1/chat/messages", "/v1/admin/bots", f"/v1/storage/files?botId={world.bot}"):
            answer = world.client.get(path, headers={"x-bot-id": world.bot, name: odd})
            assert is_fine(answer), (path, odd, answer)


@pytest.mark.parametrize(
    "query",
    [
        "nextToken=x",
        "nextToken=" + "A" * 5_000,
        "nextToken=%00",
        "tags.=1",
        "tags[=1",
        "tags[]=1",
        "tags.a=1&tags.a=2",
        "tags.%00=1",
        "tags." + "x" * 3_000 + "=1",
        "tags.vip=" + "x" * 3_000,
        "participantIds=" + "x" * 3_000,
        "&".join(f"participantIds=p{number}" for number in range(500)),
        "&".join(f"tags.t{n}=1" for n in range(500)),
        "conversationId=a%23b",
        "conversationId=" + "x" * 3_000,
        "type=%00",
        "type=" + "x" * 3_000,
        "limit=-1",
        "participantIds=%00",
        "conversationId=%00",
        "name=%23&version=latest",
        "name=" + "x" * 3_000,
        "version=latest",
    ],
)
def test_no_query_is_a_bug(world: World, query: str) -> None:
    for noun in (
        "chat/users",
        "chat/conversations",
        "chat/messages",
        "chat/events",
        "admin/bots",
        "admin/integrations",
        "admin/hub/integrations",
        "admin/workspaces",
        f"admin/bots/{world.bot}/analytics",
    ):
        answer = world.client.get(f"/v1/{noun}?{query}", headers={"x-bot-id": world.bot})
        assert is_fine(answer), (noun, answer)


@pytest.mark.parametrize("row", NAMED, ids=ids)
def test_what_is_another_workspaces_is_not_there(world: World, stranger: Client, row: Route) -> None:
    user, room = world.user()["id"], world.conversation()["id"]
    path = place_of(world, row, user, room, world.hear(user, room)["id"])
    own = stranger.post("/v1/admin/bots", {"states": {"memo": {"type": "bot", "schema": {}}}}).ok()["bot"]["id"]
    body = good_body(world, row, user, room) if row.takes else None
    query = {"type": "fullscreen", "startDate": "2026-01-01", "endDate": "2026-01-02"}
    for headers in ({}, {"x-bot-id": world.bot}, {"x-bot-id": own}, {"x-bot-id": own, "x-workspace-id": own}):
        answer = stranger.send(row.verbs, path, body, headers=headers, query=query)
        assert is_refused(answer), answer
        assert answer.body["type"] in ("ResourceNotFound", "Forbidden", "InvalidPayload", "ReferenceNotFound"), answer


def test_a_page_token_opens_only_the_list_it_came_from(world: World, stranger: Client) -> None:
    for number in range(21):
        world.user(id=str(number))
    token = world.as_bot("GET", "/users").ok()["meta"]["nextToken"]
    assert world.as_bot("GET", f"/users?nextToken={token}").status == 200
    other = world.client.post("/v1/admin/bots", {}).ok()["bot"]["id"]
    bent = token[:-2] + ("AA" if token[-2:] != "AA" else "BB")
    for answer in (
        world.as_bot("GET", f"/messages?nextToken={token}"),
        world.as_bot("GET", f"/users?tags.plan=x&nextToken={token}"),
        world.as_integration("GET", f"/users?nextToken={token}"),
        world.as_bot("GET", f"/users?nextToken={bent}"),
        world.client.get(f"/v1/chat/users?nextToken={token}", headers={"x-bot-id": other}),
        stranger.get(f"/v1/admin/bots?nextToken={token}"),
    ):
        assert (answer.status, answer.body["type"]) == (400, "InvalidQuery")


def bomb(depth: int) -> Json:
    """Build a schema that asks twice for each of `depth` levels: 2 to the power of it in all."""
    parts = {f"a{n}": {"anyOf": [{"$ref": f"#/$defs/a{n + 1}"}] * 2} for n in range(depth)}
    return {"$ref": "#/$defs/a0", "$defs": {**parts, f"a{depth}": {"type": "string"}}}


@pytest.mark.parametrize(
    ("schema", "payload"),
    [
        (bomb(30), {"a": 1}),
        ({"properties": {"a": {"pattern": "^(a+)+$"}}}, {"a": "a" * 40 + "!"}),
        (
            {"type": "object", "properties": {"a": {"type": "array", "uniqueItems": True}}},
            {"a": [{"b": n} for n in range(5_000)]},
        ),
    ],
    ids=["doubling", "backtracking", "unique"],
)
def test_a_schema_that_takes_for_ever_is_given_up(client: Client, schema: Json, payload: Json) -> None:
    began = time.monotonic()
    made = client.post("/v1/admin/bots", {"states": {"memo": {"type": "bot", "schema": schema}}})
    if made.status == 200:
        bot = made.body["bot"]["id"]
        answer = client.post(f"/v1/chat/states/bot/{bot}/memo", {"payload": payload}, headers={"x-bot-id": bot})
        assert is_fine(answer), answer
    else:
        assert is_refused(made)
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "http://169.254.169.254/"},
        {"$ref": "file:///etc/passwd"},
        {"type": 5},
        {"pattern": "("},
        {"$id": "http://a/", "allOf": [{"$id": "b"}]},
    ],
)
def test_a_schema_that_cannot_be_used_is_refused_wherever_it_stands(client: Client, schema: Json) -> None:
    held = {"schema": schema}
    bodies: list[Json] = [
        {"events": {"rang": held}},
        {"states": {"memo": {"type": "bot", **held}}},
        {"configuration": held},
    ]
    kept = {"name": "loop", "version": "1.0.0"}
    bodies += [
        {**kept, "channels": {"room": {"messages": {"text": held}}}},
        {**kept, "actions": {"ask": {"input": held, "output": {"schema": {}}}}},
        {**kept, "actions": {"ask": {"input": {"schema": {}}, "output": held}}},
        {**kept, "states": {"memo": {"type": "integration", **held}}},
        {**kept, "configuration": held},
    ]
    for body in bodies:
        answer = client.post("/v1/admin/integrations" if "name" in body else "/v1/admin/bots", body)
        assert (answer.status, answer.body["type"]) == (400, "InvalidJsonSchema"), (body, answer)


@pytest.mark.parametrize(
    "cron",
    [
        "* * * * * *",
        "@reboot",
        "",
        "a b c d e",
        "60 * * * *",
        "*/0 * * * *",
        "0-99999999 * * * *",
        "0 0 31 2 *",
        "0 0 30 2 *",
        "H H * * *",
        "R R R R R",
        "1,2,,3 * * * *",
        "* * * * 8",
        "*/99999999999 * * * *",
        "* * * * *; ls",
        "0 0 ? * *?",
        "\u0661 * * * *",
        "- - - - -",
        "r r r r r",
        "1,R * * * *",
        "," * 99,
    ],
)
def test_a_schedule_that_is_no_cron_is_refused_at_once(client: Client, cron: str) -> None:
    began = time.monotonic()
    events: Json = {"tick": {"schema": {}}}
    recurring = {"often": {"schedule": {"cron": cron}, "type": "tick", "payload": {}}}
    answer = client.post("/v1/admin/bots", {"events": events, "recurringEvents": recurring})
    assert is_refused(answer), answer
    assert time.monotonic() - began < 2


def test_a_leap_day_is_a_schedule() -> None:
    check_cron("0 0 29 2 *", "cron")
    with pytest.raises(InvalidInput):
        check_cron("0 0 30 2 *", "cron")


def test_a_file_of_eleven_megabytes_is_refused(world: World) -> None:
    upload = {"botId": world.bot, "contents": "A" * (11 * 1_048_576 * 4 // 3), "name": "a", "accessType": "public"}
    answer = world.client.post("/v1/storage/files", upload)
    assert (answer.status, answer.body["type"]) == (413, "PayloadTooLarge")


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", 'a".html', "a;b=c.svg", "\u202egpj.exe", "%0d%0aX: y", "CON", ".", "é" * 120]
)
def test_a_files_name_says_nothing_to_a_browser(world: World, name: str) -> None:
    upload = {"botId": world.bot, "contents": "PHNjcmlwdD4=", "name": name, "accessType": "public"}
    made = world.client.post("/v1/storage/files", upload).ok()["file"]
    shown = world.client.get("/v1" + made["publicUrl"].partition("/v1")[2], key=None)
    assert (made["name"], shown.status, shown.headers["content-type"]) == (name, 200, "application/octet-stream")
    assert re.fullmatch(r"attachment; filename\*=UTF-8''[\w.%~-]*", shown.headers["content-disposition"], re.ASCII)
    assert shown.headers["x-content-type-options"] == "nosniff"


def test_a_path_that_nothing_is_at_is_refused_in_this_shape(client: Client) -> None:
    for path in ("/v1/chat/nothing", "/v1/admin/introspect", "/v1/storage/files/a/b/c", "/v1/chat/users/a/b"):
        answer = client.get(path, key=None)
        assert is_refused(answer)
        assert answer.body["type"] == "ResourceNotFound"


def test_an_address_inside_is_not_called(world: World) -> None:
    for url in ("http://169.254.169.254/", "http://localhost:1/", "http://[::1]/", "ftp://example.com/", "http://a@b/"):
        for path in (f"/v1/admin/bots/{world.bot}", f"/v1/admin/integrations/{world.integration}"):
            answer = world.client.put(path, {"url": url})
            if answer.status < 300:  # a name, or an address that is only judged when it is called
                answer = world.client.post(f"{path}/ping")
                assert answer.ok()["isThere"] is False
            else:
                assert is_refused(answer)
