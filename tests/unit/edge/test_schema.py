"""Shapes: what is read, and what is shown."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Annotated, Any

import pytest
from pydantic import Field

from chalicelib.core.errors import InvalidInput
from chalicelib.edge.schema import CamelIn, CamelOut, Id, Name, WhenSet, Whole


class ThingIn(CamelIn):
    id: Id | None = None
    name: Name = "thing"
    keep_s: Annotated[Whole, Field(ge=0, le=100)] = 0


class ThingOut(CamelOut):
    name: WhenSet
    version_name: WhenSet = Field(alias="version")
    note: str | None


def fault(body: dict[str, Any]) -> tuple[str, str]:
    with pytest.raises(InvalidInput) as caught:
        ThingIn.read(body)
    return caught.value.faults[0].location, caught.value.faults[0].message


@pytest.mark.parametrize("sent", [60, 60.0, 6e1])
def test_a_whole_number_is_whole_however_it_is_written(sent: float) -> None:
    read = ThingIn.read({"keepS": sent}).keep_s
    assert (read, type(read)) == (60, int)


@pytest.mark.parametrize("sent", [60.5, "60", True, 1e300, -1, None])
def test_what_is_no_whole_number_in_the_range_is_refused(sent: object) -> None:
    assert fault({"keepS": sent})[0] == "body.keepS"


def test_a_name_is_measured_in_characters_and_may_be_of_any_script() -> None:
    assert ThingIn.read({"name": "Zoë 東京 🚀"}).name == "Zoë 東京 🚀"
    assert ThingIn.read({"name": "🚀" * 200}).name == "🚀" * 200
    assert fault({"name": "x" * 201}) == ("body.name", "String should have at most 200 characters")
    assert fault({"name": "a\x00"}) == ("body.name", "must not hold control characters")
    assert fault({"id": "a/b"})[0] == "body.id"


def test_a_text_that_is_not_set_is_left_out_where_the_shape_says_so() -> None:
    assert ThingOut.of(SimpleNamespace(name=None, version_name=None, note=None)) == {"note": None}
    assert ThingOut.of(SimpleNamespace(name="a", version_name="b", note="c")) == {
        "name": "a",
        "version": "b",
        "note": "c",
    }
