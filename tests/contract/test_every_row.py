"""The same questions, asked of every row: who are you, may you, is it yours, what did you send."""

from __future__ import annotations

import re
from typing import Any

import pytest

import app as _app  # noqa: F401 registers every row
from chalicelib.edge.auth import PUBLIC, SCOPES
from chalicelib.edge.failures import INTERACTOR
from chalicelib.edge.route import ROWS, Body, Route
from tests.builders import (
    make_action,
    make_condition,
    make_datatype,
    make_event,
    make_group,
    make_security,
    make_service,
    make_token,
    make_trigger,
    make_user,
    make_variable,
)
from tests.client import Answer, Client

UNKNOWN = "00000000-0000-4000-8000-000000000000"
QUERY = {"userId": "ada", "version": "minor", "contributor_id": "ada"}
GUARDED = [row for surface, row in ROWS if row.scope != PUBLIC and surface == INTERACTOR]
WITH_BODY = [row for row in GUARDED if row.takes is not None]
NAMED = [row for row in GUARDED if "{" in row.path]
HEARTY = {"user_id": "ada"}  # users are made on the fly by some operations, so a strange one is no stranger


def ids(row: Route) -> str:
    return f"{row.operation_id} {row.path}"


def ask(client: Client, row: Route, values: dict[str, str], body: Any = None, **more: Any) -> Answer:
    path = re.sub(r"{(\w+)}", lambda found: values.get(found[1], UNKNOWN), row.path)
    return client.send(row.verbs.split(",")[0], path, {} if body is None and row.takes else body, query=QUERY, **more)


def is_shaped(answer: Answer) -> bool:
    body = answer.body
    return isinstance(body, dict) and bool(body["error"]) and body["status"] == answer.status and bool(body["type"])


def make_automation(client: Client) -> dict[str, str]:
    """Make an automation of ada's with a live version, and run it; give its ids."""
    body = {"name": "automation", "definition": {"steps": []}}
    made = client.post("/v1/automation/import?userId=ada", body).ok()
    path = f"/v1/automation/{made['id']}/version/{made['versionId']}"
    client.post(f"{path}/publish?userId=ada").ok()
    execution = client.post(f"{path}/execute", {}, headers={"prefer": "respond-async"}).body["executionId"]
    return {"automation_id": made["id"], "automation_version_id": made["versionId"], "execution_id": execution}


@pytest.mark.parametrize("row", GUARDED, ids=ids)
def test_without_a_key_nothing_is_answered(row: Route, client: Client) -> None:
    for key in (None, "unknown-key"):
        answer = ask(client, row, {}, key=key)
        assert (answer.status, is_shaped(answer)) == (401, True)


@pytest.mark.parametrize("row", GUARDED, ids=ids)
def test_a_key_without_the_scope_is_refused(row: Route, client: Client) -> None:
    others = sorted(SCOPES - {row.scope})
    weak = client.post("/v1/admin/keys", {"name": "weak", "scopes": others}).ok()["key"]
    answer = ask(client, row, {}, key=weak)
    assert (answer.status, is_shaped(answer)) == (403, True)
    assert row.scope in answer.body["error"]


@pytest.mark.parametrize("row", WITH_BODY, ids=ids)
@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"{", 400),
        (b'{"a": NaN}', 400),
        (b'{"a": 1%s}' % (b"0" * 20), 400),
        (b"[" * 70 + b"]" * 70, 400),
        (b'{"a":1,"a":2}', 400),
        (b"x" * 1_048_577, 413),
    ],
    ids=["broken", "nan", "wide", "deep", "twice", "large"],
)
def test_a_body_that_cannot_be_read_is_named(row: Route, client: Client, raw: bytes, status: int) -> None:
    if row.takes == Body.RAW:
        pytest.skip("takes bytes as they are")
    answer = ask(client, row, HEARTY, raw=raw)
    assert (answer.status, is_shaped(answer)) == (status, True)


