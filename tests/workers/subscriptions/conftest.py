"""One world per test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from chalicelib.adapters import aws, http_client, queue
from chalicelib.connectors import public as connectors
from chalicelib.connectors.public import HookTarget
from chalicelib.core import cache, clock, config
from chalicelib.credentials import sealing
from chalicelib.storage import tables
from chalicelib.subscriptions import records
from infra import queues as all_queues
from tests.conformance.clouds import moto_cloud
from tests.workers.subscriptions.world import W, World


@pytest.fixture(scope="module", autouse=True)
def _own_clients() -> Iterator[None]:
    """Making clients is slow, so the tests of a module share them, but not with other modules."""
    aws.reset()
    yield
    aws.reset()


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    for name, value in {
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "k",
        "AWS_SECRET_ACCESS_KEY": "s",
        "MILLRACE_DATA_DIR": str(tmp_path),
        "MILLRACE_LOG_LEVEL": "CRITICAL",
    }.items():
        monkeypatch.setenv(name, value)
    forget()
    with moto_cloud() as moto:
        clock.use(moto.clock)
        tables.create_all(aws.client("dynamodb"))
        all_queues.create_all(aws.client("sqs"))
        made = World(moto)
        monkeypatch.setattr(connectors, "run_hook", made.run_hook)
        monkeypatch.setattr(connectors, "find_hook", lambda key: HookTarget(W, made.service, made.event))
        monkeypatch.setattr(connectors, "notification_url", lambda service, event: f"https://hooks.example/{event.id}")
        monkeypatch.setattr(http_client, "send", made.send)
        records.use_jitter(lambda: 0.0)
        with made.watch():
            yield made
    clock.use(None)
    records.use_jitter(None)
    forget()


def forget() -> None:
    config.forget()
    queue.forget()
    cache.forget_all()
    sealing.forget()
