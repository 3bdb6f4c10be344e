"""What is refused before a child sees it, at its exact limits."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from chalicelib.adapters.javascript import Script, job
from chalicelib.core.config import settings
from chalicelib.core.errors import InvalidInput, TooLarge
from tests.conftest import Clock

HEAD = struct.Struct("<IIdIII")


def script(code: str = "", bindings: Any = None, **more: Any) -> Script:
    return Script(code, bindings or {}, **more)


def place(made: Script) -> str:
    with pytest.raises(InvalidInput) as refused:
        job.encode(made, job.limit_s(made))
    return refused.value.faults[0].location


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(("asked", "given"), [(None, None), (0.001, 0.001), (900, 900)])
def test_a_script_has_the_time_it_asks_for_or_the_settings_give(asked: float | None, given: float | None) -> None:
    assert job.limit_s(script(timeout_s=asked)) == (settings().logic_timeout_s if given is None else given)


@pytest.mark.parametrize("timeout_s", [0, -1, 900.1])
def test_no_other_time_is_given(timeout_s: float) -> None:
    assert place(script(timeout_s=timeout_s)) == "timeout_s"


@pytest.mark.parametrize("memory_mb", [7, 513])
def test_memory_has_a_range(memory_mb: int) -> None:
    assert place(script(memory_mb=memory_mb)) == "memory_mb"
    for edge in (8, 512):
        assert job.limit_s(script(memory_mb=edge, timeout_s=1)) == 1


@pytest.mark.parametrize("name", ["a b", "", "1a", "__proto__", "a-b", "a" * 101, "ä"])
def test_what_names_no_function_and_no_global_is_refused(name: str) -> None:
    assert place(script(functions={name: ""})) == "functions"
    assert place(script(bindings={name: 1})) == "bindings"


@pytest.mark.parametrize("name", ["globalThis", "undefined", "NaN", "Infinity", "constructor", "$", "console"])
def test_a_global_that_is_there_already_is_not_replaced(name: str) -> None:
    assert place(script(bindings={name: 1})) == "bindings"
    job.encode(script(functions={name: ""}, bindings={"_a$1": 1}), 1)


def test_code_has_a_size_alone_and_together() -> None:
    most = "x" * job.MAX_CODE_BYTES
    fits = {f"f{number}": most for number in range(3)}
    assert len(job.encode(script(most, functions=fits), 1)) > job.MAX_CODE_TOTAL_BYTES
    for made in (
        script(most + "x"),
        script("ä" * (job.MAX_CODE_BYTES // 2) + "x"),
        script(functions={"f": most + "x"}),
        script(most, functions={**fits, "more": "x"}),
    ):
        with pytest.raises(TooLarge):
            job.encode(made, 1)


@pytest.mark.parametrize("text", ["\0", "a\ud800"])
def test_text_that_an_engine_cannot_be_given_is_refused(text: str) -> None:
    assert place(script(text)) == "code"
    assert place(script(functions={"f": text})) == "functions.f"


@pytest.mark.parametrize("value", [{1, 2}, "\ud800", 2**70, object()])
def test_what_is_no_json_is_refused(value: Any) -> None:
    assert place(script(bindings={"input": value})) == "bindings"


def test_input_has_a_size_and_a_depth() -> None:
    around = len(b'{"input":""}')
    job.encode(script(bindings={"input": "x" * (100 - around)}, max_input_bytes=100), 1)
    with pytest.raises(TooLarge):
        job.encode(script(bindings={"input": "x" * (101 - around)}, max_input_bytes=100), 1)
    job.encode(script(bindings={"input": nested(9), "other": nested(9)}, max_input_depth=10), 1)
    assert place(script(bindings={"input": nested(10)}, max_input_depth=10)) == "bindings"


def test_depth_is_found_by_its_levels_not_by_its_brackets() -> None:
    assert not job.is_too_deep(b"[[],[],[]]", [[], [], []], 2)
    assert job.is_too_deep(b'{"a":{"a":[]}}', {"a": {"a": []}}, 2)
    assert job.depth_of((1, ({},))) == 3
    assert job.depth_of(nested(5_000)) == 1_001


def test_a_job_says_all_a_child_needs(still: Clock) -> None:
    made = script("return 1", {"a": [1]}, functions={"f": "return 2"}, memory_mb=16, seed="s", now_ms=5)
    head = HEAD.unpack_from(job.encode(made, 1.5))
    assert head == (16, 1500, 5, 32, len(b'{"f":"return 2"}'), 8)
    assert job.encode(made, 1.5).endswith(b'{"f":"return 2"}return 1{"a":[1]}')
    assert job.encode(made, 1.5) == job.encode(made, 1.5)
    plain = script("return 1")
    assert HEAD.unpack_from(job.encode(plain, 1))[2:] == (still.at_ms, 32, 0, 8)
    assert job.encode(plain, 1) != job.encode(plain, 1)
