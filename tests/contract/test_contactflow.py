"""The journeys surface against its contract, and the questions every row of it is asked."""

from __future__ import annotations

import re

import pytest

import app as _app  # noqa: F401 registers every row
from chalicelib.edge.auth import ADMIN, PUBLIC, READ, SCOPES, WRITE
from chalicelib.edge.failures import CONTACTFLOW
from chalicelib.edge.route import ROWS, Body, Route
from chalicelib.journeys.rules.lifecycle import TRANSITIONS, Actor
from chalicelib.platform.reference import flow as flow_reference
from tests.client import Answer, Client
from tests.journeys import FLOW, FlowClient, contract, make_node, operations, plain

UNKNOWN = "00000000-0000-4000-8000-000000000000"
HERE = [row for surface, row in ROWS if surface == CONTACTFLOW]
ADDITIVE = {
    "putEmailModel",
    "putSmsModel",
    "putPageBuilderTemplate",
    "putPageBuilderPage",
    "putSendSubscription",
    "putTriggerEventDefinition",
    "putCustomerDefinition",
    "followTokensReport",
    "takeEvent",
    "takeFeedback",
    "showCallback",
    "putProfile",
    "getProfile",
    "erasePerson",
}
GUARDED = [row for row in HERE if row.scope != PUBLIC]
WITH_BODY = [row for row in GUARDED if row.takes is not None and row.takes != Body.RAW]
NO_NODE = {"getCurrentUser", "listNodes", "createNode", "getNode", "updateNode", "deleteNode", "listNodeKpis"}
ON_A_NODE = [row for row in GUARDED if row.operation_id not in NO_NODE]
NAMED = [row for row in GUARDED if "{" in row.path]
NUMBERS = {"template_id": "1", "page_id": "1"}


def ids(row: Route) -> str:
    return f"{row.operation_id} {row.path}"


def path_of(row: Route, **values: str) -> str:
    return re.sub(r"{(\w+)}", lambda found: values.get(found[1], NUMBERS.get(found[1], UNKNOWN)), row.path)


def ask(client: Client, row: Route, raw: bytes | None = None, **more: object) -> Answer:
    body = {} if row.takes is not None and raw is None else None
    return client.send(row.verbs, path_of(row), body, raw=raw, **more)  # type: ignore[arg-type]


def is_shaped(answer: Answer) -> bool:
    body = answer.body
    faults = body["errors"]  # there, and empty, also when nothing in particular is wrong
    return bool(body["message"] and body["logref"]) and all({"path", "message"} <= one.keys() for one in faults)


@pytest.fixture(scope="module")
def shop(cloud: None) -> FlowClient:
    """A node for questions that change nothing."""
    return make_node("default")


# --- the contract ---------------------------------------------------------------------------------------------------


def test_the_rows_are_those_of_the_contract_and_the_additive_ones() -> None:
    theirs = {place: operation["operationId"] for place, operation in operations().items()}
    ours = {(row.verbs, plain(row.path)): row.operation_id for row in HERE}
    assert len(theirs) == 42
    assert {place: name for place, name in ours.items() if place in theirs} == theirs
    assert {row.operation_id for row in GUARDED if (row.verbs, plain(row.path)) not in theirs} == ADDITIVE


def test_scopes_are_those_of_the_contract() -> None:
    for row in HERE:
        operation = operations().get((row.verbs, plain(row.path)))
        if operation is None:
            continue
        (asked,) = (operation.get("security") or [{"OAuth2": ["flow.read"]}])[0].values()
        assert asked == [f"flow.{row.scope}"], row.operation_id


def test_the_transitions_are_those_of_the_contract() -> None:
    words = {"CLIENT": Actor.CLIENT, "SYSTEM": Actor.ENGINE}
    theirs = {(one["from"], one["to"], words[one["by"]]) for one in contract()["x-transitions"]}
    ours = {(before, to, actor) for before, found in TRANSITIONS.items() for to, by in found.items() for actor in by}
    assert ours == theirs


# --- the same questions for every row -------------------------------------------------------------------------------


@pytest.mark.parametrize("row", GUARDED, ids=ids)
def test_without_a_key_nothing_is_answered(row: Route, cloud: None) -> None:
    for key in (None, "unknown-key"):
        answer = ask(Client(), row, key=key)
        assert (answer.status, is_shaped(answer)) == (401, True)
        assert answer.headers["x-tracing-id"]


