"""The runner function: how often it is invoked, what a replay may not change, and how little it is believed."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from chalicelib.adapters import aws, javascript
from chalicelib.adapters.javascript import Outcome, Script, parcel
from chalicelib.adapters.javascript.remote import RemoteRunner
from chalicelib.adapters.javascript.sandbox import Runner
from chalicelib.core import config
from chalicelib.core.errors import LogicFailed, TooLarge, Unavailable
from tests.adapters.javascript.conftest import Function
from tests.adapters.javascript.fakes import Web

ROOT = Path(__file__).parents[3]


@pytest.fixture
def function(children: Runner) -> Function:
    return Function(children)


def run(function: Any, code: str, web: Any = None, **more: Any) -> Outcome:
    return RemoteRunner(function).run("w", Script(code, {}, **more), web or Web())


def test_a_script_without_calls_is_one_invocation(function: Function) -> None:
    assert run(function, "return 1").value == 1
    assert function.steps == 1


def test_calls_one_after_the_other_are_an_invocation_each_and_made_once(function: Function) -> None:
    web = Web()
    code = "let n = 0; for (let i = 0; i < 5; i++) n += (await $.axios.get('http://x/' + i)).status; return n"
    outcome = run(function, code, web)
    assert (outcome.value, outcome.calls, function.steps) == (1000, 5, 6)
    assert [request["url"] for request in web.requests] == [f"http://x/{i}" for i in range(5)]


def test_calls_made_together_share_an_invocation(function: Function) -> None:
    web = Web()
    code = "return (await Promise.all([1, 2, 3, 4].map((i) => $.axios.get('http://x/' + i)))).length"
    assert run(function, code, web).value == 4
    assert function.steps == 2
    assert len(web.requests) == 4


def test_clock_and_chance_are_those_of_the_first_step(function: Function) -> None:
    web = Web()
    code = """const before = [Date.now(), Math.random(), $.uuid.v4()];
    await $.axios.post('http://x/', before);
    await new Promise((done) => setTimeout(done, 5));
    await $.axios.post('http://x/', before);
    return before"""
    value = run(function, code, web).value
    assert [json.loads(request["body"]) for request in web.requests] == [value, value]


def test_a_signature_made_before_a_call_is_the_same_after_it(function: Function) -> None:
    web = Web()
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    code = f"""const sign = () => $.jsonwebtoken.sign({{a: 1}}, {json.dumps(pem)}, {{algorithm: 'ES256'}});
    const first = sign();
    const [one, two] = await Promise.all([
      $.axios.get('http://x/1').then(() => sign()), $.axios.get('http://x/2').then(() => sign())]);
    await $.axios.get('http://x/' + [first, one, two].join('/'));
    return [first, one, two]"""
    outcome = run(function, code, web)
    assert len(set(outcome.value)) == 3
    assert web.requests[-1]["url"].split("/")[3:] == outcome.value
    assert outcome.calls == 6


def test_timers_fire_after_their_time(function: Function) -> None:
    started = time.monotonic()
    code = "const order = []; for (const ms of [60, 20]) setTimeout(() => order.push(ms), ms);"
    assert run(function, code + "await new Promise((done) => setTimeout(done, 90)); return order").value == [20, 60]
    assert time.monotonic() - started >= 0.09
    assert function.steps == 4


def test_a_timer_past_the_end_is_not_waited_for(function: Function) -> None:
    started = time.monotonic()
    with pytest.raises(LogicFailed) as caught:
        run(function, "await new Promise((done) => setTimeout(done, 60000))")
    assert caught.value.kind == "timeout"
    assert time.monotonic() - started < 2


def test_a_call_that_never_answers_ends_with_the_run(function: Function) -> None:
    released = threading.Event()

    class Silent(Web):
        def http(self, request: dict[str, Any]) -> dict[str, Any]:
            released.wait(5)
            return super().http(request)

    code = "console.log('asking'); setTimeout(() => {}, 1); await $.axios.get('http://x/')"
    with pytest.raises(LogicFailed) as caught:
        run(function, code, Silent(), timeout_s=0.5)
    released.set()
    assert caught.value.kind == "timeout"
    assert [line["message"] for line in caught.value.logs] == ["asking"]


def test_a_swarm_of_answers_that_cannot_be_carried_is_refused(function: Function) -> None:
    class Noise(Web):
        def http(self, request: dict[str, Any]) -> dict[str, Any]:
            noise = base64.b64encode(bytes(range(256)) * 10).decode()
            words = "".join(f"{i * 2654435761 % 4294967296:08x}" for i in range(400_000))
            return {"status": 200, "headers": {}, "body": noise + words}

    code = "const got = []; for (let i = 0; i < 6; i++) got.push((await $.axios.get('http://x/' + i)).data.length)"
    with pytest.raises(TooLarge):
        run(function, code, Noise(), timeout_s=30)


def waits(*requests: Any, timers: str = "", asked: Any = ()) -> dict[str, Any]:
    return {"state": "waits", "requests": list(requests), "timers": timers, "asked": list(asked), "logs": []}


CALL = {"id": 1, "kind": "http", "request": {"method": "GET", "url": "http://x/", "headers": {}, "body": None}}
LIES: dict[str, Callable[[], Any]] = {
    "nothing": lambda: None,
    "no parcel": lambda: {"z": "%%%"},
    "not packed": lambda: {"z": base64.b64encode(b"{}").decode()},
    "a bomb": lambda: {"z": base64.b64encode(zlib.compress(b" " * 100_000_000)).decode()},
    "a list": lambda: {"z": base64.b64encode(zlib.compress(b"[]")).decode()},
    "no state": lambda: parcel.pack({}),
    "another state": lambda: parcel.pack({"state": "root", "body": "1", "logs": []}),
    "no value": lambda: parcel.pack({"state": "value", "body": "{", "logs": [], "cpu_ms": 1}),
    "no log": lambda: parcel.pack({"state": "value", "body": "1", "logs": ["x"], "cpu_ms": 1}),
    "it waits for nothing": lambda: parcel.pack(waits()),
    "one call twice": lambda: parcel.pack(waits(CALL, CALL)),
    "a call again and again": lambda: parcel.pack(waits(CALL)),
    "too many calls": lambda: parcel.pack(waits(*({**CALL, "id": i} for i in range(201)))),
    "too many timers": lambda: parcel.pack(waits(timers=",".join(f"{i}:1" for i in range(101)))),
    "a strange timer": lambda: parcel.pack(waits(timers="x:y")),
    "a strange answer": lambda: parcel.pack(waits(CALL, asked=[["x", 1]])),
}


@pytest.mark.parametrize("lie", LIES)
def test_what_the_function_says_is_not_believed(lie: str) -> None:
    web = Web()
    with pytest.raises(LogicFailed) as caught:
        run(lambda _parcel: LIES[lie](), "return 1", web)
    assert "no longer followed the rules" in caught.value.message
    assert len(web.requests) <= 1


def test_a_failure_keeps_its_words_short_and_its_kind_known() -> None:
    failed = {"state": "failed", "kind": "root", "message": "x" * 100_000, "logs": []}
    with pytest.raises(LogicFailed) as caught:
        run(lambda _parcel: parcel.pack(failed), "return 1")
    assert (caught.value.kind, len(caught.value.message)) == ("threw", 4000)


def test_a_past_that_was_not_so_is_noticed(children: Runner) -> None:
    def strays(sent: dict[str, str]) -> Any:
        content = parcel.unpack(sent)
        content["events"] = [["A", 7, "{}"]] if content["events"] else []
        return Function(children)(parcel.pack(content))

    with pytest.raises(LogicFailed) as caught:
        run(strays, "return (await $.axios.get('http://x/')).status")
    assert "no longer followed the rules" in caught.value.message


class Lambda:
    """The client of Lambda, as far as it is used."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.invoked: list[str] = []

    def invoke(self, FunctionName: str, Payload: bytes) -> Any:  # noqa: N803
        self.invoked.append(FunctionName)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer(json.loads(Payload)) if callable(answer) else answer


