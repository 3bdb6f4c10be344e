"""$.axios over a fake outside."""

# ruff: noqa: E501 (scripts are easier to read on one line)

from __future__ import annotations

import base64
import threading
import time
from typing import Any

import pytest

from chalicelib.adapters.javascript import Outcome, Script
from chalicelib.adapters.javascript.sandbox import Runner
from chalicelib.core.errors import LogicFailed
from tests.adapters.javascript.fakes import Web


def run(sandbox: Runner, code: str, web: Web | None = None, **more: Any) -> Outcome:
    return sandbox.run("w", Script(code, {}, **more), web or Web())


def sent(sandbox: Runner, code: str) -> dict[str, Any]:
    web = Web()
    run(sandbox, code, web)
    assert len(web.requests) == 1
    return web.requests[0]


@pytest.mark.parametrize(
    ("code", "method", "url", "body"),
    [
        ("$.axios('http://x/a')", "GET", "http://x/a", None),
        ("$.axios({url: 'http://x/a', method: 'post', data: {q: 1}})", "POST", "http://x/a", '{"q":1}'),
        ("$.axios('http://x/a', {method: 'PUT', data: 'raw'})", "PUT", "http://x/a", "raw"),
        ("$.axios.request({url: 'http://x/a'})", "GET", "http://x/a", None),
        ("$.axios.get('http://x/a')", "GET", "http://x/a", None),
        ("$.axios.head('http://x/a')", "HEAD", "http://x/a", None),
        ("$.axios.options('http://x/a')", "OPTIONS", "http://x/a", None),
        ("$.axios.delete('http://x/a', {data: {q: 1}})", "DELETE", "http://x/a", '{"q":1}'),
        ("$.axios.post('http://x/a', {q: [1]})", "POST", "http://x/a", '{"q":[1]}'),
        ("$.axios.put('http://x/a', [1])", "PUT", "http://x/a", "[1]"),
        ("$.axios.patch('http://x/a', {q: null})", "PATCH", "http://x/a", '{"q":null}'),
        ("$.axios.get('/v1/a', {baseURL: 'http://x/api/'})", "GET", "http://x/api/v1/a", None),
        ("$.axios.get('http://y/a', {baseURL: 'http://x'})", "GET", "http://y/a", None),
        ("$.axios.create({baseURL: 'http://x'}).get('a')", "GET", "http://x/a", None),
        ("$.axios.get('http://x/a?z=0#h', {params: {q: 'a b&c', n: 1, no: null, un: undefined}})", "GET", "http://x/a?z=0&q=a+b%26c&n=1", None),
        ("$.axios.get('http://x/', {params: {a: [1, 2], o: {k: 'v'}, d: new Date(0)}})", "GET",
         "http://x/?a[]=1&a[]=2&o[k]=v&d=1970-01-01T00:00:00.000Z", None),
        ("$.axios.get('http://x/', {params: {a: [{b: 1}]}})", "GET", "http://x/?a[0][b]=1", None),
        ("$.axios.get('http://x/', {params: new URLSearchParams('a=1&b=2')})", "GET", "http://x/?a=1&b=2", None),
        ("$.axios.get('http://x/', {params: {a: 1}, paramsSerializer: (p) => 'mine=' + p.a})", "GET", "http://x/?mine=1", None),
        ("require('axios').default.get('http://x/a')", "GET", "http://x/a", None),
    ],
)  # fmt: skip
def test_requests_go_out_as_axios_sends_them(
    sandbox: Runner, code: str, method: str, url: str, body: str | None
) -> None:
    request = sent(sandbox, f"await {code}")
    assert (request["method"], request["url"], request["body"]) == (method, url, body)


