"""Workflows: what is read of their templates, what is refused, what is filled."""

from __future__ import annotations

from typing import Any

import pytest

from tests.client import Client


def group(client: Client) -> str:
    return str(client.get("/v1/notification-groups").body["data"][0]["_id"])


def send(client: Client, *steps: Any, **more: Any) -> Any:
    body = {"name": "Flow", "notificationGroupId": group(client), "steps": list(steps), **more}
    return client.post("/v1/workflows", body)


def test_variables_are_named_wherever_templates_read_them(client: Client) -> None:
    content = (
        "{{name}} {{subscriber.data.city}} {{#each items}}{{price}}{{else}}{{none}}{{/each}}"
        "{{#if late}}{{hours}}{{/if}}"
        "{{dateFormat order.at 'yyyy'}} {{uppercase (titlecase who)}} {{step.total_count}} {{@index}} {{tenant.name}}"
    )
    cta = {
        "data": {"url": "https://example.com/{{id}}"},
        "action": {"buttons": [{"type": "primary", "content": "{{b}}"}]},
    }
    step = {"template": {"type": "in_app", "content": content, "cta": cta}}
    (trigger,) = send(client, step).body["data"]["triggers"]
    assert {one["name"]: one["type"] for one in trigger["variables"]} == {
        "name": "String", "items": "Array", "none": "String", "late": "Boolean", "hours": "String",
        "order.at": "String", "who": "String", "id": "String", "b": "String",
    }  # fmt: skip
    assert trigger["subscriberVariables"] == [{"name": "data.city"}]


@pytest.mark.parametrize(
    ("template", "place"),
    [
        ({"cta": {"data": {"url": "{{#if x}}"}}}, "template"),
        ({"cta": {"data": "https://example.com"}}, "template.cta.data"),
        ({"cta": {"action": {"buttons": ["Go"]}}}, "template.cta.action.buttons.0"),
        ({"cta": {"action": {"buttons": [{"type": "third", "content": "Go"}]}}}, "template.cta.action.buttons.0.type"),
        ({"actor": {"type": "me"}}, "template.actor.type"),
    ],
)
def test_what_could_not_be_shown_is_refused(client: Client, template: Any, place: str) -> None:
    answer = send(client, {"template": {"type": "in_app", "content": "x", **template}})
    assert (answer.status, list(answer.body["errors"])) == (400, [f"steps.0.{place}"])


def test_a_kind_that_was_not_sent_is_filled(client: Client) -> None:
    made = send(client, {"template": {"type": "delay"}, "metadata": {"amount": 1, "unit": "hours"}}).body["data"]
    assert made["steps"][0]["metadata"] == {"type": "regular", "amount": 1, "unit": "hours"}


def test_an_identifier_that_is_taken_is_refused(client: Client) -> None:
    one, other = send(client).body["data"], send(client, name="Other").body["data"]
    answer = client.put(f"/v1/workflows/{other['_id']}", {"identifier": "flow"})
    assert (answer.status, list(answer.body["errors"])) == (400, ["identifier"])
    assert client.put(f"/v1/workflows/{one['_id']}", {"identifier": "moved"}).status == 200
    assert client.put(f"/v1/workflows/{other['_id']}", {"identifier": "flow"}).status == 200
    assert client.get("/v1/workflows/flow").body["data"]["_id"] == other["_id"]


def test_a_group_can_go_and_its_workflows_stay(client: Client) -> None:
    own = client.post("/v1/notification-groups", {"name": "g"}).body["data"]["_id"]
    made = send(client, notificationGroupId=own).body["data"]
    assert client.delete(f"/v1/notification-groups/{own}").body["data"] == {"acknowledged": True, "status": "deleted"}
    kept = client.get(f"/v1/workflows/{made['_id']}").body["data"]
    assert (kept["_notificationGroupId"], "notificationGroup" in kept) == (own, False)
    assert client.put(f"/v1/workflows/{made['_id']}", {"notificationGroupId": group(client)}).status == 200


def test_a_variant_is_of_the_channel_of_its_step(client: Client) -> None:
    step = {"template": {"type": "in_app", "content": "x"}, "variants": [{"template": {"type": "sms", "content": "x"}}]}
    answer = send(client, step)
    assert (answer.status, list(answer.body["errors"])) == (400, ["steps.0.variants.0.template.type"])
    broken = {**step, "variants": [{"template": {"type": "in_app", "content": "{{#if x}}"}}]}
    assert list(send(client, broken).body["errors"]) == ["steps.0.variants.0.template"]


def test_a_step_that_is_sent_twice_is_two_steps(client: Client) -> None:
    made = send(client, {"template": {"type": "in_app", "content": "x"}}).body["data"]
    (step,) = made["steps"]
    steps = client.put(f"/v1/workflows/{made['_id']}", {"steps": [step, step]}).body["data"]["steps"]
    assert steps[0]["_id"] == step["_id"] != steps[1]["_id"]
    assert steps[0]["_templateId"] == step["_templateId"] != steps[1]["_templateId"]
