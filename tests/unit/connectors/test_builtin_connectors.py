"""The connectors that come with the platform: their folders, and what their logic asks of the vendors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from unittest.mock import ANY
from urllib.parse import unquote_plus

import jsonschema_rs
import pytest

from chalicelib.connectors import logic as logic_rules
from chalicelib.connectors import schema_check
from chalicelib.core.errors import LogicFailed
from infra import connector_files
from tests.unit.connectors.cases import BASES, CASES, case_id
from tests.unit.connectors.cases.shape import Case
from tests.unit.connectors.vendor import Vendor, logic, parts

NAMES = [folder.name for folder in connector_files.builtin_folders()]
OTHERS = [name for name in NAMES if name != "github"]
KINDS = ("trigger", "action", "condition", "datatype", "event")
OAUTH = ["gmail", "googlecalendar", "jira", "outlookmail", "slack"]


def components(connector: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for kind in KINDS:
        for name, component in parts(connector)[f"{kind}s"].items():
            yield kind, name, component


def inputs(component: dict[str, Any]) -> list[dict[str, Any]]:
    schema = component.get("schema", {})
    return schema.get("variables", schema.get("valuesLogicInput", []))


# --- the folders -----------------------------------------------------------------------------------------------------


def test_the_promised_connectors_are_there() -> None:
    assert {"github", "gmail", "googlecalendar", "jira", "slack", "outlookmail", "http"} <= set(NAMES)


@pytest.mark.parametrize(
    ("connector", "kind", "names"),
    [
        ("gmail", "actions", {"email.send", "email.list", "email.draft.create"}),
        ("gmail", "triggers", {"email.sent", "email.received", "email.deleted"}),
        ("gmail", "events", {"notification"}),
        ("googlecalendar", "actions", {"event.create.simple", "event.create"}),
        ("googlecalendar", "triggers", {"event.created"}),
        ("jira", "datatypes", {"project", "issueType", "user"}),
        ("jira", "events", {"notification"}),
    ],
)
def test_the_names_that_callers_know_are_there(connector: str, kind: str, names: set[str]) -> None:
    assert names <= set(parts(connector)[kind])


@pytest.mark.parametrize("connector", OTHERS)
def test_every_hook_and_script_parses_and_is_short_enough(connector: str) -> None:
    read = parts(connector)
    pieces = {f"fn/{name}": f"const args = [];\n{code}" for name, code in read["scripts"].items()}
    for kind, name, component in components(connector):
        logic_rules.normalised(kind, component["logic"]) if kind in logic_rules.HOOKS else None
        pieces.update({f"{kind}/{name}/{hook}": code["code"] for hook, code in component["logic"].items()})
    for where, code in pieces.items():
        body = f"const parsed = async function () {{\n{code}\n}};\nreturn typeof parsed;"
        assert logic(connector).run_code(body) == "function", where


@pytest.mark.parametrize("connector", OTHERS)
def test_every_schema_is_one_and_says_what_a_form_needs(connector: str) -> None:
    datatypes = parts(connector)["datatypes"]
    for kind, name, component in components(connector):
        schema, where = component.get("schema", {}), f"{kind}/{name}"
        schema_check.check_holder({"variables": inputs(component), "output": schema.get("output")}, where)
        for part in (*inputs(component), schema.get("output", {}), schema.get("data", {})):
            jsonschema_rs.meta.validate(part)
        for field in inputs(component):
            assert field["x-label"]["en"], (where, field)
            assert field.get("x-dataType") is None or field["x-dataType"] in datatypes, (where, field)
        if kind != "event" and kind != "datatype":
            assert component["label"]["en"]
        if kind in ("trigger", "action"):
            assert schema["output"]["required"], where


@pytest.mark.parametrize("connector", OTHERS)
def test_a_field_that_others_depend_on_asks_for_a_refresh(connector: str) -> None:
    """A choice that needs another field's value comes after that field, which refreshes the form."""
    for kind, name, component in components(connector):
        fields = [field["title"] for field in inputs(component)]
        by_name = {field["title"]: field for field in inputs(component)}
        for position, field in enumerate(inputs(component)):
            datatype = parts(connector)["datatypes"].get(field.get("x-dataType", ""))
            for needed in inputs(datatype) if datatype and kind != "datatype" else []:
                if needed.get("x-required") or (needed["title"] in by_name and needed["title"] != field["title"]):
                    assert fields.index(needed["title"]) < position, (kind, name, field["title"])
                    assert by_name[needed["title"]]["x-onChange"] == {"refreshVariables": True}, (kind, name)