@pytest.mark.parametrize("scope", [READ, WRITE, ADMIN])
def test_a_key_without_the_scope_is_refused(scope: str, shop: FlowClient) -> None:
    weak = shop.post("/v1/admin/keys", {"name": f"no {scope}", "scopes": sorted(SCOPES - {scope})}).body["key"]
    for row in GUARDED:
        if row.scope == scope:
            answer = ask(shop, row, key=weak)
            assert (answer.status, is_shaped(answer)) == (403, True), row


@pytest.mark.parametrize("row", WITH_BODY, ids=ids)
@pytest.mark.parametrize(
    ("raw", "status"),
    [(b"{", 400), (b"[1]", 400), (b'{"a": NaN}', 400), (b"[" * 70 + b"]" * 70, 400), (b'{"a":1,"a":2}', 400)],
    ids=["broken", "list", "nan", "deep", "twice"],
)
def test_a_body_that_cannot_be_read_is_refused(row: Route, shop: FlowClient, raw: bytes, status: int) -> None:
    answer = ask(shop, row, raw=raw)
    assert (answer.status, is_shaped(answer)) == (status, True)


@pytest.mark.parametrize("row", WITH_BODY, ids=ids)
def test_a_body_that_is_too_large_is_refused(row: Route, shop: FlowClient) -> None:
    assert not isinstance(row.takes, str | None)
    answer = Client("default").send(row.verbs, path_of(row), raw=b"x" * (row.takes.MAX_BYTES + 1))
    assert (answer.status, is_shaped(answer)) == (413, True)


@pytest.mark.parametrize("row", WITH_BODY, ids=ids)
def test_another_content_type_is_refused(row: Route, shop: FlowClient) -> None:
    answer = ask(shop, row, raw=b"<a/>", headers={"content-type": "text/xml"})
    assert (answer.status, is_shaped(answer)) == (415, True)


@pytest.mark.parametrize("row", GUARDED, ids=ids)
def test_any_other_verb_is_refused(row: Route, cloud: None) -> None:
    taken = {verb for _, other in ROWS if other.path == row.path for verb in other.verbs.split(",")}
    for verb in sorted({"GET", "POST", "PUT", "PATCH", "DELETE"} - taken):
        answer = Client().send(verb, path_of(row))
        assert (answer.status, is_shaped(answer)) == (405, True)
        assert set(answer.headers["allow"].split(", ")) == taken


BODIES = {
    "createSetting": {"category": "INTEGRATION", "type": "HUB", "value": {}},
    "createAutomation": {"name": "x"},
    "replaceAutomation": {"name": "x"},
    "updateAutomationStatusAndName": {"name": "x"},
    "addCustomer": {"userPk": "ann"},
    "addCustomerBatch": {"customers": []},
    "putEmailModel": {"name": "x"},
    "putSmsModel": {"name": "x"},
    "putPageBuilderTemplate": {"name": "x"},
    "putPageBuilderPage": {"name": "x", "htmlContent": "x"},
    "putSendSubscription": {"id": "x", "name": "x"},
    "putTriggerEventDefinition": {"eventType": "x"},
    "putCustomerDefinition": {"path": "extended.x", "type": "string"},
    "sendEmailTest": {
        "modelIdentifier": 7,
        "senderEmail": "a@example.com",
        "email": "b@example.com",
        "subject": "x",
        "textContent": "x",
    },
    "takeEvent": {"id": "e", "eventType": "loggedIn", "customer": {"userPk": "ann"}},
    "takeFeedback": {"feedbacks": [{"id": "f", "kind": "OPENED", "tokenUuid": UNKNOWN, "stepUuid": UNKNOWN}]},
    "putProfile": {"customer": {"userPk": "ann"}, "profile": {}},
    "updateNode": {"active": True},
}
QUERY = {"deleteIncompleteBatch": {"sourceUuid": UNKNOWN}}


def ask_well(client: FlowClient, row: Route, **values: str) -> Answer:
    body = BODIES.get(row.operation_id, {}) if row.takes is not None else None
    return client.send(row.verbs, path_of(row, **values), body, query=QUERY.get(row.operation_id))


