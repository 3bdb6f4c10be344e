"""Services and their versions."""

from __future__ import annotations

import pytest

from chalicelib.connectors import models
from chalicelib.identity import workers
from tests.builders import (
    make_action,
    make_event,
    make_security,
    make_service,
    make_token,
    make_trigger,
    make_variable,
    make_version,
)
from tests.client import Client, quoted, with_query
from tests.queues import drain


def test_a_service_shows_every_field_of_the_contract(client: Client) -> None:
    service = make_service(client, name="googlecalendar", displayOrder=100, version=False)
    shown = client.get("/v1/service/googlecalendar").ok()
    assert shown["id"] == service
    assert (shown["type"], shown["sharing"], shown["platformId"]) == ("0", "none", "default")
    assert (shown["enabled"], shown["displayOrder"], shown["defaultVersionId"]) == (True, 100, None)
    assert shown["createdBy"] == shown["updatedBy"] == "developer"
    assert len(shown["insertedAt"]) == len("2024-01-01T00:00:00")


def test_an_empty_body_makes_a_service_with_a_name_of_its_own(client: Client) -> None:
    service = client.post("/v1/service", {}).ok()["id"]
    assert client.get(f"/v1/service/{service}").ok()["name"]


def test_the_caller_may_choose_the_id(client: Client) -> None:
    chosen = "0ba821ef-cbb9-40fe-a79a-c470f1d5cfb8"
    assert make_service(client, id=chosen, version=False) == chosen
    assert client.post("/v1/service", {"id": chosen}).status == 409
    assert client.post("/v1/service", {"id": "not an id"}).status == 400


def test_a_name_is_unique_within_its_platform(client: Client) -> None:
    first = make_service(client, name="gmail", version=False)
    assert client.post("/v1/service", {"name": "gmail"}).status == 409
    other = make_service(client, name="gmail", platformId="acme", version=False)
    assert client.get("/v1/service/gmail").ok()["id"] == first
    assert client.put(f"/v1/service/{other}", {"platformId": "default"}).status == 409


@pytest.mark.parametrize(
    "body",
    [
        {"name": "0ba821ef-cbb9-40fe-a79a-c470f1d5cfb8"},
        {"name": ""},
        {"name": " gmail"},
        {"sharing": "everyone"},
        {"displayOrder": "1"},
        {"displayOrder": 10**30},
        {"enabled": "yes"},
        [],
        "text",
    ],
)
def test_a_malformed_service_is_refused(client: Client, body: object) -> None:
    assert client.post("/v1/service", body).status == 400


def test_services_are_listed_by_display_order_then_name(client: Client) -> None:
    for name, order in (("c", 1), ("b", 2), ("a", 2)):
        make_service(client, name=name, displayOrder=order, version=False)
    assert [shown["name"] for shown in client.get("/v1/service").ok()] == ["c", "a", "b"]
    first = client.get("/v1/service?limit=2")
    assert [shown["name"] for shown in first.ok()] == ["c", "a"]
    rest = client.get("/v1/service", query={"limit": "2", "cursor": first.headers["x-next-cursor"]})
    assert [shown["name"] for shown in rest.ok()] == ["b"]


def test_an_update_renames_and_frees_the_old_name(client: Client) -> None:
    service = make_service(client, name="gmail", version=False)
    shown = client.put(f"/v1/service/{service}?userId=dev2", {"name": "updated service", "createdBy": "x"}).ok()
    assert (shown["name"], shown["updatedBy"], shown["createdBy"]) == ("updated service", "dev2", "developer")
    assert client.get("/v1/service/gmail").status == 404
    assert client.get(quoted("v1", "service", "updated service")).status == 200
    make_service(client, name="gmail", version=False)


def test_the_first_version_becomes_the_default(client: Client) -> None:
    service = make_service(client, version=False)
    first = make_version(client, service)
    make_version(client, service, name="2")
    assert client.get(f"/v1/service/{service}").ok()["defaultVersionId"] == first
    shown = client.get(f"/v1/service/{service}/version/1.0.0").ok()
    assert (shown["id"], shown["serviceId"], shown["published"]) == (first, service, True)
    assert shown["defaultServiceSecurityId"] is None


def test_another_version_can_be_made_the_default(client: Client) -> None:
    service = make_service(client)
    second = make_version(client, service, name="2")
    shown = client.put(f"/v1/service/{service}", {"defaultVersionId": "2"}).ok()
    assert shown["defaultVersionId"] == second
    assert client.put(f"/v1/service/{service}", {"defaultVersionId": "3"}).status == 400


def test_version_names_are_unique_and_unnamed_ones_count_on(client: Client) -> None:
    service = make_service(client)
    assert client.post(f"/v1/service/{service}/version", {"name": "1.0.0"}).status == 409
    make_version(client, service)
    assert [shown["name"] for shown in client.get(f"/v1/service/{service}/version").ok()] == ["1.0.0", "1.1.0"]


