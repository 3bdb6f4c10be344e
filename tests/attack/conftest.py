"""One platform for the whole run, and what the run came to."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.attack.figures import Figures
from tests.attack.platform import Platform

FIGURES = pytest.StashKey[Figures]()


def pytest_configure(config: pytest.Config) -> None:
    """Begin the table."""
    config.stash[FIGURES] = Figures()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table."""
    if lines := terminalreporter.config.stash[FIGURES].table():
        terminalreporter.section("attack: what was tried, and what it came to")
        for line in lines:
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def figures(pytestconfig: pytest.Config) -> Figures:
    """Take notes for the table."""
    return pytestconfig.stash[FIGURES]


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """Start it on a fresh folder."""
    with Platform(tmp_path_factory.mktemp("attack")) as running:
        yield running


@pytest.fixture(scope="session")
def every() -> int:
    """Say which share of a long list is tried: every one, or every n-th with MILLRACE_ATTACK=short."""
    return 8 if os.environ.get("MILLRACE_ATTACK") == "short" else 1
