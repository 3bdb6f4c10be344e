"""Every provider is asked as the notification surface's own provider classes ask it, or differs for a reason."""

from __future__ import annotations

import base64
import email
import email.policy
import hashlib
import hmac
import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from chalicelib.adapters import http_client
from chalicelib.adapters.http_client import network
from chalicelib.channels import providers
from chalicelib.channels.providers.base import Order
from infra.harness.stack import free_port
from tests.real import packages
from tests.real.provider_cases import MAIL, MAIL_OPTIONS, Case, cases
from tests.real.provider_receiver import Asked, Providers

FOLDER = packages.FOLDER / "novu_providers"
HEADERS = ("authorization", "api-key", "x-postmark-server-token", "x-key", "x-secret", "tok", "content-type")
OUR_OWN_WAY = {"nodemailer": "a real mail server judges it", "ses": "botocore judges it", "apns": "see test_apns.py"}


class Theirs:
    """Their provider classes in a process of Node, one delivery after another."""

    def __init__(self, port: int) -> None:
        command = ["node", "--no-warnings", "providers.js", str(port)]
        self._node = subprocess.Popen(command, cwd=FOLDER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def send(self, case: Case) -> dict[str, Any]:
        assert self._node.stdin is not None and self._node.stdout is not None
        asked = {"provider": case.name, "config": case.config, "options": case.options}
        self._node.stdin.write(json.dumps(asked) + "\n")
        self._node.stdin.flush()
        return dict(json.loads(self._node.stdout.readline()))

    def stop(self) -> None:
        assert self._node.stdin is not None and self._node.stdout is not None
        self._node.stdin.close()
        self._node.wait(30)
        self._node.stdout.close()


@pytest.fixture(scope="module")
def receiver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Providers]:
    with Providers(tmp_path_factory.mktemp("providers")) as running:
        yield running


@pytest.fixture(scope="module")
def theirs(receiver: Providers) -> Iterator[Theirs]:
    packages.install("novu_providers", "providers.js")
    made = Theirs(receiver.port)
    yield made
    made.stop()


@pytest.fixture
def to_receiver(receiver: Providers) -> Iterator[Providers]:
    network.use(resolver=lambda host, port: ["8.8.8.8"], dialler=receiver.dial, tls=receiver.tls)
    receiver.asked.clear()
    yield receiver
    http_client.close_idle()
    network.use()


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.id)
def test_a_provider_is_asked_as_their_own_class_asks_it(case: Case, theirs: Theirs, to_receiver: Providers) -> None:
    to_receiver.answers = case.answers
    their_answer = theirs.send(case)
    asked_by_them = [one for one in map(unbatched, to_receiver.asked) if not is_for_a_token(one)]
    to_receiver.asked.clear()
    our_answer = providers.deliver(case.provider_id, Order("w", case.credentials, case.letter, "m-1"))
    asked_by_us = [one for one in to_receiver.asked if not is_for_a_token(one)]

    assert [shape(one)[:3] for one in asked_by_us] == [shape(one)[:3] for one in asked_by_them]
    differ: set[str] = set()
    for ours, other in zip(asked_by_us, asked_by_them, strict=True):
        mine, own = shape(ours)[3], shape(other)[3]
        differ |= {name for name in mine.keys() | own.keys() if mine.get(name) != own.get(name)}
    assert differ == set(case.apart)
    if case.answers and "id" in their_answer:
        assert our_answer.id == their_answer["id"]


def test_their_signature_of_a_webhook_is_ours(theirs: Theirs, to_receiver: Providers) -> None:
    case = next(one for one in cases() if one.provider_id == "push-webhook")
    theirs.send(case)
    providers.deliver(case.provider_id, Order("w", case.credentials, case.letter, "m-1"))
    for one in to_receiver.asked:
        made = hmac.new(b"s", one.body, hashlib.sha256).hexdigest()
        assert one.headers["x-novu-signature"] == made