@pytest.mark.parametrize("connector", OTHERS)
def test_each_has_a_readme_that_says_its_limits(connector: str) -> None:
    text = (connector_files.BUILTIN / connector / "README.md").read_text()
    assert "connector_files install" in text and len(text.splitlines()) > 15


def test_a_datatype_folder_with_faults_is_refused(tmp_path: Any) -> None:
    for file, content in {
        "connector.json": {"name": "small", "type": "0", "label": {}},
        "version.json": {"name": "1.0.0", "label": {}},
        "datatype/color/datatype.json": {"name": "color", "schema": {"data": {}}},
    }.items():
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text(json.dumps(content))
    with pytest.raises(connector_files.ConnectorFault, match=r"needs data .* and valuesLogicInput"):
        connector_files.read(tmp_path)


# --- signing in ------------------------------------------------------------------------------------------------------


def references(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict) and value.get("@type") == "reference":
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from references(part)


@pytest.mark.parametrize("connector", OAUTH)
def test_oauth_is_described_in_full_and_holds_no_secret(connector: str) -> None:
    security = parts(connector)["securities"]["oauth"]
    auth = security["config"]["auth"]

    assert (security["type"], security["scheme"]) == ("oauth2", "authorizationCode")
    assert set(auth) == {"authorization", "accessToken", "refreshToken", "userInfo"}
    assert all(part["url"].startswith("https://") and part["method"] in ("GET", "POST") for part in auth.values())
    assert auth["authorization"]["parameter"]["scope"]
    assert isinstance(auth["userInfo"]["path"], list) and auth["userInfo"]["path"]
    known = {"code", "redirect_uri", "refresh_token", "code_verifier"}
    for reference in references(auth):
        if reference["operation"] == "source":
            assert len(reference["path"]) == 1 and set(reference["path"]) <= known
        else:
            assert reference["operation"] == "platformServiceVariable"
            assert reference["variable"] in parts(connector)["variables"]
    for part in ("accessToken", "refreshToken"):
        assert auth[part]["form"]["client_secret"]["variable"] == "clientSecret"


# --- what is asked of the vendors ------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_the_vendor_is_asked_as_its_documentation_says(case: Case) -> None:
    connector, kind, name, data, calls = case
    component = parts(connector)[f"{kind}s"][name]
    for field in inputs(component):
        if field["title"] in data:
            jsonschema_rs.validator_for(field).validate(data[field["title"]])
        else:
            assert not field.get("x-required"), field["title"]
    vendor = Vendor(*(call[3] for call in calls))
    hook = "values" if kind == "datatype" else "execute"
    output = logic(connector, vendor).run(kind, name, hook, input={"data": data, "query": {}})

    for asked, (method, path, body, _) in zip(vendor.asked, calls, strict=True):
        assert (asked["method"], unquote_plus(asked["url"])) == (
            method,
            path if path is ANY else unquote_plus(BASES[connector] + path),
        )
        assert (None if asked["body"] is None else json.loads(asked["body"])) == body
        assert asked["headers"]["authorization"].startswith("Basic " if connector == "jira" else "Bearer at")
    if kind == "datatype":
        assert output["values"] and all(set(value) == {"label", "value"} for value in output["values"])
    elif kind == "condition":
        assert output is True
    else:
        jsonschema_rs.validator_for(component["schema"]["output"]).validate(output)


