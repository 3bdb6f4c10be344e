"""Settings and a network that tests control."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from chalicelib.adapters import http_client
from chalicelib.adapters.http_client import network
from chalicelib.core import config


@pytest.fixture(autouse=True)
def clean() -> Iterator[None]:
    """Leave no connection, setting or replaced network behind."""
    config.forget()
    yield
    http_client.close_idle()
    network.use()
    config.forget()


@pytest.fixture
def configure(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Set settings by the end of their names: configure(EGRESS_ALLOW="a:1")."""

    def apply(**values: str) -> None:
        for name, value in values.items():
            monkeypatch.setenv(f"MILLRACE_{name}", value)
        config.forget()

    return apply


@pytest.fixture
def local(configure: Callable[..., None]) -> None:
    """Allow every port of 127.0.0.1."""
    configure(EGRESS_ALLOW="127.0.0.1:*")


@dataclass
class Spy:
    """A network that answers lookups from a table and dials nothing, or only one local port."""

    names: Mapping[str, Sequence[str]] = field(default_factory=dict)
    real_port: int | None = None
    lookups: list[str] = field(default_factory=list)
    dialled: list[tuple[str, int]] = field(default_factory=list)

    def resolve(self, host: str, port: int) -> Sequence[str]:
        """Answer from the table; any other name is public."""
        self.lookups.append(host)
        return self.names.get(host, ["93.184.216.34"])

    def dial(self, address: str, port: int, timeout_s: float) -> socket.socket:
        """Note the attempt; with a real port, connect there instead."""
        self.dialled.append((address, port))
        if self.real_port is None:
            raise ConnectionRefusedError
        return socket.create_connection(("127.0.0.1", self.real_port), timeout_s)


@pytest.fixture
def spy() -> Spy:
    """Stand between the client and the network."""
    watcher = Spy()
    network.use(resolver=watcher.resolve, dialler=watcher.dial)
    return watcher
