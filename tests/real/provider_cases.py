"""The same message for the surface's own provider classes and for ours, and what the providers answer.

`apart` says which members of a request differ, and why ours is as it is.
"""

# ruff: noqa: E501

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from chalicelib.channels.providers.base import Attachment, Chat, Mail, Push, Sms

FILE = Attachment("f.txt", b"hello", "text/plain")
MAIL = Mail(
    "a@example.com", ["b@example.com", "b2@example.com"], "Subject", "<p>h</p>", "h", "Ann", ["c@example.com"],
    ["d@example.com"], "r@example.com", {"X-A": "1"}, [FILE],
)  # fmt: skip
MAIL_OPTIONS = {
    "from": MAIL.sender, "to": MAIL.to, "subject": MAIL.subject, "html": MAIL.html, "text": MAIL.text,
    "senderName": MAIL.sender_name, "cc": MAIL.cc, "bcc": MAIL.bcc, "replyTo": MAIL.reply_to, "headers": MAIL.headers,
    "attachments": [{"name": "f.txt", "mime": "text/plain", "file": "aGVsbG8="}], "id": "m-1",
}  # fmt: skip
CUSTOM = {"templateId": "d-1", "dynamicTemplateData": {"a": "b"}, "customKey": "customValue"}
SMS = Sms("+15550001", "Hi", "+15550002")
SMS_OPTIONS = {"to": SMS.to, "content": SMS.content, "from": SMS.sender, "id": "m-1"}
FACTS = {"subscriber": {"subscriberId": "ann"}, "step": {"digest": False}}
PUSH = Push(["ExponentPushToken[abc]"], "Title", "Content", {"a": "1"}, {}, FACTS)
PUSH_OPTIONS = {"target": PUSH.tokens, "title": "Title", "content": "Content", "payload": {"a": "1"}, **FACTS}
CHAT = Chat("Hi", "https://hooks.example.com/in/x?k=1", "room")
CHAT_OPTIONS = {"content": "Hi", "webhookUrl": CHAT.webhook_url, "channel": "room"}


@dataclass(frozen=True)
class Case:
    """One delivery; `apart` gives the reason for each member of the request that differs."""

    provider_id: str
    name: str
    config: dict[str, Any]
    credentials: dict[str, Any]
    letter: Any
    options: dict[str, Any]
    answers: dict[str, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)
    apart: dict[str, str] = field(default_factory=dict)
    label: str = ""

    @property
    def id(self) -> str:
        """Name the case."""
        return f"{self.provider_id} {self.label}".strip()


