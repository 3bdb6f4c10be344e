"""What workers lean on: definitions, addresses and hook runs, without a read each time."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from chalicelib.connectors import notifications
from chalicelib.connectors import public as connectors
from chalicelib.connectors.public import HookRun
from chalicelib.core import cache
from chalicelib.core.errors import Conflict, InvalidInput, LogicFailed, NotFound
from chalicelib.credentials import public as credentials
from chalicelib.identity.workers import platform_cleanup
from chalicelib.storage import table
from chalicelib.subscriptions import events
from tests.builders import (
    USER,
    make_action,
    make_event,
    make_security,
    make_service,
    make_token,
    make_trigger,
    make_variable,
    make_version,
)
from tests.client import Client
from tests.conftest import Clock
from tests.queues import drain


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count the calls to the tables."""
    counted: Counter[str] = Counter()
    call = table._call

    def counting(operation: str, **request: Any) -> dict[str, Any]:
        counted[operation] += 1
        return call(operation, **request)

    monkeypatch.setattr(table, "_call", counting)
    return counted


def hook_key_of(client: Client, service: str) -> str:
    url: str = client.get(f"/v1/service/{service}/webhookSetting").ok()["url"]
    return url.rpartition("/")[2]


def test_an_address_leads_to_its_event_with_one_read_in_five_seconds(
    client: Client, workspace: str, still: Clock, reads: Counter[str]
) -> None:
    service = make_service(client)
    event = make_event(client, service)
    key = hook_key_of(client, service)
    target = connectors.find_hook(key)
    assert target is not None
    assert (target.workspace_id, target.service.id, target.event.id) == (workspace, service, event["id"])
    assert connectors.notification_url(target.service, target.event).endswith(f"/v1/hook/{key}")
    reads.clear()
    still.advance_s(4.9)
    assert connectors.find_hook(key) is not None
    assert not reads
    still.advance_s(0.2)
    assert connectors.find_hook(key) is not None
    assert reads


@pytest.mark.parametrize("hook_key", ["", "x", "A" * 42, "A" * 44])
def test_what_cannot_be_the_key_of_an_address_costs_no_read(cloud: None, reads: Counter[str], hook_key: str) -> None:
    assert connectors.find_hook(hook_key) is None
    assert not reads
    assert connectors.find_hook("A" * 43) is None
    assert reads


def test_an_address_that_is_withdrawn_leads_nowhere_at_once(client: Client, workspace: str) -> None:
    service = make_service(client)
    event = make_event(client, service)["id"]
    hook_key = notifications.hook_key_of(workspace, service, event)
    found = connectors.find_hook(hook_key)
    assert found is not None and found.event.id == event
    notifications.withdraw(workspace, service, event)
    assert connectors.find_hook(hook_key) is None


def test_an_address_ends_with_its_event_or_service(client: Client) -> None:
    service = make_service(client)
    event = make_event(client, service)
    key = hook_key_of(client, service)
    assert connectors.find_hook(key) is not None
    client.delete(f"/v1/service/{service}/event/{event['id']}").ok()
    assert connectors.find_hook(key) is None
    make_event(client, service)
    second = hook_key_of(client, service)
    client.delete(f"/v1/service/{service}").ok()
    assert connectors.find_hook(second) is None
    assert connectors.find_hook("A" * 43) is None
    assert connectors.find_hook("short") is None


def test_hook_runs_read_nothing_while_the_cache_is_fresh(
    client: Client, workspace: str, still: Clock, reads: Counter[str]
) -> None:
    service = make_service(client, name="gmail", scripts={"wrap": "return {wrapped: args[0]}"})
    make_variable(client, service, name="secret", value="a-secret-value")
    make_trigger(client, service, "return [await service.fn.wrap(notification.body), service.vars.secret]", name="t")
    for _ in range(3):
        found = connectors.definition(workspace, "gmail", "trigger", "t")
        run = HookRun(workspace, found.service, found.component, "trigger", {"notification": {"body": 1}})
        assert connectors.run_hook(run).value == [{"wrapped": 1}, "a-secret-value"]
        before = reads.copy()
    found = connectors.definition(workspace, "gmail", "trigger", "t")
    connectors.run_hook(HookRun(workspace, found.service, found.component, "trigger", {"notification": {"body": 1}}))
    assert reads == before


def test_a_write_in_this_process_is_seen_at_once(client: Client, workspace: str) -> None:
    service = make_service(client)
    trigger = make_trigger(client, service, "return 1")
    assert connectors.has_hook(connectors.definition(workspace, service, "trigger", trigger["id"]).component, "trigger")
    client.put(f"/v1/service/{service}/trigger/{trigger['id']}", {"logic": {"poll": "return []"}}).ok()
    found = connectors.definition(workspace, service, "trigger", trigger["id"]).component
    assert connectors.has_hook(found, "poll") and not connectors.has_hook(found, "trigger")


def test_logs_and_errors_are_redacted(client: Client, workspace: str) -> None:
    service = make_service(client)
    make_variable(client, service, name="secret", value={"deep": ["a-secret-value"]})
    make_token(client, make_security(client, service), key="the-key-of-the-user")
    fails = make_trigger(client, service, "console.log(service.vars); throw new Error(service.token.key)")
    found = connectors.definition(workspace, service, "trigger", fails["id"])
    credential = credentials.credential_for(workspace, found.service, found.version, USER, None, required=True)
    run = HookRun(workspace, found.service, found.component, "trigger", credential=credential)
    with pytest.raises(LogicFailed) as failed:
        connectors.run_hook(run)
    assert "the-key-of-the-user" not in str(failed.value)
    assert "a-secret-value" not in str(failed.value.logs) and failed.value.logs