def test_the_default_version_cannot_be_deleted_while_there_are_others(client: Client) -> None:
    service = make_service(client)
    second = make_version(client, service, name="2")
    assert client.delete(f"/v1/service/{service}/version/1.0.0").status == 409
    assert client.delete(f"/v1/service/{service}/version/{second}").ok() == {}
    assert client.delete(f"/v1/service/{service}/version/1.0.0").ok() == {}
    assert client.get(f"/v1/service/{service}").ok()["defaultVersionId"] is None
    assert client.delete(f"/v1/service/{service}/version/1.0.0").status == 404


def test_scripts_of_a_version_are_spelled_out(client: Client) -> None:
    service = make_service(client, scripts={"twice": "return args[0] * 2"})
    shown = client.get(f"/v1/service/{service}/version/1.0.0").ok()
    assert shown["logic"] == {"fn": {"twice": {"language": "javascript", "code": "return args[0] * 2"}}}
    for wrong in ({"fn": {"no name": "x"}}, {"fn": "x"}, {"execute": "x"}):
        assert client.post(f"/v1/service/{service}/version", {"logic": wrong}).status == 400


def test_the_webhook_setting_is_stable_and_not_to_be_guessed(client: Client) -> None:
    service = make_service(client)
    assert client.get(f"/v1/service/{service}/webhookSetting?userId=u").status == 404
    make_event(client, service, name="one")
    single = client.get(f"/v1/service/{service}/webhookSetting?userId=u").ok()
    assert set(single) == {"url"} and len(single["url"].rpartition("/v1/hook/")[2]) == 43
    make_event(client, service, name="two")
    both = client.get(f"/v1/service/{service}/webhookSetting?userId=u").ok()
    assert both["url"] == single["url"]
    assert [event["name"] for event in both["events"]] == ["one", "two"]


def test_another_workspace_sees_and_changes_nothing(client: Client, stranger: Client) -> None:
    service = make_service(client, name="gmail")
    assert stranger.get("/v1/service").ok() == []
    for path in (f"/v1/service/{service}", "/v1/service/gmail", f"/v1/service/{service}/version/1.0.0"):
        assert stranger.get(path).status == 404
        assert stranger.delete(path).status == 404
    assert stranger.put(f"/v1/service/{service}", {"name": "x"}).status == 404


def test_a_deleted_service_is_gone_at_once_and_leaves_only_its_tombstone(
    client: Client, workspace: str, no_delays: None
) -> None:
    service = make_service(client, name="gmail")
    make_token(client, make_security(client, service))
    make_variable(client, service, value="x")
    for make in (make_action, make_event, make_trigger):
        make(client, service)
    assert client.delete(f"/v1/service/{service}?userId=2").ok() == {}
    for path in ("/v1/service/gmail", f"/v1/service/{service}", f"/v1/service/{service}/action"):
        assert client.get(path).status == 404
    assert client.delete(f"/v1/service/{service}").status == 404
    assert client.get("/v1/service").ok() == []
    assert client.post("/v1/service", {"id": service}).status == 409
    drain("platform_cleanup", workers.platform_cleanup)
    assert models.partition_page(workspace, service).rows == []
    assert models.Service.get_even_deleted(workspace, service) is not None
    make_service(client, name="gmail")


def test_long_and_strange_names_are_kept_or_not_found_but_never_break(client: Client) -> None:
    name = "\U0001f600" * 200
    service = make_service(client, name=name, version=False)
    assert client.get(quoted("v1", "service", name)).ok()["id"] == service
    for strange in ("\U0001f600" * 256, "a@b", "%2F", "..", "#", "{id}"):
        assert client.get(quoted("v1", "service", strange)).status == 404
        for kind in ("action", "event", "security", "version"):
            assert client.get(quoted("v1", "service", service, kind, strange)).status == 404
    assert client.get(quoted("v1", "service", "x" * 257)).status == 400


@pytest.mark.parametrize("shared", ["", "0", "True", "yes\x00"])
def test_shared_is_true_or_false(client: Client, shared: str) -> None:
    answer = client.get(with_query("/v1/service", shared=shared))
    assert (answer.status, answer.body["details"]["faults"][0]["location"]) == (400, "query.shared")
    assert client.get("/v1/service?shared=false").status == 200


def test_sharing_is_one_of_three_words(client: Client) -> None:
    answer = client.put(f"/v1/service/{make_service(client)}", {"sharing": "everybody"})
    assert (answer.status, answer.body["details"]["faults"][0]["location"]) == (400, "body.sharing")


def test_an_id_in_the_path_that_cannot_be_one_is_named_there(client: Client) -> None:
    path = quoted("v1", "service", make_service(client), "security", "a b")
    answer = client.post(path, {"type": "apiKey"})
    assert (answer.status, answer.body["details"]["faults"][0]["location"]) == (400, "path.securityId")


@pytest.mark.parametrize("part", ["0", "65", "x", "1.0", "\u0661"])
def test_parts_of_an_import_are_numbered_from_1_to_64(client: Client, part: str) -> None:
    begun = client.post("/v1/service/import", {"name": "pets"}).ok()["id"]
    answer = client.put(quoted("v1", "service", "import", begun, "part", part), raw=b"{}")
    assert (answer.status, answer.body["details"]["faults"][0]["location"]) == (400, "path.part")
