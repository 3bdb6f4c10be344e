"""The policies under notifications: an event and its messages, from cold, with all that they may hold."""

from __future__ import annotations

import pytest

from chalicelib.adapters import http_client, queue
from chalicelib.channels import burying
from chalicelib.channels.models import runs
from chalicelib.durable import steps
from chalicelib.storage.tables import CHANNELS
from tests.client import Client
from tests.conftest import Clock
from tests.deploy.driving import cold, pump, tick
from tests.fakes.http_client import FakeHttp
from tests.workers.channels.office import Office

SMS_URL = "https://sms.example.com/send"


@pytest.fixture
def office(client: Client, still: Clock, no_delays: None, monkeypatch: pytest.MonkeyPatch) -> Office:
    http = FakeHttp()
    http.answer(SMS_URL, 200, b'{"data": {"id": "m-1"}}')
    monkeypatch.setattr(http_client, "send", http.send)
    made = Office(client, still, http)
    made.post("/v1/subscribers", {"subscriberId": "ann", "email": "ann@example.com", "phone": "+4912345"})
    return made


def test_a_notification_goes_out_with_what_its_policies_grant(office: Office, still: Clock) -> None:
    keys = {"baseUrl": SMS_URL, "apiKey": "k", "apiKeyRequestHeader": "X-Key", "idPath": "data.id", "from": "Acme"}
    office.integration("generic-sms", "sms", **keys)
    text = {"template": {"type": "sms", "content": "{{title}} {{large.length}}"}}
    wait = {"template": {"type": "delay"}, "metadata": {"type": "regular", "amount": 1, "unit": "hours"}}
    digest = {"template": {"type": "digest"}, "metadata": {"type": "regular", "amount": 30, "unit": "minutes"}}
    shown = {"template": {"type": "in_app", "content": "{{title}}"}}
    office.workflow(text, wait, digest, shown, text)
    cold()
    office.trigger(payload={"title": "Hello", "large": "x" * 150_000})
    for _ in range(4):
        pump(still, 2)
        still.advance_s(1800)
        tick("channels_tick")
        pump(still, 2)
    assert len(office.http.sent) == 2
    assert office.feed() == ["Hello"]


def test_dead_letters_of_channels_need_no_more_than_the_policies_grant(office: Office, still: Clock) -> None:
    office.workflow({"template": {"type": "in_app", "content": "{{title}}"}})
    transaction = office.trigger(payload={"title": "Hello"})
    steps.create(CHANNELS, steps.new_row(runs.run_key("w1", transaction, "ann"), {"pos": 0}), still(), 60_000)
    cold()
    for repeats in (0, burying.MOST_REPEATS):
        letter = {"w": "w1", "tx": transaction, "s": "ann", "again": repeats}
        queue.send("dead_letters", letter)
    pump(still, 1)
    (row,) = runs.runs_of("w1", transaction)
    assert row["st"] == "FAILED"
