"""Pushes to Apple over a real HTTP/2 server (Node's), beside those of the notification surface's own class."""

from __future__ import annotations

import base64
import json
import queue
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chalicelib.adapters.http_client import network
from chalicelib.channels import providers
from chalicelib.channels.providers import apns
from chalicelib.channels.providers.base import Deferred, Order, Push, Refused
from chalicelib.core import cache
from tests.real import packages
from tests.real.provider_cases import Case, private_key
from tests.real.provider_receiver import Providers
from tests.real.test_novu_providers import Theirs

KEYS = {"secretKey": private_key("ec"), "apiKey": "KEYID", "projectName": "TEAM", "applicationId": "com.example.app"}
CONFIG = {"key": KEYS["secretKey"], "keyId": "KEYID", "teamId": "TEAM", "bundleId": "com.example.app"}


class Apple:
    """Node's HTTP/2 server, and what it was asked."""

    def __init__(self, pem: Path) -> None:
        command = ["node", str(packages.HERE / "novu_providers" / "apns_server.js"), str(pem)]
        self._node = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._node.stdout is not None
        self.port = int(self._node.stdout.readline())
        self._lines: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._node.stdout is not None
        for line in self._node.stdout:
            self._lines.put(line)

    def asked(self, count: int) -> list[dict[str, Any]]:
        """Give the next requests."""
        return [json.loads(self._lines.get(timeout=10)) for _ in range(count)]

    def is_quiet(self) -> bool:
        """Say whether nothing else came."""
        return self._lines.empty()

    def dial(self, _address: str, _port: int, timeout_s: float) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout_s)

    def stop(self) -> None:
        assert self._node.stdin is not None and self._node.stdout is not None
        self._node.stdin.close()
        self._node.wait(10)
        self._reader.join(10)
        self._node.stdout.close()


@pytest.fixture
def apple(tmp_path: Path) -> Iterator[Apple]:
    certificate = Providers(tmp_path)
    made = Apple(certificate.pem)
    network.use(resolver=lambda host, port: ["8.8.8.8"], dialler=made.dial, tls=certificate.tls)
    cache.forget_all()
    yield made
    network.use()
    made.stop()
    certificate.close()


def order(tokens: list[str], overrides: dict[str, Any] | None = None, **more: Any) -> Order:
    letter = Push(tokens, "Title", "Content", {"a": {"b": 1}}, overrides or {})
    return Order("w", {**KEYS, **more}, letter, "m-1")


OVERRIDES = {
    "badge": 3, "sound": "ding", "subtitle": "Sub", "category": "c", "threadId": "t", "mutableContent": True,
    "collapseId": "col", "priority": 5, "expiry": 1_800_000_000, "pushType": "alert",
}  # fmt: skip


@pytest.mark.parametrize("overrides", [{}, OVERRIDES], ids=["plain", "overrides"])
def test_apple_is_asked_as_their_own_class_asks_it(apple: Apple, overrides: dict[str, Any]) -> None:
    packages.install("novu_providers", "providers.js")
    theirs = Theirs(apple.port)
    options = {"target": ["abc"], "title": "Title", "content": "Content", "payload": {"a": {"b": 1}}}
    config = {**CONFIG, "production": True}
    theirs.send(Case("apns", "APNSPushProvider", config, {}, None, {**options, "overrides": overrides}))
    (their_request,) = apple.asked(1)
    theirs.stop()
    providers.deliver("apns", order(["abc"], overrides, secure=True))
    (our_request,) = apple.asked(1)
    assert json.loads(our_request["body"]) == json.loads(their_request["body"])
    ours, other = shown(our_request), shown(their_request)
    differ = {name for name in ours.keys() | other.keys() if ours.get(name) != other.get(name)}
    assert differ == ({"apns-id", "apns-push-type"} if not overrides else {"apns-id"})  # Apple requires the push type


def shown(request: dict[str, Any]) -> dict[str, Any]:
    """Give the headers that matter; the signature of a token differs every time, what it says does not."""
    made = {name: value for name, value in request["headers"].items() if not name.startswith("user-agent")}
    made.pop("content-type", None)
    made.pop("content-length", None)
    kind, _, token = made["authorization"].partition(" ")
    parts = [json.loads(base64.urlsafe_b64decode(part + "===")) for part in token.split(".")[:2]]
    made["authorization"] = kind, parts[0]["alg"], parts[0]["kid"], parts[1]["iss"]
    return made


def test_devices_share_a_connection_and_a_token(apple: Apple) -> None:
    sent = providers.deliver("apns", order(["one", "two", "three"]))
    asked = apple.asked(3)
    assert [one["headers"][":path"] for one in asked] == ["/3/device/one", "/3/device/two", "/3/device/three"]
    assert {one["headers"][":authority"] for one in asked} == {"api.sandbox.push.apple.com"}
    assert (len({one["session"] for one in asked}), len({one["headers"]["authorization"] for one in asked})) == (1, 1)
    assert len({one["headers"]["apns-id"] for one in asked}) == 3
    assert sent.id == asked[2]["headers"]["apns-id"]
    providers.deliver("apns", order(["one"]))
    (again,) = apple.asked(1)
    assert again["headers"]["apns-id"] == asked[0]["headers"]["apns-id"]
    assert again["headers"]["authorization"] == asked[0]["headers"]["authorization"]


def test_what_apple_says_is_read(apple: Apple) -> None:
    with pytest.raises(Refused, match="410") as refused:
        providers.deliver("apns", order(["410-gone"]))
    assert "Reason410" in refused.value.raw
    with pytest.raises(Deferred) as deferred:
        providers.deliver("apns", order(["429-slow", "400-bad"]))
    assert deferred.value.retry_after_s == 77
    assert "Reason503" in providers.deliver("apns", order(["503-down", "good"])).raw


def test_a_body_too_large_and_a_bad_key_go_nowhere(apple: Apple) -> None:
    with pytest.raises(Refused, match="4096"):
        providers.deliver("apns", Order("w", KEYS, Push(["t"], "T", "x" * 5_000), "m-1"))
    with pytest.raises(Refused, match="key for Apple"):
        providers.deliver("apns", order(["t"], secretKey="nonsense"))
    assert apple.is_quiet()
    assert apns.HOSTS[True] == "https://api.push.apple.com"


def test_a_server_without_http2_is_told(tmp_path: Path) -> None:
    with Providers(tmp_path) as plain:
        network.use(resolver=lambda host, port: ["8.8.8.8"], dialler=plain.dial, tls=plain.tls)
        try:
            with pytest.raises(Deferred, match="HTTP/2"):
                providers.deliver("apns", order(["t"]))
        finally:
            network.use()
