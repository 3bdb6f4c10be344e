"""What a script sees, what comes back, and how its errors read."""

# ruff: noqa: E501 (scripts are easier to read on one line)

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.adapters.javascript import Script
from chalicelib.adapters.javascript.sandbox import Runner
from chalicelib.core.errors import InvalidInput, LogicFailed, TooLarge


def value(sandbox: Runner, code: str, bindings: dict[str, Any] | None = None, **more: Any) -> Any:
    return sandbox.run("w", Script(code, bindings or {}, **more)).value


def failure(sandbox: Runner, code: str, bindings: dict[str, Any] | None = None, **more: Any) -> LogicFailed:
    with pytest.raises(LogicFailed) as caught:
        sandbox.run("w", Script(code, bindings or {}, **more))
    return caught.value


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("return 1 + 1", 2),
        ("", None),
        ("return undefined", None),
        ("return await Promise.resolve('later')", "later"),
        ("return {a: undefined, b: [undefined], d: new Date(0)}", {"b": [None], "d": "1970-01-01T00:00:00.000Z"}),
        ("return 9007199254740993", 9007199254740992),
        ("return 'grüße \\u{1f600}'", "grüße 😀"),
        ("undeclared = 5; return undeclared", 5),
        ("const input = 3; return input", 3),
        ("return this === globalThis", True),
        ("return 1 // a comment", 1),
        ("const {a = 2, ...rest} = {b: 1}; return [a, rest?.b ?? 0, 2 ** 3, `t${a}`]", [2, 1, 8, "t2"]),
        ("class A { #x = 1; get x() { return this.#x } } return new A().x", 1),
        ("return [3, 1, 2].toSorted().at(-1)", 3),
        ("return new Date(2024, 0, 1).getTimezoneOffset()", 0),
    ],
)
def test_a_script_is_the_body_of_an_async_function(sandbox: Runner, code: str, wanted: Any) -> None:
    assert value(sandbox, code, {"input": {"a": 1}}) == wanted


def test_bindings_are_globals_and_stay_json(sandbox: Runner) -> None:
    given = {"input": {"data": [1, 2.5, "ü\0", None, True, {}]}, "notification": {"body": "x" * 5000}, "cursor": None}
    assert value(sandbox, "return {input, notification, cursor}", given) == given
    assert value(
        sandbox, "return [Object.getPrototypeOf(input) === Object.prototype, typeof service]", {"input": {}}
    ) == [
        True,
        "undefined",
    ]


def test_each_run_is_fresh(sandbox: Runner) -> None:
    value(sandbox, "globalThis.kept = 1; Array.prototype.kept = 1; $.lodash.kept = 1; console.kept = 1")
    assert value(sandbox, "return [typeof kept, [].kept === undefined, console.kept === undefined]") == [
        "undefined",
        True,
        True,
    ]


def test_console_lines_are_kept_with_their_levels(sandbox: Runner) -> None:
    code = "console.log('a', {b: 1}, [2]); console.warn(1, null, undefined); console.error(new Error('e')); console.debug('d')"
    logs = sandbox.run("w", Script(code, {}, now_ms=1000)).logs
    assert [line["level"] for line in logs] == ["info", "warn", "error", "debug"]
    assert logs[0] == {"level": "info", "message": 'a {"b":1} [2]', "at": 1000}
    assert logs[1]["message"] == "1 null undefined"
    assert logs[2]["message"].startswith("Error: e")


def test_console_lines_survive_failure_and_the_kill(sandbox: Runner) -> None:
    assert failure(sandbox, "console.log('before'); throw 1").logs[0]["message"] == "before"
    assert failure(sandbox, "console.log('before'); for (;;) {}", timeout_s=0.1).logs[0]["message"] == "before"


