"""No spelling of a forbidden address, no name and no redirect leads to a connection."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from chalicelib.adapters.http_client import Request, check_url, network, send
from chalicelib.core.errors import AddressRefused, InvalidInput, UpstreamFailed
from tests.adapters.http_client.conftest import Spy
from tests.adapters.http_client.servers import once, serving

HERE = Path(__file__).parent
SPELLINGS = json.loads((HERE / "forbidden_urls.json").read_text())
ANSWERS = json.loads((HERE / "forbidden_answers.json").read_text())
URLS = [url for urls in SPELLINGS.values() for url in urls]
ALLOW_LISTS = ["", "127.0.0.1:8080,localhost:8081,[::1]:8080,public.example:8082,sink:*"]


def test_enough_spellings_are_tried() -> None:
    assert len(set(URLS)) >= 350


@pytest.mark.parametrize("allowed", ALLOW_LISTS)
@pytest.mark.parametrize("kind", SPELLINGS)
@pytest.mark.parametrize("scheme", ["as written", "https"])
def test_no_spelling_is_dialled_or_stored(
    kind: str, scheme: str, allowed: str, configure: Callable[..., None], spy: Spy
) -> None:
    configure(EGRESS_ALLOW=allowed, PUBLIC_URL="https://millrace.example")
    for written in SPELLINGS[kind]:
        url = written.replace("http://", "https://") if scheme == "https" else written
        with pytest.raises((InvalidInput, AddressRefused)):
            send("w", Request("POST", url, {}, b"{}"))
        with pytest.raises((InvalidInput, AddressRefused)):
            check_url(url)
    assert (spy.dialled, spy.lookups) == ([], [])


@pytest.mark.parametrize("host", ANSWERS)
def test_no_forbidden_answer_of_a_name_is_dialled(host: str, spy: Spy) -> None:
    spy.names = ANSWERS
    with pytest.raises(AddressRefused):
        send("w", Request("GET", f"https://{host}/"))
    assert spy.dialled == []


def test_a_refusal_does_not_tell_the_address(spy: Spy) -> None:
    spy.names = {"inner.example": ["10.1.2.3"]}
    with pytest.raises(AddressRefused) as refusal:
        send("w", Request("GET", "https://inner.example/path?token=s3cret"))
    assert "10.1" not in str(refusal.value)
    assert "s3cret" not in str(refusal.value)
    assert not refusal.value.retryable


def test_the_checked_address_is_dialled_though_the_name_moves(spy: Spy) -> None:
    answers = iter([["93.184.216.34"], ["127.0.0.1"], ["127.0.0.1"]])
    network.use(resolver=lambda host, port: next(answers), dialler=spy.dial)
    with pytest.raises(UpstreamFailed):
        send("w", Request("GET", "http://rebinding.example/"))
    assert spy.dialled == [("93.184.216.34", 80)]
    with pytest.raises(AddressRefused):
        send("w", Request("GET", "http://rebinding.example/"))
    assert len(spy.dialled) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::1]/",
        "http://[::ffff:7f00:1]/",
        "http://2130706433/",
        "http://localhost/",
        "http://inner.example/",
        "//127.0.0.1/",
        "//localhost:8080/",
        "///127.0.0.1/",
        "/\\127.0.0.1/",
        "\\\\127.0.0.1\\",
        "http://user@127.0.0.1/",
        "http://public.example\\@127.0.0.1/",
        "http://public.example:22/",
        "file:///etc/passwd",
        "ftp://127.0.0.1/",
        "gopher://127.0.0.1:6379/_INFO",
        "javascript:alert(1)",
        "data:text/plain,x",
        "http://[::1",
    ],
)
def test_no_redirect_leads_to_a_forbidden_address(status: int, location: str, spy: Spy) -> None:
    spy.names = {"inner.example": ["10.0.0.7"]}
    answer = f"HTTP/1.1 {status} Moved\r\nLocation: {location}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    with serving(once(answer.encode())) as server:
        spy.real_port = server.port
        with contextlib.suppress(UpstreamFailed):
            send("w", Request("GET", "http://public.example/", max_redirects=3))
    assert {address for address, _ in spy.dialled} == {"93.184.216.34"}
    assert all(head.split(b"\r\n")[1] == b"Host: public.example" for head, _ in server.requests)


def test_a_redirect_never_drops_tls(configure: Callable[..., None]) -> None:
    from chalicelib.adapters.http_client import urls

    configure(STAGE="prod", DEV_KEYS="")
    with pytest.raises(AddressRefused):
        urls.follow(urls.parse("https://public.example/"), "http://public.example/")


def test_the_allow_list_matches_only_what_is_written(configure: Callable[..., None], spy: Spy) -> None:
    configure(EGRESS_ALLOW="127.0.0.1:8080,sink.local:*")
    spy.names = {"sink.local": ["172.18.0.5"], "metadata.local": ["169.254.169.254"]}
    for url in ("http://127.0.0.1:8080/", "http://sink.local:9999/", "http://SINK.local/"):
        with pytest.raises(UpstreamFailed, match="refused the connection"):
            send("w", Request("GET", url))
    assert spy.dialled == [("127.0.0.1", 8080), ("172.18.0.5", 9999), ("172.18.0.5", 80)]
    for url in ("http://127.0.0.1:8081/", "http://127.0.0.1/", "http://127.1:8080/", "http://other.local:9999/"):
        with pytest.raises((AddressRefused, InvalidInput)):
            send("w", Request("GET", url))
    assert len(spy.dialled) == 3


def test_an_allowed_address_of_metadata_is_reached_by_its_numbers_alone(
    configure: Callable[..., None], spy: Spy
) -> None:
    configure(EGRESS_ALLOW="169.254.170.2:80")
    with pytest.raises(UpstreamFailed, match="refused the connection"):
        send("w", Request("GET", "http://169.254.170.2/"))
    assert spy.dialled == [("169.254.170.2", 80)]


@pytest.mark.parametrize("host", ["10.0.0.1", "::1", "mail.internal", "localhost", "metadata.goog", "own.example"])
def test_no_mail_goes_to_a_forbidden_host(host: str, configure: Callable[..., None], spy: Spy) -> None:
    configure(PUBLIC_URL="https://own.example")
    with pytest.raises(AddressRefused):
        network.connect_mail(host, 25, 1)
    assert (spy.lookups, spy.dialled) == ([], [])


def test_mail_goes_to_any_port_of_a_public_host(spy: Spy) -> None:
    with pytest.raises(ConnectionRefusedError):
        network.connect_mail("2606:2800:220:1::1", 25, 1)
    assert spy.dialled == [("2606:2800:220:1::1", 25)]


def test_an_allowed_name_never_leads_to_metadata(configure: Callable[..., None], spy: Spy) -> None:
    configure(EGRESS_ALLOW="sink.local:*")
    for address in ("169.254.169.254", "fe80::1", "fd00:ec2::254", "::ffff:169.254.169.254", "nonsense"):
        spy.names = {"sink.local": ["172.18.0.5", address]}
        with pytest.raises(AddressRefused):
            send("w", Request("GET", "http://sink.local/"))
    assert spy.dialled == []


@pytest.mark.parametrize("address", ["93.184.216.34", "8.8.8.8", "2606:2800:220:1::1", "2a00:1450:4001::200e"])
def test_public_addresses_are_dialled(address: str, spy: Spy) -> None:
    spy.names = {"public.example": [address]}
    with pytest.raises(UpstreamFailed, match="refused the connection"):
        send("w", Request("GET", "https://public.example/"))
    assert spy.dialled == [(address, 443)]
