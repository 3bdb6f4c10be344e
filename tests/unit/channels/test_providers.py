"""What each provider is asked, and how its refusal is read."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any, ClassVar
from urllib.parse import parse_qs

import botocore.exceptions
import botocore.session
import pytest
from botocore.awsrequest import AWSResponse

from chalicelib.adapters import http_client
from chalicelib.channels import catalogue, providers
from chalicelib.channels.providers.base import Attachment, Chat, Deferred, Mail, Order, Push, Refused, Sms
from chalicelib.core.errors import AddressRefused, UpstreamTimeout
from tests.conftest import Clock
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
        ("slack", "https://hooks.example.com/x", {"text": "Hi"}),
        ("mattermost", "https://hooks.example.com/x", {"text": "Hi", "channel": "room"}),
        ("zulip", "https://hooks.example.com/x", {"text": "Hi"}),
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
    assert (body[0]["to"], body[0]["data"], sent) == (["t1", "t2"], {"a": 1}, "x")
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
    assert body["message"] == {"token": "t2", "notification": {"title": "T", "body": "C"}}


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


@pytest.mark.parametrize(
    ("status", "body", "headers", "wish"),
    [
        (429, b"", {"Retry-After": "120"}, 120),
        (503, b"", {"Retry-After": "Thu, 01 Jan 2026 12:10:00 GMT"}, 600),
        (503, b"", {"Retry-After": "Thu, 01 Jan 2099 12:10:00 GMT"}, 86_400),
        (500, b"", {"Retry-After": "soon"}, None),
        (408, b"", {}, None),
        (400, b"<Code>Throttling</Code>", {}, None),
    ],
)
def test_what_may_pass_is_told_from_what_will_not(
    http: FakeHttp, still: Clock, status: int, body: bytes, headers: dict[str, str], wish: int | None
) -> None:
    http.answer("https://api.resend.com/emails", status, body, headers)
    with pytest.raises(Deferred) as deferred:
        providers.deliver("resend", Order("w", {"apiKey": "k"}, MAIL))
    assert (deferred.value.retryable, deferred.value.retry_after_s) == (True, wish)


def test_a_silent_provider_may_answer_later(http: FakeHttp) -> None:
    http.act("https://api.resend.com/emails", UpstreamTimeout("silent"))
    with pytest.raises(Deferred):
        providers.deliver("resend", Order("w", {"apiKey": "k"}, MAIL))
    http._answers.clear()
    http.act("https://api.resend.com/emails", AddressRefused("inside"))
    with pytest.raises(Refused):
        providers.deliver("resend", Order("w", {"apiKey": "k"}, MAIL))


def test_one_device_of_several_is_enough(http: FakeHttp) -> None:
    url = "https://own.example.com/hook"
    http.answer(url, 503)
    http.answer(url, 200, b'{"id": "x"}')
    sent = providers.deliver("push-webhook", Order("w", {"webhookUrl": url, "secretKey": "s"}, PUSH, "m-1"))
    assert (sent.id, json.loads(sent.raw)["refused"][0]["error"]) == ("x", "the provider answered 503")
    keys = [request.headers["Idempotency-Key"] for _, request in http.sent]
    assert len(set(keys)) == 2 and all(key.startswith("m-1-") for key in keys)


def test_a_provider_that_is_down_is_not_asked_for_every_device(http: FakeHttp) -> None:
    url = "https://own.example.com/hook"
    http.act(url, UpstreamTimeout("silent"))
    push = Push([f"t{number}" for number in range(100)], "T", "C")
    with pytest.raises(Deferred):
        providers.deliver("push-webhook", Order("w", {"webhookUrl": url, "secretKey": "s"}, push, "m-1"))
    assert len(http.sent) == 3


def test_metadata_goes_where_there_is_a_place_for_it(http: FakeHttp) -> None:
    mail = Mail("a@example.com", ["b@example.com"], "S", "h", metadata={"journey": "j-1", "step name": "x y"})
    made = {}
    for provider, url, keys in (
        ("sendgrid", "https://api.sendgrid.com/v3/mail/send", {}),
        ("postmark", "https://api.postmarkapp.com/email", {}),
        ("resend", "https://api.resend.com/emails", {}),
        ("ses", "https://email.eu-west-1.amazonaws.com/v2/email/outbound-emails", {"region": "eu-west-1"}),
    ):
        made[provider] = ask(http, provider, url, mail, b"{}", apiKey="k", secretKey="s", **keys)[1]
    assert made["sendgrid"]["personalizations"][0]["custom_args"] == {**mail.metadata, "id": "m-1"}
    assert made["postmark"]["Metadata"] == mail.metadata
    assert made["resend"]["tags"] == [{"name": "journey", "value": "j-1"}]
    assert made["ses"]["EmailTags"] == [{"Name": "journey", "Value": "j-1"}]


def test_ses_is_asked_as_the_model_of_its_vendor_says(http: FakeHttp) -> None:
    url = "https://email.eu-west-1.amazonaws.com/v2/email/outbound-emails"
    request, body, _ = ask(http, "ses", url, MAIL, b"{}", apiKey="AK", secretKey="s", region="eu-west-1")
    body["Content"]["Raw"]["Data"] = base64.b64decode(body["Content"]["Raw"]["Data"])
    theirs = as_botocore_sends("sesv2", "send_email", body)
    assert (theirs.method, theirs.url) == (request.method, request.url)
    again = {**json.loads(theirs.body)}
    body["Content"]["Raw"]["Data"] = base64.b64encode(body["Content"]["Raw"]["Data"]).decode()
    assert again == body


def test_sns_is_asked_as_the_model_of_its_vendor_says(http: FakeHttp) -> None:
    url = "https://sns.eu-west-1.amazonaws.com/"
    request, _, _ = ask(http, "sns", url, SMS, b"", apiKey="AK", secretKey="s", region="eu-west-1")
    theirs = as_botocore_sends("sns", "publish", {"PhoneNumber": SMS.to, "Message": SMS.content})
    assert (theirs.method, theirs.url, theirs.headers["Content-Type"]) == (
        request.method, request.url, request.headers["Content-Type"].encode(),
    )  # fmt: skip
    assert parse_qs(theirs.body) == parse_qs((request.body or b"").decode())


def as_botocore_sends(service: str, operation: str, parameters: dict[str, Any]) -> Any:
    """Let the vendor's own client, parameters checked against its model, make the request; nothing is sent."""
    made: list[Any] = []

    class Raw:
        headers: ClassVar[dict[str, str]] = {}

        def stream(self) -> Iterator[bytes]:
            yield b"{}" if service == "sesv2" else b"<e/>"

    def keep(request: Any, **_: Any) -> AWSResponse:
        made.append(request)
        return AWSResponse(request.url, 400, {}, Raw())

    session = botocore.session.Session()
    keys = {"aws_access_key_id": "AK", "aws_secret_access_key": "s"}
    client = session.create_client(service, "eu-west-1", **keys)
    client.meta.events.register("before-send", keep)
    with pytest.raises(botocore.exceptions.ClientError):
        getattr(client, operation)(**parameters)
    return made[0]


def test_every_provider_that_delivers_is_in_the_catalogue() -> None:
    listed = {name for found in catalogue.BY_CHANNEL.values() for name in found}
    assert set(providers.DELIVERING) <= listed
    for name in listed - set(providers.DELIVERING) - {"novu"}:
        with pytest.raises(Refused, match="cannot be delivered to"):
            providers.deliver(name, Order("w", {}, None))


def test_a_webhook_address_that_cannot_be_read_is_refused(http: FakeHttp) -> None:
    for provider in ("discord", "slack"):
        with pytest.raises(Refused):
            providers.deliver(provider, Order("w", {}, Chat("Hi", "http://[::1", ""), "m-1"))
    assert http.sent == []
