"""What the built-in connectors take in, refuse and deliver, and how they write mail and call any address."""

from __future__ import annotations

import base64
import email
import email.policy
import hmac
import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote_plus

import jsonschema_rs
import pytest

from chalicelib.core.errors import LogicFailed
from tests.unit.connectors.cases.jira import COMMENT, ISSUE, PERSON
from tests.unit.connectors.vendor import Vendor, logic, parts

SECRET = "s3cret"


def note(payload: Any, headers: dict[str, str] | None = None, **query: str) -> dict[str, Any]:
    raw = payload if isinstance(payload, str) else json.dumps(payload)
    return {"method": "POST", "headers": headers or {}, "query": query, "body": payload, "rawBody": raw}


def mac(text: str, algorithm: str = "sha256", secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), text.encode(), algorithm).hexdigest()


def respond(connector: str, notification: dict[str, Any], **vars: Any) -> dict[str, Any]:
    (event,) = parts(connector)["events"]
    return logic(connector, vars=vars).run("event", event, "response", notification=notification)


def route(connector: str, notification: dict[str, Any]) -> Any:
    (event,) = parts(connector)["events"]
    return logic(connector).run("event", event, "route", notification=notification)


def deliver(connector: str, trigger: str, notification: dict[str, Any], token: Any = None, **variables: Any) -> Any:
    setting = logic(connector, token=token, vars={})
    delivered = setting.run("trigger", trigger, "trigger", notification=notification, variables=variables)
    if delivered is not None:
        jsonschema_rs.validator_for(parts(connector)["triggers"][trigger]["schema"]["output"]).validate(delivered)
    return delivered


@pytest.mark.parametrize("connector", ["gmail", "jira", "slack", "http"])
@pytest.mark.parametrize("vars", [{}, dict.fromkeys(["notificationToken", "webhookSecret", "signingSecret"], "")])
def test_without_a_secret_everything_is_refused(connector: str, vars: dict[str, Any]) -> None:
    answer = respond(connector, note({}), **vars)
    assert (answer["status"], "is not set" in answer["body"]["message"]) == (403, True)


# --- slack -----------------------------------------------------------------------------------------------------------

POSTED = {
    **{"type": "event_callback", "team_id": "T1", "event_id": "Ev1", "event_time": 1718183752},
    "event": {"type": "message", "channel": "C1", "user": "U1", "text": "Deploy now", "ts": "1718183752.0001"},
}


def slack(payload: Any, at: float = 0, secret: str = SECRET) -> dict[str, Any]:
    stamp, raw = str(int(time.time() + at)), json.dumps(payload)
    signature = "v0=" + mac(f"v0:{stamp}:{raw}", secret=secret)
    return note(payload, {"x-slack-request-timestamp": stamp, "x-slack-signature": signature})


def event(**changed: Any) -> dict[str, Any]:
    return note({**POSTED, "event": {**POSTED["event"], **changed}})


@pytest.mark.parametrize(
    ("made", "status"),
    [
        (lambda: slack(POSTED), 200),
        (lambda: slack(POSTED, at=-200), 200),
        (lambda: slack(POSTED, at=-400), 401),
        (lambda: slack(POSTED, at=400), 401),
        (lambda: slack(POSTED, secret="other"), 401),
        (lambda: note(POSTED), 401),
        (lambda: {**slack(POSTED), "rawBody": "{}"}, 401),
        (lambda: {**slack(POSTED), "headers": {**slack(POSTED)["headers"], "x-slack-signature": "v0=é"}}, 401),
    ],
)
def test_slacks_signature_and_its_age_are_checked(made: Callable[[], dict[str, Any]], status: int) -> None:
    assert respond("slack", made(), signingSecret=SECRET)["status"] == status


