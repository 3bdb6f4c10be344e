"""What every test can ask for: an emulated cloud, a workspace of its own, a client, and the clock.

The cloud is made once for each test module; within one, tests keep apart by their workspace.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.core import cache, clock, config, figures, ids
from chalicelib.edge import limits
from tests.client import Client
from tests.deploy.at_the_end import (  # noqa: F401 hooks: the policies against the calls of a whole run
    pytest_configure,
    pytest_deselected,
    pytest_sessionfinish,
    pytest_terminal_summary,
    pytest_testnodedown,
)

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_SESSION_TOKEN": "testing",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "MILLRACE_STAGE": "dev",
    "MILLRACE_DEV_KEYS": "default=default,other=other",
    "MILLRACE_LOG_LEVEL": "ERROR",
}
NOON_MS = 1_767_268_800_000  # 2026-01-01T12:00:00Z
DEPLOYMENT_ROWS = ("-#SECRET", "-#DEK")
_numbers = iter(range(1, 1_000_000))


class Clock:
    """A clock that stands still until it is told otherwise."""

    def __init__(self, at_ms: int = NOON_MS) -> None:
        self.at_ms = at_ms

    def __call__(self) -> int:
        return self.at_ms

    def advance_s(self, seconds: float) -> None:
        """Let time pass."""
        self.at_ms += int(seconds * 1000)


@pytest.fixture(autouse=True)
def _own_time_and_chance() -> Iterator[None]:
    """Let no test leave its clock, its ids, what it counted or its cached values to the next."""
    yield
    limits.forget()
    figures.forget()
    clock.use(None)
    ids.use(None)
    cache.forget_all()


@pytest.fixture
def still() -> Clock:
    """Stop the clock at noon of 1 January 2026; the test moves it."""
    made = Clock()
    clock.use(made)
    return made


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Emulate DynamoDB and SQS in this process, with every table and queue."""
    from moto import mock_aws

    from chalicelib.adapters import aws, queue
    from chalicelib.storage import tables
    from infra import queues
    from tests.emulator import one_call_at_a_time

    with pytest.MonkeyPatch.context() as patch, mock_aws(), one_call_at_a_time():
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        patch.setenv("MILLRACE_DATA_DIR", str(tmp_path_factory.mktemp("data")))
        _forget_all()
        tables.create_all(aws.client("dynamodb"))
        queues.create_all(aws.client("sqs"))
        yield
        aws.reset()
        queue.forget()
    _forget_all()


@pytest.fixture
def workspace(cloud: None) -> Iterator[str]:
    """Make a workspace of the test's own; its name is also its API key, with every scope."""
    name = f"w{next(_numbers)}"
    keys: Any = config.settings().dev_keys
    keys[name] = name
    yield name
    del keys[name]
    _wipe()


@pytest.fixture
def client(workspace: str) -> Client:
    """Call the API as the test's own workspace."""
    return Client(workspace)


@pytest.fixture
def stranger(cloud: None) -> Iterator[Client]:
    """Call the API as another workspace."""
    name = f"w{next(_numbers)}"
    keys: Any = config.settings().dev_keys
    keys[name] = name
    yield Client(name)
    del keys[name]


@pytest.fixture
def no_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Send every message without a delay, so that `tests.queues.drain` meets it at once."""
    from chalicelib.adapters import queue

    monkeypatch.setattr(queue, "MAX_DELAY_S", 0)


def _wipe() -> None:
    """Drop every row but the deployment's own: the emulator copies whole tables in each transaction."""
    from moto.core import DEFAULT_ACCOUNT_ID
    from moto.dynamodb.models import dynamodb_backends

    for table in dynamodb_backends[DEFAULT_ACCOUNT_ID][ENVIRONMENT["AWS_DEFAULT_REGION"]].tables.values():
        for partition in [pk for pk in table.items if not pk.value.startswith(DEPLOYMENT_ROWS)]:
            del table.items[partition]


def _forget_all() -> None:
    from chalicelib.adapters import aws, queue
    from chalicelib.credentials import sealing
    from chalicelib.identity import secrets

    config.forget()
    aws.reset()
    queue.forget()
    sealing.forget()
    secrets.forget()
    cache.forget_all()
