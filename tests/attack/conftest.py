"""One platform for the whole run."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.attack.platform import Platform


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """Start it on a fresh folder."""
    with Platform(tmp_path_factory.mktemp("attack")) as running:
        yield running


@pytest.fixture(scope="session")
def every() -> int:
    """Say which share of a long list is tried: every one, or every n-th with MILLRACE_ATTACK=short."""
    return 8 if os.environ.get("MILLRACE_ATTACK") == "short" else 1
