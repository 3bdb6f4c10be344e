"""Tokens in the hooks of triggers: renewed once when the third party rejects them, and there to the end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.adapters import http_client
from chalicelib.adapters.http_client import Headers, Request, Response
from chalicelib.core import cache
from chalicelib.identity.workers import platform_cleanup
from chalicelib.subscriptions import workers
from tests.api.credentials.signing import CALL_ME, Signing
from tests.builders import USER, make_event, make_trigger
from tests.client import quoted, with_query
from tests.queues import deliver, receive

RECEIVER = "https://receiver.example/hook"
QUEUES = {
    "subscriptions_fan_out": workers.fan_out,
    "subscriptions_deliver": workers.deliver,
    "subscriptions_retry": workers.retry,
    "subscriptions_poll": workers.poll,
    "platform_cleanup": platform_cleanup,
}


@pytest.fixture
def received(signing: Signing, monkeypatch: pytest.MonkeyPatch, no_delays: None) -> Iterator[list[Request]]:
    """A receiver beside the provider."""
    made: list[Request] = []

    def send(workspace_id: str, request: Request) -> Response:
        if request.url != RECEIVER:
            return signing.provider.send(workspace_id, request)
        made.append(request)
        return Response(204, Headers([]), b"", False, 1.0, RECEIVER)

    monkeypatch.setattr(http_client, "send", send)
    yield made


def subscribe(signing: Signing, **logic: str) -> str:
    trigger = make_trigger(signing.client, signing.service, name="order", logic=logic)["id"]
    path = quoted("v1", "service", signing.service, "trigger", trigger, "subscription")
    return str(signing.client.post(with_query(path, userId=USER), {"url": RECEIVER}).ok()["id"])


def pump(signing: Signing, rounds: int = 8) -> None:
    """Let every queue have a batch done, over and over."""
    for _ in range(rounds):
        for name, handler in QUEUES.items():
            cache.forget_all()
            deliver(name, handler, receive(name))
        signing.clock.advance_s(7)


def notify(signing: Signing) -> None:
    path = with_query(quoted("v1", "service", signing.service, "webhookSetting"), userId=USER)
    address = signing.client.get(path).ok()["url"]
    signing.client.post("/v1/hook/" + address.rpartition("/")[2], {"n": 1}).ok()


def callers(signing: Signing) -> list[str]:
    """Give the accounts that reached the third party's API, "" for one that was rejected."""
    asked = [one.headers for one in signing.provider.sent if one.url.endswith("/api")]
    tokens = [next(value for name, value in one.items() if name.lower() == "authorization") for one in asked]
    return [signing.provider.accounts.get(token.removeprefix("Bearer "), "") for token in tokens]


def test_a_delivery_whose_token_is_rejected_is_made_with_a_renewed_one(
    signing: Signing, received: list[Request]
) -> None:
    signing.connect()
    make_event(signing.client, signing.service, "return 'order'")
    subscribe(signing, trigger=CALL_ME)
    signing.provider.revoke_access()
    notify(signing)
    pump(signing, rounds=2)
    assert (len(received), signing.provider.refreshes, callers(signing)) == (1, 1, ["", "ada"])
    assert b'"data":"ada"' in (received[0].body or b"")


def test_a_poll_whose_token_is_rejected_is_made_with_a_renewed_one(signing: Signing, received: list[Request]) -> None:
    signing.connect()
    poll = "const who = await (async () => {" + CALL_ME + "})(); return {records: [{id: who}], cursor: 1, emit: true}"
    subscribe(signing, poll=poll)
    signing.provider.revoke_access()
    pump(signing, rounds=2)
    assert (len(received), signing.provider.refreshes, callers(signing)[:2]) == (1, 1, ["", "ada"])


def test_a_create_hook_whose_token_is_rejected_is_run_with_a_renewed_one(
    signing: Signing, received: list[Request]
) -> None:
    signing.connect()
    signing.provider.revoke_access()
    subscribe(signing, create=CALL_ME)
    assert (signing.provider.refreshes, callers(signing)) == (1, ["", "ada"])


def test_a_token_that_stays_rejected_is_told_in_the_agreed_words(signing: Signing, received: list[Request]) -> None:
    signing.connect()
    signing.provider.revoke_access()
    signing.provider.refusal = (400, {"error": "invalid_grant"})
    trigger = make_trigger(signing.client, signing.service, name="order", logic={"create": CALL_ME})["id"]
    path = quoted("v1", "service", signing.service, "trigger", trigger, "subscription")
    answer = signing.client.post(with_query(path, userId=USER), {"url": RECEIVER})
    assert (answer.status, answer.body["error"]) == (500, "Connector token is unauthorized")
    assert callers(signing) == [""]


def end_by(signing: Signing, what: str) -> None:
    token = signing.client.get(with_query(f"/v1/service/{signing.service}/token", userId=USER)).ok()[0]["id"]
    paths = {
        "token": with_query(f"/v1/service/{signing.service}/token/{token}", userId=USER),
        "user": f"/v1/user/{USER}",
        "security": with_query(f"/v1/service/{signing.service}/security/{signing.security}", userId=USER),
        "service": with_query(f"/v1/service/{signing.service}", userId=USER),
    }
    signing.client.delete(paths[what]).ok()


@pytest.mark.parametrize("what", ["token", "user", "security", "service"])
def test_delete_hooks_sign_in_although_the_token_goes(signing: Signing, received: list[Request], what: str) -> None:
    signing.connect()
    subscribe(signing, delete=CALL_ME)
    end_by(signing, what)
    pump(signing)
    assert callers(signing) == ["ada"]


def test_a_deleted_token_leaves_nothing_readable_and_nothing_at_all_in_the_end(
    signing: Signing, received: list[Request]
) -> None:
    from chalicelib.storage.tables import DELIVERY

    signing.connect()
    name = subscribe(signing, delete=CALL_ME)
    secret = next(iter(signing.provider.accounts))
    end_by(signing, "token")
    (tombstone,) = DELIVERY.query_all(f"{signing.client.key}#SUB#{name}")
    assert tombstone["cred"] and secret not in str(tombstone)
    pump(signing)
    assert DELIVERY.query_all(f"{signing.client.key}#SUB#{name}") == []


def test_renewals_sign_in_and_have_a_rejected_token_renewed(signing: Signing, received: list[Request]) -> None:
    signing.connect()
    create = "const who = await (async () => {" + CALL_ME + "})(); return {who, expiresAt: Date.now() + 600000}"
    name = subscribe(signing, create=create)
    signing.provider.revoke_access()
    signing.clock.advance_s(500)
    pump(signing, rounds=1)
    assert (signing.provider.refreshes, callers(signing)[1:]) == (1, ["", "ada"])
    shown: dict[str, Any] = signing.client.get(with_query(f"/v1/subscription/{name}", userId=USER)).ok()
    assert shown["renewal"]["failuresInRow"] == 0