@pytest.mark.parametrize(
    ("code", "body", "content_type"),
    [
        ("{a: 1}", '{"a":1}', "application/json"),
        ("new URLSearchParams({a: 'b c'})", "a=b+c", "application/x-www-form-urlencoded;charset=utf-8"),
        ("{a: 'b c', l: [1, 2]}, {headers: {'Content-Type': 'application/x-www-form-urlencoded'}}", "a=b+c&l%5B%5D=1&l%5B%5D=2",
         "application/x-www-form-urlencoded"),
        ("'text', {headers: {'content-type': 'text/plain'}}", "text", "text/plain"),
        ("require('querystring').stringify({a: [1, 2]})", "a=1&a=2", "application/x-www-form-urlencoded"),
        ("undefined", None, None),
    ],
)  # fmt: skip
def test_bodies_are_written_by_their_kind(
    sandbox: Runner, code: str, body: str | None, content_type: str | None
) -> None:
    request = sent(sandbox, f"await $.axios.post('http://x/', {code})")
    assert request["body"] == body
    assert request["headers"].get("content-type") == content_type


def test_bytes_travel_as_base64(sandbox: Runner) -> None:
    request = sent(sandbox, "await $.axios.post('http://x/', $.Buffer.from([0, 255]))")
    assert (request["body"], request["base64"]) == ("AP8=", True)
    code = "return (await $.axios.get('http://x/bytes', {responseType: 'arraybuffer'})).data.toString('hex')"
    assert run(sandbox, code).value == "00ff"


def test_headers_auth_and_limits_are_passed_on(sandbox: Runner) -> None:
    request = sent(
        sandbox,
        "const c = $.axios.create({headers: {common: {'X-A': 1}, post: {'X-P': 'p'}}, timeout: 1234, maxRedirects: 0});"
        "await c.post('http://x/', null, {headers: {'X-B': ['b', 'c'], 'X-No': undefined}, auth: {username: 'u', password: 'ü'}})",
    )
    assert request["headers"]["x-a"] == "1"
    assert request["headers"]["x-p"] == "p"
    assert request["headers"]["x-b"] == "b, c"
    assert "x-no" not in request["headers"]
    assert request["headers"]["authorization"] == "Basic " + base64.b64encode("u:ü".encode()).decode()
    assert (request["timeout_ms"], request["max_redirects"]) == (1234, 0)


def test_a_call_never_outlives_the_run(sandbox: Runner) -> None:
    assert 0 < sent(sandbox, "await $.axios.get('http://x/', {timeout: 999999})")["timeout_ms"] <= 5000


def test_the_response_has_axioss_shape(sandbox: Runner) -> None:
    code = """const r = await $.axios.get('http://x/a');
      return [r.status, r.data.url, r.headers['content-type'], r.headers.get('Content-Type'), r.config.method, Object.keys(r)]"""
    assert run(sandbox, code).value == [
        200, "http://x/a", "application/json", "application/json", "get",
        ["data", "status", "statusText", "headers", "config", "request"],
    ]  # fmt: skip
    assert run(sandbox, "return (await $.axios.get('http://x/text')).data").value == "12 not json"
    assert run(sandbox, "return (await $.axios.get('http://x/a', {responseType: 'text'})).data[0]").value == "{"


@pytest.mark.parametrize(
    ("url", "code", "message", "status"),
    [
        ("http://x/status/404", "ERR_BAD_REQUEST", "Request failed with status code 404", 404),
        ("http://x/status/503", "ERR_BAD_RESPONSE", "Request failed with status code 503", 503),
        ("http://down/", "ERR_NETWORK", "connection refused", None),
        ("http://slow/", "ECONNABORTED", "no answer in time", None),
        ("http://inside/", "ERR_ADDRESS_REFUSED", "this address is not reached from here", None),
    ],
)
def test_failures_are_axios_errors(sandbox: Runner, url: str, code: str, message: str, status: int | None) -> None:
    script = f"""try {{ await $.axios.get('{url}') }} catch (e) {{
      return [$.axios.isAxiosError(e), e instanceof Error, e.name, e.code, e.message, e.response ? e.response.status : null, e.response?.data ?? null] }}"""
    data = {"error": "no"} if status else None
    assert run(sandbox, script).value == [True, True, "AxiosError", code, message, status, data]
    with pytest.raises(LogicFailed, match=message) as caught:
        run(sandbox, f"await $.axios.get('{url}')")
    assert caught.value.details["code"] == code
    assert caught.value.details.get("status") == status


def test_a_timeout_of_the_scripts_own_reads_like_axioss(sandbox: Runner) -> None:
    assert (
        run(sandbox, "return $.axios.get('http://slow/', {timeout: 20}).catch((e) => e.message)").value
        == "timeout of 20ms exceeded"
    )


