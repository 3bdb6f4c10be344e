"""What a node signs with: its own secret as it is spelled, else one that is derived for it alone."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

import pytest

from chalicelib.core import clock
from chalicelib.journeys import connectors, signing
from tests.conftest import Clock


@pytest.fixture(autouse=True)
def kept(monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, str]]:
    secrets: dict[str, dict[str, str]] = {}
    monkeypatch.setattr("chalicelib.journeys.signing.identity.deployment_secret", lambda purpose: purpose.encode())
    monkeypatch.setattr(connectors, "of_type", lambda _workspace_id, node, _type: node if node in secrets else None)
    monkeypatch.setattr(connectors, "secrets_of", lambda node: secrets[node])
    return secrets


@pytest.mark.parametrize(
    ("secret", "key"),
    [
        ("whsec_" + base64.b64encode(b"a key").decode(), b"a key"),
        ("whsec_not base64", b"whsec_not base64"),
        ("c2VjcmV0", b"c2VjcmV0"),
        ("ünreadable", "ünreadable".encode()),
    ],
)
def test_a_secret_of_its_own_is_used_as_it_is_spelled(kept: dict[str, Any], secret: str, key: bytes) -> None:
    kept["n"] = {"signingSecret": secret}
    assert signing.key_of("w", "n") == key
    assert base64.b64decode(signing.shown("w", "n").removeprefix("whsec_")) == key


def test_any_other_node_has_one_that_is_no_others(kept: dict[str, Any]) -> None:
    kept |= {"empty": {"signingSecret": ""}, "none": {}}
    places = [("w", "n"), ("w", "empty"), ("w", "none"), ("w", "m"), ("v", "n")]
    keys = {signing.key_of(*place) for place in places}
    assert (len(keys), {len(key) for key in keys}) == (len(places), {32})


def test_a_body_is_signed_for_the_second_it_is_sent_in(still: Clock) -> None:
    sent = signing.headers("w", "n", "m1", "k1", b"{}")
    wanted = hmac.new(signing.key_of("w", "n"), f"{clock.now_s()}.{{}}".encode(), hashlib.sha256).hexdigest()
    assert (sent["X-Flow-Timestamp"], sent["X-Flow-Signature"]) == (str(clock.now_s()), wanted)
    assert (sent["Idempotency-Key"], sent["webhook-id"]) == ("k1", "m1")
