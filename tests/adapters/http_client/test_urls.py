"""Reading URLs: one spelling, and which may be stored."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.adapters.http_client import check_url, urls
from chalicelib.core.errors import AddressRefused, InvalidInput


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("https://public.example", "https://public.example"),
        ("https://public.example/", "https://public.example/"),
        ("HTTPS://Public.Example:443/A?b=C#d", "https://public.example/A?b=C"),
        ("https://public.example.:8443/a", "https://public.example:8443/a"),
        ("https://bücher.example/ä?ö=ü", "https://xn--bcher-kva.example/%C3%A4?%C3%B6=%C3%BC"),
        ("https://BÜCHER.example/", "https://xn--bcher-kva.example/"),
        ("https://public.example/a%2Fb%20c?x={y}|z", "https://public.example/a%2Fb%20c?x=%7By%7D%7Cz"),
        ("https://public.example?x=1", "https://public.example?x=1"),
        ("https://93.184.216.34:8443/x", "https://93.184.216.34:8443/x"),
        ("https://[2606:2800:0220:0001:0:0:0:1]/x", "https://[2606:2800:220:1::1]/x"),
        ("https://a_b.c-d.example/@user/x:y;z,(1)!$&'*+=~", "https://a_b.c-d.example/@user/x:y;z,(1)!$&'*+=~"),
    ],
)
def test_a_url_is_stored_in_one_spelling(written: str, stored: str) -> None:
    assert check_url(written) == stored
    assert check_url(stored) == stored


def test_the_request_line_begins_with_a_slash() -> None:
    assert urls.parse("https://public.example?x=1").request_target == "/?x=1"
    assert urls.parse("https://public.example").request_target == "/"


def test_plain_http_is_stored_only_in_development_or_when_allowed(configure: Callable[..., None]) -> None:
    assert check_url("http://public.example/x") == "http://public.example/x"
    configure(STAGE="prod", DEV_KEYS="")
    with pytest.raises(InvalidInput, match="https"):
        check_url("http://public.example/x")
    assert check_url("https://public.example/x") == "https://public.example/x"


def test_an_allowed_host_is_stored_with_plain_http(configure: Callable[..., None]) -> None:
    configure(EGRESS_ALLOW="127.0.0.1:8080, LOCALHOST:* ,[::1]:9000")
    assert check_url("http://127.0.0.1:8080/x") == "http://127.0.0.1:8080/x"
    assert check_url("http://localhost:1/x") == "http://localhost:1/x"
    assert check_url("http://[::1]:9000/x") == "http://[::1]:9000/x"
    with pytest.raises(AddressRefused):
        check_url("http://[::1]:9001/x")


def test_the_platform_itself_is_refused(configure: Callable[..., None]) -> None:
    configure(PUBLIC_URL="https://api.millrace.example/base")
    for url in ("https://api.millrace.example/v1", "https://API.millrace.example.:8443/"):
        with pytest.raises(AddressRefused):
            check_url(url)


@pytest.mark.parametrize(
    "path",
    [
        "/a\\b",
        "/?a=\\",
        "/a b",
        "/a\tb",
        "/\u00a0",
        "/\u2028",
        "/\x7f",
        "/" + "a" * 2030,
        "/" + "ä" * 400,
        "/#" + "a" * 2030,
    ],
)
def test_strange_characters_and_lengths_are_refused_in_paths_too(path: str) -> None:
    with pytest.raises(InvalidInput):
        check_url(f"https://public.example{path}")


@pytest.mark.parametrize("host", ["a\u3002example", "a\uff0eexample", "a\uff61example", "a\u00b7.example\u3002"])
def test_only_a_full_stop_separates_the_parts_of_a_name(host: str) -> None:
    with pytest.raises(InvalidInput):
        check_url(f"https://{host}/")


def test_the_allow_list_reads_no_letters_outside_ascii(configure: Callable[..., None]) -> None:
    configure(EGRESS_ALLOW="k.local:80")
    assert check_url("http://K.local/") == "http://k.local/"
    with pytest.raises(AddressRefused):
        check_url("http://\u212a.local/")


@pytest.mark.parametrize("url", [None, 7, b"https://public.example/", ["x"]])
def test_what_is_not_a_text_is_refused(url: object) -> None:
    with pytest.raises(InvalidInput):
        check_url(url)  # type: ignore[arg-type]


def test_refusals_name_the_field() -> None:
    with pytest.raises(InvalidInput) as refusal:
        check_url("ftp://public.example/")
    assert refusal.value.faults[0].location == "url"


def test_an_allowed_host_may_be_reached_on_any_port_of_its_own(configure: Callable[..., None]) -> None:
    configure(EGRESS_ALLOW="127.0.0.1:25")
    urls.vet_host(urls.parse("https://127.0.0.1:25"))
    with pytest.raises(AddressRefused):
        urls.vet_host(urls.parse("https://127.0.0.1:26"))


def test_a_redirect_may_lead_to_another_secure_address_or_stay_without_tls(configure: Callable[..., None]) -> None:
    configure(STAGE="prod", DEV_KEYS="")
    for base in ("https://public.example/a", "http://public.example/a"):
        assert urls.follow(urls.parse(base), "https://other.example/").url == "https://other.example/"
    assert urls.follow(urls.parse("http://public.example/a"), "/b").url == "http://public.example/b"


def test_in_development_a_redirect_may_drop_tls() -> None:
    assert urls.follow(urls.parse("https://public.example/a"), "http://public.example/").scheme == "http"


def test_an_entry_of_the_allow_list_without_a_host_opens_nothing(configure: Callable[..., None]) -> None:
    configure(EGRESS_ALLOW="*,:*,80,:80")
    for url in ("http://\u212a.local/", "http://k.local/", "http://127.0.0.1/"):
        with pytest.raises(AddressRefused):
            check_url(url)


@pytest.mark.parametrize("url", ["", None, 1, b"https://public.example/"])
def test_what_is_no_text_is_missing(url: Any) -> None:
    with pytest.raises(InvalidInput, match="is missing"):
        urls.parse(url)


@pytest.mark.parametrize("user", ["ada", "ada:secret", ":", ""])
def test_a_user_in_a_url_is_called_so(user: str) -> None:
    with pytest.raises(InvalidInput, match="user name"):
        urls.parse(f"https://{user}@public.example/")


@pytest.mark.parametrize("host", ["[::1::2]", "[1.2.3.4]", "[::12345]"])
def test_an_address_that_cannot_be_read_is_called_so(host: str) -> None:
    with pytest.raises(InvalidInput, match="IPv6"):
        urls.parse(f"https://{host}/")
