"""One runner for the whole folder: starting a zygote costs a tenth of a second."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chalicelib.adapters.javascript.sandbox import Runner


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Runner]:
    runner = Runner()
    yield runner
    runner.close()
