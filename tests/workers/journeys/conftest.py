"""The world that tests of moving tokens play in."""

from __future__ import annotations

import pytest

from tests.workers.journeys.world import World


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """Make a node with nothing in it, at noon."""
    return World(monkeypatch)