def test_tokens_of_a_service_account_are_asked_alike(theirs: Theirs, to_receiver: Providers) -> None:
    case = next(one for one in cases() if one.provider_id == "fcm")
    to_receiver.answers = case.answers
    theirs.send(case)
    providers.deliver(case.provider_id, Order("w", case.credentials, case.letter, "m-1"))
    asked = [one.content() for one in to_receiver.asked if is_for_a_token(one)]
    (first, second) = (claims(one["assertion"]) for one in asked)
    assert asked[0]["grant_type"] == asked[1]["grant_type"]
    assert first["iss"] == second["iss"]
    assert set(second["scope"].split()) <= set(first["scope"].split())
    assert second["aud"] == "https://oauth2.googleapis.com/token"


def test_every_provider_that_delivers_is_judged() -> None:
    assert {case.provider_id for case in cases()} | set(OUR_OWN_WAY) == set(providers.DELIVERING)


def is_for_a_token(asked: Asked) -> bool:
    return asked.host in ("oauth2.googleapis.com", "accounts.google.com")


def claims(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))))


def unbatched(asked: Asked) -> Asked:
    """Take the one request out of a batch: Google ended its batch address for messages in 2024."""
    if asked.path != "/batch":
        return asked
    inner = asked.body.split(b"\r\n\r\n", 1)[1]
    head, _, body = inner.partition(b"\r\n\r\n")
    path = head.split(b" ")[1].decode().removeprefix(f"https://{asked.host}")
    headers = {"authorization": asked.headers["authorization"], "content-type": "application/json"}
    return Asked("POST", asked.host, path, headers, body.partition(b"\r\n--")[0])


def shape(asked: Asked) -> tuple[str, str, str, dict[str, Any]]:
    """Give method, host, path, and everything else by name: headers that matter, members of the body."""
    headers = {name: asked.headers[name] for name in HEADERS if name in asked.headers}
    headers["content-type"] = headers["content-type"].partition(";")[0]
    if headers.get("authorization", "").startswith("AWS4"):
        headers["authorization"] = headers["authorization"].partition("/")[0]
    content = asked.content()
    if isinstance(content, list) and content and isinstance(content[0], tuple):
        content = {name: sorted(b",".join(v for n, _, v in content if n == name).split(b",")) for name, _, _ in content}
    members = {str(n): one for n, one in enumerate(content)} if isinstance(content, list) else content
    return asked.method, asked.host, asked.path, {**headers, **clean(members or {})}


def clean(value: Any) -> Any:
    """Leave out what says nothing, and the blanks between addresses."""
    if isinstance(value, dict):
        shown = {name: clean(one) for name, one in value.items()}
        return {name: one for name, one in shown.items() if one not in (None, {}, [])}
    if isinstance(value, list):
        return [clean(one) for one in value]
    return value.replace(", ", ",") if isinstance(value, str) else value


class Mailbox:
    """Keeps what it is sent."""

    def __init__(self) -> None:
        self.envelopes: list[Any] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.envelopes.append(envelope)
        return "250 OK"


def test_a_mail_server_gets_what_their_own_class_sends(theirs: Theirs, may_call_this_machine: None) -> None:
    box, port = Mailbox(), free_port()
    server = Controller(box, hostname="127.0.0.1", port=port)
    server.start()
    try:
        keys = {"host": "127.0.0.1", "port": str(port)}
        config = {**keys, "port": port, "ignoreTls": True}
        answer = theirs.send(Case("nodemailer", "NodemailerProvider", config, {}, None, MAIL_OPTIONS))
        assert answer["id"], answer
        providers.deliver("nodemailer", Order("w", keys, MAIL, "m-1"))
    finally:
        server.stop()
    other, ours = (read(one) for one in box.envelopes)
    assert ours == other


def read(envelope: Any) -> dict[str, Any]:
    """Give what a reader of a mail would see, and who gets it."""
    mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
    html, text = mail.get_body(("html",)), mail.get_body(("plain",))
    assert html is not None and text is not None
    files = [(one.get_filename(), one.get_content_type(), one.get_content()) for one in mail.iter_attachments()]
    shown = {name: str(mail[name]).replace('"', "") for name in ("from", "to", "cc", "reply-to", "subject")}
    texts = {"html": html.get_content().strip(), "text": text.get_content().strip()}
    return {**shown, **texts, "files": files, "to all": sorted(envelope.rcpt_tos), "sender": envelope.mail_from}
