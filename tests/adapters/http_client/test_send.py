"""The client against servers that behave and servers that do not."""

from __future__ import annotations

import gzip
import json
import socket
import struct
import threading
import time
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from chalicelib.adapters.http_client import Request, close_idle, network, send
from chalicelib.adapters.http_client.messages import Headers
from chalicelib.core.errors import InvalidInput, UpstreamFailed, UpstreamTimeout
from tests.adapters.http_client.conftest import Spy
from tests.adapters.http_client.servers import Visit, always, once, polite, serving

pytestmark = pytest.mark.usefixtures("local")
SHORT_S = 0.2


def _gzip(data: bytes) -> bytes:
    """Compress without the time, so that the names of parametrised tests are the same in every process."""
    return gzip.compress(data, mtime=0)


def post(url: str, **more: object) -> Request:
    return Request("POST", url, {"Content-Type": "application/json"}, b"{}", **more)  # type: ignore[arg-type]


def test_an_answer_comes_back_whole() -> None:
    raw = b"HTTP/1.1 201 Made\r\nX-One: a\r\nx-one: b\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"
    with serving(once(raw)) as server:
        answer = send("w", post(f"{server.url}/a/b?c=d"))
    assert (answer.status, answer.body, answer.truncated) == (201, b"hello", False)
    assert (answer.headers["x-ONE"], answer.headers["content-type"]) == ("a, b", "text/plain")
    assert answer.url == f"{server.url}/a/b?c=d"
    assert 0 < answer.elapsed_ms < 5000
    head, body = server.requests[0]
    assert head.split(b"\r\n")[0] == b"POST /a/b?c=d HTTP/1.1"
    assert f"Host: 127.0.0.1:{server.port}".encode() in head.split(b"\r\n")
    assert body == b"{}"


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 3_000_000])
def test_bodies_of_every_size_arrive(size: int) -> None:
    with serving(polite) as server:
        assert send("w", Request("PUT", server.url, {}, b"x" * size)).status == 200
    assert len(server.requests[0][1]) == size


def test_nothing_of_the_environment_is_sent(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login a password b")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    with serving(always(b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n")) as server:
        send("w", Request("GET", server.url))
        send("w", Request("GET", server.url))
    names = {line.split(b":")[0].lower() for head, _ in server.requests for line in head.split(b"\r\n")[1:]}
    assert names == {b"host", b"accept", b"accept-encoding", b"user-agent"}


def test_a_connection_serves_one_workspace_again_and_no_other() -> None:
    with serving(polite) as server:
        for _ in range(3):
            send("one", post(server.url))
        assert server.visits == 1
        send("two", post(server.url))
        assert server.visits == 2
        send("one", post(server.url))
        assert server.visits == 2
        close_idle()
        send("one", post(server.url))
        assert server.visits == 3


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil",
    ],
    ids=["close", "old", "unasked answer"],
)
def test_a_doubtful_connection_is_not_kept(raw: bytes) -> None:
    with serving(always(raw)) as server:
        assert send("w", post(server.url)).body == b"ok"
        assert send("w", post(server.url)).body == b"ok"
        assert server.visits == 2


def one_answer_each(visit: Visit) -> None:
    """Answer one request, then take the next and end the connection without an answer."""
    visit.request()
    visit.answer()
    visit.request()


@pytest.mark.parametrize(
    ("request_", "visits"),
    [
        (Request("GET", ""), 2),
        (Request("POST", "", {"webhook-id": "msg_1"}, b"{}"), 2),
        (Request("POST", "", {"Idempotency-Key": "k"}, b"{}"), 2),
        (Request("POST", "", {}, b"{}", may_resend=True), 2),
        (Request("POST", "", {}, b"{}"), 1),
        (Request("PUT", "", {}, b"{}", may_resend=False), 1),
    ],
)
def test_a_dead_kept_connection_is_replaced_only_when_repeating_is_harmless(request_: Request, visits: int) -> None:
    from dataclasses import replace

    with serving(one_answer_each) as server:
        request_ = replace(request_, url=server.url)
        send("w", request_)
        if visits == 2:
            assert send("w", request_).status == 200
        else:
            with pytest.raises(UpstreamFailed, match="closed") as failure:
                send("w", request_)
            assert failure.value.retryable
        assert server.visits == visits


def test_what_may_not_be_repeated_takes_no_connection_that_rested(monkeypatch: pytest.MonkeyPatch) -> None:
    from chalicelib.adapters.http_client import client

    with serving(polite) as server:
        send("w", post(server.url))
        monkeypatch.setattr(client, "SAFE_IDLE_S", -1.0)
        send("w", Request("GET", server.url))
        assert server.visits == 1
        send("w", post(server.url))
        assert server.visits == 2


