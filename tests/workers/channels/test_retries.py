"""Providers that are down for a while: asked again under the same id, until they take the message or time is up."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.channels.rules import retrying
from chalicelib.core.errors import UpstreamTimeout
from tests.workers.channels.office import Office, in_app

RESEND = "https://api.resend.com/emails"
HOOK = "https://own.example.com/hook"
MAIL = {"template": {"type": "email", "subject": "S", "contentType": "customHtml", "content": "Hi"}}
ALL_WAITS_S = [int(seconds * 1.2) + 1 for seconds in retrying.SCHEDULE_S]


@pytest.fixture
def mailing(office: Office) -> Office:
    office.integration("resend", "email", apiKey="k", **{"from": "a@example.com"})
    return office


def keys(office: Office) -> list[str]:
    return [request.headers["Idempotency-Key"] for _, request in office.http.sent]


def test_what_passed_is_delivered_under_the_same_id(mailing: Office) -> None:
    mailing.http.answer(RESEND, 503)
    mailing.http.act(RESEND, UpstreamTimeout("silent"))
    mailing.http.answer(RESEND, 200, b'{"id": "x"}')
    mailing.workflow(MAIL, in_app("after"))
    transaction = mailing.trigger()
    mailing.pump()
    assert mailing.jobs(transaction) == ["email queued", "in_app pending"]
    mailing.wait_s(ALL_WAITS_S[0])
    assert mailing.feed() == []
    mailing.wait_s(ALL_WAITS_S[1])
    assert mailing.jobs(transaction) == ["email completed", "in_app completed"]
    assert (len(keys(mailing)), len(set(keys(mailing))), mailing.feed()) == (3, 1, ["after"])
    assert mailing.details(transaction)[:3] == [
        "The provider could not take the message yet: the provider answered 503",
        "The provider could not take the message yet: silent",
        "The message was handed to the provider",
    ]
    (message,) = mailing.client.get("/v1/messages?channel=email").body["data"]
    assert (message["status"], message["identifier"], message["_id"]) == ("sent", "x", keys(mailing)[0])


def test_retry_after_is_kept(mailing: Office) -> None:
    mailing.http.answer(RESEND, 429, b"", {"Retry-After": "3000"})
    mailing.http.answer(RESEND, 200, b'{"id": "x"}')
    mailing.workflow(MAIL)
    transaction = mailing.trigger()
    mailing.pump()
    mailing.wait_s(2_990)
    assert (len(keys(mailing)), mailing.jobs(transaction)) == (1, ["email queued"])
    mailing.wait_s(700)
    assert (len(keys(mailing)), mailing.jobs(transaction)) == (2, ["email completed"])


def test_the_last_try_ends_it_with_a_detail(mailing: Office) -> None:
    mailing.http.answer(RESEND, 500, b"boom")
    mailing.workflow(MAIL, in_app("after"))
    transaction = mailing.trigger()
    mailing.pump()
    for wait_s in ALL_WAITS_S:
        assert mailing.jobs(transaction)[0] == "email queued"
        mailing.wait_s(wait_s)
    assert mailing.jobs(transaction) == ["email failed", "in_app completed"]
    assert (len(keys(mailing)), len(set(keys(mailing)))) == (retrying.TRIES, 1)
    last = mailing.details(transaction)[retrying.TRIES - 1]
    assert last == "The message was not delivered: the provider answered 500, at the last of 6 tries"
    mailing.wait_s(100_000)
    assert len(keys(mailing)) == retrying.TRIES


def test_a_step_that_stops_on_failure_stops_after_the_last_try(mailing: Office) -> None:
    mailing.http.answer(RESEND, 500)
    mailing.workflow({**MAIL, "shouldStopOnFail": True}, in_app("after"))
    transaction = mailing.trigger()
    mailing.pump()
    for wait_s in ALL_WAITS_S:
        mailing.wait_s(wait_s)
    assert (mailing.jobs(transaction), mailing.feed()) == (["email failed", "in_app canceled"], [])


def test_a_refusal_for_good_ends_it_at_once(mailing: Office) -> None:
    mailing.http.answer(RESEND, 422, b"bad address")
    mailing.workflow(MAIL)
    transaction = mailing.trigger()
    mailing.pump()
    mailing.wait_s(100_000)
    assert (mailing.jobs(transaction), len(keys(mailing))) == (["email failed"], 1)


def test_what_waits_for_a_provider_can_be_called_off(mailing: Office) -> None:
    mailing.http.answer(RESEND, 503)
    mailing.workflow(MAIL, in_app("after"))
    transaction = mailing.trigger()
    mailing.pump()
    assert mailing.client.delete(f"/v1/events/trigger/{transaction}").body == {"data": True}
    mailing.pump()
    mailing.wait_s(100_000)
    assert (mailing.jobs(transaction), len(keys(mailing))) == (["email canceled", "in_app canceled"], 1)


def test_only_rooms_that_were_not_reached_are_asked_again(office: Office) -> None:
    urls = {"slack": "https://hooks.example.com/slack", "discord": "https://hooks.example.com/discord"}
    for provider, url in urls.items():
        office.integration(provider, "chat")
        body = {"providerId": provider, "credentials": {"webhookUrl": url}}
        assert office.client.put("/v1/subscribers/ann/credentials", body).status == 200
    waiting = f"{urls['discord']}?wait=true"
    office.http.answer(urls["slack"], 200, b"ok")
    office.http.answer(waiting, 502)
    office.http.answer(waiting, 200, b'{"id": "d"}')
    office.workflow({"template": {"type": "chat", "content": "Hi"}})
    transaction = office.trigger()
    office.pump()
    assert office.jobs(transaction) == ["chat queued"]
    office.wait_s(ALL_WAITS_S[0])
    assert office.jobs(transaction) == ["chat completed"]
    assert [request.url for _, request in office.http.sent] == [urls["slack"], waiting, waiting]
    messages: list[dict[str, Any]] = office.client.get("/v1/messages?channel=chat").body["data"]
    assert sorted(one["providerId"] for one in messages) == ["discord", "slack"]


def test_a_message_that_comes_twice_asks_a_waiting_provider_once(mailing: Office) -> None:
    from chalicelib.adapters import queue

    mailing.http.answer(RESEND, 503)
    mailing.workflow(MAIL)
    transaction = mailing.trigger()
    mailing.pump()
    for _ in range(3):
        queue.send("channels_notify", {"w": mailing.client.key, "tx": transaction, "s": "ann"})
    mailing.pump()
    assert len(keys(mailing)) == 1


def test_waits_grow_and_end() -> None:
    waits = [retrying.delay_s(attempt, None, "n") for attempt in range(1, retrying.TRIES + 1)]
    assert waits[-1] is None
    for wait, least in zip(waits[:-1], retrying.SCHEDULE_S, strict=True):
        assert wait is not None and least <= wait <= least * 1.2
    assert retrying.delay_s(1, 10**9, "n") is not None
    assert (retrying.delay_s(1, 10**9, "n") or 0) <= retrying.MAX_WAIT_S * 1.2
