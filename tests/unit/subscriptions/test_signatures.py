"""Signatures as another implementation of Standard Webhooks checks them."""

from __future__ import annotations

import base64
import time

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from chalicelib.subscriptions import signatures

BODY = '{"data":"żółw"}'.encode()


def test_another_implementation_verifies() -> None:
    secret = signatures.new_secret()
    headers = signatures.headers([signatures.key_of(secret)], "msg_1", int(time.time()), BODY)
    assert Webhook(secret).verify(BODY, headers) == {"data": "żółw"}


def test_both_secrets_verify_during_a_rotation() -> None:
    old, new, other = (signatures.new_secret() for _ in range(3))
    keys = [signatures.key_of(new), signatures.key_of(old)]
    headers = signatures.headers(keys, "msg_1", int(time.time()), BODY)
    for secret in (old, new):
        Webhook(secret).verify(BODY, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(other).verify(BODY, headers)


@pytest.mark.parametrize("changed", ["webhook-id", "webhook-timestamp"])
def test_id_and_timestamp_are_signed(changed: str) -> None:
    secret, now = signatures.new_secret(), int(time.time())
    headers = signatures.headers([signatures.key_of(secret)], "msg_1", now, BODY)
    headers[changed] = str(now + 1)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(BODY, headers)


def test_a_secret_is_a_prefix_and_32_bytes_of_base64() -> None:
    for _ in range(50):
        secret = signatures.new_secret()
        assert secret.startswith("whsec_")
        assert len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) == 32
