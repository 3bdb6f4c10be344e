"""Values nobody thought of: they are carried as they are, or end their step with a reason, never the worker."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.adapters import http_client
from chalicelib.automations import engine, packing
from chalicelib.core import clock
from chalicelib.storage import codec
from tests.automations import begin, look, make, nudge, pump, run, step_of
from tests.builders import USER, make_action, make_service, number
from tests.client import Client
from tests.conftest import Clock
from tests.fakes.http_client import FakeHttp

URL = "https://example.com/x"
REST = [{"id": "end", "type": "return", "value": "${input.v}"}]


def test_a_result_is_stored_as_text_for_numbers_of_the_table_end_sooner_than_those_of_json() -> None:
    stored = codec.encode({"res": packing.pack_value("workspace", {"n": [1e300, 5e-324, 2**64 - 1]})})
    assert {kind for kind, _ in (pair for one in stored["res"]["M"].values() for pair in one.items())} == {"S"}


@pytest.mark.parametrize("value", [1e300, 5e-324, -1.5e126, 2**64 - 1, -(2**63), 0.1 + 0.2, {"": [None, "\x00", "𝒳"]}])
def test_every_number_and_text_that_json_knows_comes_back_as_it_went_in(owner: Client, value: Any) -> None:
    assert run(owner, REST, {"v": value}).ok()["output"] == value
    code = {"id": "c", "type": "code", "code": f"return {value!r}"} if isinstance(value, float) else REST[0]
    assert run(owner, [code], {"v": value}).ok()["output"] == value
    execution = begin(owner, make(owner, REST), {"v": value})
    pump()
    assert look(owner, execution)["output"] == value


def test_a_whole_number_beyond_64_bits_from_outside_is_read_as_javascript_reads_it(
    owner: Client, outside: FakeHttp
) -> None:
    outside.answer(URL, 200, b'{"n": 123456789012345678901234567890}', {"content-type": "application/json"})
    steps = [
        {"id": "h", "type": "http", "url": URL},
        {"id": "end", "type": "return", "value": "${steps.h.output.body.n}"},
    ]
    assert run(owner, steps).ok()["output"] == 123456789012345678901234567890.0
    assert run(owner, [{"id": "c", "type": "code", "code": "return 2 ** 66"}]).ok()["output"] == float(2**66)


@pytest.mark.parametrize(
    ("step", "field"),
    [
        ({"type": "http", "url": URL, "headers": {"@type": "reference", "path": ["input", "v"]}}, "headers"),
        ({"type": "http", "url": URL, "query": {"@type": "reference", "path": ["input", "v"]}}, "query"),
        ({"type": "waitForEvent", "event": "e", "match": {"@type": "reference", "path": ["input", "v"]}}, "match"),
        ({"type": "waitForEvent", "event": "${input.v}"}, "event"),
        ({"type": "automation", "automationId": "${input.v}"}, "automationId"),
        ({"type": "automation", "automationId": "self", "version": "${input.v}"}, "version"),
        ({"type": "action", "service": "${input.v}", "action": "a"}, "service"),
        (
            {"type": "condition", "service": "s", "serviceVersion": "${input.v}", "condition": "${input.c}"},
            "serviceVersion",
        ),
    ],
)
@pytest.mark.parametrize("value", [[1], True, {"a": 1}, "x" * 3_000])
def test_what_a_reference_came_to_is_refused_where_it_cannot_be_used(
    owner: Client, outside: FakeHttp, step: dict[str, Any], field: str, value: Any
) -> None:
    if (isinstance(value, dict) and field in ("headers", "query", "match")) or (
        value == "x" * 3_000 and field == "event"
    ):
        return
    service = make_service(owner, name=f"crm{number()}")
    name = f"a{number()}"
    step = {**step, **({"service": service} if step.get("service") == "s" else {})}
    step |= {"automationId": name} if step.get("automationId") == "self" else {}
    body = {"name": name, "definition": {"steps": [{"id": "s", **step}]}}
    made = owner.post(f"/v1/automation/import?userId={USER}", body).ok()
    path = f"/v1/automation/{made['id']}/version/{made['versionId']}/execute"
    answer = owner.post(path, {"input": {"v": value, "c": "c"}})
    assert (answer.status, answer.body["details"]["type"]) == (400, "InvalidInput"), answer
    assert answer.body["error"].startswith(f"{field}: ")
    assert outside.sent == []


def test_a_version_may_be_named_by_a_number_that_is_looked_up(owner: Client) -> None:
    name = f"a{number()}"
    child = [{"id": "end", "type": "return", "value": "child"}]
    owner.post(f"/v1/automation/import?userId={USER}", {"name": name, "definition": {"steps": child}}).ok()
    call = {"id": "k", "type": "automation", "automationId": name, "version": "${input.v}"}
    execution = begin(owner, make(owner, [call]), {"v": 1})
    pump()
    assert look(owner, execution)["output"] == "child"


def test_a_position_of_thousands_of_digits_leads_nowhere(owner: Client) -> None:
    digits = "9" * 5_000
    for value in ({"@type": "reference", "path": ["input", "v", digits]}, f'${{input.v["{digits}"]}}'):
        assert run(owner, [{"id": "r", "type": "return", "value": value}], {"v": [1]}).ok()["output"] is None


def test_values_that_grow_deeper_from_one_to_the_next_end_with_a_reason(owner: Client) -> None:
    name = f"a{number()}"
    deeper: Any = "${input}"
    for _ in range(50):
        deeper = [deeper]
    steps = [{"id": "again", "type": "automation", "automationId": name, "version": "1", "input": {"v": deeper}}]
    body = {"name": name, "version": "1", "definition": {"steps": steps}}
    made = owner.post(f"/v1/automation/import?userId={USER}", body).ok()
    execution = begin(owner, (made["id"], made["versionId"]))
    pump()
    ended = look(owner, execution)
    assert (ended["state"], ended["error"]["type"]) == ("failed", "TooLarge")


def test_true_is_not_one_inside_lists_and_objects_either(owner: Client) -> None:
    def differs(value: Any, equals: Any) -> bool:
        then, other = ({"id": name, "type": "return", "value": name} for name in ("same", "other"))
        step = {"id": "i", "type": "ifValue", "value": value, "equals": equals, "then": [then], "else": [other]}
        return bool(run(owner, [step]).ok()["output"] == "other")

    assert differs([1], [True])
    assert differs({"a": [0]}, {"a": [False]})
    assert differs({"a": 1}, {"a": 1, "b": None})
    assert differs([1], [1, 2])
    assert not differs({"a": [1, {"b": None}]}, {"a": [1.0, {"b": None}]})


def test_code_sees_every_step_when_it_goes_through_them(owner: Client) -> None:
    before = [{"id": name, "type": "code", "code": "return 1"} for name in ("first", "second")]
    for code in (
        "return Object.keys(steps)",
        "const k = 'fir' + 'st'; return [...Object.keys(steps)].filter(x => steps[k])",
    ):
        assert run(owner, [*before, {"id": "c", "type": "code", "code": code}]).ok()["output"] == ["first", "second"]


def test_code_may_read_an_input_as_big_as_one_may_be(owner: Client) -> None:
    code = {"id": "c", "type": "code", "code": "return input.v.length"}
    assert run(owner, [code], {"v": "x" * 990_000}).ok()["output"] == 990_000


def test_a_wait_ends_at_its_time_limit(owner: Client, still: Clock) -> None:
    wait = {"id": "w", "type": "wait", "seconds": 3_600, "timeoutSeconds": 60, "onError": "continue"}
    end = {"id": "end", "type": "return", "value": "${steps.w.error.type}"}
    execution = begin(owner, make(owner, [wait, end]))
    pump()
    assert look(owner, execution)["state"] == "waiting"
    still.advance_s(61)
    nudge(owner, execution)
    assert look(owner, execution)["output"] == "Timeout"


def test_whoever_waited_in_vain_is_told_which_execution_goes_on(owner: Client) -> None:
    answer = run(owner, [{"id": "w", "type": "wait", "seconds": 3_600}])
    assert (answer.status, answer.body["error"]) == (500, "Timeout")
    assert look(owner, answer.body["details"]["executionId"])["state"] == "waiting"


class Fallen(BaseException):
    """The process ends here."""


def test_code_that_must_not_happen_twice_does_not_when_its_worker_falls(
    owner: Client, still: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = f"await $.axios.post('{URL}'); return 1"
    step = {"id": "once", "type": "code", "code": code, "atMostOnce": True}
    execution = begin(owner, make(owner, [step]))
    calls: list[str] = []

    def send(_workspace: str, request: Any) -> Any:
        calls.append(request.url)
        return http_client.Response(200, http_client.Headers([]), b"", False, 1.0, request.url)

    monkeypatch.setattr(http_client, "send", send)
    with monkeypatch.context() as patch, pytest.raises(Fallen):
        patch.setattr(engine._Run, "commit", _fall)
        patch.setattr(engine._Run, "end", _fall)
        engine.advance(owner.key, execution, clock.now_ms() + 20_000)
    still.advance_s(60)
    engine.advance(owner.key, execution, clock.now_ms() + 20_000)
    assert calls == [URL]
    assert step_of(look(owner, execution), "once")["error"]["type"] == "Unknown"


def _fall(*_: Any, **__: Any) -> None:
    raise Fallen


def test_a_script_that_fails_costs_what_it_used(owner: Client) -> None:
    burn = "let n = 0; for (let i = 0; i < 300000; i++) n += i;"
    service = make_service(owner, name=f"crm{number()}")
    action = make_action(owner, service, f"{burn} throw new Error('no')")["name"]
    for step in (
        {"type": "code", "code": f"{burn} throw new Error('no')"},
        {"type": "code", "code": "for (;;);", "timeoutSeconds": 0.3},
        {"type": "action", "service": service, "action": action},
    ):
        execution = begin(owner, make(owner, [{"id": "s", **step}]))
        pump()
        ended = look(owner, execution)
        assert ended["state"] == "failed"
        assert ended["usage"]["cpuMs"] >= 1


def test_values_written_by_earlier_releases_are_still_read() -> None:
    assert packing.Loader("workspace", "execution").value({"v": {"n": 1}}) == {"n": 1}