@pytest.fixture
def chosen(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Lambda]]:
    monkeypatch.setenv("MILLRACE_RUNNER", "millrace-test-runner")
    config.forget()

    def be(*answers: Any) -> Lambda:
        made = Lambda(*answers)
        monkeypatch.setattr(aws, "client", {"lambda": made}.__getitem__)
        return made

    yield be
    monkeypatch.undo()
    config.forget()


def test_the_setting_names_the_function_that_is_invoked(chosen: Callable[..., Lambda], function: Function) -> None:
    class Payload:
        def __init__(self, content: Any) -> None:
            self.text = json.dumps(content).encode()

        def read(self) -> bytes:
            return self.text

    made = chosen(lambda parcel: {"StatusCode": 200, "Payload": Payload(function(parcel))})
    assert javascript.runner().run("w", Script("return 2", {})).value == 2
    assert made.invoked == ["millrace-test-runner"]


@pytest.mark.parametrize(
    "answer",
    [
        {"StatusCode": 200, "FunctionError": "Unhandled", "Payload": None},
        ClientError({"Error": {"Code": "TooManyRequestsException", "Message": "later"}}, "Invoke"),
        ReadTimeoutError(endpoint_url="https://lambda"),
    ],
    ids=["it failed", "throttled", "silent"],
)
def test_a_function_that_cannot_be_had_is_tried_again_later(chosen: Callable[..., Lambda], answer: Any) -> None:
    chosen(answer)
    with pytest.raises(Unavailable) as caught:
        javascript.runner().run("w", Script("return 2", {}))
    assert caught.value.retryable


def test_a_function_that_may_not_be_invoked_is_a_fault_of_ours(chosen: Callable[..., Lambda]) -> None:
    chosen(ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "Invoke"))
    with pytest.raises(ClientError):
        javascript.runner().run("w", Script("return 2", {}))


def test_the_handler_answers_as_lambda_calls_it_with_no_settings_at_all() -> None:
    program = (
        "import json, sys\n"
        "from chalicelib.platform.workers import runner\n"
        "print(json.dumps(runner(json.loads(sys.stdin.read()), None)))\n"
    )
    sent: list[Any] = []

    def invoke(parcel: dict[str, str]) -> Any:
        command, environment = [sys.executable, "-c", program], {"PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            command, input=json.dumps(parcel), env=environment, capture_output=True, text=True, cwd="/", timeout=60
        )
        sent.append(done)
        return json.loads(done.stdout)

    assert run(invoke, "return (await $.axios.get('http://x/')).status + 1").value == 201
    assert len(sent) == 2
