"""Test mails, as a real SMTP server receives them, through each way a message setting may name."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from chalicelib.core import config
from chalicelib.journeys import sending
from infra.harness.stack import free_port
from tests.conftest import Clock
from tests.journeys import FlowClient

PATH = "/external-contents/email-tests"
TEST = {
    "modelIdentifier": 7,
    "senderName": "Shop",
    "senderEmail": "shop@example.com",
    "senderReplyTo": "help@example.com",
    "subject": "Hello ${name}",
    "htmlContent": "<p>Dear ${name}</p>",
    "textContent": "Dear ${name}",
    "email": "ann@example.com",
    "attributes": [{"key": "name", "value": "Ann <b>\r\nBcc: x@example.com"}],
}


class Mailbox:
    """Keeps what it is sent, or refuses it."""

    def __init__(self) -> None:
        self.envelopes: list[Any] = []
        self.answer = "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.answer.startswith("250"):
            self.envelopes.append(envelope)
        return self.answer

    def mails(self) -> list[EmailMessage]:
        return [email.message_from_bytes(one.content, policy=email.policy.default) for one in self.envelopes]


@pytest.fixture
def mailbox(monkeypatch: pytest.MonkeyPatch, cloud: None) -> Iterator[tuple[Mailbox, int]]:
    box, port = Mailbox(), free_port()
    server = Controller(box, hostname="127.0.0.1", port=port)
    server.start()
    monkeypatch.setenv("MILLRACE_EGRESS_ALLOW", "127.0.0.1:*")
    config.forget()
    yield box, port
    server.stop()


@pytest.fixture
def flow(mailbox: tuple[Mailbox, int], workspace: str) -> FlowClient:
    """A node with a mail model and no setting yet."""
    made = FlowClient(workspace)
    made.node = made.post("/nodes", {"name": "Shop", "emailActive": True}).body["uuid"]
    made.post("/external-contents/email-models", {"identifier": 7, "name": "Newsletter"})
    return made


def connect(flow: FlowClient, **value: Any) -> None:
    assert flow.post("/settings", {"category": "INTEGRATION", "type": "CLAB_API_SOAP", "value": value}).status == 201


def test_a_test_mail_arrives_rendered(flow: FlowClient, mailbox: tuple[Mailbox, int]) -> None:
    box, port = mailbox
    connect(flow, provider="SMTP", endpoint=f"smtp://127.0.0.1:{port}")
    assert flow.post(PATH, TEST).status == 204
    (mail,) = box.mails()
    assert box.envelopes[0].rcpt_tos == ["ann@example.com"]
    assert (mail["to"], mail["from"], mail["reply-to"]) == (
        "ann@example.com",
        "Shop <shop@example.com>",
        "help@example.com",
    )
    assert mail["subject"] == "Hello Ann <b> Bcc: x@example.com"
    assert mail["bcc"] is None
    html = mail.get_body(("html",))
    plain = mail.get_body(("plain",))
    assert html is not None
    assert plain is not None
    assert "Dear Ann &lt;b&gt;" in html.get_content()
    assert "Dear Ann <b>" in plain.get_content()


def test_without_an_account_of_its_own_a_node_sends_through_the_workspace(
    flow: FlowClient, mailbox: tuple[Mailbox, int]
) -> None:
    box, port = mailbox
    credentials = {"host": "127.0.0.1", "port": str(port), "from": "primary@example.com"}
    account = {
        "providerId": "nodemailer",
        "channel": "email",
        "active": True,
        "check": False,
        "credentials": credentials,
    }
    assert flow.post("/v1/integrations", account).status == 201
    connect(flow)
    assert flow.post(PATH, TEST).status == 204
    assert len(box.envelopes) == 1


def test_a_setting_may_name_its_integration(flow: FlowClient, mailbox: tuple[Mailbox, int]) -> None:
    box, port = mailbox
    dead = {"host": "127.0.0.1", "port": str(free_port()), "from": "dead@example.com"}
    base = {"providerId": "nodemailer", "channel": "email", "active": True, "check": False}
    assert flow.post("/v1/integrations", {**base, "credentials": dead}).status == 201
    alive = {**dead, "port": str(port)}
    assert flow.post("/v1/integrations", {**base, "credentials": alive, "identifier": "alive"}).status == 201
    connect(flow, emailIntegration="alive")
    assert flow.post(PATH, TEST).status == 204
    assert len(box.envelopes) == 1


def test_a_fake_provider_takes_everything_and_sends_nothing(flow: FlowClient, mailbox: tuple[Mailbox, int]) -> None:
    connect(flow, provider="FAKE")
    assert flow.post(PATH, TEST).status == 204
    accepted = sending.text(flow.key, str(flow.node), sending.Text("+4915112345678", "x", "k"))
    assert (accepted.provider_id, len(mailbox[0].envelopes)) == ("FAKE", 0)


def test_a_refusal_of_the_channel_is_told(flow: FlowClient, mailbox: tuple[Mailbox, int]) -> None:
    box, port = mailbox
    connect(flow, provider="SMTP", endpoint=f"smtp://127.0.0.1:{port}")
    for said in ("554 no", "451 later"):
        box.answer = said
        assert flow.post(PATH, TEST).status == 502


def test_a_server_that_is_not_there_is_told(flow: FlowClient) -> None:
    connect(flow, provider="SMTP", endpoint=f"smtp://127.0.0.1:{free_port()}")
    assert flow.post(PATH, TEST).status == 502


def test_what_does_not_fit_is_named(flow: FlowClient) -> None:
    refused = flow.post(PATH, {**TEST, "modelIdentifier": 8, "attributes": []})
    assert refused.status == 422
    assert [(one["path"], one["code"]) for one in refused.body["errors"]] == [
        ("/subject", "MISSING_PLACEHOLDER"),
        ("/htmlContent", "MISSING_PLACEHOLDER"),
        ("/textContent", "MISSING_PLACEHOLDER"),
        ("/modelIdentifier", "BAD_REFERENCE"),
        ("", "OPERATION_UNAVAILABLE"),
    ]


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({"email": "a@example.com, b@example.com"}, "/email"),
        ({"email": ["a@example.com"]}, "/email"),
        ({"subject": ""}, "/subject"),
        ({"senderEmail": None}, "/senderEmail"),
        ({"attributes": [{"key": "k", "value": "x" * 4097}]}, "/attributes/0/value"),
        ({"htmlContent": None, "textContent": None}, ""),
    ],
)
def test_a_malformed_test_is_refused(flow: FlowClient, more: dict[str, Any], path: str) -> None:
    refused = flow.post(PATH, {**TEST, **more})
    assert (refused.status, refused.body["errors"][0]["path"]) == (400, path)


def test_thirty_an_hour_and_no_more(flow: FlowClient, still: Clock) -> None:
    connect(flow, provider="FAKE")
    still.advance_s(3000)
    assert [flow.post(PATH, TEST).status for _ in range(31)] == [204] * 30 + [429]
    refused = flow.post(PATH, TEST)
    assert refused.headers["retry-after"] == "600"
    still.advance_s(600)
    assert flow.post(PATH, TEST).status == 204


def test_a_repeat_under_its_key_sends_once(flow: FlowClient, mailbox: tuple[Mailbox, int]) -> None:
    box, port = mailbox
    connect(flow, provider="SMTP", endpoint=f"smtp://127.0.0.1:{port}")
    for _ in range(2):
        assert flow.post(PATH, TEST, headers={"idempotency-key": "k"}).status == 204
    assert len(box.envelopes) == 1


@pytest.mark.parametrize(
    ("value", "mail_with", "text_with"),
    [
        ({}, None, None),
        ({"provider": "SES", "region": "eu-west-1", "userKey": "u", "apiKey": "k"}, "ses", "sns"),
        ({"provider": "HTTP", "endpoint": "https://example.com", "apiKey": "k"}, "email-webhook", "generic-sms"),
        ({"provider": "SMTP", "endpoint": "smtps://mail.example.com"}, "nodemailer", None),
    ],
)
def test_each_provider_has_its_accounts(value: dict[str, Any], mail_with: str | None, text_with: str | None) -> None:
    mail, text = sending.mail_account(value), sending.text_account(value)
    assert (mail and mail.provider_id, text and text.provider_id) == (mail_with, text_with)
    if mail_with == "nodemailer":
        assert mail is not None
        assert (mail.credentials["host"], mail.credentials["port"], mail.credentials["secure"]) == (
            "mail.example.com",
            "465",
            True,
        )


def test_what_is_known_of_a_setting_may_be_old_but_stops_nothing(
    flow: FlowClient, mailbox: tuple[Mailbox, int], still: Clock
) -> None:
    from chalicelib.journeys.models import settings
    from chalicelib.journeys.sending import Mail, NoIntegration

    box, port = mailbox
    letter = Mail("ann@example.com", "s", "k", sender_email="shop@example.com", text="x")
    with pytest.raises(NoIntegration):
        sending.mail(flow.key, str(flow.node), letter)
    old = settings.of_node(flow.key, str(flow.node))
    connect(flow, provider="SMTP", endpoint=f"smtp://127.0.0.1:{port}")
    settings.forget()
    settings._settings.get((flow.key, str(flow.node)), lambda: old)  # another process, which has not looked since
    sending.mail(flow.key, str(flow.node), letter)
    assert len(box.envelopes) == 1


@pytest.mark.parametrize("endpoint", ["smtp://[::1", "smtp://mail.example.com:70000", "smtps://[x]:25"])
def test_a_mail_server_whose_address_cannot_be_read_is_refused_in_words(flow: FlowClient, endpoint: str) -> None:
    connect(flow, provider="SMTP", endpoint=endpoint)
    answer = flow.post(PATH, TEST)
    assert (answer.status, bool(answer.body["message"])) == (502, True)
