"""Mails as a real SMTP server receives them."""

from __future__ import annotations

import base64
import email
import email.policy
import socket
import time
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import dkim
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from chalicelib.adapters import http_client
from chalicelib.channels import probes
from chalicelib.core import config
from infra.harness.stack import free_port
from tests.workers.channels.office import Office

REAL_SEND = http_client.send


class Mailbox:
    """Keeps what it is sent."""

    def __init__(self) -> None:
        self.envelopes: list[Any] = []
        self.logins: list[tuple[bytes, bytes]] = []
        self.refuses = ""
        self.says = "550 no such mailbox"

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if self.refuses and self.refuses in address:
            return self.says
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.envelopes.append(envelope)
        return "250 OK"

    def authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logins.append((data.login, data.password))
        is_known = data.password == b"secret"
        return AuthResult(success=is_known, handled=is_known)

    def mails(self) -> list[EmailMessage]:
        return [email.message_from_bytes(one.content, policy=email.policy.default) for one in self.envelopes]


@pytest.fixture
def mailbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Mailbox, int]]:
    box, port = Mailbox(), free_port()
    server = Controller(box, hostname="127.0.0.1", port=port, authenticator=box.authenticate, auth_require_tls=False)
    server.start()
    yield box, port
    server.stop()


@pytest.fixture
def account(office: Office, mailbox: tuple[Mailbox, int], monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setenv("MILLRACE_EGRESS_ALLOW", "127.0.0.1:*")
    keys = dict(config.settings().dev_keys)
    config.forget()
    config.settings().dev_keys.update(keys)  # type: ignore[attr-defined]
    return {"host": "127.0.0.1", "port": str(mailbox[1]), "from": "shop@example.com", "senderName": "Shop"}


def step(content: str = "<p>Hi {{subscriber.firstName}}</p>", **more: Any) -> dict[str, Any]:
    return {
        "template": {"type": "email", "subject": "Order {{n}}", "contentType": "customHtml", "content": content, **more}
    }


def test_a_mail_arrives_with_its_texts(office: Office, mailbox: tuple[Mailbox, int], account: dict[str, Any]) -> None:
    office.integration("nodemailer", "email", **account)
    office.workflow(step())
    transaction = office.trigger(payload={"n": 7})
    office.pump()
    (mail,) = mailbox[0].mails()
    assert (mail["from"], mail["to"], mail["subject"]) == ("Shop <shop@example.com>", "ann@example.com", "Order 7")
    html, text = mail.get_body(("html",)), mail.get_body(("plain",))
    assert html is not None and text is not None
    assert (html.get_content().strip(), text.get_content().strip()) == ("<p>Hi Ann</p>", "Hi Ann")
    assert office.jobs(transaction) == ["email completed"]


def test_blocks_stand_inside_the_layout(office: Office, mailbox: tuple[Mailbox, int], account: dict[str, Any]) -> None:
    office.integration("nodemailer", "email", **account)
    blocks = [
        {"type": "text", "content": "Hello {{name}}", "styles": {"textAlign": "center"}},
        {"type": "button", "content": "Go", "url": "https://example.com/?a={{n}}"},
    ]
    office.workflow({"template": {"type": "email", "subject": "S", "contentType": "editor", "content": blocks}})
    office.trigger(payload={"name": "<Ann>", "n": 1})
    office.pump()
    body = mailbox[0].mails()[0].get_body(("html",))
    assert body is not None
    html = body.get_content()
    assert html.startswith("<html><body>") and "Hello &lt;Ann&gt;" in html
    assert 'href="https://example.com/?a&#x3D;1"' in html


def test_files_copies_and_overrides(office: Office, mailbox: tuple[Mailbox, int], account: dict[str, Any]) -> None:
    office.integration("nodemailer", "email", **account)
    office.workflow(step('<img src="cid:logo">'))
    files = [
        {"name": "a.txt", "mime": "text/plain", "file": base64.b64encode(b"hello").decode()},
        {"name": "l.png", "mime": "image/png", "cid": "logo", "file": {"type": "Buffer", "data": [1, 2, 3]}},
    ]
    said = {"cc": ["c@example.com"], "bcc": ["b@example.com"], "replyTo": "r@example.com", "from": "other@example.com"}
    office.trigger(
        payload={"attachments": files}, overrides={"email": {**said, "headers": {"X-Id": "1\r\nBcc: x@y.z"}}}
    )
    office.trigger(payload={"attachments": files}, overrides={"email": {**said, "headers": {"X-Id": "1"}}})
    office.pump()
    (mail,) = mailbox[0].mails()
    assert sorted(mailbox[0].envelopes[0].rcpt_tos) == ["ann@example.com", "b@example.com", "c@example.com"]
    assert (mail["cc"], mail["bcc"], mail["reply-to"], mail["x-id"]) == ("c@example.com", None, "r@example.com", "1")
    parts = {part.get_filename(): part for part in mail.walk() if part.get_filename()}
    assert parts["a.txt"].get_content().strip() == "hello"
    assert (parts["l.png"]["content-id"], parts["l.png"].get_content()) == ("<logo>", b"\x01\x02\x03")


def test_the_check_of_an_integration_sends_a_mail_or_refuses(
    office: Office, mailbox: tuple[Mailbox, int], account: dict[str, Any]
) -> None:
    body = {"providerId": "nodemailer", "channel": "email", "active": True, "credentials": {**account, "user": "u"}}
    wrong = office.client.post("/v1/integrations", {**body, "credentials": {**body["credentials"], "password": "x"}})
    assert (wrong.status, "535" in wrong.body["message"]) == (400, True)
    right = office.client.post(
        "/v1/integrations", {**body, "credentials": {**body["credentials"], "password": "secret"}}
    )
    assert (right.status, right.body["data"]["primary"], len(mailbox[0].envelopes)) == (201, True, 1)
    assert mailbox[0].logins[-1] == (b"u", b"secret")
    assert len(office.client.get("/v1/integrations").body["data"]) == 2


def test_a_change_is_checked_with_what_is_stored_unless_it_only_switches_off(
    office: Office, mailbox: tuple[Mailbox, int], account: dict[str, Any]
) -> None:
    path = f"/v1/integrations/{office.integration('nodemailer', 'email', **account)['_id']}"
    assert office.client.put(path, {"name": "new"}).status == 200
    assert len(mailbox[0].mails()) == 1
    assert office.client.put(path, {"name": "newer", "check": False}).status == 200
    assert len(mailbox[0].mails()) == 1
    mailbox[0].refuses = "shop"
    refused = office.client.put(path, {"name": "newest"})
    assert (refused.status, list(refused.body["errors"])) == (400, ["credentials"])
    shown = office.client.put(path, {"active": False}).body["data"]
    assert (shown["name"], shown["active"]) == ("newer", False)


@pytest.mark.parametrize("provider", ["nodemailer", "email-webhook"])
def test_a_check_does_not_wait_for_a_server_that_says_nothing(
    office: Office, account: dict[str, Any], monkeypatch: pytest.MonkeyPatch, provider: str
) -> None:
    monkeypatch.setattr(probes, "TIMEOUT_S", 0.3)
    monkeypatch.setattr(http_client, "send", REAL_SEND)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        own = {**account, "port": str(port), "webhookUrl": f"http://127.0.0.1:{port}/", "secretKey": "k"}
        body = {"providerId": provider, "channel": "email", "active": True, "credentials": own}
        began = time.monotonic()
        answer = office.client.post("/v1/integrations", body)
        took_s = time.monotonic() - began
    assert (answer.status, list(answer.body["errors"])) == (400, ["credentials"])
    assert took_s < 5


def test_a_refused_address_is_told(office: Office, mailbox: tuple[Mailbox, int], account: dict[str, Any]) -> None:
    office.integration("nodemailer", "email", **account)
    mailbox[0].refuses = "ann@"
    office.workflow(step())
    transaction = office.trigger()
    office.pump()
    assert "550 no such mailbox" in office.details(transaction)[0]


def test_an_address_inside_is_never_dialled(
    office: Office, mailbox: tuple[Mailbox, int], account: dict[str, Any]
) -> None:
    for number, host in enumerate(("10.0.0.1", "169.254.169.254", "localhost", "mail.internal")):
        answer = office.client.post(
            "/v1/integrations",
            {"providerId": "nodemailer", "channel": "email", "credentials": {**account, "host": host, "port": "25"}},
        )
        assert (answer.status, "may not be called" in answer.body["message"]) == (400, True), number


def test_a_signature_verifies(office: Office, mailbox: tuple[Mailbox, int], account: dict[str, Any]) -> None:
    key = rsa.generate_private_key(65_537, 2_048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    public = base64.b64encode(
        key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    office.integration("nodemailer", "email", **account, secretKey=pem, domain="example.com", accountSid="sel")
    office.workflow(step("<p>  Two  blanks </p>\n\n\u00e4 {{big}}\n\n"))
    files = [{"name": "\u00e4.bin", "mime": "application/octet-stream", "file": base64.b64encode(bytes(300)).decode()}]
    office.trigger(payload={"n": "\u00e4 " * 60, "big": "x" * 3_000, "attachments": files})
    office.pump()
    raw = mailbox[0].envelopes[0].original_content
    asked: list[bytes] = []

    def published(name: bytes, timeout: int = 5) -> bytes:
        asked.append(name)
        return b"v=DKIM1; k=rsa; p=" + public

    assert dkim.verify(raw, dnsfunc=published) is True
    assert asked == [b"sel._domainkey.example.com."]
    assert not dkim.verify(raw.replace(b"Shop", b"Shoq"), dnsfunc=published)
    assert not dkim.verify(raw.replace(b"xxx", b"xxy", 1), dnsfunc=published)


def test_a_key_that_cannot_sign_is_told(office: Office, mailbox: tuple[Mailbox, int], account: dict[str, Any]) -> None:
    office.integration("nodemailer", "email", **account, secretKey="nonsense", domain="example.com", accountSid="sel")
    office.workflow(step())
    transaction = office.trigger()
    office.pump()
    assert office.details(transaction) == ["The message was not delivered: the DKIM key cannot be read"]


def test_a_busy_server_is_asked_again(office: Office, mailbox: tuple[Mailbox, int], account: dict[str, Any]) -> None:
    office.integration("nodemailer", "email", **account)
    mailbox[0].refuses, mailbox[0].says = "ann@", "451 try later"
    office.workflow(step())
    transaction = office.trigger()
    office.pump()
    assert (office.jobs(transaction), mailbox[0].envelopes) == (["email queued"], [])
    mailbox[0].refuses = ""
    office.wait_s(20)
    assert (office.jobs(transaction), len(mailbox[0].envelopes)) == (["email completed"], 1)
    sent = mailbox[0].mails()[0]["message-id"]
    assert sent == f"<{office.client.get('/v1/messages').body['data'][0]['_id']}@example.com>"
