"""How long the runs are, and with which seed."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

IS_SHORT = os.environ.get("MILLRACE_CHAOS") == "short"


@pytest.fixture(scope="session")
def seed() -> Iterator[str]:
    """Give the seed of all dice: MILLRACE_CHAOS_SEED, or one of this run's own."""
    chosen = os.environ.get("MILLRACE_CHAOS_SEED") or secrets.token_hex(4)
    print(f"\nMILLRACE_CHAOS_SEED={chosen}", flush=True)
    yield chosen


@pytest.fixture
def folder() -> Iterator[Path]:
    """Give a folder for one stack; it is left behind when the run is not good."""
    made = Path(tempfile.mkdtemp(prefix="millrace-chaos-"))
    print(f"\n{made}", flush=True)
    yield made
    if (made / "good").exists():
        shutil.rmtree(made, ignore_errors=True)


long_only = pytest.mark.skipif(IS_SHORT, reason="only in the long form")
short_only = pytest.mark.skipif(not IS_SHORT, reason="only in the short form")