def test_slacks_challenge_is_answered_only_when_signed_and_reaches_nobody() -> None:
    challenge = {"type": "url_verification", "challenge": "abc"}
    assert respond("slack", slack(challenge), signingSecret=SECRET)["body"] == "abc"
    assert respond("slack", slack(challenge, secret="x"), signingSecret=SECRET)["status"] == 401
    assert route("slack", note(challenge)) is None


@pytest.mark.parametrize(
    ("type_", "triggers"), [("message", ["message.posted", "any"]), ("pin_added", ["any"]), ("toString", ["any"])]
)
def test_a_slack_event_is_routed_under_its_id_so_that_repeats_count_once(type_: str, triggers: list[str]) -> None:
    assert route("slack", event(type=type_)) == [{"trigger": trigger, "id": "Ev1"} for trigger in triggers]


@pytest.mark.parametrize(
    ("changed", "variables", "is_wanted"),
    [
        ({}, {}, True),
        ({}, {"channel": "C1", "user": "U1", "contains": "deploy"}, True),
        ({}, {"channel": "C2"}, False),
        ({}, {"contains": "later"}, False),
        ({"subtype": "message_changed"}, {}, False),
        ({"subtype": "file_share"}, {}, True),
        ({"bot_id": "B1"}, {}, False),
        ({"bot_id": "B1"}, {"includeBots": True}, True),
        ({"type": "app_mention"}, {}, False),
    ],
)
def test_a_slack_message_is_delivered_to_who_wants_it(
    changed: dict[str, Any], variables: dict[str, Any], is_wanted: bool
) -> None:
    delivered = deliver("slack", "message.posted", event(**changed), **variables)
    assert (delivered is not None) == is_wanted


def test_a_subscriber_hears_of_the_workspace_of_its_token_only() -> None:
    assert deliver("slack", "any", event(), token={"type": "oauth", "team": {"id": "T1"}})["payload"]["text"]
    assert deliver("slack", "any", event(), token={"type": "oauth", "team": {"id": "T2"}}) is None


@pytest.mark.parametrize(
    ("trigger", "changed", "field"),
    [
        ("app.mentioned", {"type": "app_mention"}, "message"),
        ("reaction.added", {"type": "reaction_added", "reaction": "eyes", "item": {"ts": "1.2"}}, "reaction"),
        ("channel.created", {"type": "channel_created", "channel": {"id": "C9", "name": "new"}}, "name"),
        ("channel.joined", {"type": "member_joined_channel"}, "channel"),
        ("user.joined", {"type": "team_join", "user": {"id": "U9"}}, "member"),
        ("any", {"type": "pin_added"}, "payload"),
    ],
)
def test_each_slack_trigger_delivers_its_own_event(trigger: str, changed: dict[str, Any], field: str) -> None:
    assert deliver("slack", trigger, event(**changed))[field]
    assert trigger == "any" or deliver("slack", trigger, event(type="other")) is None


# --- jira ------------------------------------------------------------------------------------------------------------

CHANGED = {
    **{"webhookEvent": "jira:issue_updated", "timestamp": 1718183752000, "user": PERSON, "issue": ISSUE},
    "changelog": {"items": [{"field": "status", "fromString": "Open", "toString": "Done"}]},
}


@pytest.mark.parametrize(
    ("signature", "status"),
    [("sha256=" + mac(json.dumps(CHANGED)), 200), ("sha256=" + "0" * 64, 401), ("", 401), ("é" * 71, 401)],
)
def test_jiras_signature_is_checked(signature: str, status: int) -> None:
    notification = note(CHANGED, {"x-hub-signature": signature})
    assert respond("jira", notification, webhookSecret=SECRET)["status"] == status


@pytest.mark.parametrize(
    ("name", "triggers"),
    [
        ("jira:issue_created", ["issue.created", "any"]),
        ("comment_created", ["comment.created", "any"]),
        ("worklog_created", ["any"]),
        (None, None),
    ],
)
def test_a_jira_event_is_routed_to_its_trigger_and_any(name: str | None, triggers: list[str] | None) -> None:
    assert route("jira", note({"webhookEvent": name})) == triggers