@pytest.mark.parametrize("row", ON_A_NODE, ids=ids)
def test_the_node_must_be_named_known_and_switched_on(row: Route, cloud: None, shop: FlowClient) -> None:
    other = make_node("other")
    off = make_node("default", active=True)
    assert off.patch(f"/nodes/{off.node}", {"active": False}).status == 200
    wanted = {None: 400, "shop": 400, UNKNOWN: 403, other.node: 403, off.node: 403}
    for named, status in wanted.items():
        answer = ask_well(FlowClient("default", named), row)
        assert (answer.status, is_shaped(answer)) == (status, True), named


@pytest.mark.parametrize("row", NAMED, ids=ids)
def test_what_is_unknown_is_not_found(row: Route, shop: FlowClient) -> None:
    answer = ask_well(shop, row)
    assert (answer.status, is_shaped(answer)) == (404, True)


def test_what_belongs_to_another_node_or_workspace_does_not_exist(shop: FlowClient) -> None:
    from tests.journeys import make_automation

    automation = make_automation(shop)
    template = shop.post("/external-contents/page-builder/templates", {"name": "t"}).body["id"]
    pages = f"/external-contents/page-builder/templates/{template}/pages"
    page = shop.post(pages, {"name": "p", "htmlContent": "<p>x</p>"}).body["id"]
    values = {
        "node_uuid": str(shop.node),
        "automation_uuid": automation["uuid"],
        "step_uuid": automation["steps"][0]["uuid"],
        "setting_uuid": shop.get("/settings").body["integrations"][0]["uuid"],
        "token_uuid": shop.post(f"/automations/{automation['uuid']}/customers", {"userPk": "ann"}).body["uuid"],
        "template_id": str(template),
        "page_id": str(page),
    }
    values["customer_uuid"] = values["token_uuid"]
    sibling, stranger = make_node("default"), make_node("other")
    for row in NAMED:
        for client in (sibling, stranger):
            if client is sibling and "node_uuid" in row.path:
                continue
            answer = ask_well(client, row, **values)
            assert (answer.status, is_shaped(answer)) == (404, True), (row, answer.body)
    assert shop.get(f"/automations/{automation['uuid']}").status == 200


@pytest.mark.parametrize("row", NAMED, ids=ids)
def test_unusable_path_values_are_named(row: Route, shop: FlowClient) -> None:
    variable = re.findall(r"{(\w+)}", row.path)[0]
    for value in ("%00", "a" * 257, "%0d%0a"):
        answer = shop.send(row.verbs, path_of(row, **{variable: value}), BODIES.get(row.operation_id))
        assert (answer.status, is_shaped(answer)) == (400, True)


def test_a_tracing_id_is_given_back_and_errors_can_be_looked_up(shop: FlowClient) -> None:
    answer = shop.get(f"/automations/{UNKNOWN}", headers={"x-tracing-id": "trace-1"})
    assert answer.headers["x-tracing-id"] == "trace-1"
    assert answer.body["logref"] == answer.headers["x-request-id"]
    assert shop.get("/user", headers={"x-tracing-id": "a b\x01"}).headers["x-tracing-id"] == "request-1"


def test_unknown_query_parameters_and_members_are_ignored(shop: FlowClient) -> None:
    assert shop.get("/automations?nothing=1").status == 200
    assert shop.post("/automations", {"name": "x", "created": "never", "more": {}}).status == 201


def test_every_path_begins_with_the_surface() -> None:
    assert all(row.path.startswith(FLOW) or row.scope == PUBLIC for row in HERE)


@pytest.mark.parametrize(
    ("operation_id", "status"),
    [
        ("takeEvent", "202"),
        ("takeFeedback", "200"),
        ("takeProviderFeedback", "200"),
        ("followTokensReport", "202"),
        ("unsubscribeByMark", "200"),
        ("addCustomerBatch", "202"),
        ("putProfile", "200"),
        ("putEmailModel", "201"),
    ],
)
def test_the_reference_says_with_which_status_an_operation_answers(operation_id: str, status: str) -> None:
    (row,) = [row for row in HERE if row.operation_id == operation_id]
    assert flow_reference.answered(row, row.verbs).status == status
