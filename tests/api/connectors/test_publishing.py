"""Publishing: what it marks, what it keeps from changing, and whom it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.connectors.models import Service, ServiceVersion
from tests.builders import (
    execute,
    make_action,
    make_condition,
    make_datatype,
    make_event,
    make_security,
    make_service,
    make_trigger,
    make_user,
    make_variable,
    make_version,
    publish,
)
from tests.client import Client, with_query


@pytest.fixture
def service(client: Client) -> str:
    make_user(client, "ada")
    return make_service(client, name="gmail")


def ask(client: Client, service: str, **query: str) -> Any:
    return client.post(with_query(f"/v1/service/{service}/publish", **query))


def test_publishing_marks_and_pins_the_latest_version_and_makes_the_service_public(
    client: Client, workspace: str, service: str
) -> None:
    action = make_action(client, service, "return 'old'", name="a")
    latest = make_version(client, service, name="2.0.0", published=False)
    assert ask(client, service, contributor_id="ada").ok() == {}
    shown = client.get("/v1/service/gmail").ok()
    assert (shown["sharing"], shown["shared"], shown["updatedBy"]) == ("public", False, "ada")
    version = ServiceVersion.find(workspace, id=latest, service_id=service)
    assert (version.published, version.pins["action"]) == (True, {action["id"]: "1.0.0"})
    client.put(f"/v1/service/{service}", {"defaultVersionId": latest}).ok()
    client.put(f"/v1/service/{service}/action/a?version=minor", {"logic": {"execute": "return 'new'"}}).ok()
    assert execute(client, service, "a", user_id="ada").ok()["output"] == "old"


@pytest.mark.parametrize("way", ["publish", "update"])
def test_what_is_pinned_stays_pinned(client: Client, service: str, way: str) -> None:
    """A version is published from its start, and pins nothing until somebody says so; once is enough."""
    make_action(client, service, "return 'old'", name="a")
    version = client.get(f"/v1/service/{service}/version").ok()[0]
    assert version["published"] is True

    def say_so() -> None:
        if way == "publish":
            ask(client, service, contributor_id="ada").ok()
        else:
            client.put(f"/v1/service/{service}/version/{version['id']}", {"published": True}).ok()

    def change(output: str) -> None:
        client.put(f"/v1/service/{service}/action/a?version=minor", {"logic": {"execute": f"return '{output}'"}}).ok()

    change("new")
    assert execute(client, service, "a", user_id="ada").ok()["output"] == "new"
    say_so()
    change("newer")
    say_so()
    assert execute(client, service, "a", user_id="ada").ok()["output"] == "new"


def test_publishing_again_changes_nothing(client: Client, workspace: str, service: str) -> None:
    ask(client, service, contributor_id="ada").ok()
    before = Service.find(workspace, id=service), ServiceVersion.list_all(workspace, service_id=service)
    assert ask(client, service, contributor_id="ada").ok() == {}
    assert (Service.find(workspace, id=service), ServiceVersion.list_all(workspace, service_id=service)) == before


def test_a_contributor_is_needed_and_must_be_a_user(client: Client, service: str) -> None:
    refused = ask(client, service)
    assert (refused.status, refused.body["details"]["faults"][0]["location"]) == (400, "query.contributor_id")
    assert ask(client, service, contributor_id="nobody").status == 404
    minted = client.get("/v1/user/ada").ok()["id"]
    assert ask(client, "none", contributor_id="ada").status == 404
    assert ask(client, service, contributor_id=minted).status == 200


def test_a_service_without_a_version_cannot_be_published(client: Client) -> None:
    make_user(client, "ada")
    assert ask(client, make_service(client, version=False), contributor_id="ada").status == 409


def test_a_published_service_keeps_its_names(client: Client, service: str) -> None:
    parts = {
        "action": make_action(client, service)["id"],
        "event": make_event(client, service)["id"],
        "trigger": make_trigger(client, service)["id"],
        "variable": make_variable(client, service)["id"],
        "datatype": make_datatype(client, service),
        "condition": make_condition(client, service),
        "version": client.get(f"/v1/service/{service}/version").ok()[0]["id"],
    }
    publish(client, service, "ada")
    path = f"/v1/service/{service}"
    assert client.put(path, {"name": "other"}).status == 409
    assert client.put(path, {"platformId": "other"}).status == 409
    assert client.put(path, {"name": "gmail", "icon": "i"}).status == 200
    for kind, part in parts.items():
        where = f"{path}/{kind}/{part}"
        name = client.get(where).ok()["name"]
        for version in ("1.0.0", "minor"):
            assert client.put(f"{where}?version={version}", {"name": "renamed"}).status == 409, kind
        assert client.put(f"{where}?version=minor", {"name": name, "label": {"en": "L"}}).status == 200, kind
    client.put(path, {"sharing": "none"}).ok()
    assert client.put(path, {"name": "other"}).status == 409
    assert client.put(f"{path}/action/{parts['action']}?version=minor", {"name": "renamed"}).status == 409


def test_sharing_is_one_of_three(client: Client, service: str) -> None:
    assert client.put(f"/v1/service/{service}", {"sharing": "world"}).status == 400
    assert client.put(f"/v1/service/{service}", {"sharing": "platform"}).ok()["sharing"] == "platform"


def test_names_and_ids_in_public_belong_to_the_first(client: Client, stranger: Client, service: str) -> None:
    security = make_security(client, service)
    publish(client, service, "ada")
    make_user(stranger, "bob")
    theirs = make_service(stranger, name="gmail")
    refused = ask(stranger, theirs, contributor_id="bob")
    assert (refused.status, refused.body["details"]["field"]) == (409, "name")
    assert stranger.put(f"/v1/service/{theirs}", {"sharing": "public"}).status == 409
    other = make_service(stranger, name="gmail", platformId="mine")
    make_security(stranger, other, id=security)
    assert ask(stranger, other, contributor_id="bob").status == 409
    assert stranger.post("/v1/service", {"name": "x", "id": service}).status == 409
    client.delete(f"/v1/service/{service}").ok()
    assert stranger.post("/v1/service", {"name": "x", "id": service}).status == 409
    assert ask(stranger, theirs, contributor_id="bob").status == 200


def test_making_public_by_an_update_is_the_same_to_others(client: Client, stranger: Client, service: str) -> None:
    client.put(f"/v1/service/{service}", {"sharing": "public"}).ok()
    assert stranger.get("/v1/service/gmail").ok()["id"] == service
    assert client.put(f"/v1/service/{service}", {"name": "other"}).status == 409
    made = client.post("/v1/service", {"name": "born.public", "sharing": "public"}).ok()["id"]
    assert stranger.get("/v1/service/born.public").ok()["id"] == made
