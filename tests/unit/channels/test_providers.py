"""What each provider is asked, and how its refusal is read."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs

import pytest

from chalicelib.adapters import http_client
from chalicelib.channels import catalogue, providers
from chalicelib.channels.providers.base import Attachment, Chat, Mail, Order, Push, Refused, Sms
from tests.fakes.http_client import FakeHttp

MAIL = Mail("a@example.com", ["b@example.com"], "S", "<p>h</p>", "h", "Ann", ["c@example.com"], ["d@example.com"],
            "r@example.com", {"X-A": "1"}, [Attachment("f.txt", b"hi", "text/plain")])  # fmt: skip
SMS = Sms("+123", "Hi", "+1")
PUSH = Push(["t1", "t2"], "T", "C", {"a": 1})
CHAT = Chat("Hi", "https://hooks.example.com/x", "room")


@pytest.fixture
def http(monkeypatch: pytest.MonkeyPatch) -> FakeHttp:
    made = FakeHttp()
    monkeypatch.setattr(http_client, "send", made.send)
    return made


def ask(http: FakeHttp, provider: str, url: str, letter: Any, answer: Any, **keys: Any) -> tuple[Any, Any, str]:
    """Deliver once; give the request, its body read, and the id that came back."""
    http.answer(
        url, 200, answer if isinstance(answer, bytes) else json.dumps(answer).encode(), keys.pop("headers", None)
    )
    sent = providers.deliver(provider, Order("w", keys, letter, "m-1"))
    request = http.sent[-1][1]
    body = request.body or b""
    kind = request.headers["Content-Type"]
    return (
        request,
        json.loads(body) if "json" in kind else parse_qs(body.decode()) if "form-url" in kind else body,
        sent.id,
    )


def test_sendgrid(http: FakeHttp) -> None:
    url = "https://api.sendgrid.com/v3/mail/send"
    request, body, sent = ask(http, "sendgrid", url, MAIL, b"", apiKey="k", headers={"X-Message-Id": "x"})
    assert (request.headers["Authorization"], sent) == ("Bearer k", "x")
    assert body["from"] == {"email": "a@example.com", "name": "Ann"}
    assert body["personalizations"][0]["bcc"] == [{"email": "d@example.com"}]
    assert body["attachments"][0]["content"] == "aGk="


def test_postmark(http: FakeHttp) -> None:
    request, body, sent = ask(
        http, "postmark", "https://api.postmarkapp.com/email", MAIL, {"MessageID": "x"}, apiKey="k"
    )
    assert (request.headers["X-Postmark-Server-Token"], sent) == ("k", "x")
    assert (body["From"], body["Cc"], body["ReplyTo"]) == ('"Ann" <a@example.com>', "c@example.com", "r@example.com")


def test_resend(http: FakeHttp) -> None:
    request, body, sent = ask(http, "resend", "https://api.resend.com/emails", MAIL, {"id": "x"}, apiKey="k")
    assert (request.headers["Idempotency-Key"], body["to"], sent) == ("m-1", ["b@example.com"], "x")


def test_brevo(http: FakeHttp) -> None:
    url = "https://api.brevo.com/v3/smtp/email"
    request, body, sent = ask(http, "sendinblue", url, MAIL, {"messageId": "x"}, apiKey="k")
    assert (request.headers["api-key"], body["htmlContent"], sent) == ("k", "<p>h</p>", "x")


def test_mailgun(http: FakeHttp) -> None:
    url = "https://api.mailgun.net/v3/mg.example.com/messages"
    _, body, sent = ask(http, "mailgun", url, MAIL, {"id": "x"}, apiKey="k", domain="mg.example.com")
    assert (b'name="attachment"; filename="f.txt"' in body, b'name="h:X-A"' in body, sent) == (True, True, "x")


def test_ses_is_signed(http: FakeHttp) -> None:
    url = "https://email.eu-west-1.amazonaws.com/v2/email/outbound-emails"
    keys = {"apiKey": "AK", "secretKey": "s", "region": "eu-west-1"}
    request, body, sent = ask(http, "ses", url, MAIL, {"MessageId": "x"}, **keys)
    assert request.headers["Authorization"].startswith("AWS4-HMAC-SHA256 Credential=AK/")
    assert (body["Destination"]["ToAddresses"], sent) == (["b@example.com"], "x")


def test_a_region_cannot_name_another_host(http: FakeHttp) -> None:
    with pytest.raises(Exception, match="region"):
        providers.deliver("ses", Order("w", {"apiKey": "a", "secretKey": "s", "region": "evil.com/x"}, MAIL))
    assert http.sent == []


def test_sns(http: FakeHttp) -> None:
    url = "https://sns.eu-west-1.amazonaws.com/"
    keys = {"apiKey": "AK", "secretKey": "s", "region": "eu-west-1"}
    _, body, sent = ask(http, "sns", url, SMS, b"<a><MessageId>x</MessageId></a>", **keys)
    assert (body["PhoneNumber"], body["Message"], sent) == (["+123"], ["Hi"], "x")


def test_twilio(http: FakeHttp) -> None:
    url = "https://api.twilio.com/2010-04-01/Accounts/AC1/Messages.json"
    request, body, sent = ask(http, "twilio", url, SMS, {"sid": "x"}, accountSid="AC1", token="t")
    assert (body, sent) == ({"To": ["+123"], "Body": ["Hi"], "From": ["+1"]}, "x")
    assert request.headers["Authorization"] == "Basic QUMxOnQ="


def test_vonage_refuses_with_status_200(http: FakeHttp) -> None:
    url = "https://rest.nexmo.com/sms/json"
    good = {"messages": [{"status": "0", "message-id": "x"}]}
    assert ask(http, "nexmo", url, SMS, good, apiKey="k", secretKey="s")[2] == "x"
    http._answers.clear()
    with pytest.raises(Refused, match="no money"):
        ask(
            http,
            "nexmo",
            url,
            SMS,
            {"messages": [{"status": "9", "error-text": "no money"}]},
            apiKey="k",
            secretKey="s",
        )


def test_generic_sms_with_a_token(http: FakeHttp) -> None:
    http.answer("https://auth.example.com/", 200, b'{"data": {"tok": "T"}}')
    keys = {
        "baseUrl": "https://sms.example.com/", "apiKeyRequestHeader": "X-K", "apiKey": "k", "idPath": "d.id",
        "authenticateByToken": True, "domain": "https://auth.example.com/", "authenticationTokenKey": "tok",
    }  # fmt: skip
    request, body, sent = ask(http, "generic-sms", "https://sms.example.com/", SMS, {"d": {"id": 7}}, **keys)
    assert (request.headers["tok"], "X-K" in request.headers, body["id"], sent) == ("T", False, "m-1", "7")


@pytest.mark.parametrize(
    ("provider", "url", "body"),
    [
        ("slack", "https://hooks.example.com/x", {"text": "Hi", "channel": "room"}),
        ("mattermost", "https://hooks.example.com/x", {"text": "Hi", "channel": "room"}),
        ("zulip", "https://hooks.example.com/x", {"text": "Hi", "channel": "room"}),
        ("discord", "https://hooks.example.com/x?wait=true", {"content": "Hi"}),
        ("ryver", "https://hooks.example.com/x", {"content": "Hi"}),
        ("msteams", "https://hooks.example.com/x", {"text": "Hi"}),
    ],
)
def test_chat(http: FakeHttp, provider: str, url: str, body: Any) -> None:
    assert ask(http, provider, url, CHAT, b"ok")[1] == body


def test_expo_and_one_signal(http: FakeHttp) -> None:
    url = "https://exp.host/--/api/v2/push/send"
    _, body, sent = ask(http, "expo", url, PUSH, {"data": [{"status": "ok", "id": "x"}]}, apiKey="k")
    assert ([one["to"] for one in body], body[0]["data"], sent) == (["t1", "t2"], {"a": 1}, "x")
    url = "https://onesignal.com/api/v1/notifications"
    _, body, sent = ask(http, "one-signal", url, PUSH, {"id": "x"}, apiKey="k", applicationId="app")
    assert (body["include_player_ids"], body["contents"], sent) == (["t1", "t2"], {"en": "C"}, "x")


def test_fcm(http: FakeHttp) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(65_537, 2_048)
    kind = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    account = {"project_id": "p", "client_email": "e", "private_key": key.private_bytes(*kind).decode()}
    http.answer("https://oauth2.googleapis.com/token", 200, b'{"access_token": "T"}')
    url = "https://fcm.googleapis.com/v1/projects/p/messages:send"
    request, body, sent = ask(http, "fcm", url, PUSH, {"name": "x"}, serviceAccount=json.dumps(account))
    assert (request.headers["Authorization"], sent, len(http.sent)) == ("Bearer T", "x", 3)
    assert body["message"] == {"token": "t2", "notification": {"title": "T", "body": "C"}, "data": {"a": "1"}}


def test_webhooks_are_signed(http: FakeHttp) -> None:
    url = "https://own.example.com/hook"
    request, body, _ = ask(http, "push-webhook", url, PUSH, b"", webhookUrl=url, secretKey="s")
    assert (body["target"], len(http.sent), len(request.headers["X-Novu-Signature"])) == (["t2"], 2, 64)
    assert ask(http, "email-webhook", url, MAIL, b"", webhookUrl=url, secretKey="s")[1]["to"] == ["b@example.com"]


def test_a_refusal_keeps_what_the_provider_said(http: FakeHttp) -> None:
    http.answer("https://api.resend.com/emails", 422, b'{"message": "bad"}')
    with pytest.raises(Refused) as refused:
        providers.deliver("resend", Order("w", {"apiKey": "k"}, MAIL))
    assert json.loads(refused.value.raw) == {"status": 422, "body": '{"message": "bad"}'}


def test_every_provider_that_delivers_is_in_the_catalogue() -> None:
    listed = {name for found in catalogue.BY_CHANNEL.values() for name in found}
    assert set(providers.DELIVERING) <= listed
    for name in listed - set(providers.DELIVERING) - {"novu"}:
        with pytest.raises(Refused, match="cannot be delivered to"):
            providers.deliver(name, Order("w", {}, None))