@pytest.mark.parametrize("row", WITH_BODY, ids=ids)
def test_another_content_type_is_refused(row: Route, client: Client) -> None:
    if row.takes == Body.RAW:
        pytest.skip("takes bytes as they are")
    answer = ask(client, row, HEARTY, raw=b"<a/>", headers={"content-type": "text/xml"})
    assert (answer.status, is_shaped(answer)) == (415, True)


@pytest.mark.parametrize("row", WITH_BODY, ids=ids)
def test_a_body_that_is_no_object_is_refused(row: Route, client: Client) -> None:
    if isinstance(row.takes, str):
        pytest.skip("takes any JSON")
    answer = ask(client, row, HEARTY, raw=b"[1]")
    assert (answer.status, answer.body["details"]["faults"][0]["location"]) == (400, "body")


@pytest.mark.parametrize("row", GUARDED, ids=ids)
def test_any_other_verb_is_refused(row: Route, client: Client) -> None:
    taken = {verb for _, other in ROWS if other.path == row.path for verb in other.verbs.split(",")}
    for verb in sorted({"GET", "POST", "PUT", "PATCH", "DELETE"} - taken):
        answer = client.send(verb, re.sub(r"{\w+}", UNKNOWN, row.path))
        assert (answer.status, is_shaped(answer)) == (405, True)
        assert set(answer.headers["allow"].split(", ")) == taken


@pytest.mark.parametrize("row", NAMED, ids=ids)
def test_unusable_path_values_are_named(row: Route, client: Client) -> None:
    variable = re.findall(r"{(\w+)}", row.path)[0]
    for value in ("%00", "a" * 257, "%0d%0a"):
        answer = ask(client, row, {variable: value})
        assert (answer.status, is_shaped(answer)) == (400, True)
        assert answer.body["details"]["faults"][0]["location"].startswith("path.")


def test_what_belongs_to_another_workspace_does_not_exist(client: Client, stranger: Client) -> None:
    make_user(client, "ada")
    service = make_service(client, name="theirs")
    token = make_token(client, make_security(client, service), "ada")
    trigger = make_trigger(client, service, name="t")
    subscription = client.post(
        f"/v1/service/{service}/trigger/t/subscription?userId=ada", {"url": "https://example.com/hook"}
    ).ok()
    values = {
        "service_id": service,
        "version_id": client.get(f"/v1/service/{service}/version").ok()[0]["id"],
        "action_id": make_action(client, service)["id"],
        "event_id": make_event(client, service)["id"],
        "trigger_id": trigger["id"],
        "security_id": client.get(f"/v1/service/{service}/security").ok()[0]["id"],
        "variable_id": make_variable(client, service)["id"],
        "token_id": token["id"],
        "subscription_id": subscription["id"],
        "user_id": client.get("/v1/user/ada").ok()["id"],
        "datatype_id": make_datatype(client, service),
        "condition_id": make_condition(client, service),
        "group_id": make_group(client),
        **make_automation(client),
    }
    bodies = {
        "createSubscription": {"platform": "default", "service": service, "trigger": "t", "url": "https://a.b/"},
        "createAutomationVersion": {"definition": {"steps": []}},
        "refreshActionVariables": {"step": [], "targetField": "x"},
        "addGroupUser": {"userId": "ada", "role": "member"},
    }
    make_user(stranger, "ada")
    answers = {
        row.operation_id: ask(
            stranger, row, values, bodies.get(row.operation_id, {"name": "x", "value": 1, "type": "apiKey"})
        )
        for row in NAMED
        if set(re.findall(r"{(\w+)}", row.path)) <= values.keys() and row.operation_id != "createUserToken"
    }
    assert len(answers) > 55
    wrong = {name: (answer.status, answer.body) for name, answer in answers.items() if answer.status not in (400, 404)}
    assert wrong == {}
    assert all(
        service not in str(answer.body).replace(f"no such service: {service}", "") for answer in answers.values()
    )


def test_nothing_that_was_refused_was_stored(client: Client) -> None:
    for row in GUARDED:
        ask(client, row, {}, raw=b"{")
        ask(client, row, {}, key=None)
    assert client.get("/v1/service").ok() == []
