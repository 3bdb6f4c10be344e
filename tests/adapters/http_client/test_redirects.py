"""Redirects: followed only when asked for, credentials and bodies stay with their host."""

from __future__ import annotations

import pytest

from chalicelib.adapters.http_client import Request, client, send, urls
from chalicelib.core.errors import UpstreamFailed
from tests.adapters.http_client.conftest import Spy
from tests.adapters.http_client.servers import Handler, Server, Visit, serving

SECRETS = {"Authorization": "Bearer s", "Cookie": "a=s", "X-API-Key": "s", "X-Custom": "s", "X-Auth-Token": "s"}


def redirecting(*hops: tuple[int, str]) -> Handler:
    """Answer each request of the server with the next redirect, then with 200."""

    def handler(visit: Visit) -> None:
        while visit.request():
            done = len(visit.server.requests) - 1
            if done < len(hops):
                status, location = hops[done]
                visit.answer(b"moved", f"{status} Moved", f"Location: {location}\r\n")
            else:
                visit.answer(b"here")

    return handler


def lines(server: Server, number: int) -> list[str]:
    return server.requests[number][0].decode().split("\r\n")


def names(server: Server, number: int) -> set[str]:
    return {line.partition(":")[0].lower() for line in lines(server, number)[1:]}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_without_permission_a_redirect_is_the_answer(status: int, spy: Spy) -> None:
    with serving(redirecting((status, "/next"))) as server:
        spy.real_port = server.port
        answer = send("w", Request("POST", "http://public.example/", {}, b"{}"))
    assert (answer.status, answer.headers["location"], len(server.requests)) == (status, "/next", 1)


def test_three_hops_are_followed_and_the_fourth_fails(spy: Spy) -> None:
    hops = [(302, "/1?a=b"), (301, "2"), (307, "//public.example/3#x")]
    with serving(redirecting(*hops)) as server:
        spy.real_port = server.port
        answer = send("w", Request("GET", "http://public.example/0", SECRETS, max_redirects=3))
        assert (answer.status, answer.body, answer.url) == (200, b"here", "http://public.example/3")
        assert [lines(server, n)[0].split()[1] for n in range(4)] == ["/0", "/1?a=b", "/2", "/3"]
        assert "authorization" in names(server, 3)
        assert server.visits == 1
    with serving(redirecting(*hops, (302, "http://10.0.0.1/"))) as server:  # where the last one leads is not looked at
        spy.real_port = server.port
        with pytest.raises(UpstreamFailed, match=r"http://public\.example redirected more than 3 times"):
            send("other", Request("GET", "http://public.example/0", max_redirects=3))
        assert len(server.requests) == 4


@pytest.mark.parametrize("place", ["http://other.example/", "http://public.example:8080/", "//sub.public.example/"])
def test_credentials_do_not_leave_their_host(place: str, spy: Spy) -> None:
    with serving(redirecting((302, place), (302, "http://public.example/back"))) as server:
        spy.real_port = server.port
        send("w", Request("GET", "http://public.example/", {**SECRETS, "Accept": "text/x"}, max_redirects=3))
    assert names(server, 0) >= {name.lower() for name in SECRETS}
    for number in (1, 2):  # once gone they do not come back
        assert names(server, number) == {"host", "accept", "accept-encoding", "user-agent"}


@pytest.mark.parametrize(
    ("status", "method", "follows"),
    [
        (301, "POST", "GET"),
        (302, "POST", "GET"),
        (303, "POST", "GET"),
        (303, "PUT", "GET"),
        (307, "POST", "POST"),
        (308, "PUT", "PUT"),
        (302, "PUT", "PUT"),
        (303, "HEAD", "HEAD"),
    ],
)
def test_method_and_body_follow_the_status(status: int, method: str, follows: str, spy: Spy) -> None:
    body = None if method == "HEAD" else b"{}"
    with serving(redirecting((status, "/next"))) as server:
        spy.real_port = server.port
        request = Request(method, "http://public.example/", {"Content-Type": "a/b"}, body, max_redirects=1)
        assert send("w", request).status == 200
    assert lines(server, 1)[0].split()[0] == follows
    assert server.requests[1][1] == (b"{}" if follows in ("POST", "PUT") else b"")
    assert ("content-type" in names(server, 1)) == (follows != "GET")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_request_that_asks_for_something_stays_as_it_is(status: int, spy: Spy) -> None:
    with serving(redirecting((status, "/next"))) as server:
        spy.real_port = server.port
        send("w", Request("GET", "http://public.example/", {"Content-Type": "a/b"}, b"{}", max_redirects=1))
    assert lines(server, 1)[0].split()[0] == "GET"
    assert server.requests[1][1] == b"{}"
    assert "content-type" in names(server, 1)


@pytest.mark.parametrize(
    ("old", "new", "is_same"),
    [
        ("http://a.example/", "http://a.example/x", True),
        ("https://a.example:8443/", "https://a.example:8443/x", True),
        ("http://a.example/", "https://a.example/", True),
        ("https://a.example/", "http://a.example/", False),
        ("http://a.example:8080/", "https://a.example/", False),
        ("http://a.example/", "https://a.example:8443/", False),
        ("http://a.example/", "https://b.example/", False),
        ("http://a.example:443/", "https://a.example:443/", False),
        ("http://a.example/", "http://b.example/", False),
    ],
)
def test_a_server_is_the_same_when_only_tls_is_added(old: str, new: str, is_same: bool) -> None:
    assert client._is_same_place(urls.parse(old), urls.parse(new)) is is_same


@pytest.mark.parametrize("status", [307, 308])
def test_a_body_does_not_leave_its_host(status: int, spy: Spy) -> None:
    with serving(redirecting((status, "http://other.example/"))) as server:
        spy.real_port = server.port
        with pytest.raises(UpstreamFailed, match="another host"):
            send("w", Request("POST", "http://public.example/", {}, b"secret", max_redirects=3))
        assert len(server.requests) == 1


def test_a_redirect_without_location_is_the_answer(spy: Spy) -> None:
    def handler(visit: Visit) -> None:
        visit.request()
        visit.answer(status="302 Found")

    with serving(handler) as server:
        spy.real_port = server.port
        assert send("w", Request("GET", "http://public.example/", max_redirects=3)).status == 302


@pytest.mark.parametrize("status", [200, 201, 300, 304, 404])
def test_an_answer_that_is_no_redirect_is_not_followed(status: int, spy: Spy) -> None:
    with serving(redirecting((status, "/next"))) as server:
        spy.real_port = server.port
        assert send("w", Request("HEAD", "http://public.example/", max_redirects=3)).status == status
    assert len(server.requests) == 1


def test_letters_outside_ascii_in_a_location_are_encoded(spy: Spy) -> None:
    with serving(redirecting((302, "/ä b?c=\\"))) as server:
        spy.real_port = server.port
        send("w", Request("GET", "http://public.example/", max_redirects=3))
    assert lines(server, 1)[0].split(" ")[1] == "/%C3%A4%20b?c=%5C"