def test_validate_status_decides(sandbox: Runner) -> None:
    code = "return (await $.axios.get('http://x/status/418', {validateStatus: (s) => s === 418})).status"
    assert run(sandbox, code).value == 418
    assert run(sandbox, "return (await $.axios.get('http://x/status/500', {validateStatus: null})).status").value == 500


def test_interceptors_run_in_axioss_order(sandbox: Runner) -> None:
    code = """const c = $.axios.create(); const seen = [];
      c.interceptors.request.use((q) => { seen.push('q1'); q.headers = {...q.headers, 'x-t': 't'}; return q });
      c.interceptors.request.use((q) => { seen.push('q2'); return q });
      c.interceptors.response.use((r) => { seen.push('r'); return r.data });
      const data = await c.get('http://x/a'); return [seen, data.method]"""
    web = Web()
    assert run(sandbox, code, web).value == [["q2", "q1", "r"], "GET"]
    assert web.requests[0]["headers"]["x-t"] == "t"


def test_calls_made_together_run_together(sandbox: Runner) -> None:
    web = Web()
    web.together = threading.Barrier(5)
    code = "const rs = await Promise.all([1, 2, 3, 4, 5].map((i) => $.axios.get('http://x/' + i))); return rs.map((r) => r.data.url.slice(-1))"
    outcome = run(sandbox, code, web)
    assert outcome.value == ["1", "2", "3", "4", "5"]
    assert outcome.calls == 5


def test_a_call_nobody_awaits_is_still_made(sandbox: Runner) -> None:
    web = Web()
    assert run(sandbox, "$.axios.post('http://x/', {fire: 1}); return 'done'", web).value == "done"
    assert len(web.requests) == 1


def test_a_timer_can_overtake_a_slow_call(sandbox: Runner) -> None:
    class Slow(Web):
        def http(self, request: dict[str, Any]) -> dict[str, Any]:
            time.sleep(0.2)
            return super().http(request)

    code = "return Promise.race([$.axios.get('http://x/').then(() => 'call'), new Promise((r) => setTimeout(() => r('timer'), 20))])"
    assert run(sandbox, code, Slow()).value == "timer"


def test_text_no_utf8_can_hold_is_mended(sandbox: Runner) -> None:
    assert sent(sandbox, "await $.axios.post('http://x/', 'a\\ud800')")["body"] == "a\ufffd"


def test_without_an_outside_calls_are_refused(sandbox: Runner) -> None:
    outcome = sandbox.run("w", Script("return $.axios.get('http://x/').catch((e) => [e.code, e.message])", {}))
    assert outcome.value == ["ERR_NETWORK", "this script may not call the outside"]


@pytest.mark.parametrize(
    "code",
    ["await $.axios.get('http://bug/')", "await Promise.all([$.axios.get('http://bug/'), $.axios.get('http://x/')])"],
)
def test_a_bug_of_ours_is_not_hidden_from_us(sandbox: Runner, code: str) -> None:
    with pytest.raises(RuntimeError, match="a bug of ours"):
        run(sandbox, code)
    assert run(sandbox, "return 1").value == 1


def test_the_limit_holds_while_the_outside_is_slow(sandbox: Runner) -> None:
    class Slow(Web):
        def http(self, request: dict[str, Any]) -> dict[str, Any]:
            time.sleep(request["timeout_ms"] / 1000 + 0.05)
            return super().http(request)

    with pytest.raises(LogicFailed) as caught:
        run(sandbox, "await $.axios.get('http://x/'); return 1", Slow(), timeout_s=0.2)
    assert caught.value.kind == "timeout"


def test_an_answer_too_large_for_a_script_is_an_error_it_can_catch(sandbox: Runner) -> None:
    class Large(Web):
        def http(self, request: dict[str, Any]) -> dict[str, Any]:
            return {"status": 200, "headers": {}, "body": "x" * (8 << 20)}

    code = "return $.axios('http://x/').catch((e) => [e.code, e.message])"
    assert run(sandbox, code, Large()).value == ["ERR_BAD_RESPONSE", "the answer is larger than 8 MB"]
