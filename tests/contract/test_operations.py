"""docs/OPERATIONS.md against the template and the code: a runbook for each alarm, a row for each figure."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from chalicelib.core.figures import FIGURES
from chalicelib.platform.figures import SHOWN
from infra import template
from infra.functions import FUNCTIONS, STAGES

TEXT = (Path(__file__).parents[2] / "docs/OPERATIONS.md").read_text()
ALARM = re.compile(r"\w+Alarm")
SECTION = re.compile(r"^#### (.+)\n\n((?:(?!^#{2,4} ).*\n)*)", re.MULTILINE)
Json = dict[str, Any]


def alarms() -> dict[str, Json]:
    resources = template.merge_file(STAGES["prod"])["Resources"]
    return {name: one for name, one in resources.items() if one.get("Type") == "AWS::CloudWatch::Alarm"}


def sections() -> dict[str, str]:
    """Map each alarm that a heading names to the text below the heading."""
    return {name: text for heading, text in SECTION.findall(TEXT) for name in ALARM.findall(heading)}


def test_every_alarm_has_its_heading_and_every_heading_its_alarm() -> None:
    named = [name for heading, _ in SECTION.findall(TEXT) for name in ALARM.findall(heading)]
    assert sorted(named) == sorted(alarms())


@pytest.mark.parametrize("name", sorted(alarms()))
def test_a_runbook_says_what_users_notice_and_its_kind_the_rest(name: str) -> None:
    text = sections()[name]
    assert "*Users notice*:" in text
    kind = next((kind for kind in ("Errors", "Throttles", "Oldest", "Throttled") if name.endswith(f"{kind}Alarm")), "")
    rest = re.search(rf"^\*\*`\.\.\.{kind}Alarm`:.*?(?=^\*\*`|^### )", TEXT, re.MULTILINE | re.DOTALL)
    whole = text if name in ("DeadLettersAlarm", "DisabledEndpointsAlarm", "GatewayErrorsAlarm") else rest and rest[0]
    for part in ("First look", "Causes", "Do", "Over"):
        assert f"*{part}*:" in str(whole), part


def test_a_limit_that_a_runbook_names_is_the_alarm_s() -> None:
    for function in FUNCTIONS:
        if function.queue:
            text = sections()[f"{function.logical_id}OldestAlarm"]
            assert f"Queue `{function.queue}`, limit {function.late_s:,} s." in text, function.name


def test_every_line_a_query_looks_for_is_one_the_code_writes() -> None:
    code = "".join(path.read_text() for path in (Path(__file__).parents[2] / "chalicelib").rglob("*.py"))
    asked = set(re.findall(r"\bmessage = \"([a-z_.]+)\"", TEXT))
    asked |= {
        one for many in re.findall(r"\bmessage in \[(.+?)\]", TEXT) for one in re.findall(r"\"([a-z_.]+)\"", many)
    }
    assert len(asked) > 10
    assert {one for one in asked if f'"{one}"' not in code} == set()


def test_the_table_of_figures_is_the_code_s() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (.+) \|$", TEXT, re.MULTILINE)
    assert rows == [(name, figure.unit, figure.meaning) for name, figure in FIGURES.items()]


def test_what_is_kept_is_what_is_shown() -> None:
    shown = [name for words in SHOWN.values() for name in words.values()]
    assert sorted(shown) == sorted(name for name, figure in FIGURES.items() if figure.is_kept)
    for group in SHOWN:
        assert f"| `{group}` |" in TEXT
