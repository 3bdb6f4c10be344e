"""The implementations under test, behind one small interface."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import botocore
import botocore.session
import pytest
from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.core import DEFAULT_ACCOUNT_ID  # type: ignore[attr-defined]
from moto.core.models import botocore_stubber
from moto.dynamodb.models import dynamodb_backends
from moto.sqs.models import sqs_backends

from infra.local.cloud import LocalCloud
from tests.emulator import one_call_at_a_time

REGION = "ap-south-1"  # of these tests alone: the other tests keep their tables in another
CONFIG = Config(
    parameter_validation=False,
    signature_version=botocore.UNSIGNED,
    retries={"total_max_attempts": 1},
    user_agent="conformance",
)
SIGNED = CONFIG.merge(Config(signature_version="v4"))  # moto finds the region in the signature
SESSION = botocore.session.Session()


class Clock:
    """The real time and what was added to it."""

    def __init__(self) -> None:
        self.offset_ms = 0

    def __call__(self) -> int:
        return time.time_ns() // 1_000_000 + self.offset_ms

    def advance(self, seconds: float) -> None:
        self.offset_ms += int(seconds * 1000)


class Cloud:
    """Clients of one implementation, and the clock it lives by."""

    def __init__(self, name: str, clock: Clock, clients: dict[str, BaseClient], local: LocalCloud | None) -> None:
        self.name = name
        self.clock = clock
        self.dynamodb: Any = clients["dynamodb"]
        self.sqs: Any = clients["sqs"]
        self.local = local

    def known_wrong(self, name: str, reason: str) -> None:
        """Skip the rest of a test for one implementation that is known to be wrong about it."""
        if self.name == name:
            pytest.skip(f"{name}: {reason}")


def new_clients(config: Config = CONFIG) -> dict[str, BaseClient]:
    return {
        name: SESSION.create_client(
            name, region_name=REGION, config=config, aws_access_key_id="k", aws_secret_access_key="s"
        )
        for name in ("dynamodb", "sqs")
    }


def attached_clients(local: LocalCloud, *, direct: bool, config: Config = CONFIG) -> dict[str, BaseClient]:
    clients = new_clients(config)
    for client in clients.values():
        client.meta.events.unregister("before-send", botocore_stubber)  # active when other tests hold a mock_aws open
        local.attach(client, direct=direct)
    return clients


@contextmanager
def local_cloud(path: Path, name: str) -> Iterator[Cloud]:
    clock = Clock()
    local = LocalCloud(path, now_ms=clock)
    try:
        yield Cloud(name, clock, attached_clients(local, direct=name == "direct"), local)
    finally:
        local.close()


@contextmanager
def moto_cloud() -> Iterator[Cloud]:
    """moto with two repairs: DynamoDB calls one at a time (it is not atomic under threads), and SQS on our clock."""
    clock = Clock()
    with (
        mock_aws(),
        one_call_at_a_time(),
        mock.patch("moto.sqs.models.unix_time_millis", lambda: float(clock())),
        mock.patch("moto.sqs.models.unix_time", lambda: clock() / 1000),
    ):
        try:
            yield Cloud("moto", clock, new_clients(SIGNED), None)
        finally:
            for backends in (dynamodb_backends, sqs_backends):
                backends[DEFAULT_ACCOUNT_ID][REGION].reset()


@contextmanager
def fails(code: str, message: str = "") -> Iterator[Any]:
    """Expect a ClientError of this code, whose message contains the given words; gives its response afterwards."""
    answer: dict[str, Any] = {}
    with pytest.raises(ClientError) as caught:
        yield answer
    answer.update(caught.value.response)
    assert answer["Error"]["Code"] == code
    assert message in answer["Error"]["Message"]
