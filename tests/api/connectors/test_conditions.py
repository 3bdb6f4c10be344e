"""Conditions: camelCase reads, and whether a check holds."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.connectors import public as connectors
from chalicelib.core.errors import InvalidInput, LogicFailed, NotFound
from tests.builders import make_condition, make_service, make_user
from tests.client import Client

CHOSEN = "809653ba-440f-439a-b8c1-dd98ea1e814e"


@pytest.fixture
def service(client: Client) -> str:
    make_user(client, "ada")
    return make_service(client)


def test_a_condition_is_made_read_listed_changed_and_deleted(client: Client, service: str) -> None:
    path = f"/v1/service/{service}/condition"
    assert client.post(f"{path}?userId=dev", {"id": CHOSEN, "name": "MY_CONDITION"}).ok() == {"id": CHOSEN}
    shown = client.get(f"{path}/{CHOSEN}").ok()
    assert (shown["name"], shown["serviceId"], shown["conditionId"]) == ("MY_CONDITION", service, CHOSEN)
    assert (shown["createdBy"], shown["updatedBy"], shown["published"]) == ("dev", "dev", True)
    assert client.get(path).ok() == [shown]
    assert client.get(f"{path}/MY_CONDITION").ok() == shown
    changed = client.put(f"{path}/{CHOSEN}?userId=other", {"name": "updated condition"}).ok()
    assert (changed["name"], changed["updatedBy"], changed["insertedAt"]) == (
        "updated condition",
        "other",
        shown["insertedAt"],
    )
    assert client.post(path, {"name": "updated condition"}).status == 409
    assert client.delete(f"{path}/{CHOSEN}").ok() == {}
    assert client.delete(f"{path}/{CHOSEN}").status == 404


@pytest.mark.parametrize(
    "echo",
    [{"service_id": "x", "condition_id": "x", "created_by": "x"}, {"serviceId": "x", "conditionId": "x"}],
)
def test_an_update_ignores_what_is_the_servers_in_either_spelling(client: Client, service: str, echo: Any) -> None:
    condition = make_condition(client, service)
    path = f"/v1/service/{service}/condition/{condition}"
    changed = client.patch(path, {**echo, "label": {"en": "Is it"}}).ok()
    assert (changed["serviceId"], changed["conditionId"], changed["label"]) == (service, condition, {"en": "Is it"})


@pytest.mark.parametrize(
    ("value", "holds"),
    [
        *[("1", True), ("'no'", True), ("[]", True), ("({})", True)],
        *[("0", False), ("''", False), ("null", False), ("undefined", False), ("false", False), ("NaN", False)],
    ],
)
def test_a_condition_holds_when_javascript_takes_its_value_for_true(
    client: Client, workspace: str, service: str, value: str, holds: bool
) -> None:
    condition = make_condition(client, service, f"return {value}")
    assert connectors.check_condition(workspace, service, condition, {}, user_id="ada") is holds


def test_a_condition_checks_its_input_and_fails_as_its_logic_does(client: Client, workspace: str, service: str) -> None:
    schema = {"variables": [{"title": "n", "type": "integer", "x-required": True}], "output": {"type": "integer"}}
    make_condition(client, service, "return input.data.n > 2", name="large", schema=schema)
    assert connectors.check_condition(workspace, service, "large", {"n": 3}, user_id="ada")
    with pytest.raises(InvalidInput) as refused:
        connectors.check_condition(workspace, service, "large", {}, user_id="ada")
    assert refused.value.faults[0].location == "input.n"
    make_condition(client, service, "throw new Error('x')", name="broken")
    with pytest.raises(LogicFailed):
        connectors.check_condition(workspace, service, "broken", {}, user_id="ada")
    with pytest.raises(NotFound):
        connectors.check_condition(workspace, service, "none", {}, user_id="ada")
