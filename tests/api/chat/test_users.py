"""Users: tags declared, prefixed, merged; get-or-create under races; lists and filters."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from chalicelib.adapters.http_client import Headers, Request, Response
from tests.api.chat.world import URL, World, spelled
from tests.client import Client
from tests.fakes.http_client import FakeHttp


def test_a_user_is_made_read_changed_and_deleted(world: World) -> None:
    user = world.user(id="U1")
    assert user["tags"] == {"chat:id": "U1"}
    path = f"/users/{user['id']}"
    assert world.as_bot("GET", path).ok()["user"] == user
    changed = world.as_integration("PUT", path, {"tags": spelled({"mail": "a@b.c"})}).ok()["user"]
    assert changed["tags"] == spelled({"id": "U1", "mail": "a@b.c"})
    cleared = world.as_integration("PUT", path, {"tags": {"chat:id": ""}}).ok()["user"]
    assert cleared["tags"] == spelled({"mail": "a@b.c"})
    assert world.as_bot("PUT", path, {"tags": {"plan": "gold"}}).ok()["user"]["tags"]["plan"] == "gold"
    assert world.as_bot("DELETE", path).ok()["user"]["id"] == user["id"]
    assert world.as_bot("DELETE", path).body["type"] == "ResourceNotFound"
    assert world.ids("users") == []


def test_the_bot_is_a_user_by_its_own_id(world: World) -> None:
    assert world.as_bot("GET", f"/users/{world.bot}").ok()["user"]["id"] == world.bot


@pytest.mark.parametrize(
    ("who", "tags"),
    [
        ("integration", {"chat:size": "x"}),
        ("integration", {"other:id": "x"}),
        ("integration", {"chat:id": "x" * 501}),
        ("integration", {"chat:id": 1}),
        ("bot", {"age": "x"}),
        ("bot", {"other:id": "x"}),
    ],
)
def test_only_declared_tags_of_500_characters_are_taken(world: World, who: str, tags: dict[str, Any]) -> None:
    send = world.as_bot if who == "bot" else world.as_integration
    answer = send("POST", "/users", {"tags": tags})
    assert (answer.status, answer.body["type"]) == (400, "InvalidPayload")
    assert next(iter(tags)) in answer.body["message"]


def test_an_integrations_bare_tag_gets_its_name(world: World) -> None:
    made = world.as_integration("POST", "/users", {"tags": {"id": "U1"}}).body["user"]
    assert made["tags"] == {"chat:id": "U1"}


def test_get_or_create_finds_what_has_all_given_tags_however_it_came_by_them(world: World) -> None:
    plain = world.user(id="U1", mail="a@b.c")
    found = world.as_integration("POST", "/users/get-or-create", {"tags": spelled({"id": "U1"})}).ok()["user"]
    assert found["id"] == plain["id"]
    other = world.as_integration("POST", "/users/get-or-create", {"tags": spelled({"id": "U2"})}).ok()["user"]
    assert other["id"] != plain["id"]
    again = world.as_integration("POST", "/users/get-or-create", {"tags": spelled({"id": "U2"})}).ok()["user"]
    assert again == other


def test_get_or_create_makes_another_once_the_first_is_gone_or_has_changed(world: World) -> None:
    def ask() -> str:
        return str(world.as_integration("POST", "/users/get-or-create", {"tags": {"chat:id": "U1"}}).ok()["user"]["id"])

    first = ask()
    world.as_bot("DELETE", f"/users/{first}").ok()
    second = ask()
    world.as_integration("PUT", f"/users/{second}", {"tags": {"chat:id": "U9"}}).ok()
    third = ask()
    assert len({first, second, third}) == 3
    assert ask() == third


@pytest.mark.parametrize("query", ["tags=gold", "tags[]=gold", "tags.plan=a&tags.plan=b"])
def test_a_filter_by_tags_has_two_forms(world: World, query: str) -> None:
    answer = world.as_bot("GET", f"/users?{query}")
    assert (answer.status, answer.body["type"]) == (400, "InvalidQuery")


def test_an_integration_writes_no_tag_of_another(world: World) -> None:
    world.install("mail")
    answer = world.as_integration("POST", "/users", {"tags": {"mail:id": "U1"}})
    assert (answer.body["type"], "another integration" in answer.body["message"]) == ("InvalidPayload", True)


def test_a_required_tag_without_a_value_is_missing(world: World) -> None:
    answer = world.as_bot("POST", "/users", {"tags": {"chat:id": ""}, "integrationName": "chat"})
    assert answer.body["type"] == "InvalidPayload"
    assert "chat:id: is required" in answer.body["message"]


def test_get_or_create_without_tags_matches_nothing(world: World) -> None:
    made = {world.as_integration("POST", "/users/get-or-create", {"tags": {}}).ok()["user"]["id"] for _ in range(2)}
    assert len(made) == 2


def test_what_another_integration_has_is_another_user(world: World) -> None:
    second = world.install("mail", tags={"users": ["id"]})
    mine = world.as_integration("POST", "/users/get-or-create", {"tags": {"id": "U1"}}).ok()["user"]["id"]
    other = world.as_integration("POST", "/users/get-or-create", {"tags": {"id": "U1"}}, by=second).ok()["user"]["id"]
    assert mine != other
    assert world.as_integration("GET", f"/users/{other}").body["type"] == "ResourceNotFound"
    assert world.ids("users", by_bot=False) == [mine]
    assert world.ids("users") == [other, mine]


def test_fifty_at_once_get_one_user(world: World, atomic: None) -> None:
    def ask(_: int) -> str:
        answer = world.as_integration("POST", "/users/get-or-create", {"tags": {"chat:id": "U1"}})
        return str(answer.ok()["user"]["id"])

    with ThreadPoolExecutor(16) as pool:
        found = set(pool.map(ask, range(50)))
    assert len(found) == 1
    assert world.ids("users") == list(found)


def test_pages_hold_every_user_once_while_others_come(world: World) -> None:
    made = [world.user(id=f"U{number}")["id"] for number in range(45)]
    first = world.as_bot("GET", "/users").ok()
    world.user(id="late")
    second = world.as_bot("GET", f"/users?nextToken={first['meta']['nextToken']}").ok()
    third = world.as_bot("GET", f"/users?nextToken={second['meta']['nextToken']}").ok()
    assert [one["id"] for page in (first, second, third) for one in page["users"]] == made[::-1]
    assert (len(first["users"]), third["meta"]) == (20, {})


def test_exactly_twenty_are_one_page(world: World) -> None:
    for number in range(20):
        world.user(id=f"U{number}")
    assert world.as_bot("GET", "/users").ok()["meta"] == {}


def test_a_filter_wants_every_pair_equal(world: World) -> None:
    gold = world.user(id="U1", mail="x")["id"]
    world.user(id="U2", mail="x")
    assert world.ids("users", "tags.chat%3Aid=U1&tags.chat%3Amail=x") == [gold]
    assert world.ids("users", "tags[chat:id]=U1") == [gold]
    assert world.ids("users", "tags.id=U1", by_bot=False) == [gold]
    assert world.ids("users", "tags.chat%3Aid=U3") == []
    assert len(world.ids("users", "tags.chat%3Amail=x")) == 2


def test_a_rare_tag_beside_a_common_one_is_found_over_many_rows(world: World) -> None:
    rare = world.user(id="rare", mail="same")["id"]
    for number in range(60):
        world.user(id=f"U{number}", mail="same")
    assert world.ids("users", "tags.chat%3Amail=same&tags.chat%3Aid=rare") == [rare]


def test_a_token_of_another_list_is_refused(world: World) -> None:
    for number in range(21):
        world.user(id=f"U{number}")
    token = world.as_bot("GET", "/users").ok()["meta"]["nextToken"]
    for path in (f"/users?tags.plan=x&nextToken={token}", f"/conversations?nextToken={token}", "/users?nextToken=x"):
        assert world.as_bot("GET", path).body["type"] == "InvalidQuery"


def test_an_integration_makes_the_user_that_a_bot_asks_for(world: World, http: FakeHttp) -> None:
    def handle(request: Request) -> Response:
        asked = json.loads(request.body or b"")
        assert dict(request.headers)["x-bp-operation"] == "create_user"
        made = world.as_integration("POST", "/users/get-or-create", {"tags": asked["tags"]}).ok()["user"]
        return Response(200, Headers(()), json.dumps({"user": {"id": made["id"]}}).encode(), False, 1.0, URL)

    http.act(URL, handle)
    body = {"integrationName": "chat", "tags": {"chat:id": "U7"}}
    made = world.as_bot("POST", "/users", body)
    assert (made.status, made.body["user"]["tags"]) == (201, {"chat:id": "U7"})
    missing = world.as_bot("POST", "/users", {"integrationName": "chat", "tags": {"chat:mail": "m"}})
    assert (missing.body["type"], "chat:id" in missing.body["message"]) == ("InvalidPayload", True)
    nobody = world.as_bot("POST", "/users", {"integrationName": "nobody", "tags": {}})
    assert nobody.body["type"] == "ReferenceNotFound"


@pytest.mark.parametrize("answer", [b"{}", b'{"user":{"id":"stranger"}}', b"nonsense"])
def test_an_integration_that_names_no_user_of_its_own_fails(world: World, http: FakeHttp, answer: bytes) -> None:
    http.answer(URL, 200, answer)
    made = world.as_bot("POST", "/users", {"integrationName": "chat", "tags": {"chat:id": "U7"}})
    assert (made.status, made.body["type"]) == (400, "Runtime")


def test_a_stranger_sees_nobody(world: World, stranger: Client) -> None:
    user = world.user(id="U1")
    for path in ("/v1/chat/users", f"/v1/chat/users/{user['id']}"):
        answer = stranger.get(path, headers={"x-bot-id": world.bot})
        assert (answer.status, answer.body["type"]) == (404, "ResourceNotFound")