@pytest.mark.parametrize(
    ("variables", "is_wanted"),
    [
        ({}, True),
        ({"project": "OPS", "issueTypes": ["Bug"], "fields": ["status"]}, True),
        ({"project": "100", "issueTypes": ["1", "2"]}, True),
        ({"project": "DEV"}, False),
        ({"issueTypes": ["Task"]}, False),
        ({"fields": ["assignee"]}, False),
    ],
)
def test_a_jira_change_is_delivered_to_who_wants_it(variables: dict[str, Any], is_wanted: bool) -> None:
    delivered = deliver("jira", "issue.updated", note(CHANGED), **variables)
    assert (delivered is not None) == is_wanted
    if delivered:
        assert delivered["changes"] == [{"field": "status", "from": "Open", "to": "Done"}]
        assert (delivered["issue"]["description"], delivered["at"]) == ("One\n\ntwo", "2024-06-12T09:15:52.000Z")
        assert delivered["issue"]["url"] == "https://acme.atlassian.net/browse/OPS-1"


@pytest.mark.parametrize(
    ("trigger", "name"),
    [
        *[("issue.created", "jira:issue_created"), ("issue.deleted", "jira:issue_deleted")],
        *[("comment.created", "comment_created"), ("any", "worklog_created")],
    ],
)
def test_each_jira_trigger_delivers_its_own_event(trigger: str, name: str) -> None:
    payload = {"webhookEvent": name, "issue": ISSUE, "comment": {**COMMENT, "body": "plain *text*"}}
    assert deliver("jira", trigger, note(payload))["comment"]["text"] == "plain *text*"
    assert trigger == "any" or deliver("jira", trigger, note(CHANGED)) is None


# --- gmail -----------------------------------------------------------------------------------------------------------


def pushed(address: str = "me@example.com") -> dict[str, Any]:
    data = base64.b64encode(json.dumps({"emailAddress": address, "historyId": 9}).encode()).decode()
    return {"message": {"data": data, "messageId": "p1", "publishTime": "2026-01-02T03:04:05Z"}}


def test_a_push_needs_the_token_and_reaches_the_subscriber_of_its_mailbox() -> None:
    statuses = [respond("gmail", note(pushed(), token=token), notificationToken="t")["status"] for token in ("t", "u")]
    assert statuses == [200, 401]
    assert respond("gmail", note(pushed()), notificationToken="t")["status"] == 401
    assert respond("gmail", note({"x": 1}, token="t"), notificationToken="t")["status"] == 400
    assert route("gmail", note(pushed())) == {"trigger": "mailbox.changed", "id": "p1"}
    assert deliver("gmail", "mailbox.changed", note(pushed()), emailAddress="Me@example.com")["historyId"] == 9
    assert deliver("gmail", "mailbox.changed", note(pushed("you@example.com")), emailAddress="me@example.com") is None


def written(**fields: Any) -> email.message.EmailMessage:
    vendor = Vendor({"id": "m1"}, {"id": "m1"})
    logic("gmail", vendor).run("action", "email.send", "execute", input={"data": fields})
    raw = base64.urlsafe_b64decode(json.loads(vendor.asked[0]["body"])["raw"] + "==")
    assert all(len(line) < 998 for line in raw.split(b"\r\n")) and raw.isascii()
    return email.message_from_bytes(raw, policy=email.policy.default)  # type: ignore[return-value]


