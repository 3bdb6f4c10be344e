"""Nodes, the caller, offered actions, KPIs."""

from __future__ import annotations

import pytest

from tests.client import Client
from tests.conftest import Clock
from tests.journeys import FlowClient, make_automation, make_node, welcome

UUID = "0000aaaa-0000-4000-8000-00000000000a"


@pytest.fixture
def flow(workspace: str) -> FlowClient:
    return FlowClient(workspace)


def weak(client: Client, *scopes: str) -> str:
    return str(client.post("/v1/admin/keys", {"name": "weak", "scopes": list(scopes)}).body["key"])


def test_a_node_keeps_what_it_was_given_and_begins_with_its_channels_off(flow: FlowClient) -> None:
    sent = {"uuid": UUID.upper(), "name": "Shop", "workspaceName": "Acme", "groupPk": 7, "userdbId": 2**40}
    made = flow.post("/nodes", sent)
    assert (made.status, made.headers["location"]) == (201, f"/flow/v1/nodes/{UUID}")
    expected = {**sent, "uuid": UUID, "active": True, "emailActive": False, "smsActive": False}
    assert {name: made.body[name] for name in expected} == expected
    assert flow.get(f"/nodes/{UUID.upper()}").body == made.body


def test_a_uuid_is_given_once(flow: FlowClient) -> None:
    assert flow.post("/nodes", {"uuid": UUID}).status == 201
    again = flow.post("/nodes", {"uuid": UUID}, headers={"idempotency-key": "other"})
    assert again.status == 409


def test_a_repeat_under_its_key_makes_one_node(flow: FlowClient) -> None:
    answers = [flow.post("/nodes", {"name": "x"}, headers={"idempotency-key": "k"}) for _ in range(2)]
    assert answers[0].body == answers[1].body
    assert answers[1].headers["idempotent-replayed"] == "true"
    assert len(flow.get("/nodes").body["elements"]) == 1


def test_one_key_on_two_nodes_is_two_requests(workspace: str) -> None:
    first, second = make_node(workspace), make_node(workspace)
    for client, status in ((first, 201), (second, 409)):
        answer = client.post("/automations", {"name": "x"}, headers={"idempotency-key": "k"})
        assert answer.status == status


def test_a_key_is_at_most_128_long(flow: FlowClient) -> None:
    assert flow.post("/nodes", {}, headers={"idempotency-key": "k" * 128}).status == 201
    refused = flow.post("/nodes", {}, headers={"idempotency-key": "k" * 129})
    assert (refused.status, refused.body["errors"][0]["path"]) == (400, "Idempotency-Key")


def test_nodes_are_listed_by_name_page_by_page_and_by_what_they_belong_to(flow: FlowClient) -> None:
    for name, portfolio in (("b", UUID), ("A", None), ("c", UUID)):
        flow.post("/nodes", {"name": name, **({"portfolioUuid": portfolio} if portfolio else {})})

    def names(query: str) -> list[str]:
        return [one["name"] for one in flow.get(f"/nodes{query}").body["elements"]]

    assert names("") == ["A", "b", "c"]
    assert names("?page=1&size=2") == ["c"]
    assert names(f"?portfolioUuid={UUID}") == ["b", "c"]
    page = flow.get(f"/nodes?portfolioUuid={UUID}&size=1").body["page"]
    assert page == {"size": 1, "number": 0, "totalElements": 2, "totalUnfilteredElements": 3, "totalPages": 2}
    for bad in ("page=-1", "page=x", "size=0", "size=101", "portfolioUuid=x"):
        answer = flow.get(f"/nodes?{bad}")
        assert (answer.status, answer.body["errors"][0]["path"]) == (400, bad.partition("=")[0])


def test_a_disabled_node_is_seen_by_administrators_only(flow: FlowClient) -> None:
    flow.post("/nodes", {"uuid": UUID, "name": "x"})
    assert flow.patch(f"/nodes/{UUID}", {"active": False}).body["active"] is False
    reader = weak(flow, "read")
    assert flow.get("/nodes", key=reader).body["elements"] == []
    assert flow.get(f"/nodes/{UUID}", key=reader).status == 404
    assert flow.get("/user", key=reader).body["extended"] == {"nodes": [], "scopes": ["flow.read"]}
    assert [one["uuid"] for one in flow.get("/nodes").body["elements"]] == [UUID]


def test_a_change_always_says_whether_the_node_is_on(flow: FlowClient) -> None:
    flow.post("/nodes", {"uuid": UUID})
    refused = flow.patch(f"/nodes/{UUID}", {"emailActive": True})
    assert (refused.status, refused.body["errors"][0]["path"]) == (400, "/active")
    changed = flow.patch(f"/nodes/{UUID}", {"active": True, "smsActive": True, "hubPhoneField": "base.phone"})
    assert (changed.body["smsActive"], changed.body["emailActive"]) == (True, False)
    assert changed.body["hubPhoneField"] == "base.phone"


