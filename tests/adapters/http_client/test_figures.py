"""Requests to the outside are counted for the workspace they are made for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from chalicelib.adapters.http_client import Request, send
from chalicelib.core import figures
from chalicelib.core.errors import AddressRefused, UpstreamFailed
from tests.adapters.http_client.servers import once, serving

pytestmark = pytest.mark.usefixtures("local")


@pytest.fixture(autouse=True)
def kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter[tuple[str, str]]]:
    figures.forget()
    found: Counter[tuple[str, str]] = Counter()
    monkeypatch.setattr(
        figures,
        "_keeper",
        lambda place, amounts: found.update({(place.workspace_id, name): n for name, n in amounts.items()}),
    )
    yield found


def test_an_answered_request_counts_the_bodies_of_both_sides(kept: Counter[tuple[str, str]]) -> None:
    with serving(once(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")) as server:
        send("w1", Request("POST", server.url, {}, b"12"))
    assert list(figures.keep()) == []
    assert kept == {("w1", "OutboundRequests"): 1, ("w1", "OutboundBytes"): 7}


def test_a_request_without_an_answer_counts_as_failed(kept: Counter[tuple[str, str]]) -> None:
    with serving(once(b"")) as server, pytest.raises(UpstreamFailed):
        send("w1", Request("POST", server.url, {}, b"12"))
    assert list(figures.keep()) == []
    assert kept == {("w1", "OutboundRequests"): 1, ("w1", "OutboundFailures"): 1, ("w1", "OutboundBytes"): 2}


def test_what_is_refused_before_it_is_sent_is_not_counted(kept: Counter[tuple[str, str]]) -> None:
    with pytest.raises(AddressRefused):
        send("w1", Request("GET", "http://10.0.0.1/"))
    assert list(figures.keep()) == []
    assert kept == {}