@pytest.mark.parametrize(
    ("code", "kind", "message", "line", "column"),
    [
        ("throw new Error('no')", "threw", "no", 1, 11),
        ("\n\n  foo.bar()", "threw", "ReferenceError: foo is not defined", 3, 3),
        ("const a = null;\nreturn a.b", "threw", "TypeError: cannot read property 'b' of null", 2, 8),
        ("let x = ;", "syntax", "SyntaxError: unexpected token in expression: ';'", 1, 9),
        ("ok()\nlet let = 1", "syntax", None, 2, None),
        ("if (true) {\n  return 1\n", "syntax", None, 3, None),
        ("return 1 }", "syntax", None, None, None),
        ("await null;\n\nundefinedName", "threw", "ReferenceError: undefinedName is not defined", 3, 1),
        ("function f() {\n  throw new TypeError('deep')\n}\nf()", "threw", "TypeError: deep", 2, 13),
        ("$.lodash.nope()", "threw", "lodash.nope is not offered here", 1, None),
        ("$.moment()", "threw", None, 1, None),
        ("throw 'just text'", "threw", "just text", None, None),
        ("throw 42", "threw", "42", None, None),
        ("throw {a: 1}", "threw", '{"a":1}', None, None),
        ("throw {message: 'worded'}", "threw", "worded", None, None),
        ("throw null", "threw", "null", None, None),
        ("await new Promise(() => {})", "stuck", None, None, None),
        ("return 1n", "output", None, None, None),
    ],
)
def test_errors_name_the_place_in_the_users_own_code(
    sandbox: Runner, code: str, kind: str, message: str | None, line: int | None, column: int | None
) -> None:
    failed = failure(sandbox, code)
    assert failed.kind == kind
    assert message is None or failed.message == message
    assert line is None or failed.line == line
    assert column is None or failed.column == column
    assert failed.details["kind"] == kind


def test_a_long_script_keeps_its_line_numbers(sandbox: Runner) -> None:
    assert failure(sandbox, "\n" * 30_000 + "  boom()").line == 30_001


def test_what_an_error_says_for_programs_is_kept(sandbox: Runner) -> None:
    details = failure(sandbox, "throw Object.assign(new Error('x'), {code: 'E_TOKEN', status: 401})").details
    assert (details["code"], details["status"], details["name"]) == ("E_TOKEN", 401, "Error")
    assert failure(sandbox, "throw Object.assign(new Error('x'), {response: {status: 403}})").details["status"] == 403


def test_an_unknown_library_is_named_with_what_there_is(sandbox: Runner) -> None:
    for code in ("$.moment", "require('moment')"):
        message = failure(sandbox, code).message
        assert "moment" in message
        assert "lodash" in message


# ---- service scripts


def test_service_scripts_are_functions_that_see_each_other(sandbox: Runner) -> None:
    functions = {
        "add": "return args[0] + args[1]",
        "twice": "const n = await service.fn.add(args[0], args[0]); return n",
        "arrow": "(a, b) => a * b",
        "named": "async function (a) { return connector.fn.twice(a) }",
        "lib": "return $.lodash.sum(args)",
        "broken": "return ((",
    }
    code = "const f = service.fn; return [await f.add(1, 2), await f.twice(4), await f.arrow(3, 4), await f.named(5), await f.lib(1, 2)]"
    bindings = {"service": {"url": "u"}, "connector": {"url": "u"}}
    assert value(sandbox, code, bindings, functions=functions) == [3, 8, 12, 10, 3]
    assert value(sandbox, "return [service, connector.url]", bindings, functions=functions) == [{"url": "u"}, "u"]
    assert value(sandbox, "return Object.keys(service.fn)", {}, functions={"a": "return 1"}) == ["a"]


def test_an_error_in_a_service_script_names_it_and_its_line(sandbox: Runner) -> None:
    functions = {"good": "return 1", "bad": "\n  return args[0].x.y", "unreadable": "\n\nlet = ("}
    failed = failure(sandbox, "await service.fn.good(); return await service.fn.bad({})", functions=functions)
    assert (failed.kind, failed.line, failed.details["function"]) == ("threw", 2, "bad")
    failed = failure(sandbox, "return await service.fn.unreadable()", functions=functions)
    assert (failed.kind, failed.line, failed.details["function"]) == ("syntax", 3, "unreadable")


# ---- clock and chance


def test_the_same_clock_and_seed_give_the_same_run(sandbox: Runner) -> None:
    code = """
      const out = [Date.now(), new Date(), Date(), Math.random(), Math.random(), $.crypto.randomUUID(), $.uuid.v4(),
        $.crypto.randomBytes(8).toString('hex'), $.crypto.randomInt(1000), $.lodash.sample([1, 2, 3, 4, 5, 6]), $.lodash.shuffle([1, 2, 3, 4, 5])];
      await new Promise((r) => setTimeout(r, 15));
      return [...out, Date.now(), new Date().toISOString()]"""
    first, again = (value(sandbox, code, now_ms=1_700_000_000_000, seed="execution-1") for _ in range(2))
    other = value(sandbox, code, now_ms=1_700_000_000_000, seed="execution-2")
    assert first == again
    assert first[0] == 1_700_000_000_000
    assert first[-2:] == [1_700_000_000_015, "2023-11-14T22:13:20.015Z"]
    assert first[3:9] != other[3:9]


