"""Replays and forged signatures: nothing comes in that its sender did not sign, and nothing twice."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.attack.figures import Figures
from tests.attack.platform import STRANGER, VICTIM, Platform
from tests.attack.sending import Api, Pairs
from tests.attack.world import USER, World, until

TOLERANCE_S = 300
COPIES = 20


@dataclass(frozen=True)
class Sender:
    """How a third party signs: which variable holds its secret, and the header for a secret, a body and a time (s)."""

    variable: str
    header: str
    sign: Callable[[str, bytes, int], str]
    body: bytes
    also: Callable[[int], Pairs] = lambda _at: ()


def _hex(secret: str, text: bytes) -> str:
    return hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()


SENDERS = {
    "github": Sender(
        "webhookSecret", "X-Hub-Signature-256", lambda secret, body, _: f"sha256={_hex(secret, body)}",
        b'{"action":"opened","issue":{"id":1,"number":1}}',
        lambda at: (("X-GitHub-Event", "issues"), ("X-GitHub-Delivery", f"d{at}{time.monotonic_ns()}")),
    ),
    "jira": Sender(
        "webhookSecret", "X-Hub-Signature", lambda secret, body, _: f"sha256={_hex(secret, body)}",
        b'{"webhookEvent":"jira:issue_created","timestamp":1,"issue":{"id":"1","key":"A-1","fields":{}}}',
    ),
    "slack": Sender(
        "signingSecret", "X-Slack-Signature",
        lambda secret, body, at: f"v0={_hex(secret, f'v0:{at}:'.encode() + body)}",
        b'{"type":"event_callback","event_id":"Ev1","team_id":"T","event":{"type":"message","ts":"1.0"}}',
        lambda at: (("X-Slack-Request-Timestamp", str(at)),),
    ),
    "http": Sender("incomingSecret", "X-Webhook-Secret", lambda secret, _body, _at: secret, b'{"a":1}'),
}  # fmt: skip


@pytest.fixture(scope="module")
def world(platform: Platform) -> World:
    until((platform.data / "builtin").exists, "what comes with the platform")
    return platform.world(VICTIM)


def forged(sender: Sender, secret: str, at: int) -> list[str]:
    """Spell signatures that are none: cut, stretched, of another secret, body or kind."""
    right = sender.sign(secret, sender.body, at)
    bare = right.rpartition("=")[2]
    return [
        "", " ", "sha256=", "v0=", "null", "undefined", "0", "\xff\xfe", right[:-1], right + "0", right[1:], right * 2,
        f"{right},{right}", f"{right} {sender.sign('other', sender.body, at)}", f"sha512={bare}", f"sha1={bare[:40]}",
        sender.sign("other", sender.body, at), sender.sign("", sender.body, at), "=" + right, bare[::-1], "{}", "[]",
        base64.b64encode(right.encode()).decode(), "x" * 4_000, sender.sign(secret + "0", sender.body, at),
    ]  # fmt: skip


@pytest.mark.parametrize("service", SENDERS)
def test_what_a_third_party_did_not_sign_is_refused(world: World, service: str, figures: Figures) -> None:
    sender, api, at = SENDERS[service], world.api, int(time.time())
    variables = api.get(f"/v1/service/{service}/variable").ok()
    variable = next(one["id"] for one in variables if one["name"] == sender.variable)
    secret = world.secret(f"{service}'s webhook secret")
    api.put(f"/v1/service/{service}/variable/{variable}/value", {"value": secret}).ok()
    hook = api.get(f"/v1/service/{service}/webhookSetting", userId=USER).ok()["url"].partition("/v1/")[2]

    def send(signature: str | None, body: bytes = sender.body, at: int = at) -> int:
        signed: Pairs = () if signature is None else ((sender.header, signature),)
        return Api(world.port, None, (*signed, *sender.also(at))).call("POST", f"/v1/{hook}", raw=body).status

    assert send(sender.sign(secret, sender.body, at)) < 300
    right = sender.sign(secret, sender.body, at)
    tried: dict[str, int] = {one: send(one) for one in [*forged(sender, secret, at)] if one != right}
    tried["none"] = send(None)
    if service != "http":  # its secret signs nothing: it is sent itself
        for body in (b"", b"{}", sender.body + b" ", sender.body.replace(b"1", b"2"), sender.body[:-1]):
            tried[f"of another body {body!r}"] = send(right, body)
    if service == "slack":
        for old in (at - TOLERANCE_S - 5, at + TOLERANCE_S + 60, 0):
            tried[f"of another time {old}"] = send(sender.sign(secret, sender.body, old), at=old)
        tried["under another time"] = send(right, at=at - 1)
    assert {name: status for name, status in tried.items() if not 400 <= status < 500} == {}
    figures.note("forged and stale webhook signatures", len(tried), f"refused, for {len(SENDERS)} services")


def test_a_notification_sent_again_is_delivered_once(platform: Platform, world: World, figures: Figures) -> None:
    path = f"{platform.outside.url}/replayed"
    below = f"/v1/service/{world.ids['service']}/trigger/fired/subscription"
    world.api.post(below, {"url": path, "variables": {}}, userId=USER).ok()
    outside = Api(world.port, None, (("Idempotency-Key", "replayed-1"),))
    for _ in range(COPIES):
        outside.post(f"/v1/hook/{world.ids['hook']}", {"fired": True}).ok()
    until(lambda: platform.outside.at("/replayed"), "the delivery")
    time.sleep(1)
    assert len({one.headers["webhook-id"] for one in platform.outside.at("/replayed")}) == 1
    figures.note("replays of one notification", COPIES, "1 message")


def test_forged_callbacks_marks_and_states_lead_nowhere(world: World, figures: Figures) -> None:
    nobody, tried = Api(world.port, None), 0
    callback = world.flow.get("/flow/v1/feedbacks").ok()["callbackUrl"].partition("/flow/")[2]
    body, now = {"id": "e1", "event": "open", "recipient": "p@attack.example"}, str(int(time.time()))
    key = base64.b64encode(b"k" * 32).decode()
    text = json.dumps(body).encode()
    other = base64.b64encode(hmac.new(b"k" * 32, f"1.{now}.".encode() + text, hashlib.sha256).digest()).decode()
    signatures: list[Pairs] = [
        (),
        *((("webhook-id", "1"), ("webhook-timestamp", at), ("webhook-signature", signature))
          for at in (now, "0", "", "-1", "1e9", "99999999999999999999")
          for signature in ("", "v1,", "v1,AAAA", f"v1,{other}", f"v1a,{other}", f"v0,{other}", key, "v1," * 100)),
        (("X-Signature", "0" * 64),),
    ]  # fmt: skip
    for headers in signatures:
        assert 400 <= nobody.call("POST", f"/flow/{callback}", body, headers=headers).status < 500
        tried += 1
    mark = callback.partition("m=")[2]
    marks = ["", "AAAA", "a.b.c", "." * 50, "x" * 3_000, "x" * 20_000, mark[:-1], mark[1:], mark[:20] + "A" + mark[21:]]
    for one in marks:
        for path in ("/flow/v1/marks", "/flow/v1/files"):
            assert 400 <= nobody.get(path, m=one).status < 500
        assert 400 <= nobody.get("/v1/oauth/callback", state=one, code="c").status < 500
        tried += 3
    figures.note("forged callbacks, marks and OAuth states", tried, "refused")


def test_a_subscriber_is_connected_only_by_a_signed_link(world: World, figures: Figures) -> None:
    sealed = {"clientId": "client", "secretKey": "s", "hmac": True}
    body = {"providerId": "slack", "channel": "chat", "active": True, "check": False, "credentials": sealed}
    made = world.api.post("/v1/integrations", {**body, "identifier": "signed-slack"}).ok()["data"]
    environment = world.api.get("/v1/environments/me").ok()["data"]["_id"]
    right = hmac.new(world.key.encode(), b"ann", hashlib.sha256).hexdigest()
    nobody = Api(world.port, None)

    def begin(subscriber: str, **query: str) -> int:
        path = f"/v1/subscribers/{subscriber}/credentials/slack/oauth"
        asked = {"environmentId": environment, "integrationIdentifier": made["identifier"], **query}
        return nobody.get(path, **asked).status

    assert begin("ann", hmacHash=right) == 302
    theirs = hmac.new(STRANGER.encode(), b"ann", hashlib.sha256).hexdigest()
    hashes = ["", right[:-1], right + "0", right[::-1], "0" * 64, theirs, "\u00e9", "null", right * 2, f" {right}"]
    refused = [begin("ann"), begin("bob", hmacHash=right), *(begin("ann", hmacHash=one) for one in hashes)]
    refused += [begin("ann", hmacHash=right, environmentId=one) for one in ("", "0" * 24, "stranger", "x" * 300)]
    assert [status for status in refused if not 400 <= status < 500] == []
    world.api.call("DELETE", f"/v1/integrations/{made['_id']}")
    figures.note("forged hashes of subscribers", len(refused), "refused")
