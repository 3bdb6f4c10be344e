"""Actions, events, triggers, securities and variables: what they share and where they differ."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.connectors import models
from chalicelib.identity import workers
from tests.builders import make_action, make_event, make_security, make_service, make_trigger, make_variable
from tests.client import Client, quoted
from tests.queues import drain

KINDS = ("action", "event", "trigger", "variable")
CHOSEN = "bfd3b7c6-23e2-493f-a934-b61287b19e57"


@pytest.fixture
def service(client: Client) -> str:
    return make_service(client)


@pytest.mark.parametrize("kind", KINDS)
def test_a_component_is_made_read_listed_changed_and_deleted(client: Client, service: str, kind: str) -> None:
    path = f"/v1/service/{service}/{kind}"
    made = client.post(f"{path}?userId=dev", {"name": "email.list"}).ok()
    assert made["created_by"] == made["updated_by"] == "dev"
    assert made["service_id"] == service
    assert client.get(f"{path}/email.list").ok() == client.get(f"{path}/{made['id']}").ok() == made
    assert client.get(path).ok() == [made]
    changed = client.put(f"{path}/{made['id']}?version=1.0.0", {"name": "updated one", "id": "x"}).ok()
    assert (changed["id"], changed["name"]) == (made["id"], "updated one")
    assert client.get(quoted("v1", "service", service, kind, "updated one")).status == 200
    assert client.delete(f"{path}/{made['id']}").ok() == {}
    assert client.delete(f"{path}/{made['id']}").status == 404
    assert client.get(path).ok() == []


@pytest.mark.parametrize("kind", KINDS)
def test_names_and_chosen_ids_are_unique(client: Client, service: str, kind: str) -> None:
    path = f"/v1/service/{service}/{kind}"
    assert client.post(path, {"name": "one", "id": CHOSEN}).ok()["id"] == CHOSEN
    assert client.post(path, {"name": "one"}).status == 409
    assert client.post(path, {"name": "two", "id": CHOSEN}).status == 409
    assert client.post(path, {"name": CHOSEN}).status == 400
    assert client.post(f"/v1/service/unknown/{kind}", {"name": "one"}).status == 404


@pytest.mark.parametrize("kind", KINDS)
def test_another_workspace_meets_404(client: Client, stranger: Client, service: str, kind: str) -> None:
    made = client.post(f"/v1/service/{service}/{kind}", {"name": "one"}).ok()
    path = f"/v1/service/{service}/{kind}/{made['id']}"
    assert stranger.get(path).status == 404
    assert stranger.put(f"{path}?version=minor", {"name": "mine"}).status == 404
    assert stranger.delete(path).status == 404
    assert stranger.post(f"/v1/service/{service}/{kind}", {"name": "two"}).status == 404


def test_each_kind_answers_the_fields_of_its_surface(client: Client, service: str) -> None:
    action = make_action(client, service, tag=["mail"], label={"en": "List"}, schema={"variables": []})
    assert action["component_id"] == action["id"]
    assert (action["tag"], action["label"], action["published"]) == (["mail"], {"en": "List"}, True)
    assert action["logic"] == {"execute": {"language": "javascript", "code": "return input.data"}}
    event = make_event(client, service, type="webhook", setting={"a_b": 1}, config={"cD": 2})
    assert (event["event_id"], event["published"], event["type"]) == (event["id"], False, "webhook")
    assert (event["setting"], event["config"]) == ({"a_b": 1}, {"cD": 2})
    trigger = make_trigger(client, service)
    assert (trigger["trigger_id"], trigger["published"]) == (trigger["id"], True)
    variable = make_variable(client, service, schema={"type": "string"}, required=True)
    assert (variable["component_id"], variable["required"]) == (variable["id"], True)
    assert variable["schema"] == {"type": "string"}


def test_a_trigger_takes_trigger_id_for_its_id(client: Client, service: str) -> None:
    assert make_trigger(client, service, trigger_id=CHOSEN)["id"] == CHOSEN


@pytest.mark.parametrize(
    ("kind", "body", "where"),
    [
        ("action", {}, "body.name"),
        ("action", {"name": "a", "logic": {"run": "x"}}, "body.logic.run"),
        ("action", {"name": "a", "logic": {"execute": 1}}, "body.logic.execute"),
        (
            "action",
            {"name": "a", "logic": {"execute": {"language": "ruby", "code": ""}}},
            "body.logic.execute.language",
        ),
        ("action", {"name": "a", "logic": []}, "body.logic"),
        ("action", {"name": "a", "schema": {"variables": "x"}}, "body.schema.variables"),
        ("action", {"name": "a", "schema": {"variables": [{}]}}, "body.schema.variables.0"),
        ("action", {"name": "a", "schema": {"variables": [{"title": "t", "type": "x"}]}}, "body.schema.variables.0"),
        ("action", {"name": "a", "schema": {"output": {"$ref": "http://x"}}}, "body.schema.output"),
        ("event", {"type": "other"}, "body.type"),
        ("event", {"logic": {"trigger": "x"}}, "body.logic.trigger"),
        ("trigger", {"logic": {"execute": "x"}}, "body.logic.execute"),
        ("variable", {"schema": {"type": 7}}, "body.schema"),
        ("variable", {"config": {"n": 10**30}}, "body"),
    ],
)
def test_what_cannot_work_is_refused_where_it_stands(
    client: Client, service: str, kind: str, body: dict[str, Any], where: str
) -> None:
    answer = client.post(f"/v1/service/{service}/{kind}", body)
    assert answer.status == 400
    assert answer.body["details"]["faults"][0]["location"] == where


def test_what_is_too_large_is_refused_as_such(client: Client, service: str) -> None:
    path = f"/v1/service/{service}/action"
    assert client.post(path, {"name": "a", "logic": {"execute": "x" * 65_537}}).status == 413
    assert client.post(path, {"name": "a", "label": {"en": "x" * 400_000}}).status == 413


def test_an_update_replaces_objects_whole_and_null_empties_them(client: Client, service: str) -> None:
    trigger = make_trigger(client, service, label={"en": "One", "ko": "Two"})
    path = f"/v1/service/{service}/trigger/{trigger['id']}"
    assert client.patch(path, {"label": {"en": "New"}}).ok()["label"] == {"en": "New"}
    shown = client.put(path, {**trigger, "label": None, "created_by": "forged", "inserted_at": "x"}).ok()
    assert (shown["label"], shown["logic"]) == ({}, trigger["logic"])
    assert shown["created_by"] == trigger["created_by"]


# --- versions ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [None, "", "next", "1.x", "v2"])
def test_versioned_kinds_need_a_well_formed_version(client: Client, service: str, version: str | None) -> None:
    made = make_action(client, service)
    query = {} if version is None else {"version": version}
    path = f"/v1/service/{service}/action/{made['id']}"
    answer = client.put(path, {"label": {}}, query=query)
    assert answer.status == 400
    assert answer.body["details"]["faults"][0]["location"] == "query.version"


def test_minor_and_major_fork_the_latest_version(client: Client, service: str) -> None:
    made = make_action(client, service, tag=["kept"])
    path = f"/v1/service/{service}/action/{made['id']}"
    second = client.put(f"{path}?version=minor", {"label": {"en": "2"}}).ok()
    assert (second["id"], second["version"], second["tag"]) == (made["id"], "1.1.0", ["kept"])
    assert second["version_id"] != made["version_id"]
    assert client.put(f"{path}?version=major", {"label": {"en": "3"}}).ok()["version"] == "2.0.0"
    assert client.get(path).ok()["label"] == {"en": "3"}
    assert client.get(f"/v1/service/{service}/action/{made['version_id']}").ok()["version"] == "1.0.0"
    assert client.get(f"/v1/service/{service}/action/{second['version_id']}").ok()["label"] == {"en": "2"}
    assert len(client.get(f"/v1/service/{service}/action").ok()) == 1


def test_an_explicit_version_is_edited_in_place_or_forked(client: Client, service: str) -> None:
    made = make_action(client, service, label={"en": "1"})
    path = f"/v1/service/{service}/action/{made['id']}"
    client.put(f"{path}?version=3.0.0", {"label": {"en": "3"}}).ok()
    in_place = client.put(f"{path}?version=1.0.0", {"label": {"en": "1b"}}).ok()
    assert (in_place["version"], in_place["version_id"]) == ("1.0.0", made["version_id"])
    assert client.get(path).ok()["label"] == {"en": "3"}
    between = client.put(f"{path}?version=2.5.0", {"tag": ["x"]}).ok()
    assert (between["version"], between["label"]) == ("2.5.0", {"en": "3"})
    assert client.get(path).ok()["version"] == "3.0.0"
    assert client.get(f"/v1/service/{service}/action/{between['version_id']}").ok()["tag"] == ["x"]
    assert client.get(f"/v1/service/{service}/action/{made['version_id']}").ok()["label"] == {"en": "1b"}
    assert client.put(f"{path}?version=minor", {}).ok()["version"] == "3.1.0"


def test_a_rename_holds_for_all_versions(client: Client, service: str) -> None:
    made = make_action(client, service, name="old")
    client.put(f"/v1/service/{service}/action/old?version=2.0.0", {"name": "new"}).ok()
    assert client.get(f"/v1/service/{service}/action/{made['version_id']}").ok()["name"] == "new"
    client.put(f"/v1/service/{service}/action/new?version=1.0.0", {"name": "newer"}).ok()
    assert client.get(f"/v1/service/{service}/action/newer").ok()["version"] == "2.0.0"
    make_action(client, service, name="old")
    assert client.put(f"/v1/service/{service}/action/newer?version=1.0.0", {"name": "old"}).status == 409


def test_deleting_takes_all_versions_along(client: Client, workspace: str, service: str, no_delays: None) -> None:
    made = make_action(client, service, name="one")
    for _ in range(3):
        client.put(f"/v1/service/{service}/action/one?version=minor", {}).ok()
    assert client.delete(f"/v1/service/{service}/action/{made['version_id']}").ok() == {}
    assert client.get(f"/v1/service/{service}/action/{made['id']}").status == 404
    drain("platform_cleanup", workers.platform_cleanup)
    left = [row["sk"] for row in models.partition_page(workspace, service).rows]
    assert [key for key in left if key.startswith("action")] == []


# --- securities ----------------------------------------------------------------------------------------------


def test_a_security_is_made_with_and_without_an_id_in_the_path(client: Client, service: str) -> None:
    path = f"/v1/service/{service}/security"
    body = {"type": "oauth2", "label": {"en": "Sign in"}, "scheme": "code", "config": {"clientId": 1}}
    assert client.post(f"{path}/{CHOSEN}?userId=dev", body).ok() == {"id": CHOSEN}
    assert client.post(f"{path}/{CHOSEN}", body).status == 409
    assert client.post(f"{path}/{CHOSEN}", {**body, "id": "other"}).status == 400
    minted = client.post(path, body).ok()["id"]
    assert [shown["id"] for shown in client.get(path).ok()] == [CHOSEN, minted]
    shown = client.get(f"{path}/{CHOSEN}").ok()
    assert (shown["serviceId"], shown["config"], shown["type"]) == (service, {"clientId": 1}, "oauth2")


def test_a_security_needs_a_known_type_on_creation_only(client: Client, service: str) -> None:
    path = f"/v1/service/{service}/security"
    assert client.post(path, {"label": {}}).status == 400
    assert client.post(path, {"type": "basic"}).status == 400
    made = make_security(client, service)
    assert client.put(f"{path}/{made}?version=minor", {"label": {"en": "x"}}).ok() == {}
    assert client.put(f"{path}/{made}", {"label": {}}).status == 400
    assert client.get(f"{path}/{made}").ok()["label"] == {"en": "x"}
    assert client.delete(f"{path}/{made}").ok() == {}


def test_a_security_id_is_unique_in_the_workspace(client: Client, service: str) -> None:
    other = make_service(client)
    make_security(client, service, id=CHOSEN)
    assert client.post(f"/v1/service/{other}/security/{CHOSEN}", {"type": "apiKey"}).status == 409
    assert client.get(f"/v1/service/{other}/security/{CHOSEN}").status == 404


@pytest.mark.parametrize("kind", ["security", "variable", "action", "event", "trigger", "condition", "datatype"])
def test_what_is_read_can_be_sent_back(client: Client, kind: str) -> None:
    service = make_service(client)
    body = {"type": "apiKey"} if kind == "security" else {"name": "one"}
    path = f"/v1/service/{service}/{kind}"
    path += f"/{client.post(path, body).ok()['id']}?version=1.0.0"
    shown = client.get(path).ok()
    client.put(path, shown).ok()
    assert {**client.get(path).ok(), **_stamps(shown)} == shown


def _stamps(shown: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in shown.items() if name.lower().replace("_", "") in ("updatedat", "updatedby")}
