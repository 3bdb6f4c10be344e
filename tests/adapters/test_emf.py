"""The lines that CloudWatch reads, held to its specification."""

from __future__ import annotations

import json
from typing import Any

import jsonschema_rs
import pytest

from chalicelib.adapters import emf, logs
from chalicelib.core import config
from chalicelib.core.figures import FIGURES, Group
from tests.conftest import NOON_MS, Clock

TEXT = {"type": "string", "minLength": 1, "maxLength": 1024}
METRIC = {
    "type": "object",
    "required": ["Name"],
    "properties": {"Name": TEXT, "Unit": {"enum": ["Count", "Milliseconds", "Bytes", "None"]}},
    "additionalProperties": False,
}
DIRECTIVE = {
    "type": "object",
    "required": ["Namespace", "Dimensions", "Metrics"],
    "properties": {
        "Namespace": TEXT,
        "Dimensions": {"type": "array", "minItems": 1, "items": {"type": "array", "maxItems": 30, "items": TEXT}},
        "Metrics": {"type": "array", "maxItems": 100, "items": METRIC},
    },
    "additionalProperties": False,
}
SPECIFIED = {  # what the page of emf.py says of a document
    "type": "object",
    "required": ["_aws"],
    "properties": {
        "_aws": {
            "type": "object",
            "required": ["Timestamp", "CloudWatchMetrics"],
            "properties": {
                "Timestamp": {"type": "integer"},
                "CloudWatchMetrics": {"type": "array", "items": DIRECTIVE},
            },
        }
    },
}
LOW = 60  # metrics a deployment pays for


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("MILLRACE_LOG_LEVEL", "ERROR")
    config.forget()
    yield
    config.forget()


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_line_is_what_the_specification_asks_for_whatever_the_log_level(
    quiet: None, still: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.bind(workspace="w1", token="s3cr3t")
    emf.write([Group("", {"TableReads": 3, "BatchMs": [7.0]}), Group("novu", {"RequestMs": [1.0, 2.0]})], "notify")
    logs.unbind()
    work, requests = lines(capsys)
    for line in (work, requests):
        jsonschema_rs.validate(SPECIFIED, line)
        for directive in line["_aws"]["CloudWatchMetrics"]:
            targets = [metric["Name"] for metric in directive["Metrics"]]
            targets += [name for names in directive["Dimensions"] for name in names]
            assert set(targets) <= line.keys()
    assert work["_aws"] == {
        "Timestamp": NOON_MS,
        "CloudWatchMetrics": [
            {
                "Namespace": "Millrace/dev",
                "Dimensions": [[]],
                "Metrics": [{"Name": "TableReads", "Unit": "Count"}, {"Name": "BatchMs", "Unit": "Milliseconds"}],
            }
        ],
    }
    assert (work["TableReads"], work["BatchMs"], work["operation"]) == (3, 7, "notify")
    assert (requests["Surface"], requests["RequestMs"]) == ("novu", [1, 2])
    assert requests["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["Surface"]]
    assert not {"workspace", "token"} & {*work, *requests}


def test_no_figure_is_called_like_something_a_log_line_has_or_masks() -> None:
    assert [name for name in FIGURES if logs._free(name) != name] == []
    shown = emf.line(Group("", dict.fromkeys(FIGURES, 1.0)), 1)
    assert {shown[name] for name in FIGURES} == {1}


def test_a_deployment_has_few_metrics_whatever_happens_in_it() -> None:
    surfaces, of_requests = 4, [name for name in FIGURES if name.startswith("Request")]
    assert len(FIGURES) + (surfaces - 1) * len(of_requests) <= LOW