def test_actions_follow_from_flags_and_connectors(flow: FlowClient) -> None:
    flow.node = flow.post("/nodes", {"emailActive": True}).body["uuid"]
    assert flow.get("/actions").body == ["WEBHOOK"]
    message = flow.post("/settings", {"category": "INTEGRATION", "type": "CLAB_API_SOAP", "value": {}}).body["uuid"]
    flow.post("/settings", {"category": "INTEGRATION", "type": "HUB", "value": {}})
    assert flow.get("/actions").body == ["CLAB_CAMPAIGN", "TAG", "WEBHOOK"]
    flow.patch(f"/nodes/{flow.node}", {"active": True, "emailActive": False, "smsActive": True})
    assert flow.get("/actions").body == ["CLAB_CAMPAIGN_SMS", "TAG", "WEBHOOK"]
    flow.delete(f"/settings/{message}")
    assert flow.get("/actions").body == ["TAG", "WEBHOOK"]


def test_a_node_with_living_automations_is_not_deleted(workspace: str) -> None:
    flow = make_node(workspace)
    head = make_automation(flow)
    refused = flow.delete(f"/nodes/{flow.node}")
    assert (refused.status, refused.body["data"]["automations"]) == (409, [head["uuid"]])
    assert flow.get(f"/nodes/{flow.node}").status == 200


def test_a_deleted_node_is_gone_at_once_and_its_data_soon(workspace: str, still: Clock) -> None:
    from chalicelib.journeys import node_upkeep
    from chalicelib.journeys.models import automations, profiles
    from chalicelib.storage.tables import JOURNEYS

    flow = make_node(workspace)
    node = str(flow.node)
    draft = flow.post("/automations", welcome()).body["uuid"]
    template = flow.post("/external-contents/page-builder/templates", {"name": "t"}).body["id"]
    flow.post(f"/external-contents/page-builder/templates/{template}/pages", {"name": "p", "htmlContent": "x" * 3000})
    flow.post("/definitions/customers", {"path": "extended.size", "type": "string"})
    flow.put("/profiles", {"customer": {"userPk": "ann"}, "profile": {"base": {"firstName": "Ann"}}})
    assert any(JOURNEYS.query_all(name) for name in profiles.partitions(workspace, node))
    assert flow.delete(f"/nodes/{node}").status == 204
    assert flow.get(f"/nodes/{node}").status == 404
    assert flow.get("/automations").status == 403
    assert flow.delete(f"/nodes/{node}").status == 404
    assert flow.post("/nodes", {"uuid": node}).status == 409
    node_upkeep.keep(workspace, node)
    head = automations.load(workspace, node, draft, fresh=True)
    assert head is not None
    assert head.status == "TO_DELETE"
    from chalicelib.journeys import lifecycle

    assert lifecycle.engine_transition(head, None) is None
    node_upkeep.keep(workspace, node)
    assert flow.post("/nodes", {"uuid": node}).status == 409, "another process may still write"
    still.advance_s(61)
    node_upkeep.keep(workspace, node)
    assert JOURNEYS.query_all(f"{workspace}#N#{node}") == []
    assert [row for name in profiles.partitions(workspace, node) for row in JOURNEYS.query_all(name)] == []
    for part in ("STEPS", "C#mail", "C#sms", "C#template", f"C#page.{template}", "D#properties", f"A#{draft}"):
        assert JOURNEYS.query_all(f"{workspace}#N#{node}#{part}") == [], part
    assert flow.post("/nodes", {"uuid": node}).status == 201


def test_kpis_count_automations_by_status_for_every_node(workspace: str) -> None:
    first, second = make_node(workspace, name="a"), make_node(workspace, name="b")
    make_automation(first)
    paused = make_automation(first)
    first.patch(f"/automations/{paused['uuid']}", {"status": "PAUSED"})
    gone = make_automation(first, "DRAFT")
    first.delete(f"/automations/{gone['uuid']}")
    make_automation(second, "DRAFT")
    shown = {one["name"]: one["automations"] for one in first.get("/kpis/nodes").body["elements"]}
    nothing = dict.fromkeys(("DRAFT", "COMMITTED", "RUNNING", "PAUSED", "ERROR", "TO_ARCHIVE", "ARCHIVED"), 0)
    assert shown["a"] == {**nothing, "RUNNING": 1, "PAUSED": 1, "total": 2}
    assert shown["b"] == {**nothing, "DRAFT": 1, "total": 1}


def test_the_caller_is_its_key(flow: FlowClient) -> None:
    flow.post("/nodes", {"name": "n"})
    user = flow.get("/user").body
    assert user["base"]["roles"] == ["CONFIGURATOR"]
    assert [one["name"] for one in user["extended"]["nodes"]] == ["n"]
    assert user["extended"]["scopes"] == ["flow.read", "flow.write", "flow.admin"]


@pytest.mark.parametrize("named", ["", "shop", "-", f"{UUID}#x", f"#{UUID}", UUID[:-1], f"{UUID}0", "../x"])
def test_a_node_is_named_by_a_uuid_and_nothing_else(flow: FlowClient, named: str) -> None:
    assert flow.post("/nodes", {"uuid": UUID}).status == 201
    answer = flow.get("/settings", headers={"node": named})
    assert (answer.status, flow.get("/settings", headers={"node": f" {UUID.upper()} "}).status) == (400, 200)