def test_a_connection_closed_while_idle_is_noticed_before_use() -> None:
    with serving(once(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")) as server:
        send("w", post(server.url))
        time.sleep(0.05)
        assert send("w", post(server.url)).status == 200
        assert server.visits == 2


def test_a_half_answer_on_a_kept_connection_is_not_repeated() -> None:
    def handler(visit: Visit) -> None:
        visit.request()
        visit.answer()
        visit.request()
        visit.say(b"HTTP/1.1 200 OK\r\nContent-Le")

    with serving(handler) as server:
        send("w", Request("GET", server.url))
        with pytest.raises(UpstreamFailed):
            send("w", Request("GET", server.url))
        assert server.visits == 1


def silent(visit: Visit) -> None:
    visit.request()
    visit.server.ended.wait(2)


def dripping(first: bytes, drop: bytes) -> Callable[[Visit], None]:
    def handler(visit: Visit) -> None:
        visit.request()
        visit.say(first)
        while not visit.server.ended.wait(0.02):
            visit.say(drop)

    return handler


@pytest.mark.parametrize(
    "handler",
    [
        silent,
        dripping(b"", b"H"),
        dripping(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
        dripping(b"HTTP/1.1 200 OK\r\n\r\n", b"x"),
        dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", b"x"),
        dripping(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        dripping(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n", b"T: x\r\n"),
    ],
    ids=["silent", "status", "headers", "open body", "body", "chunks", "trailers"],
)
def test_a_slow_answer_ends_at_the_deadline(handler: Callable[[Visit], None]) -> None:
    with serving(handler) as server:
        started = time.monotonic()
        with pytest.raises(UpstreamTimeout):
            send("w", post(server.url, timeout_s=SHORT_S))
        assert SHORT_S <= time.monotonic() - started < SHORT_S + 1.0


def test_a_receiver_that_does_not_read_ends_at_the_deadline() -> None:
    with serving(lambda visit: visit.server.ended.wait(2) and None) as server:
        started = time.monotonic()
        with pytest.raises(UpstreamTimeout):
            send("w", Request("PUT", server.url, {}, b"x" * 20_000_000, timeout_s=SHORT_S))
        assert time.monotonic() - started < SHORT_S + 1.0


def test_a_slow_name_lookup_ends_at_the_deadline(spy: Spy) -> None:
    done = threading.Event()
    network.use(resolver=lambda host, port: [str(done.wait(2))], dialler=spy.dial)
    with pytest.raises(UpstreamTimeout):
        send("w", Request("GET", "https://slow.example/", connect_timeout_s=0.1))
    done.set()
    assert spy.dialled == []


def test_a_name_without_an_address_fails_and_may_be_tried_again(spy: Spy) -> None:
    spy.names = {"empty.example": []}
    with pytest.raises(UpstreamFailed, match="has no address") as failure:
        send("w", Request("GET", "https://empty.example/"))
    assert failure.value.retryable


class NoThread:
    """Stands for a thread in a process that may have no more of them."""

    def __init__(self, **_: object) -> None:
        pass

    def start(self) -> None:
        raise RuntimeError("can't start new thread")


def test_without_threads_no_name_is_looked_up_and_no_place_is_lost(monkeypatch: pytest.MonkeyPatch, spy: Spy) -> None:
    monkeypatch.setattr(network, "_lookups", threading.BoundedSemaphore(1))
    with monkeypatch.context() as short:
        short.setattr(network.threading, "Thread", NoThread)
        for _ in range(2):
            with pytest.raises(UpstreamFailed, match="looked up now") as failure:
                send("w", Request("GET", "https://public.example/", connect_timeout_s=2))
            assert failure.value.retryable
    for _ in range(2):
        with pytest.raises(UpstreamFailed, match="refused the connection"):
            send("w", Request("GET", "https://public.example/", connect_timeout_s=2))


def test_only_so_many_names_are_looked_up_at_once(monkeypatch: pytest.MonkeyPatch, spy: Spy) -> None:
    monkeypatch.setattr(network, "_lookups", threading.BoundedSemaphore(1))
    with network._lookups, pytest.raises(UpstreamTimeout):
        send("w", Request("GET", "https://public.example/", connect_timeout_s=0.05))
    assert spy.lookups == []


def test_a_name_lookup_is_waited_for(spy: Spy) -> None:
    def resolve(_host: str, _port: int) -> list[str]:
        threading.Event().wait(0.1)
        return ["93.184.216.34"]

    network.use(resolver=resolve, dialler=spy.dial)
    with pytest.raises(UpstreamFailed, match="refused the connection"):
        send("w", Request("GET", "https://slow.example/"))
    assert spy.dialled == [("93.184.216.34", 443)]


def test_what_is_sent_is_not_held_back() -> None:
    with serving(polite) as server, network._system_dialler("127.0.0.1", server.port, 5) as line:
        assert line.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert line.gettimeout() == 5


def test_answers_are_asked_for_as_they_are() -> None:
    with serving(polite) as server:
        send("w", Request("GET", server.url, {"Accept-Encoding": "gzip"}))
    (named,) = [line for line in server.requests[0][0].split(b"\r\n") if line.lower().startswith(b"accept-encoding")]
    assert named.lower() == b"accept-encoding: identity"


def test_names_of_headers_are_texts() -> None:
    headers = Headers([("A", "1"), ("a", "2")])
    assert ("a" in headers, "b" in headers, 1 in headers, None in headers) == (True, False, False, False)
    assert (headers["A"], len(headers), list(headers)) == ("1, 2", 1, ["A"])


def test_a_slow_connect_ends_at_its_own_deadline() -> None:
    waits: list[float] = []

    def dial(address: str, port: int, timeout_s: float) -> socket.socket:
        waits.append(timeout_s)
        raise TimeoutError

    network.use(resolver=lambda host, port: ["93.184.216.34", "93.184.216.35"], dialler=dial)
    with pytest.raises(UpstreamTimeout):
        send("w", Request("GET", "https://slow.example/", connect_timeout_s=0.4))
    assert waits == [pytest.approx(0.2, abs=0.05), pytest.approx(0.4, abs=0.05)]


def test_the_next_address_is_tried() -> None:
    with serving(polite) as server:
        tried: list[str] = []

        def dial(address: str, port: int, timeout_s: float) -> socket.socket:
            tried.append(address)
            if len(tried) == 1:
                raise OSError("unreachable")
            return socket.create_connection(("127.0.0.1", server.port))

        network.use(resolver=lambda host, port: ["2606:2800::1", "93.184.216.34"], dialler=dial)
        assert send("w", Request("GET", "http://public.example/")).status == 200
    assert tried == ["2606:2800::1", "93.184.216.34"]


def test_an_unknown_name_fails_and_may_be_tried_again(spy: Spy) -> None:
    def resolve(host: str, port: int) -> list[str]:
        raise socket.gaierror(-2, "Name or service not known")

    network.use(resolver=resolve, dialler=spy.dial)
    with pytest.raises(UpstreamFailed, match="resolved") as failure:
        send("w", Request("GET", "https://unknown.example/"))
    assert failure.value.retryable


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"\x00\x01\x02\x03" * 100,
        b"HTTP/1.1\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 99 Low\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhal",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhalf\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nhalf\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + _gzip(b"whole answer")[:-6],
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"Trailer: x\r\n" * 100_000 + b"\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 100,
        b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100_000,
    ],
)
def test_what_is_not_a_whole_http_answer_fails(raw: bytes) -> None:
    with serving(once(raw)) as server, pytest.raises(UpstreamFailed) as failure:
        send("w", post(f"{server.url}/path?token=s3cret"))
    assert failure.value.retryable
    assert "s3cret" not in str(failure.value) + repr(failure.value.details)


def test_a_reset_fails() -> None:
    def handler(visit: Visit) -> None:
        visit.request()
        visit.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with serving(handler) as server, pytest.raises(UpstreamFailed, match="broke the connection"):
        send("w", post(server.url))


def test_a_closed_port_fails() -> None:
    with serving(polite) as server:
        pass
    with pytest.raises(UpstreamFailed, match="refused the connection"):
        send("w", post(server.url))


def test_early_hints_are_passed_over() -> None:
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
    with serving(once(hints + b"HTTP/1.1 204 None\r\n\r\n")) as server:
        assert send("w", post(server.url)).status == 204


def test_an_early_refusal_of_a_large_body_is_heard() -> None:
    def handler(visit: Visit) -> None:
        visit.connection.recv(1000)
        visit.say(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
        visit.connection.shutdown(socket.SHUT_WR)
        while visit.connection.recv(1_000_000):
            pass

    with serving(handler) as server:
        assert send("w", Request("PUT", server.url, {}, b"x" * 5_000_000)).status == 413


@pytest.mark.parametrize("framing", ["Content-Length: 20000000", "X-None: 1"])
def test_a_large_answer_is_cut(framing: str) -> None:
    def handler(visit: Visit) -> None:
        visit.request()
        visit.say(f"HTTP/1.1 200 OK\r\n{framing}\r\n\r\n".encode())
        for _ in range(200):
            visit.say(b"x" * 100_000)

    with serving(handler) as server:
        answer = send("w", post(server.url, max_response_bytes=1000))
    assert (answer.body, answer.truncated) == (b"x" * 1000, True)


def test_a_large_chunked_answer_is_cut() -> None:
    with serving(
        once(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"400\r\n" + b"x" * 1024 + b"\r\n" * 1)
    ) as server:
        answer = send("w", post(server.url, max_response_bytes=1000))
    assert (len(answer.body), answer.truncated) == (1000, True)


@pytest.mark.parametrize("size", [999, 1000, 1001])
def test_the_cap_is_exact(size: int) -> None:
    with serving(lambda visit: (visit.request() and visit.answer(b"x" * size)) or None) as server:
        answer = send("w", post(server.url, max_response_bytes=1000))
    assert (len(answer.body), answer.truncated) == (min(size, 1000), size > 1000)


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        ("gzip", _gzip(b"hello")),
        ("GZIP", _gzip(b"hel") + _gzip(b"lo")),
        ("deflate", zlib.compress(b"hello")),
        ("deflate", zlib.compress(b"hello")[2:-4]),
    ],
)
def test_a_compressed_answer_is_unpacked(coding: str, packed: bytes) -> None:
    with serving(
        lambda visit: (visit.request() and visit.answer(packed, headers=f"Content-Encoding: {coding}\r\n")) or None
    ) as server:
        answer = send("w", post(server.url))
    assert (answer.body, answer.truncated) == (b"hello", False)
    assert "content-encoding" not in answer.headers


def test_a_compressed_bomb_is_cut() -> None:
    bomb = _gzip(b"\0" * 50_000_000)
    with serving(
        lambda visit: (visit.request() and visit.answer(bomb, headers="Content-Encoding: gzip\r\n")) or None
    ) as server:
        started = time.process_time()
        answer = send("w", post(server.url))
        assert time.process_time() - started < 0.5
    assert (len(answer.body), answer.truncated) == (65_536, True)


def test_a_head_answer_has_no_body() -> None:
    with serving(always(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n")) as server:
        for _ in range(2):
            assert send("w", Request("HEAD", server.url)).body == b""


def test_messages_without_an_answer_never_name_the_path() -> None:
    with serving(silent) as server, pytest.raises(UpstreamTimeout) as failure:
        send("w", post(f"{server.url}/services/T0/s3cret", timeout_s=0.05))
    assert "s3cret" not in str(failure.value)


@pytest.mark.parametrize(
    "name",
    ["Host", "content-length", "Transfer-Encoding", "Connection", "Upgrade", "Proxy-Authorization", "TE", "Expect"],
)
def test_headers_of_the_platform_are_refused(name: str, spy: Spy) -> None:
    with pytest.raises(InvalidInput, match=name):
        send("w", Request("GET", "https://public.example/", {name: "x"}))
    assert spy.lookups == []


@pytest.mark.parametrize(
    "headers",
    [
        {"X": "a\r\nEvil: 1"},
        {"X": "a\nb"},
        {"X": "a\0b"},
        {"X": "\u20ac"},
        {"X: y\r\nZ": "a"},
        {"": "a"},
        {"X Y": "a"},
        {"Ü": "a"},
        {7: "a"},
        {"X": 7},
        {"X": "a" * 17_000},
        {f"X-{n}": "a" for n in range(65)},
    ],
)
def test_headers_that_cannot_be_carried_are_refused(headers: Any, spy: Spy) -> None:
    with pytest.raises(InvalidInput):
        send("w", Request("GET", "https://public.example/", headers))
    assert spy.lookups == []


@pytest.mark.parametrize("method", ["CONNECT", "TRACE", "GET /", "GET\r\n", "", "GÉT", "A" * 30])
def test_strange_methods_are_refused(method: str, spy: Spy) -> None:
    with pytest.raises(InvalidInput):
        send("w", Request(method, "https://public.example/"))
    assert spy.lookups == []


def test_eight_threads_share_the_connections() -> None:
    def echo(visit: Visit) -> None:
        while request := visit.request():
            visit.answer(request[1])

    with serving(echo) as server, ThreadPoolExecutor(8) as threads:
        bodies = [json.dumps({"n": n}).encode() * (1 + n % 50) for n in range(400)]
        answers = list(threads.map(lambda body: send("w", Request("POST", server.url, {}, body)).body, bodies))
        assert answers == bodies
        assert server.visits <= 8
