"""Fixtures of the tests against what GitHub publishes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.real import packages
from tests.real.github_api import Prism
from tests.real.receiver import Receiver


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.real)


@pytest.fixture(scope="session")
def octokit_examples() -> list[tuple[str, dict[str, Any]]]:
    """Every published webhook example: (event, payload)."""
    return packages.examples()


@pytest.fixture(scope="session")
def prism(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prism]:
    """GitHub's API as described, refusing requests that do not fit."""
    packages.ensure()
    with Prism(tmp_path_factory.mktemp("prism")) as running:
        yield running


@pytest.fixture(scope="session")
def receiver() -> Iterator[Receiver]:
    """A server that keeps every delivery."""
    with Receiver() as running:
        yield running


@pytest.fixture(scope="session")
def platform_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A running platform: the one at MILLRACE_TEST_URL, or one started on a fresh folder.

    One given from outside must allow 127.0.0.1:* in MILLRACE_EGRESS_ALLOW and know the key `default`.
    """
    from infra.harness.stack import Stack

    given = os.environ.get("MILLRACE_TEST_URL")
    if given:
        yield given.rstrip("/")
        return
    with Stack(tmp_path_factory.mktemp("platform"), MILLRACE_RETRY_SCHEDULE_S="0,1,2,5") as running:
        yield running.url


@pytest.fixture
def may_call_this_machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the guarded client reach servers of this machine."""
    from chalicelib.core import config

    monkeypatch.setenv("MILLRACE_EGRESS_ALLOW", "127.0.0.1:*")
    config.forget()
    yield
    config.forget()