def test_without_a_seed_runs_differ_and_the_clock_is_real(sandbox: Runner) -> None:
    one, two = (value(sandbox, "return [Math.random(), Date.now()]") for _ in range(2))
    assert one[0] != two[0]
    assert 1_600_000_000_000 < one[1] <= two[1]


def test_dates_otherwise_behave(sandbox: Runner) -> None:
    code = """class D extends Date { twice() { return this.getTime() * 2 } }
      return [new Date(2020, 1, 3).toISOString(), new Date('2020-01-01').getTime(), Date.UTC(2020, 0), new D(5).twice(), new Date() instanceof Date,
        typeof Date(), new Date(0).constructor === Date, Date.length, Date.name, Number.isNaN(Date.parse('x'))]"""
    assert value(sandbox, code) == [
        "2020-02-03T00:00:00.000Z", 1577836800000, 1577836800000, 10, True, "string", True, 7, "Date", True,
    ]  # fmt: skip


def test_random_numbers_are_spread_over_the_unit_interval(sandbox: Runner) -> None:
    code = "const a = Array.from({length: 5000}, Math.random); return [Math.min(...a), Math.max(...a), a.reduce((x, y) => x + y) / 5000]"
    low, high, mean = value(sandbox, code, seed="s")
    assert 0 <= low < 0.01
    assert 0.99 < high < 1
    assert 0.48 < mean < 0.52


def test_timers_run_in_order_and_can_be_cleared(sandbox: Runner) -> None:
    code = """const out = []; const at = (n, ms) => setTimeout((x) => out.push(x + ':' + Date.now()), ms, n);
      at('c', 30); at('a', 5); const b = at('b', 10); clearTimeout(b); await new Promise((r) => setTimeout(r, 31)); return out"""
    assert value(sandbox, code, now_ms=1000) == ["a:1005", "c:1030"]


# ---- limits


def test_limits_of_code_and_input_are_told_before_anything_runs(sandbox: Runner) -> None:
    deep: Any = 1
    for _ in range(64):
        deep = [deep]
    for bad in (
        Script("//" + "x" * 65_536, {}),
        Script("", {"input": "x" * 1_048_576}),
        Script("", {}, functions={f"f{i}": "//" + "x" * 60_000 for i in range(5)}),
    ):
        with pytest.raises(TooLarge):
            sandbox.run("w", bad)
    for wrong in (
        Script("", {"not a name": 1}),
        Script("", {"__proto__": {}}),
        Script("", {"input": {1, 2}}),
        Script("", {"input": "\ud800"}),
        Script("", {"input": deep}),
        Script("\0", {}),
        Script("", {}, functions={"a b": ""}),
        Script("", {}, timeout_s=0),
        Script("", {}, memory_mb=100_000),
    ):
        with pytest.raises(InvalidInput):
            sandbox.run("w", wrong)


def test_the_largest_input_and_output_pass(sandbox: Runner) -> None:
    text = "x" * 1_048_000
    assert value(sandbox, "return input", {"input": text}) == text
    deep: Any = 1
    for _ in range(63):
        deep = {"d": deep}
    assert value(sandbox, "return input", {"input": deep}) == deep


def test_recursion_as_deep_as_honest_scripts_need(sandbox: Runner) -> None:
    assert value(sandbox, "const f = (n) => n ? f(n - 1) + 1 : 0; return f(3000)") == 3000


def test_costs_are_told(sandbox: Runner) -> None:
    outcome = sandbox.run("w", Script("let n = 0; for (let i = 0; i < 300000; i++) n += i; return n", {}))
    assert outcome.cpu_ms > 1
    assert outcome.wall_ms > 1
    assert outcome.calls == 0


@pytest.mark.parametrize("levels", [65, 1_000, 1_100, 5_000])
def test_a_result_nested_too_deeply_is_refused(sandbox: Runner, levels: int) -> None:
    code = f"let made = 1; for (let i = 0; i < {levels}; i++) made = [made]; return made"
    failed = failure(sandbox, code)
    assert (failed.kind, failed.message) == ("output", "the result is nested deeper than 64 levels")
    assert value(sandbox, "return 1") == 1
