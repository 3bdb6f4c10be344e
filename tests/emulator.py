"""A repair of moto for tests with threads: its DynamoDB is not atomic, so its calls are let in one at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock


@contextmanager
def one_call_at_a_time() -> Iterator[None]:
    """Let DynamoDB calls in one after the other for as long as the context lasts."""
    from moto.core.botocore_stubber import BotocoreStubber

    lock = threading.Lock()
    process = BotocoreStubber.process_request

    def one_at_a_time(self: BotocoreStubber, request: Any) -> Any:
        if "dynamodb" not in request.url:
            return process(self, request)
        with lock:
            return process(self, request)

    with mock.patch.object(BotocoreStubber, "process_request", one_at_a_time):
        yield
