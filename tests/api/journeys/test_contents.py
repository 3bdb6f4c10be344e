"""Contents, definitions and consent lists: put in by POST, shown by the contract's lists."""

from __future__ import annotations

import pytest

from chalicelib.journeys import definitions, materials
from tests.journeys import FlowClient, make_node

MAILS, TEXTS = "/external-contents/email-models", "/external-contents/sms-models"
TEMPLATES = "/external-contents/page-builder/templates"


@pytest.fixture
def flow(workspace: str) -> FlowClient:
    return make_node(workspace)


def test_models_are_listed_by_name_and_numbered_on(flow: FlowClient) -> None:
    made = flow.post(MAILS, {"name": "Alpha", "senderEmail": "a@example.com"})
    assert (made.status, made.body["identifier"]) == (201, 8)
    shown = flow.get(MAILS).body
    assert [(one["identifier"], one["name"]) for one in shown] == [(8, "Alpha"), (7, "Newsletter")]
    assert shown[0] == {
        "identifier": 8,
        "name": "Alpha",
        "subject": None,
        "senderName": None,
        "senderEmail": "a@example.com",
        "senderReplyTo": None,
    }
    assert flow.post(TEXTS, {"name": "Sale", "text": "Now"}).body["identifier"] == 4


def test_a_number_that_is_taken_is_replaced(flow: FlowClient) -> None:
    assert flow.post(MAILS, {"identifier": 7, "name": "New"}).status == 201
    assert [(one["identifier"], one["name"], one["subject"]) for one in flow.get(MAILS).body] == [(7, "New", None)]


def test_a_repeat_under_its_key_puts_in_one(flow: FlowClient) -> None:
    answers = [flow.post(MAILS, {"name": "x"}, headers={"idempotency-key": "k"}) for _ in range(2)]
    assert answers[0].body == answers[1].body
    assert len(flow.get(MAILS).body) == 2


def test_pages_keep_their_html_in_the_store_of_big_values(flow: FlowClient, workspace: str) -> None:
    template = flow.post(TEMPLATES, {"name": "Base"}).body["id"]
    html = "<p>" + "ä" * 200_000 + "</p>"
    made = flow.post(f"{TEMPLATES}/{template}/pages", {"name": "Summer", "htmlContent": html}).body
    assert made == {"id": 1, "templateId": template, "name": "Summer"}
    assert flow.get(f"{TEMPLATES}/{template}/pages").body["elements"] == [made]
    assert flow.get(f"{TEMPLATES}/{template}/pages/1").body["htmlContent"] == html
    assert materials.page_html(workspace, str(flow.node), template, 1) == html
    flow.post(f"{TEMPLATES}/{template}/pages", {"id": 1, "name": "Summer", "htmlContent": "<p>new</p>"})
    assert flow.get(f"{TEMPLATES}/{template}/pages/1").body["htmlContent"] == "<p>new</p>"


def test_templates_and_pages_are_shown_page_by_page(flow: FlowClient) -> None:
    for name in ("c", "a", "b"):
        flow.post(TEMPLATES, {"name": name})
    second = flow.get(f"{TEMPLATES}?page=1&size=2").body
    assert ([one["name"] for one in second["elements"]], second["page"]["totalElements"]) == (["c"], 3)
    for path in (f"{TEMPLATES}/9/pages", f"{TEMPLATES}/x/pages", f"{TEMPLATES}/1/pages/1", f"{TEMPLATES}/9/pages/1"):
        assert flow.get(path).status == 404


def test_the_designer_is_open_where_mails_can_be_sent(flow: FlowClient) -> None:
    assert flow.get("/external-contents/email-designer").body == {"enabled": True}
    flow.patch(f"/nodes/{flow.node}", {"active": True, "emailActive": False})
    assert flow.get("/external-contents/email-designer").body == {"enabled": False}


def test_a_node_adds_event_types_to_the_standard_ones(flow: FlowClient) -> None:
    standard = flow.get("/definitions/trigger-events").body
    assert standard["completedOrder"]["attributes"]["amount"]["type"] == "number"
    own = {"eventType": "visitedStand", "contexts": ["RETAIL"], "attributes": {"stand": {"type": "integer"}}}
    assert flow.post("/definitions/trigger-events", own).status == 201
    shown = flow.get("/definitions/trigger-events").body
    assert shown.keys() - standard.keys() == {"visitedStand"}
    assert shown["visitedStand"]["contexts"] == ["RETAIL"]
    assert "GREATER_THAN" in shown["visitedStand"]["attributes"]["stand"]["operators"]
    refused = flow.post("/definitions/trigger-events", {"eventType": "x", "contexts": ["MARS"]})
    assert (refused.status, refused.body["errors"][0]["path"]) == (400, "/contexts")


def test_a_node_adds_properties_to_the_standard_ones(flow: FlowClient) -> None:
    assert flow.post("/definitions/customers", {"path": "extended.size", "type": "string"}).status == 201
    shown = flow.get("/definitions/customers").body
    assert (shown["extended.size"]["type"], shown["tags.manual"]["type"]) == ("string", "array")
    assert flow.post("/definitions/customers", {"path": "no spaces", "type": "string"}).status == 400


def test_definitions_are_bounded_one_by_one_and_together(flow: FlowClient, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["x" * 1000] * 190
    fitting = {"path": "extended.a", "type": "string", "enum": words}
    assert flow.post("/definitions/customers", fitting).status == 201
    for path, sent in (
        ("customers", {**fitting, "path": "extended.b", "enum": [*words, "x" * 10_000]}),
        ("trigger-events", {"eventType": "big", "attributes": {"a": {"type": "string", "enum": ["x" * 200_000]}}}),
    ):
        refused = flow.post(f"/definitions/{path}", sent)
        assert (refused.status, "at most 200000 bytes" in refused.body["message"]) == (400, True)
    monkeypatch.setattr(definitions, "MAX_BYTES_OF_A_KIND", 300_000)
    assert flow.post("/definitions/customers", {**fitting, "path": "extended.c"}).status == 409
    assert flow.post("/definitions/customers", fitting).status == 201


def test_contexts_and_categories_are_fixed(flow: FlowClient) -> None:
    assert "ECOMMERCE" in flow.get("/definitions/contexts").body
    for path in ("/definitions/automation-categories", "/automations/categories"):
        assert flow.get(path).body == {"categories": ["Custom"]}


def test_consent_lists_are_put_in_and_replaced_by_id(flow: FlowClient) -> None:
    flow.post("/send-subscriptions", {"id": "news", "name": "News"})
    flow.post("/send-subscriptions", {"id": "news", "name": "Newsletter", "kind": "SERVICE"})
    assert flow.get("/send-subscriptions").body["subscriptions"] == [
        {"id": "news", "name": "Newsletter", "sendId": None, "kind": "SERVICE"}
    ]
