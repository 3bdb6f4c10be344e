"""One message, now, for another context."""

from __future__ import annotations

import json

import pytest

from chalicelib.channels import public
from chalicelib.core.errors import UpstreamTimeout
from tests.workers.channels.office import Office

RESEND, POSTMARK = "https://api.resend.com/emails", "https://api.postmarkapp.com/email"


@pytest.fixture
def accounts(office: Office) -> dict[str, str]:
    first = office.integration("resend", "email", apiKey="k", senderName="Shop", **{"from": "a@example.com"})
    second = office.integration("postmark", "email", apiKey="k", **{"from": "p@example.com"})
    third = office.integration("twilio", "sms", accountSid="AC1", token="t", **{"from": "+1"})
    return {"resend": first["_id"], "postmark": second["identifier"], "twilio": third["_id"]}


def send(office: Office, key: str = "k-1", integration_id: str | None = None) -> public.Accepted:
    return public.send_mail(
        office.client.key,
        integration_id=integration_id,
        to="ann@example.com",
        subject="S",
        html="<p>h</p>",
        headers={"List-Unsubscribe": "<https://example.com/u>"},
        key=key,
        metadata={"journey": "j1"},
    )


def test_a_mail_goes_by_the_primary(office: Office, accounts: dict[str, str]) -> None:
    office.http.answer(RESEND, 200, b'{"id": "x"}')
    sent = send(office)
    assert (sent.provider_id, sent.integration_id, sent.message_id) == ("resend", accounts["resend"], "x")
    body = json.loads(office.http.sent[0][1].body or b"")
    assert (body["from"], body["to"]) == ('"Shop" <a@example.com>', ["ann@example.com"])
    assert body["headers"] == {"List-Unsubscribe": "<https://example.com/u>"}
    assert body["tags"] == [{"name": "journey", "value": "j1"}]


def test_a_mail_goes_by_the_integration_that_is_named(office: Office, accounts: dict[str, str]) -> None:
    office.http.answer(POSTMARK, 200, b'{"MessageID": "p"}')
    assert send(office, integration_id=accounts["postmark"]).message_id == "p"


def test_a_repeat_has_the_same_key_and_another_mail_another(office: Office, accounts: dict[str, str]) -> None:
    office.http.answer(RESEND, 200, b'{"id": "x"}')
    for key in ("k-1", "k-1", "k-2"):
        send(office, key)
    keys = [request.headers["Idempotency-Key"] for _, request in office.http.sent]
    assert (keys[0] == keys[1], keys[0] == keys[2]) == (True, False)


def test_a_text_goes_to_a_telephone(office: Office, accounts: dict[str, str]) -> None:
    office.http.answer("https://api.twilio.com/2010-04-01/Accounts/AC1/Messages.json", 201, b'{"sid": "SM1"}')
    assert public.send_text(office.client.key, to="+2", content="Hi", key="t").message_id == "SM1"


def test_what_will_never_be_taken_is_told_from_what_may_be(office: Office, accounts: dict[str, str]) -> None:
    office.http.answer(RESEND, 422, b"no")
    with pytest.raises(public.Refused) as refused:
        send(office)
    assert (refused.value.retryable, refused.value.status) == (False, 422)
    office.http._answers.clear()
    office.http.answer(RESEND, 429, b"", {"Retry-After": "7"})
    with pytest.raises(public.Deferred) as deferred:
        send(office)
    assert (deferred.value.retryable, deferred.value.retry_after_s) == (True, 7)
    office.http._answers.clear()
    office.http.act(RESEND, UpstreamTimeout("silent"))
    with pytest.raises(public.Deferred):
        send(office)


def test_without_an_account_nothing_can_be_sent(office: Office, accounts: dict[str, str]) -> None:
    with pytest.raises(public.NoIntegration):
        send(office, integration_id="another")
    office.client.put(f"/v1/integrations/{accounts['twilio']}", {"active": False})
    with pytest.raises(public.NoIntegration, match="sms"):
        public.send_text(office.client.key, to="+2", content="Hi", key="t")
    assert office.http.sent == []


def test_nobody_and_too_many_are_refused(office: Office, accounts: dict[str, str]) -> None:
    for to in ([], ["a@example.com"] * 51):
        with pytest.raises(public.Refused):
            public.send_mail(office.client.key, to=to, subject="S", html="h", key="k")
