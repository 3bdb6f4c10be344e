"""Templates: what they print, and what they refuse."""

# ruff: noqa: E501

from __future__ import annotations

import time
from typing import Any

import pytest

from chalicelib.channels.providers.mime import _plain
from chalicelib.channels.templates import TemplateFault, render

DATA: dict[str, Any] = {
    "name": "A<b>",
    "n": 3,
    "zero": 0,
    "none": None,
    "items": [{"n": 1, "t": "x"}, {"n": 2, "t": "y"}, {"n": 3, "t": "x"}],
    "empty": [],
    "o": {"a": 1, "b": {"c": "deep"}},
    "at": "2026-01-02T15:04:05Z",
    "years": [{"y": 2025}, {"y": 7}, {"y": 2024}, {"y": "x"}],
}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{name}} {{{name}}} {{&name}}", "A&lt;b&gt; A<b> A<b>"),
        ("{{o.b.c}} {{items.[1].t}} {{items.length}} {{missing.deep}}", "deep y 3 "),
        ("{{#if n}}y{{else}}n{{/if}}{{#if zero}}y{{else}}n{{/if}}{{#unless none}}u{{/unless}}", "ynu"),
        ("{{#if none}}a{{else if n}}b{{else}}c{{/if}}", "b"),
        ("{{#each items}}{{@index}}{{t}}{{#unless @last}},{{/unless}}{{else}}none{{/each}}", "0x,1y,2x"),
        ("{{#each empty}}x{{else}}none{{/each}}", "none"),
        ("{{#each o}}{{@key}} {{/each}}", "a b "),
        ("{{#each items as |one i|}}{{i}}{{one.n}}{{../n}} {{/each}}", "013 123 233 "),
        ("{{#with o.b}}{{c}} {{../n}}{{/with}}", "deep 3"),
        ("{{#items}}{{n}}{{/items}}{{^empty}}!{{/empty}}", "123!"),
        ("a\n{{#if n}}\n  b\n{{/if}}\nc", "a\n  b\nc"),
        ("x {{~n~}} y {{! comment }}{{!-- }} --}}z", "x3y z"),
        ("\\{{name}} {{n}}", "{{name}} 3"),
        ("{{#eq n 3}}yes{{else}}no{{/eq}} {{#if (gt n 2)}}big{{/if}} {{ne n 3}}", "yes big false"),
        ("{{#equals n '3'}}loose{{/equals}}{{#eq n '3'}}strict{{else}}not{{/eq}} {{ne n '3'}} {{eq n 3}}", "loosenot true true"),
        ("{{#each (groupBy years 'y')}}{{key}} {{/each}}", "7 2024 2025 x "),
        ("{{numberFormat '12abc'}} {{numberFormat -1234.5}} {{numberFormat 1.005}}", "12.00 -1,234.50 1.00"),
        ("{{unique items 't'}}|{{unique none 't'}}|{{sortBy none 't'}}", "x,y||"),
        ("{{uppercase o.b.c}} {{lowercase 'ABC'}} {{titlecase 'ab cD'}}", "DEEP abc Ab Cd"),
        ("{{pluralize 1 'day' 'days'}} {{pluralize n 'day' 'days'}}", "day days"),
        ("{{dateFormat at 'yyyy-MM-dd HH:mm'}}", "2026-01-02 15:04"),
        ("{{dateFormat at \"MMMM do, yyyy 'at' h a\"}}", "January 2nd, 2026 at 3 PM"),
        ("{{numberFormat 1234567.891}} {{numberFormat 9 decimalLength=1 decimalSep=','}}", "1,234,567.89 9,0"),
        ("{{unique items 't'}} {{#each (groupBy items 't')}}{{key}}{{items.length}}{{/each}}", "x,y x2y1"),
        ("{{#each (sortBy items 't')}}{{n}}{{/each}}", "132"),
        ("{{{json o}}}", '{"a":1,"b":{"c":"deep"}}'),
    ],
)  # fmt: skip
def test_what_is_printed(template: str, text: str) -> None:
    assert render(template, DATA) == text


@pytest.mark.parametrize(
    "template",
    [
        "{{#if n}}",
        "{{/if}}",
        "{{#if n}}{{/each}}",
        "{{nope 1}}",
        "{{> partial}}",
        "{{x",
        "{{}}",
        "{{(a}}",
        "{{#if}}{{/if}}",
    ],
)
def test_what_is_refused(template: str) -> None:
    with pytest.raises(TemplateFault):
        render(template, DATA)


