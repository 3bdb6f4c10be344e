"""A public service seen from another workspace: read and run, with what is the other's own, and never changed.

`client` owns the service, `stranger` uses it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.adapters import http_client
from chalicelib.adapters.javascript import runner
from chalicelib.connectors import public as connectors
from chalicelib.connectors.models import Place, every_use
from chalicelib.credentials import models as credentials
from chalicelib.edge.route import ROWS
from chalicelib.identity import workers as identity_workers
from chalicelib.subscriptions import queues, workers
from tests.builders import (
    execute,
    make_action,
    make_condition,
    make_datatype,
    make_event,
    make_security,
    make_service,
    make_token,
    make_trigger,
    make_user,
    make_variable,
    make_version,
    publish,
)
from tests.client import Client, with_query
from tests.fakes.http_client import FakeHttp
from tests.queues import drain

URL = "https://receiver.example/hook"
HANDLERS = {
    "platform_cleanup": identity_workers.platform_cleanup,
    queues.FAN_OUT: workers.fan_out,
    queues.DELIVER: workers.deliver,
    queues.RETRY: workers.retry,
    queues.POLL: workers.poll,
}
SEES = "return { token: service.token_name, vars: service.vars, twice: await service.fn.twice(2), in: input.data }"


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHttp]:
    fake = FakeHttp()
    fake.answer(URL, 204)
    monkeypatch.setattr(http_client, "send", fake.send)
    yield fake


@pytest.fixture
def parts(client: Client, stranger: Client) -> dict[str, str]:
    """A published service with one of everything, and a user of the same name on both sides."""
    make_user(client, "ada")
    make_user(stranger, "ada")
    service = make_service(client, name="gmail", scripts={"twice": "return args[0] * 2"})
    made = {
        "service_id": service,
        "security_id": make_security(client, service),
        "variable_id": make_variable(client, service, name="secret", value="owners-own-value")["id"],
        "action_id": make_action(client, service, SEES, name="look")["id"],
        "event_id": make_event(client, service, "return 'mail'", name="notification")["id"],
        "trigger_id": make_trigger(client, service, "return [notification.body, service.vars]", name="mail")["id"],
        "datatype_id": make_datatype(client, service, "return [service.token_name]", name="label"),
        "condition_id": make_condition(client, service, "return service.token_name === 'theirs'", name="check"),
        "version_id": client.get(f"/v1/service/{service}/version").ok()[0]["id"],
    }
    publish(client, service, "ada")
    return made


def pump() -> None:
    while sum(drain(name, handler) for name, handler in HANDLERS.items()):
        pass


def subscribe(caller: Client, **body: Any) -> Any:
    path = with_query("/v1/service/gmail/trigger/mail/subscription", userId="ada")
    return caller.post(path, {"url": URL, **body})


def bodies(outside: FakeHttp) -> list[Any]:
    return [json.loads(request.body or b"")["data"] for _, request in outside.sent]


# --- found ---------------------------------------------------------------------------------------------------------


def test_a_public_service_is_found_by_id_and_by_name(stranger: Client, parts: dict[str, str]) -> None:
    shown = stranger.get(f"/v1/service/{parts['service_id']}").ok()
    assert stranger.get("/v1/service/gmail").ok() == shown
    assert (shown["id"], shown["shared"], shown["sharing"]) == (parts["service_id"], True, "public")
    assert (shown["createdBy"], shown["updatedBy"]) == (None, None)


def test_an_own_service_of_that_name_comes_first(stranger: Client, parts: dict[str, str]) -> None:
    own = make_service(stranger, name="gmail")
    assert stranger.get("/v1/service/gmail").ok()["id"] == own
    assert stranger.get(f"/v1/service/{parts['service_id']}").ok()["shared"] is True


def test_lists_hold_the_workspaces_own_and_others_on_request(client: Client, stranger: Client, parts: Any) -> None:
    own = make_service(stranger, name="zzz", displayOrder=9)
    assert [one["id"] for one in stranger.get("/v1/service").ok()] == [own]
    both = stranger.get("/v1/service?shared=true").ok()
    assert [(one["id"], one["shared"]) for one in both] == [(own, False), (parts["service_id"], True)]
    first = stranger.get("/v1/service?shared=true&limit=1")
    rest = stranger.get(f"/v1/service?shared=true&cursor={first.headers['x-next-cursor']}").ok()
    assert first.ok() + rest == both
    assert [one["shared"] for one in client.get("/v1/service?shared=true").ok()] == [False]


@pytest.mark.parametrize("sharing", ["none", "platform"])
def test_what_is_not_public_is_absent(client: Client, stranger: Client, parts: dict[str, str], sharing: str) -> None:
    make_token(stranger, parts["security_id"], "ada", name="theirs")
    client.put("/v1/service/gmail", {"sharing": sharing}).ok()
    assert stranger.get("/v1/service?shared=true").ok() == []
    for name in ("gmail", parts["service_id"]):
        assert stranger.get(f"/v1/service/{name}").status == 404
        assert execute(stranger, name, "look", user_id="ada").status == 404
    token = {"serviceSecurityId": parts["security_id"], "key": "k"}
    assert stranger.post("/v1/user/ada/token", token).status == 404
    assert subscribe(stranger).status == 404
    client.put("/v1/service/gmail", {"sharing": "public"}).ok()
    assert stranger.get("/v1/service/gmail").status == 200


# --- read and run --------------------------------------------------------------------------------------------------


def test_every_part_is_read_without_its_authors(client: Client, stranger: Client, parts: dict[str, str]) -> None:
    for kind in ("version", "security", "variable", "action", "event", "trigger", "datatype", "condition"):
        where = f"/v1/service/gmail/{kind}"
        shown = stranger.get(f"{where}/{parts[f'{kind}_id']}").ok()
        assert stranger.get(where).ok() == [shown], kind
        assert {shown.get("created_by"), shown.get("createdBy")} == {None}, kind
        owned = client.get(f"{where}/{parts[f'{kind}_id']}").ok()
        assert {**shown, **dict.fromkeys(("created_by", "createdBy", "updated_by", "updatedBy"))} == {
            **owned,
            **dict.fromkeys(("created_by", "createdBy", "updated_by", "updatedBy")),
        }


def test_runs_have_the_users_own_token_and_the_workspaces_own_values(
    client: Client, stranger: Client, parts: dict[str, str]
) -> None:
    make_token(client, parts["security_id"], "ada", name="owners")
    assert execute(stranger, "gmail", "look", user_id="ada").status == 400  # no token of its own
    make_token(stranger, parts["security_id"], "ada", name="theirs")
    seen = {"token": "theirs", "vars": {}, "twice": 4, "in": {"a": 1}}
    assert execute(stranger, "gmail", "look", {"a": 1}, user_id="ada").ok()["output"] == seen
    stranger.put("/v1/service/gmail/variable/secret/value", {"value": "their value"}).ok()
    by_body = {"@type": "action", "service": "gmail", "serviceVersion": "1.0.0", "action": "look"}
    assert stranger.post("/v1/execute?userId=ada", by_body).ok()["vars"] == {"secret": "their value"}
    assert execute(client, "gmail", "look", user_id="ada").ok()["output"] == {
        **{"token": "owners", "vars": {"secret": "owners-own-value"}},
        **{"twice": 4, "in": {}},
    }


def test_datatypes_conditions_and_forms_run(client: Client, stranger: Client, parts: dict[str, str]) -> None:
    form = {"variables": [{"title": "label", "x-dataType": "label"}]}
    make_action(client, "gmail", name="form", schema=form)
    make_token(stranger, parts["security_id"], "ada", name="theirs")
    listed = stranger.post("/v1/service/gmail/datatype/label/execute?userId=ada", {"input": {}}).ok()
    assert listed["output"] == {"values": ["theirs"]}
    where = "/v1/service/gmail/action/form/refreshVariables?userId=ada"
    shown = stranger.post(where, {"step": [], "targetField": "label"}).ok()
    assert shown["output"][0]["x-choices"] == ["theirs"]
    assert connectors.check_condition(stranger.key, "gmail", "check", {}, user_id="ada") is True


def test_tokens_are_each_workspaces_own(client: Client, stranger: Client, parts: dict[str, str]) -> None:
    mine = make_token(client, parts["security_id"], "ada", name="owners")["id"]
    theirs = make_token(stranger, parts["security_id"], "ada", name="theirs")["id"]
    where = f"/v1/service/{parts['service_id']}/token"
    assert [one["id"] for one in stranger.get(f"{where}?userId=ada").ok()] == [theirs]
    assert [one["id"] for one in client.get(f"{where}?userId=ada").ok()] == [mine]
    assert stranger.get(f"{where}/{mine}?userId=ada").status == 404
    assert stranger.put(f"{where}/{theirs}?userId=ada", {"name": "n"}).ok()["name"] == "n"
    assert stranger.delete(f"{where}/{theirs}?userId=ada").ok() == {}
    assert client.get(f"{where}/{mine}?userId=ada").status == 200


def test_only_published_versions_run_for_others(client: Client, stranger: Client, parts: dict[str, str]) -> None:
    make_token(stranger, parts["security_id"], "ada")
    draft = make_version(client, "gmail", name="2.0.0", published=False)
    client.put("/v1/service/gmail", {"defaultVersionId": draft}).ok()
    body = {"@type": "action", "service": "gmail", "serviceVersion": "2.0.0", "action": "look"}
    assert stranger.post("/v1/execute?userId=ada", body).status == 404
    client.put(
        f"/v1/service/gmail/action/{parts['action_id']}?version=minor", {"logic": {"execute": "return 'draft'"}}
    ).ok()
    assert execute(stranger, "gmail", "look", user_id="ada").ok()["output"] != "draft"


def test_without_a_published_version_it_runs_for_its_owner_alone(
    client: Client, stranger: Client, parts: dict[str, str]
) -> None:
    make_token(client, parts["security_id"], "ada")
    make_token(stranger, parts["security_id"], "ada")
    client.put(f"/v1/service/gmail/version/{parts['version_id']}", {"published": False}).ok()
    assert execute(client, "gmail", "look", user_id="ada").status == 200
    assert execute(stranger, "gmail", "look", user_id="ada").status == 404
    assert subscribe(stranger).status == 404


def test_a_service_that_is_switched_off_runs_for_nobody(client: Client, stranger: Client, parts: Any) -> None:
    make_token(stranger, parts["security_id"], "ada")
    client.put("/v1/service/gmail", {"enabled": False}).ok()
    assert execute(stranger, "gmail", "look", user_id="ada").status == 403
    assert subscribe(stranger).status == 403
    assert stranger.get("/v1/service/gmail").ok()["enabled"] is False


def test_its_logic_shares_no_process_with_ones_own(
    client: Client, stranger: Client, parts: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rooms: list[str] = []
    run = runner().run
    monkeypatch.setattr(runner(), "run", lambda room, *more: rooms.append(room) or run(room, *more))
    own = make_service(stranger, name="own")
    make_action(stranger, own, name="look")
    for caller, service in ((client, "gmail"), (stranger, "gmail"), (stranger, "own")):
        if service == "gmail":
            make_token(caller, parts["security_id"], "ada")
        execute(caller, service, "look", user_id="ada").ok()
    assert len(set(rooms)) == 3 and rooms[2] == stranger.key


def test_nobody_else_tries_its_logic(stranger: Client, parts: dict[str, str]) -> None:
    assert stranger.post("/v1/test/logic", {"table": "action", "id": parts["action_id"]}).status == 404


# --- never changed -------------------------------------------------------------------------------------------------


def test_every_change_is_refused(client: Client, stranger: Client, parts: dict[str, str]) -> None:
    own = {"setVariableValue", "updateToken", "deleteToken", "createTriggerSubscription", "getServiceOauthUrl"}
    query = {"userId": "ada", "version": "minor", "contributor_id": "ada"}
    body = {"name": "mine", "label": {}}
    names = {}
    for _, row in ROWS:
        if row.scope != "write" or not row.path.startswith("/v1/service/{service_id}") or row.operation_id in own:
            continue
        path = re.sub(r"{(\w+)}", lambda found: parts[found[1]], row.path)
        typed = {"type": "apiKey"} if "/security" in path else {}
        answer = stranger.send(row.verbs.split(",")[0], path, {**body, **typed} if row.takes else None, query=query)
        names[f"{row.operation_id} {row.path}"] = answer.status
    assert len(names) > 25
    assert {name: status for name, status in names.items() if status != 403} == {}
    assert client.get("/v1/service/gmail").ok()["name"] == "gmail"
    assert client.get("/v1/service/gmail/action").ok()[0]["name"] == "look"


# --- notified ------------------------------------------------------------------------------------------------------


def test_each_workspace_has_an_address_and_subscriptions_of_its_own(
    client: Client, stranger: Client, parts: dict[str, str], outside: FakeHttp
) -> None:
    stranger.put("/v1/service/gmail/variable/secret/value", {"value": "their value"}).ok()
    theirs = subscribe(stranger).ok()["id"]
    subscribe(client).ok()
    where = "/v1/service/gmail/webhookSetting"
    own_url, their_url = (caller.get(where).ok()["url"] for caller in (client, stranger))
    assert own_url != their_url
    assert stranger.get(where).ok()["url"] == their_url
    stranger.post(their_url.partition("localhost:1290")[2], {"to": "them"}, key=None)
    pump()
    assert bodies(outside) == [[{"to": "them"}, {"secret": "their value"}]]
    outside.sent.clear()
    client.post(own_url.partition("localhost:1290")[2], {"to": "owner"}, key=None)
    pump()
    assert bodies(outside) == [[{"to": "owner"}, {"secret": "owners-own-value"}]]
    assert [one["id"] for one in stranger.get("/v1/subscription?userId=ada").ok()] == [theirs]
    assert client.get(f"/v1/subscription/{theirs}?userId=ada").status == 404
    assert stranger.delete(f"/v1/subscription/{theirs}?userId=ada").ok() == ""


def test_hooks_of_a_subscription_are_told_the_users_address(
    client: Client, stranger: Client, parts: dict[str, str], outside: FakeHttp, no_delays: None
) -> None:
    logic = {
        "trigger": "return 1",
        "create": "await $.axios.post('https://provider.example/made', { url: webhook.url }); return { no: 7 }",
        "delete": "await $.axios.post('https://provider.example/ended', { url: webhook.url, no: stored.no })",
    }
    client.put(f"/v1/service/gmail/trigger/{parts['trigger_id']}", {"logic": logic}).ok()
    for place in ("made", "ended"):
        outside.answer(f"https://provider.example/{place}", 200, b"{}")
    body = {"platform": "default", "service": "gmail", "trigger": "mail", "url": URL}
    made = stranger.post("/v1/subscription?userId=ada", body).ok()["id"]
    url = stranger.get("/v1/service/gmail/webhookSetting").ok()["url"]
    stranger.delete(f"/v1/subscription/{made}?userId=ada").ok()
    pump()
    sent = [json.loads(request.body or b"") for _, request in outside.sent]
    assert sent == [{"url": url}, {"url": url, "no": 7}]


def test_an_event_reaches_only_its_own_services_subscriptions(
    client: Client, stranger: Client, parts: dict[str, str], outside: FakeHttp, no_delays: None
) -> None:
    own = make_service(stranger, name="own")
    make_trigger(stranger, own, "return 'own'", name="mail", id=parts["trigger_id"])
    stranger.post("/v1/service/own/trigger/mail/subscription?userId=ada", {"url": URL}).ok()
    url = stranger.get("/v1/service/gmail/webhookSetting").ok()["url"]
    stranger.post(url.partition("localhost:1290")[2], {}, key=None)
    pump()
    assert bodies(outside) == []
    subscribe(stranger).ok()
    client.delete("/v1/service/gmail/trigger/mail").ok()
    pump()
    assert [one["serviceId"] for one in stranger.get("/v1/subscription?userId=ada").ok()] == [own]


# --- the end -------------------------------------------------------------------------------------------------------


@pytest.fixture
def used(client: Client, stranger: Client, parts: dict[str, str]) -> dict[str, str]:
    stranger.put("/v1/service/gmail/variable/secret/value", {"value": "their value"}).ok()
    make_token(stranger, parts["security_id"], "ada", name="theirs")
    subscribe(stranger).ok()
    url = stranger.get("/v1/service/gmail/webhookSetting").ok()["url"]
    return {**parts, "address": url.partition("localhost:1290")[2]}


def test_deleting_the_service_reaches_everybody_who_uses_it(
    client: Client, stranger: Client, used: dict[str, str], no_delays: None
) -> None:
    service = used["service_id"]
    place = Place(client.key, service)
    assert list(every_use(place)) == [stranger.key]
    client.delete("/v1/service/gmail").ok()
    pump()
    user = stranger.get("/v1/user/ada").ok()["id"]
    assert stranger.get("/v1/subscription?userId=ada").ok() == []
    assert credentials.tokens_of(stranger.key, user, service) == []
    assert credentials.values_of(stranger.key, service) == {}
    assert stranger.post(used["address"], {}, key=None).status == 404
    assert list(every_use(place)) == []
    assert stranger.get(f"/v1/service/{service}").status == 404


@pytest.mark.parametrize("kind", ["security", "trigger", "variable"])
def test_deleting_a_part_reaches_everybody_who_uses_it(
    client: Client, stranger: Client, used: dict[str, str], no_delays: None, kind: str
) -> None:
    service, user = used["service_id"], stranger.get("/v1/user/ada").ok()["id"]
    client.delete(f"/v1/service/gmail/{kind}/{used[f'{kind}_id']}").ok()
    pump()
    left = {
        "security": bool(credentials.tokens_of(stranger.key, user, service)),
        "trigger": bool(stranger.get("/v1/subscription?userId=ada").ok()),
        "variable": bool(credentials.values_of(stranger.key, service)),
    }
    assert left[kind] is False
    assert left["variable"] or kind == "variable"
    assert list(every_use(Place(client.key, service))) == [stranger.key]


def test_a_version_that_others_subscribe_with_is_kept(client: Client, stranger: Client, parts: Any) -> None:
    second = make_version(client, "gmail", name="2.0.0", published=True)
    body = {"platform": "default", "service": "gmail", "trigger": "mail", "url": URL, "serviceVersion": "2.0.0"}
    stranger.post("/v1/subscription?userId=ada", body).ok()
    assert client.delete(f"/v1/service/gmail/version/{second}").status == 409


def test_an_id_that_meant_an_own_service_never_means_anothers(client: Client, stranger: Client) -> None:
    chosen = "05c75ebb-affe-49d8-acd6-b9c05a864dfc"
    make_service(stranger, id=chosen, name="own")
    stranger.delete(f"/v1/service/{chosen}").ok()
    make_service(client, id=chosen, name="bait")
    publish(client, chosen)
    assert stranger.get(f"/v1/service/{chosen}").status == 404
    assert stranger.get("/v1/service/bait").status == 404
