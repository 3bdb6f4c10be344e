"""Groups and who is in them."""

from __future__ import annotations

import pytest

from chalicelib.identity import models, workers
from tests.builders import make_group, make_user
from tests.client import Client, quoted
from tests.queues import drain


def test_a_group_is_made_read_listed_changed_and_deleted(client: Client) -> None:
    made = client.post("/v1/group?userId=dev", {"name": "my_group"}).ok()
    assert list(made) == ["id"]
    path = f"/v1/group/{made['id']}"
    shown = client.get(path).ok()
    assert (shown["name"], shown["source"], shown["authorization"]) == ("my_group", "local", {})
    assert (shown["createdBy"], shown["updatedBy"]) == ("dev", "dev")
    assert client.get("/v1/group").ok() == [shown]
    changed = client.put(path, {"name": "updated_group"}).ok()
    assert (changed["id"], changed["name"], changed["source"]) == (made["id"], "updated_group", "local")
    assert client.get("/v1/group/updated_group").ok() == changed
    assert client.delete(path).ok() == {}
    assert client.delete(path).status == 404
    assert client.get("/v1/group").ok() == []
    make_group(client, "updated_group")


@pytest.mark.parametrize("spelling", ["authorization", "Authorization"])
def test_authorization_is_read_in_both_spellings(client: Client, spelling: str) -> None:
    group = make_group(client, source="remote", **{spelling: {"Url": "https://a.example"}})
    assert client.get(f"/v1/group/{group}").ok()["authorization"] == {"Url": "https://a.example"}
    assert client.patch(f"/v1/group/{group}", {spelling: {"b": 1}}).ok()["authorization"] == {"b": 1}
    assert client.patch(f"/v1/group/{group}", {spelling: None, "source": None}).ok()["authorization"] == {}


def test_group_names_are_unique_in_a_workspace(client: Client, stranger: Client) -> None:
    make_group(client, "one")
    assert client.post("/v1/group", {"name": "one"}).status == 409
    two = make_group(client, "two")
    assert client.put(f"/v1/group/{two}", {"name": "one"}).status == 409
    make_group(stranger, "one")
    long = make_group(client, "ö" * 200)
    assert client.get(quoted("v1", "group", "ö" * 200)).ok()["id"] == long


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": 1},
        {"name": "g", "source": "else"},
        {"name": "g", "authorization": "x"},
        {"name": "01a201fb-2409-780d-a6a3-c500bf60a553"},
    ],
)
def test_a_malformed_group_is_refused_by_field(client: Client, body: dict[str, object]) -> None:
    answer = client.post("/v1/group", body)
    assert answer.status == 400
    assert answer.body["details"]["faults"][0]["location"].startswith("body.")


def test_a_member_is_added_read_changed_and_removed_by_either_id(client: Client) -> None:
    minted, group = make_user(client, "hello@example.com"), make_group(client)
    path = f"/v1/group/{group}/user"
    assert client.post(path, {"userId": "hello@example.com", "role": "admin"}).ok() == ""
    shown = client.get(f"{path}/{minted}").ok()
    assert (shown["userId"], shown["groupId"], shown["role"]) == (minted, group, "admin")
    assert client.get(quoted("v1", "group", group, "user", "hello@example.com")).ok() == shown
    assert client.get(path).ok() == [shown]
    assert client.put(f"{path}/{minted}?userId=boss", {"role": "member"}).ok()["role"] == "member"
    assert client.patch(f"{path}/{minted}", {}).ok()["updatedBy"] == "boss"
    assert client.delete(f"{path}/{minted}").ok() == {}
    assert client.delete(f"{path}/{minted}").status == 404
    assert client.get(path).ok() == []


def test_adding_twice_is_refused_and_so_is_whoever_is_unknown(client: Client) -> None:
    make_user(client, "u1")
    path = f"/v1/group/{make_group(client)}/user"
    client.post(path, {"userId": "u1", "role": "x"}).ok()
    assert client.post(path, {"userId": "u1", "role": "y"}).status == 409
    assert client.post(path, {"userId": "nobody", "role": "x"}).status == 404
    assert client.post("/v1/group/none/user", {"userId": "u1", "role": "x"}).status == 404
    assert client.get(f"{path}/nobody").status == 404


@pytest.mark.parametrize(("body", "where"), [({"userId": "u1"}, "role"), ({"role": "x"}, "userId")])
def test_a_member_needs_a_user_and_a_role(client: Client, body: dict[str, str], where: str) -> None:
    make_user(client, "u1")
    answer = client.post(f"/v1/group/{make_group(client)}/user", body)
    assert answer.status == 400
    assert answer.body["details"]["faults"][0]["location"] == f"body.{where}"
    role = client.post(f"/v1/group/{make_group(client)}/user", {"userId": "u1", "role": ""})
    assert role.status == 400


def test_another_workspace_sees_no_group(client: Client, stranger: Client) -> None:
    make_user(client, "u1")
    make_user(stranger, "u1")
    path = f"/v1/group/{make_group(client, 'mine')}"
    for answer in (
        stranger.get(path),
        stranger.put(path, {"name": "x"}),
        stranger.delete(path),
        stranger.get(f"{path}/user"),
        stranger.post("/v1/group/mine/user", {"userId": "u1", "role": "x"}),
    ):
        assert answer.status == 404


def test_a_deleted_user_leaves_its_groups(client: Client, workspace: str, no_delays: None) -> None:
    minted = make_user(client, "u1")
    groups = [make_group(client) for _ in range(3)]
    for group in groups:
        client.post(f"/v1/group/{group}/user", {"userId": "u1", "role": "x"}).ok()
    client.delete("/v1/user/u1").ok()
    drain("platform_cleanup", workers.platform_cleanup)
    assert [client.get(f"/v1/group/{group}/user").ok() for group in groups] == [[], [], []]
    assert models.some_memberships(workspace, minted) == []


def test_a_deleted_group_leaves_its_users(client: Client, workspace: str, no_delays: None) -> None:
    minted, group = make_user(client, "u1"), make_group(client)
    for number in range(models.PAGE + 1):
        make_user(client, f"m{number}")
        client.post(f"/v1/group/{group}/user", {"userId": f"m{number}", "role": "x"}).ok()
    client.post(f"/v1/group/{group}/user", {"userId": "u1", "role": "x"}).ok()
    client.delete(f"/v1/group/{group}").ok()
    drain("platform_cleanup", workers.platform_cleanup)
    assert client.get("/v1/user/u1").ok()["id"] == minted
    assert models.some_memberships(workspace, minted) == models.some_members(workspace, group) == []
