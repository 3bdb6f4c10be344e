"""Bodies from strangers: what is read, and what is refused with its reason."""

from __future__ import annotations

import json

import pytest

from chalicelib.core import jsontext
from chalicelib.core.errors import InvalidInput, TooLarge


@pytest.mark.parametrize("value", [{}, [], "text", 0, -1.5, True, None, {"a": [{"b": "\u00e9\U0001f600"}]}, 10**37])
def test_ordinary_json_is_read_as_it_stands(value: object) -> None:
    assert jsontext.read(json.dumps(value).encode()) == value


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (b"", "json"),
        (b"{", "json"),
        (b"{'a': 1}", "json"),
        (b'{"a": 1} x', "json"),
        (b"[NaN]", "json"),
        (b"[Infinity]", "json"),
        (b"[-Infinity]", "json"),
        (b"[1e999]", "json"),
        (b"[1" + b"0" * 38 + b"]", "json"),
        (b'{"a": 1, "a": 2}', "json"),
        (b'{"x": {"__proto__": {"admin": true}}}', "json"),
        (b'{"constructor": 1}', "json"),
        (b'{"a": {"prototype": 1}}', "json"),
        (b'"\xff"', "encoding"),
        (b'"\xed\xa0\x80"', "encoding"),
        (b'"\\ud800"', "encoding"),
        (b'{"\\udfff": 1}', "encoding"),
        (b"[" * 65 + b"]" * 65, "depth"),
        (b'{"a":' * 65 + b"1" + b"}" * 65, "depth"),
        (b"[" * 100_000, "depth"),
    ],
)
def test_what_two_readers_would_read_differently_is_refused(raw: bytes, kind: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        jsontext.read(raw)
    assert [fault.kind for fault in refused.value.faults] == [kind]
    assert refused.value.faults[0].location == "body"


def test_depth_64_is_read_and_brackets_inside_text_do_not_count() -> None:
    assert jsontext.read(b"[" * 64 + b"]" * 64)
    assert jsontext.read(json.dumps({"a": "[" * 1000 + '"{'}).encode())


def test_a_surrogate_pair_is_one_character() -> None:
    assert jsontext.read(b'"\\ud83d\\ude00"') == "\U0001f600"


def test_size_is_counted_before_anything_is_parsed() -> None:
    with pytest.raises(TooLarge):
        jsontext.read(b"[" * (jsontext.MAX_BYTES + 1))


def test_depth_of_a_parsed_value() -> None:
    assert jsontext.depth_of(1) == 1
    assert jsontext.depth_of({"a": [{"b": 1}]}) == 4


def test_whole_numbers_beyond_64_bits_are_kept_refused_or_read_as_javascript_does() -> None:
    raw, widest = b"[18446744073709551616, -9223372036854775809]", b"[18446744073709551615, -9223372036854775808]"
    with pytest.raises(InvalidInput):
        jsontext.read(raw, integers=jsontext.Integers.REFUSED)
    doubles = jsontext.read(raw, integers=jsontext.Integers.DOUBLES)
    assert doubles == [2.0**64, -(2.0**63)] and all(isinstance(number, float) for number in doubles)
    for integers in jsontext.Integers:
        assert jsontext.read(widest, integers=integers) == [2**64 - 1, -(2**63)]