def test_a_mail_reads_back_as_it_was_written() -> None:
    subject = "Grüße an alle, die schon sehr lange auf diese Nachricht gewartet haben ☂"
    content = base64.b64encode(bytes(range(256))).decode()
    mail = written(
        to=["Jörg Müller <j@example.com>", '"Doe, Ann" <ann@example.com>'],
        cc="bob@example.com, Zoë <z@example.com>",
        subject=subject,
        text="Hällo\n" * 40,
        html="<b>Hällo</b>",
        attachments=[{"filename": "Übersicht 1.bin", "content": content}],
    )
    assert mail["Subject"] == subject
    assert [(one.display_name, one.addr_spec) for one in mail["To"].addresses] == [
        *[("Jörg Müller", "j@example.com"), ("Doe, Ann", "ann@example.com")],
    ]
    assert [one.addr_spec for one in mail["Cc"].addresses] == ["bob@example.com", "z@example.com"]
    assert mail.get_body(("plain",)).get_content().replace("\r\n", "\n") == "Hällo\n" * 40
    assert mail.get_body(("html",)).get_content().strip() == "<b>Hällo</b>"
    (file,) = mail.iter_attachments()
    assert (file.get_filename(), file.get_content()) == ("Übersicht 1.bin", bytes(range(256)))


def test_a_reply_to_all_leaves_out_only_oneself_and_the_sender() -> None:
    to = '"Doe, Bob" <bob@example.com>, some@example.com, Me <ME@example.com>, ann@example.com'
    headers = {"From": "Ann <ann@example.com>", "To": to, "Subject": "Lunch", "Message-ID": "<m1@x>"}
    listed = [{"name": name, "value": value} for name, value in headers.items()]
    message = {"id": "m1", "threadId": "t1", "payload": {"headers": listed}}
    vendor = Vendor(message, {"emailAddress": "me@example.com"}, {"id": "m2"}, {"id": "m2"})
    data = {"id": "m1", "text": "Yes", "all": True}
    logic("gmail", vendor).run("action", "email.reply", "execute", input={"data": data})

    raw = base64.urlsafe_b64decode(json.loads(vendor.asked[2]["body"])["raw"] + "==")
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    assert [one.addr_spec for one in mail["Cc"].addresses] == ["bob@example.com", "some@example.com"]
    assert (mail["To"], mail["Subject"]) == ("Ann <ann@example.com>", "Re: Lunch")
    assert (mail["In-Reply-To"], mail["References"]) == ("<m1@x>", "<m1@x>")


@pytest.mark.parametrize(
    "fields", [{"subject": "a\r\nBcc: x@example.com"}, {"to": "a@example.com\nBcc: x@example.com"}]
)
def test_a_line_break_cannot_smuggle_a_header_in(fields: dict[str, Any]) -> None:
    with pytest.raises(LogicFailed, match="must be one line"):
        written(**{"to": "a@example.com", **fields})


# --- http ------------------------------------------------------------------------------------------------------------


def incoming(headers: dict[str, str], **vars: Any) -> int:
    return int(respond("http", note("{}", headers), incomingSecret=SECRET, **vars)["status"])


def test_an_incoming_notification_proves_that_it_knows_the_secret() -> None:
    signed = mac("{}")
    in_base64 = base64.b64encode(bytes.fromhex(mac("{}", "sha512"))).decode()
    by_hmac = {"incomingMode": "hmac", "incomingHeader": "X-Sign"}

    assert incoming({"x-webhook-secret": SECRET}) == 202
    assert incoming({"authorization": f"Bearer {SECRET}"}, incomingHeader="Authorization") == 202
    assert [incoming({}), incoming({"x-webhook-secret": "no"}), incoming({"x-webhook-secret": signed})] == [401] * 3
    assert [incoming({"x-sign": sign}, **by_hmac) for sign in (signed, f"sha256={signed}", signed.upper())] == [202] * 3
    assert incoming({"x-sign": in_base64}, incomingAlgorithm="sha512", **by_hmac) == 202
    binary = {**note("AP8=", {"x-sign": hmac.new(SECRET.encode(), b"\0\xff", "sha256").hexdigest()}), "isBase64": True}
    assert respond("http", binary, incomingSecret=SECRET, **by_hmac)["status"] == 202
    assert [incoming({"x-sign": sign}, **by_hmac) for sign in ("", SECRET, "0" * 64, in_base64)] == [401] * 4


