"""Settings: one of a type, secrets written and never read."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.journeys import connectors
from chalicelib.storage.tables import JOURNEYS
from tests.journeys import FlowClient

MASK = "********"


@pytest.fixture
def flow(workspace: str) -> FlowClient:
    made = FlowClient(workspace)
    made.node = made.post("/nodes", {"name": "Shop"}).body["uuid"]
    return made


def message(**value: Any) -> dict[str, Any]:
    return {"category": "INTEGRATION", "type": "CLAB_API_SOAP", "label": "Mail", "value": value}


SMTP = {"provider": "SMTP", "endpoint": "smtp://mail.example.com:587", "userKey": "shop", "apiKey": "hunter2-secret"}


def test_secrets_are_masked_sealed_and_opened_for_work(flow: FlowClient, workspace: str) -> None:
    made = flow.post("/settings", message(**SMTP))
    assert (made.status, made.headers["location"]) == (201, f"/flow/v1/settings/{made.body['uuid']}")
    assert made.body["value"] == {**SMTP, "userKey": MASK, "apiKey": MASK}
    for path in ("/settings", f"/settings/{made.body['uuid']}"):
        assert "hunter2" not in str(flow.get(path).body)
    assert "hunter2" not in str(JOURNEYS.query_all(f"{workspace}#N#{flow.node}"))
    stored = connectors.of_type(workspace, str(flow.node), "CLAB_API_SOAP", fresh=True)
    assert stored is not None
    assert connectors.whole(stored) == SMTP


def test_a_masked_secret_stays_and_an_absent_one_goes(flow: FlowClient, workspace: str) -> None:
    made = flow.post("/settings", message(**SMTP, signingSecret="sign")).body["uuid"]
    value = {**SMTP, "apiKey": MASK, "userKey": "other"}
    replaced = flow.put(f"/settings/{made}", {"label": "New", "value": value})
    assert (replaced.status, replaced.body["label"]) == (200, "New")
    stored = connectors.of_type(workspace, str(flow.node), "CLAB_API_SOAP", fresh=True)
    assert stored is not None
    assert connectors.whole(stored) == {**SMTP, "userKey": "other"}


def test_members_that_nobody_declared_are_sealed_when_they_tell_of_a_secret(flow: FlowClient, workspace: str) -> None:
    own = {"password": "hunter2", "account": {"name": "shop", "clientSecret": "hunter3"}, "groups": ["a", "b"]}
    made = flow.post("/settings", message(**own))
    shown = {"password": MASK, "account": MASK, "groups": ["a", "b"]}
    assert made.body["value"] == shown
    assert "hunter" not in str(JOURNEYS.query_all(f"{workspace}#N#{flow.node}"))
    replaced = flow.put(f"/settings/{made.body['uuid']}", {"label": "New", "value": shown})
    assert (replaced.status, replaced.body["value"]) == (200, shown)
    stored = connectors.of_type(workspace, str(flow.node), "CLAB_API_SOAP", fresh=True)
    assert stored is not None
    assert connectors.whole(stored) == own


def test_a_mask_without_a_secret_behind_it_is_no_secret(flow: FlowClient) -> None:
    refused = flow.post("/settings", message(**{**SMTP, "provider": "SES", "region": "eu-west-1", "apiKey": MASK}))
    assert (refused.status, refused.body["errors"][0]["path"]) == (400, "/value/apiKey")


def test_a_setting_may_bring_its_own_uuid(flow: FlowClient) -> None:
    own = "A0000000-0000-4000-8000-000000000001"
    made = flow.post("/settings", {**message(), "uuid": own})
    assert (made.status, made.body["uuid"]) == (201, own.lower())
    assert made.headers["location"] == f"/flow/v1/settings/{own.lower()}"
    assert flow.get(f"/settings/{own}").ok()["label"] == "Mail"
    hub = {"category": "INTEGRATION", "type": "HUB", "value": {}}
    taken = flow.post("/settings", {**hub, "uuid": own})
    assert (taken.status, taken.body["message"]) == (409, "the node has a setting with this uuid")
    refused = flow.post("/settings", {**hub, "uuid": "mine"})
    assert (refused.status, refused.body["errors"][0]["path"]) == (400, "/uuid")


def test_there_is_one_setting_of_a_type(flow: FlowClient) -> None:
    assert flow.post("/settings", message()).status == 201
    assert flow.post("/settings", message()).status == 409
    assert flow.post("/settings", {"category": "INTEGRATION", "type": "HUB", "value": {"token": "t"}}).status == 201


def test_the_type_of_a_setting_stays(flow: FlowClient) -> None:
    made = flow.post("/settings", message()).body["uuid"]
    assert flow.put(f"/settings/{made}", {"type": "HUB", "value": {}}).status == 409
    assert flow.put(f"/settings/{made}", {"type": "CLAB_API_SOAP", "value": {}}).status == 200


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ({"provider": "SMTP"}, "/value/endpoint"),
        ({"provider": "HTTP", "endpoint": "https://example.com"}, "/value/apiKey"),
        ({"provider": "SES"}, "/value/region"),
        ({"provider": "SMTP", "endpoint": "https://mail.example.com"}, "/value/endpoint"),
        ({"provider": "HTTP", "endpoint": "smtp://example.com", "apiKey": "k"}, "/value/endpoint"),
        ({"provider": "PIGEON"}, "/value/provider"),
        ({"endpoint": "nowhere"}, "/value/endpoint"),
        ({"defaultSenderEmail": "nobody"}, "/value/defaultSenderEmail"),
        ({"more": "x" * 40_000}, "/value"),
    ],
)
def test_values_are_checked_by_type(flow: FlowClient, value: dict[str, Any], path: str) -> None:
    refused = flow.post("/settings", message(**value))
    assert (refused.status, refused.body["errors"][0]["path"]) == (400, path)


def test_further_members_of_a_value_are_kept(flow: FlowClient) -> None:
    made = flow.post("/settings", message(note="mine", nested={"a": [1]}))
    assert made.body["value"] == {"note": "mine", "nested": {"a": [1]}}


@pytest.mark.parametrize("spelling", ["Type", "type"])
def test_both_spellings_of_the_filters_are_read(flow: FlowClient, spelling: str) -> None:
    flow.post("/settings", message())
    flow.post("/settings", {"category": "INTEGRATION", "type": "HUB", "value": {}})
    shown = flow.get(f"/settings?{spelling}=HUB&Category=INTEGRATION").body["integrations"]
    assert [one["type"] for one in shown] == ["HUB"]
    refused = flow.get(f"/settings?{spelling}=OTHER")
    assert (refused.status, refused.body["errors"][0]["path"]) == (400, spelling)


def test_a_deleted_setting_is_gone_and_its_type_free(flow: FlowClient) -> None:
    made = flow.post("/settings", message()).body["uuid"]
    assert flow.delete(f"/settings/{made}").status == 204
    assert [flow.get(f"/settings/{made}").status, flow.delete(f"/settings/{made}").status] == [404, 404]
    assert flow.post("/settings", message()).status == 201


def test_a_repeat_under_its_key_makes_one_setting(flow: FlowClient) -> None:
    answers = [flow.post("/settings", message(), headers={"idempotency-key": "k"}) for _ in range(2)]
    assert [one.status for one in answers] == [201, 201]
    assert answers[0].body == answers[1].body
