"""Names and versions of connectors."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from chalicelib.connectors import rules
from chalicelib.core.errors import InvalidInput


@dataclass
class Version:
    name: str
    published: bool = True


def test_versions_order_by_number_and_a_purpose_comes_before_its_version() -> None:
    names = ["10.0.0", "2", "1.0.0", "1.2.0", "1.10.0", "1.2.0-beta", "draft"]
    assert sorted(names, key=rules.version_order) == [
        "draft",
        "1.0.0",
        "1.2.0-beta",
        "1.2.0",
        "1.10.0",
        "2",
        "10.0.0",
    ]


@pytest.mark.parametrize(
    ("asked", "latest", "wanted"),
    [
        ("minor", "1.2.3", "1.3.0"),
        ("major", "1.2.3", "2.0.0"),
        ("minor", "2-beta", "2.1.0"),
        ("1.0.0", "2.0.0", "1.0.0"),
        ("3", "2.0.0", "3"),
        ("2.1.0-oauth", "2.0.0", "2.1.0-oauth"),
    ],
)
def test_the_wanted_version_is_named(asked: str, latest: str, wanted: str) -> None:
    assert rules.version_wanted(asked, latest) == wanted


@pytest.mark.parametrize("asked", [None, "", "patch", "1.", "1.0.0.0", "١.0", "1.0.0-", " 1"])
def test_a_malformed_version_is_refused(asked: str | None) -> None:
    with pytest.raises(InvalidInput) as refused:
        rules.version_wanted(asked, "1.0.0")
    assert refused.value.faults[0].location == "query.version"


@pytest.mark.parametrize(
    ("versions", "expected"),
    [
        ([], None),
        ([Version("1"), Version("11"), Version("2")], "11"),
        ([Version("1"), Version("2", published=False)], "1"),
        ([Version("1", published=False), Version("2", published=False)], "2"),
    ],
)
def test_the_highest_published_version_runs_else_the_highest(versions: list[Version], expected: str | None) -> None:
    chosen = rules.running_version(versions)
    assert (chosen.name if chosen else None) == expected


@pytest.mark.parametrize("name", ["0ba821ef-cbb9-40fe-a79a-c470f1d5cfb8", " a", "a "])
def test_a_confusing_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput):
        rules.check_name(name)