def test_what_came_in_is_delivered_without_its_secret() -> None:
    notification = note({"data": {"type": "paid"}}, {"x-webhook-secret": SECRET, "x-a": "1"}, q="2")
    assert route("http", notification) == "incoming.received"
    assert deliver("http", "incoming.received", notification, field="data.type", equals="paid") == {
        **{"method": "POST", "query": {"q": "2"}, "headers": {"x-a": "1"}, "body": {"data": {"type": "paid"}}},
    }
    assert deliver("http", "incoming.received", notification, field="data.type", equals="due") is None
    assert deliver("http", "incoming.received", notification, field="data.constructor") is None


def call(token: Any = None, url: str | None = "https://api.example.com", vars: Any = None, **data: Any) -> Vendor:
    vendor = Vendor({})
    setting = logic("http", vendor, token=token, url=url, vars=vars or {})
    setting.run("action", "request.post", "execute", input={"data": {"url": "/x", **data}})
    return vendor


KEY = {"type": "key", "key": "k"}


@pytest.mark.parametrize(
    ("token", "data", "header", "value"),
    [
        (KEY, {}, "authorization", "Bearer k"),
        (KEY, {"headers": {"Authorization": "mine"}}, "authorization", "Bearer k"),
        (KEY, {"signIn": "apiKey"}, "x-api-key", "k"),
        (KEY, {"signIn": "apiKey", "keyHeader": "X-Other"}, "x-other", "k"),
        (KEY, {"signIn": "none"}, "authorization", None),
        ({"type": "key", "header": "X-Own", "value": "v"}, {}, "x-own", "v"),
        ({"type": "basic", "username": "ä", "password": "b"}, {}, "authorization", "Basic w6Q6Yg=="),
    ],
)
def test_a_token_is_sent_in_its_form(token: Any, data: dict[str, Any], header: str, value: str | None) -> None:
    (asked,) = call(token, **data).asked
    assert asked["headers"].get(header) == value
    assert asked["max_redirects"] == (None if data.get("signIn") == "none" else 0)


def test_a_token_goes_to_its_own_origin_only() -> None:
    for target in ("https://evil.example/x", "http://api.example.com/x", "https://api.example.com.evil.example/"):
        with pytest.raises(LogicFailed, match=r"may be sent to https://api\.example\.com only"):
            run_at(target)
    with pytest.raises(LogicFailed, match="has no serviceUrl"):
        run_at("https://api.example.com/x", url=None)


def run_at(target: str, url: str | None = "https://api.example.com/v1") -> Any:
    setting = logic("http", Vendor({}), token=KEY, url=url)
    return setting.run("action", "request.get", "execute", input={"data": {"url": target}})


@pytest.mark.parametrize(
    ("data", "sent", "kind"),
    [
        ({"body": {"a": [1, None]}}, '{"a":[1,null]}', "application/json"),
        ({"body": "x"}, '"x"', "application/json"),
        (
            {"body": {"a": ["1", "2"], "b": "c d"}, "bodyType": "form"},
            "a=1&a=2&b=c d",
            "application/x-www-form-urlencoded",
        ),
        ({"body": "x", "bodyType": "text", "headers": {"Content-Type": "text/csv"}}, "x", "text/csv"),
    ],
)
def test_a_body_is_sent_as_asked(data: dict[str, Any], sent: str, kind: str) -> None:
    (asked,) = call(KEY, **data).asked
    assert (unquote_plus(asked["body"]), asked["headers"]["content-type"]) == (sent, kind)


def test_secrets_are_compared_by_their_digests() -> None:
    code = "return await service.fn.isSame(...args);"
    for one, other, same in (("a", "a", True), ("a", "b", False), ("", None, True), ("é", "é", True)):
        assert logic("http").run_code(code, args=[one, other]) is same