def answer(body: Any, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """Give an answer of status 200."""
    return 200, headers, body if isinstance(body, bytes) else json.dumps(body).encode()


def push(**overrides: Any) -> dict[str, Any]:
    """Give the same push for both sides, with overrides."""
    return {
        "letter": Push(PUSH.tokens, PUSH.title, PUSH.content, PUSH.payload, overrides, FACTS),
        "options": {**PUSH_OPTIONS, "overrides": overrides},
    }


@cache
def private_key(kind: str = "rsa") -> str:
    """Make a key for whoever signs tokens."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    key = rsa.generate_private_key(65_537, 2_048) if kind == "rsa" else ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def fcm_case(label: str, **more: Any) -> Case:
    """A push by way of Firebase."""
    account = {"project_id": "proj", "client_email": "e@example.com", "private_key": private_key()}
    config = {"projectId": "proj", "email": "e@example.com", "secretKey": private_key()}
    answers = {
        "oauth2.googleapis.com": answer({"access_token": "T", "expires_in": 3_599, "token_type": "Bearer"}),
        "accounts.google.com": answer({"access_token": "T", "expires_in": 3_599, "token_type": "Bearer"}),
        "fcm.googleapis.com": answer({"name": "projects/proj/messages/1"}),
    }
    return Case(
        "fcm", "FcmPushProvider", config, {"serviceAccount": json.dumps(account)}, answers=answers, label=label, **more
    )


AWS = {"apiKey": "AKIDEXAMPLE", "secretKey": "secret", "region": "eu-west-1"}
AWS_CONFIG = {"accessKeyId": "AKIDEXAMPLE", "secretAccessKey": "secret", "region": "eu-west-1"}
GENERIC = {
    "baseUrl": "https://sms.example.com/send", "apiKeyRequestHeader": "X-Key", "apiKey": "k", "idPath": "data.id",
    "secretKeyRequestHeader": "X-Secret", "secretKey": "s", "from": "+15550002",
}  # fmt: skip
TOKEN = {"authenticateByToken": True, "domain": "https://auth.example.com/token", "authenticationTokenKey": "tok"}
SNS_ANSWER = b"""<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult>
<MessageId>x</MessageId></PublishResult></PublishResponse>"""


def cases() -> list[Case]:
    """List every delivery to compare."""
    return [
        Case("sendgrid", "SendgridEmailProvider", {"apiKey": "SG.k"}, {"apiKey": "SG.k"}, MAIL, MAIL_OPTIONS, apart={
                 "custom_args": "ours stand with the person they are for",
                 "personalizations": "see custom_args",
                 "content": "ours sends the plain text too",
                 "attachments": "ours says how a file is shown",
             }),
        Case("sendgrid", "SendgridEmailProvider", {"apiKey": "SG.k"}, {"apiKey": "SG.k"},
             replace(MAIL, attachments=[], text="", custom=CUSTOM), {**MAIL_OPTIONS, "attachments": [], "text": "",
             "customData": CUSTOM}, label="template", apart={
                 "custom_args": "ours stand with the person they are for", "personalizations": "see custom_args",
             }),
        Case("sendinblue", "BrevoEmailProvider", {"apiKey": "k"}, {"apiKey": "k"},
             replace(MAIL, custom={"templateId": 7, "templateParams": {"a": "b"}}),
             {**MAIL_OPTIONS, "customData": {"templateId": 7, "templateParams": {"a": "b"}}}, label="template"),
        Case("mailgun", "MailgunEmailProvider", {"apiKey": "k", "username": "api", "domain": "mg.example.com"},
             {"apiKey": "k", "user": "api", "domain": "mg.example.com"}, MAIL, MAIL_OPTIONS, apart={
                 "from": "ours names the sender", "h:X-A": "ours sends headers", "text": "ours sends the plain text too",
             }),
        Case("postmark", "PostmarkEmailProvider", {"apiKey": "k"}, {"apiKey": "k"}, MAIL, MAIL_OPTIONS, apart={
                 "From": "ours names the sender", "Headers": "ours sends headers",
                 "TextBody": "theirs sends the page as its text",
             }),
        Case("resend", "ResendEmailProvider", {"apiKey": "re_k"}, {"apiKey": "re_k"}, MAIL, MAIL_OPTIONS, apart={
                 "attachments": "the API takes base64 too, a third of the size, and the type of the file",
                 "from": "ours quotes the name, so that a comma in it is no second address",
             }),
        Case("sendinblue", "BrevoEmailProvider", {"apiKey": "k"}, {"apiKey": "k"}, MAIL, MAIL_OPTIONS),
        Case("email-webhook", "EmailWebhookProvider", {"webhookUrl": "https://own.example.com/m", "hmacSecretKey": "s"},
             {"webhookUrl": "https://own.example.com/m", "secretKey": "s"}, MAIL, MAIL_OPTIONS),
        Case("sns", "SNSSmsProvider", AWS_CONFIG, AWS, SMS, SMS_OPTIONS,
             {"sns.eu-west-1.amazonaws.com": answer(SNS_ANSWER, **{"Content-Type": "text/xml"})}),
        Case("twilio", "TwilioSmsProvider", {"accountSid": "AC1", "authToken": "t", "from": "+15550002"},
             {"accountSid": "AC1", "token": "t", "from": "+15550002"}, SMS, SMS_OPTIONS,
             {"api.twilio.com": answer({"sid": "SM1", "date_created": "Fri, 01 Jan 2026 00:00:00 +0000"})}),
        Case("nexmo", "NexmoSmsProvider", {"apiKey": "k", "apiSecret": "s", "from": "+15550002"},
             {"apiKey": "k", "secretKey": "s", "from": "+15550002"}, SMS, SMS_OPTIONS,
             {"rest.nexmo.com": answer({"message-count": "1", "messages": [{"status": "0", "message-id": "x"}]})}, apart={
                 "api_key": "the SMS API's reference has the keys in the form", "api_secret": "see api_key",
                 "authorization": "see api_key", "content-type": "see api_key",
                 "to": "the reference wants numbers without a plus",
             }),
        Case("generic-sms", "GenericSmsProvider", GENERIC, GENERIC, SMS, SMS_OPTIONS,
             {"sms.example.com": answer({"data": {"id": "x"}})}),
        Case("generic-sms", "GenericSmsProvider", {**GENERIC, **TOKEN}, {**GENERIC, **TOKEN}, SMS, SMS_OPTIONS,
             {"auth.example.com": answer({"data": {"tok": "T"}}), "sms.example.com": answer({"data": {"id": "x"}})},
             label="by token"),
        *(Case(provider, name, {}, {}, CHAT, CHAT_OPTIONS) for provider, name in (
            ("slack", "SlackProvider"), ("mattermost", "MattermostProvider"), ("zulip", "ZulipProvider"),
            ("discord", "DiscordProvider"), ("ryver", "RyverChatProvider"), ("msteams", "MsTeamsProvider"))),
        Case("msteams", "MsTeamsProvider", {}, {}, Chat('{"type": "message"}', CHAT.webhook_url),
             {"content": '{"type": "message"}', "webhookUrl": CHAT.webhook_url}, label="card"),
        fcm_case("", letter=PUSH, options=PUSH_OPTIONS),
        fcm_case("data", **push(type="data")),
        fcm_case("overrides", **push(data={"k": "v"}, android={"priority": "high"}, webPush={"headers": {"Urgency": "high"}})),
        Case("expo", "ExpoPushProvider", {"accessToken": "k"}, {"apiKey": "k"}, PUSH, PUSH_OPTIONS,
             {"exp.host": answer({"data": [{"status": "ok", "id": "x"}]})}),
        Case("expo", "ExpoPushProvider", {"accessToken": "k"}, {"apiKey": "k"}, **push(sound="default", badge=3, ttl=60),
             answers={"exp.host": answer({"data": [{"status": "ok", "id": "x"}]})}, label="overrides"),
        Case("one-signal", "OneSignalPushProvider", {"appId": "app", "apiKey": "k"}, {"applicationId": "app", "apiKey": "k"},
             PUSH, PUSH_OPTIONS, {"onesignal.com": answer({"id": "x"})}),
        Case("one-signal", "OneSignalPushProvider", {"appId": "app", "apiKey": "k"}, {"applicationId": "app", "apiKey": "k"},
             **push(sound="ding", subtitle="Sub", icon="i.png", categoryId="c", mutableContent=True, channelId="ch"),
             answers={"onesignal.com": answer({"id": "x"})}, label="overrides"),
        Case("push-webhook", "PushWebhookPushProvider", {"webhookUrl": "https://own.example.com/p", "hmacSecretKey": "s"},
             {"webhookUrl": "https://own.example.com/p", "secretKey": "s"}, PUSH, {**PUSH_OPTIONS, "overrides": {}}),
    ]  # fmt: skip
