"""Logic in both spellings, and what is no logic."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.connectors import logic
from chalicelib.core.errors import InvalidInput, TooLarge

CODE = {"language": "javascript", "code": "return 1"}


def test_a_plain_string_is_code() -> None:
    assert logic.normalised("action", {"execute": "return 1"}) == {"execute": CODE}
    assert logic.normalised("trigger", {"poll": {"code": "return 1"}}) == {"poll": CODE}
    assert logic.normalised("condition", {"execute": "return 1"}) == {"execute": CODE}
    assert logic.normalised("datatype", {"values": "return 1"}) == {"values": CODE}
    assert logic.normalised("version", {"fn": {"a": "return 1"}}) == {"fn": {"a": CODE}}


def test_what_is_normal_stays_as_it_is() -> None:
    once = logic.normalised("event", {"route": "x", "response": {"language": "javascript", "code": "y"}})
    assert logic.normalised("event", once) == once


@pytest.mark.parametrize(
    ("kind", "given", "where"),
    [
        ("action", {"route": "x"}, "body.logic.route"),
        ("action", {"fn": {"a": "x"}}, "body.logic.fn"),
        ("variable", {"execute": "x"}, "body.logic.execute"),
        ("action", {"execute": None}, "body.logic.execute"),
        ("action", {"execute": {"language": "python", "code": "x"}}, "body.logic.execute.language"),
        ("action", {"execute": {"language": "typescript", "code": "x"}}, "body.logic.execute.language"),
        ("condition", {"values": "x"}, "body.logic.values"),
        ("datatype", {"execute": "x"}, "body.logic.execute"),
        ("action", {"execute": "a\0b"}, "body.logic.execute"),
        ("version", {"fn": ["x"]}, "body.logic.fn"),
        ("version", {"fn": {"a-b": "x"}}, "body.logic.fn.a-b"),
        ("version", {"fn": {"constructor": "x"}}, "body.logic.fn.constructor"),
    ],
)
def test_the_fault_is_located(kind: str, given: dict[str, Any], where: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        logic.normalised(kind, given)
    assert refused.value.faults[0].location == where


def test_code_has_a_limit_in_bytes() -> None:
    logic.normalised("action", {"execute": "x" * logic.MAX_CODE_BYTES})
    with pytest.raises(TooLarge):
        logic.normalised("action", {"execute": "é" * (logic.MAX_CODE_BYTES // 2 + 1)})
