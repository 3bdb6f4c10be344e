"""Templates: what they print, and what they refuse."""

from __future__ import annotations

from typing import Any

import pytest

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
        ("{{#equals n '3'}}loose{{/equals}}", "loose"),
        ("{{uppercase o.b.c}} {{lowercase 'ABC'}} {{titlecase 'ab cD'}}", "DEEP abc Ab Cd"),
        ("{{pluralize 1 'day' 'days'}} {{pluralize n 'day' 'days'}}", "1 day 3 days"),
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