def test_a_loop_in_loops_ends() -> None:
    data = {"a": list(range(200))}
    with pytest.raises(TemplateFault):
        render("{{#each a}}{{#each ../a}}{{#each ../../a}}x{{/each}}{{/each}}{{/each}}", data)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("yyyy-MM-dd HH:mm:ss.SSS", "2026-01-02 15:04:05.678"), ("EEEE, MMMM do yyyy", "Friday, January 2nd 2026"),
        ("P", "01/02/2026"), ("PP", "Jan 2, 2026"), ("PPP", "January 2nd, 2026"), ("PPPP", "Friday, January 2nd, 2026"),
        ("p", "3:04 PM"), ("pp", "3:04:05 PM"), ("pppp", "3:04:05 PM GMT+00:00"), ("Pp", "01/02/2026, 3:04 PM"),
        ("PPPp", "January 2nd, 2026 at 3:04 PM"), ("hh:mm aaa", "03:04 pm"), ("h aaaa", "3 p.m."), ("Qo Q QQQ", "1st 1 Q1"),
        ("EEE E EEEEE EEEEEE", "Fri Fri F Fr"), ("LLL LLLL MMMMM", "Jan January J"), ("w I RRRR", "1 1 2026"),
        ("k K kk", "15 3 15"), ("S SS", "6 67"), ("B", "in the afternoon"), ("b", "PM"), ("z O", "GMT+0 GMT+0"),
        ("xxx XXX X xx", "+00:00 Z Z +0000"), ("t", "1767366245"), ("T", "1767366245678"), ("i e", "5 6"), ("G", "AD"),
        ("d MMM yy 'at' p", "2 Jan 26 at 3:04 PM"), ("''yy''", "'26'"), ("DDD Do", "002 2nd"),
    ],
)  # fmt: skip
def test_times_are_printed_as_date_fns_prints_them(pattern: str, text: str) -> None:
    assert render("{{{dateFormat at p}}}", {"at": "2026-01-02T15:04:05.678Z", "p": pattern}) == text


def test_weeks_are_counted_as_in_america() -> None:
    days = {"2025-12-29": "1", "2024-12-31": "1", "2027-01-03": "2", "2023-01-01": "1", "2022-12-31": "53"}
    assert {day: render("{{dateFormat d 'w'}}", {"d": day}) for day in days} == days


@pytest.mark.parametrize(
    "template",
    [
        "{{constructor}}", "{{__proto__}}", "{{o.constructor}}", "{{o.__proto__.toString}}", "{{lookup o '__proto__'}}",
        "{{name.constructor}}", "{{toString}}", "{{items.push}}", "{{this.constructor.name}}", "{{@root.constructor}}",
        "{{#with (lookup this 'constructor')}}x{{/with}}", "{{#each o.__proto__}}x{{/each}}", "{{__class__}}",
        "{{o.__class__.__mro__}}", "{{name.__init__}}", "{{items.__len__}}", "{{o.items}}", "{{o.keys}}",
    ],
)  # fmt: skip
def test_nothing_but_data_can_be_reached(template: str) -> None:
    assert render(template, DATA) == ""


BIG: dict[str, Any] = {"l": list(range(1_000)), "text": "x" * 100_000, "rows": [{"i": one} for one in range(3_000)]}
TWICE = "{{#each l}}{{#each ../l}}%s{{/each}}{{/each}}"


@pytest.mark.parametrize(
    "template",
    [
        "{{#if a}}" * 1_000 + "{{/if}}" * 1_000, "{{#if b}}" + "{{else if b}}" * 5_000 + "{{/if}}",
        "{{" * 100_000, "{{!--" * 50_000, "{{{" * 100_000, "{{" + "[" * 100_000 + "}}", "{{a " + "(" * 100_000 + ")" * 100_000 + "}}",
        TWICE % TWICE % "x", "{{#each l}}{{unique ../rows}}{{/each}}", TWICE % "{{#if (json @root)}}{{/if}}",
        TWICE % "{{#if (uppercase @root.text)}}{{/if}}", TWICE % "{{#if (sortBy @root.rows)}}{{/if}}",
        "{{#each l}}{{@root.text}}{{/each}}", "x" * 300_001 + "{{a}}",
    ],
    ids=range(14),
)  # fmt: skip
def test_hostile_templates_end_soon_and_cleanly(template: str) -> None:
    started = time.process_time()
    with pytest.raises(TemplateFault):
        render(template, BIG)
    assert time.process_time() - started < 3


@pytest.mark.parametrize(
    "template",
    [" " * 200_000 + "x\n{{#if l}}\ny{{/if}}", "{{" + "../" * 50_000 + "a}}", "\\{{" * 70_000,
     "{{a" + " " * 100_000 + "}}", "{{dateFormat '2026-01-01' text}}"],
    ids=range(5),
)  # fmt: skip
def test_odd_templates_are_read_in_one_pass(template: str) -> None:
    started = time.process_time()
    render(template, BIG)
    assert time.process_time() - started < 2


@pytest.mark.parametrize(
    "page", ["<script" * 28_000, "<" * 200_000, "<script>" * 25_000, "<a" * 100_000 + ">"], ids=range(4)
)
def test_the_words_of_a_page_are_found_in_one_pass(page: str) -> None:
    started = time.process_time()
    _plain(page)
    assert time.process_time() - started < 1


def test_the_words_of_a_page() -> None:
    page = "<head><title>t</title></head><style>a{}</style><p>Hi <b>Ann</b>&amp;Bob</p>a<br/>b<SCRIPT>x</script>c < d"
    assert _plain(page) == "Hi Ann&Bob\na\nbc"