@pytest.mark.parametrize("kind", ["action", "datatype", "condition"])
def test_everything_was_tried(kind: str) -> None:
    there = {(name, component) for name in OTHERS for component in parts(name)[f"{kind}s"]}
    assert {(case[0], case[2]) for case in CASES if case[1] == kind} == there


@pytest.mark.parametrize(
    ("connector", "action", "data", "answer", "said"),
    [
        ("gmail", "email.get", {"id": "x"}, (403, {"error": {"message": "No"}}), "Gmail answered 403: No"),
        ("googlecalendar", "event.get", {"event": "x"}, (429, {}, {"retry-after": "7"}), "Calendar answered 429"),
        ("jira", "issue.assign", {"issue": "x", "assignee": None}, (400, {"errors": {"a": "b"}}), "answered 400: a: b"),
        ("outlookmail", "email.delete", {"id": "x"}, (404, {"error": {"code": "C", "message": "M"}}), "404: C: M"),
        ("slack", "user.find", {"email": "x"}, (200, {"ok": False, "error": "users_not_found"}), "users_not_found"),
        ("http", "request.get", {"url": "https://api.example.com/x"}, (500, {"oh": 1}), 'answered 500: {"oh":1}'),
    ],
)
def test_a_refusal_carries_the_vendors_words(
    connector: str, action: str, data: dict[str, Any], answer: Any, said: str
) -> None:
    with pytest.raises(LogicFailed) as failed:
        logic(connector, Vendor(answer)).run("action", action, "execute", input={"data": data})
    assert said in failed.value.message
    assert failed.value.details["status"] == (404 if connector == "slack" else answer[0])


@pytest.mark.parametrize(("error", "status"), [("invalid_auth", 401), ("missing_scope", 403), ("ratelimited", 429)])
def test_slacks_refusals_get_the_status_they_mean(error: str, status: int) -> None:
    with pytest.raises(LogicFailed) as failed:
        vendor = Vendor({"ok": False, "error": error})
        logic("slack", vendor).run("action", "user.list", "execute", input={"data": {}})
    assert failed.value.details["status"] == status


@pytest.mark.parametrize("id_", ["", ".", ".."])
@pytest.mark.parametrize("connector", ["gmail", "outlookmail"])
def test_an_id_that_would_climb_the_path_is_never_asked_for(connector: str, id_: str) -> None:
    with pytest.raises(LogicFailed, match="an id is missing"):
        logic(connector, Vendor()).run("action", "email.get", "execute", input={"data": {"id": id_}})
    vendor = Vendor({})
    logic("gmail", vendor).run("action", "email.trash", "execute", input={"data": {"id": "../a?b"}})
    assert vendor.asked[0]["url"].endswith("/messages/..%2Fa%3Fb/trash")


def test_jira_is_found_among_the_sites_a_user_granted() -> None:
    sites = [{"id": "c1", "url": "https://acme.atlassian.net"}, {"id": "c2", "url": "https://beta.atlassian.net"}]
    token = {"type": "oauth", "access_token": "at"}
    vendor = Vendor(sites, {})
    setting = logic("jira", vendor, token=token, url="https://beta.atlassian.net/")
    setting.run("action", "project.list", "execute", input={"data": {}})
    assert vendor.urls[1].startswith("GET https://api.atlassian.com/ex/jira/c2/rest/api/3/project/search?")

    with pytest.raises(LogicFailed, match="needs a serviceUrl out of https://acme"):
        setting = logic("jira", Vendor(sites), token=token, url=None)
        setting.run("action", "project.list", "execute", input={"data": {}})


def test_a_mail_that_was_sent_stays_sent_though_it_cannot_be_read_back() -> None:
    vendor = Vendor({"id": "m1", "threadId": "t1"}, (403, {}))
    output = logic("gmail", vendor).run("action", "email.send", "execute", input={"data": {"to": "a@example.com"}})
    assert (output["id"], output["message_info"]["subject"]) == ("m1", None)