def test_runs_with_seed_and_time_are_repeatable(client: Client, workspace: str) -> None:
    service = make_service(client)
    trigger = make_trigger(client, service, "return [Math.random(), Date.now()]")
    found = connectors.definition(workspace, service, "trigger", trigger["id"])
    run = HookRun(workspace, found.service, found.component, "trigger", seed="s", now_ms=1_700_000_000_000)
    assert connectors.run_hook(run).value == connectors.run_hook(run).value


def test_what_is_missing_is_said(client: Client, workspace: str) -> None:
    service = make_service(client)
    trigger = make_trigger(client, service)
    found = connectors.definition(workspace, service, "trigger", trigger["id"])
    with pytest.raises(NotFound):
        connectors.run_hook(HookRun(workspace, found.service, found.component, "create"))
    make_variable(client, service, name="needed", required=True)
    with pytest.raises(Conflict, match="needed"):
        connectors.run_hook(HookRun(workspace, found.service, found.component, "trigger", cached=False))


def test_securities_are_found_by_their_id_alone(client: Client, workspace: str) -> None:
    service = make_service(client)
    security = make_security(client, service)
    found, component = connectors.find_security_by_id(workspace, security)
    assert (found.id, component.id) == (service, security)
    with pytest.raises(NotFound):
        connectors.find_security_by_id("elsewhere", security)


def test_versions_resolve_named_default_published_highest(client: Client, workspace: str) -> None:
    service = make_service(client, version=False)
    found = connectors.find_service(workspace, service)
    assert connectors.find_version(found) is None
    for name, published in (("1", True), ("11", True), ("12", False)):
        make_version(client, service, name=name, published=published)
    for named, expected in ((None, "1"), ("12", "12")):
        version = connectors.find_version(connectors.find_service(workspace, service), named)
        assert version is not None and version.name == expected
    client.put(f"/v1/service/{service}", {"defaultVersionId": None}).ok()
    version = connectors.find_version(connectors.find_service(workspace, service))
    assert version is not None and version.name == "11"


def test_variables_of_a_subscription_are_validated_where_they_stand(client: Client, workspace: str) -> None:
    service = make_service(client)
    make_action(client, service, name="a", schema={"variables": {"properties": {"n": {"type": "integer"}}}})
    action = connectors.find_component(connectors.find_service(workspace, service), "action", "a")
    connectors.validate_variables(action, {"n": 1}, "body.variables")
    with pytest.raises(InvalidInput) as refused:
        connectors.validate_variables(action, {"n": "1"}, "body.variables")
    assert refused.value.faults[0].location == "body.variables.n"


def test_the_cached_credential_is_read_once_in_five_seconds(
    client: Client, workspace: str, still: Clock, reads: Counter[str]
) -> None:
    service = make_service(client)
    token = make_token(client, make_security(client, service))
    found = connectors.find_service(workspace, service)
    for _ in range(2):
        chosen = credentials.credential_for(workspace, found, None, USER, None, required=False, cached=True)
        assert chosen is not None and chosen.id == token["id"]
        before = reads.copy()
    credentials.credential_for(workspace, found, None, USER, None, required=False, cached=True)
    assert reads == before


def test_delete_hooks_still_find_what_they_lean_on(client: Client, workspace: str, no_delays: None) -> None:
    service = make_service(client, scripts={"name": "return 'left'"})
    trigger = make_trigger(client, service, logic={"delete": "return await service.fn.name()"})["id"]
    client.delete(f"/v1/service/{service}/trigger/{trigger}").ok()
    client.delete(f"/v1/service/{service}").ok()
    with pytest.raises(NotFound):
        connectors.definition(workspace, service, "trigger", trigger)
    found = connectors.definition(workspace, service, "trigger", trigger, even_deleted=True)
    run = HookRun(workspace, found.service, found.component, "delete", version=found.version)
    assert connectors.run_hook(run).value == "left"
    drain("platform_cleanup", platform_cleanup)
    cache.forget_all()
    with pytest.raises(NotFound):
        connectors.definition(workspace, service, "trigger", trigger, even_deleted=True)


@pytest.mark.parametrize(
    "body",
    [
        b'{"v": [%s]}' % b",".join([b'""'] * 349_000),
        b'{"v": [%s]}' % b",".join([b'{"a":1}'] * 130_000),
        b"[" * 64 + b"]" * 64,
        b'{"v": 12345678901234567890123}',
    ],
    ids=["quotes", "objects", "deep", "wide"],
)
def test_every_notification_that_is_taken_in_can_be_given_to_scripts(client: Client, body: bytes) -> None:
    service = make_service(client)
    code = "return [typeof notification.body, notification.rawBody.length]"
    make_event(client, service, logic={"route": {"code": code}})
    target = connectors.find_hook(hook_key_of(client, service))
    assert target is not None
    parts = events.parts_of("POST", {"content-type": "application/json"}, {}, body)
    assert events.is_runnable(parts)
    notification = events.notification_of(parts)
    run = HookRun(target.workspace_id, target.service, target.event, "route", {"notification": notification})
    assert connectors.run_hook(run).value == ["object", len(body)]
