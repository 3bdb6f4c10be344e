"""Who a customer is, what an event does, what placeholders and cells become, and the states of tokens."""

from __future__ import annotations

import pytest

from chalicelib.journeys.rules import calls, cells, entry, overdue, placeholders, tokens
from chalicelib.journeys.rules.entry import Act, Identity
from chalicelib.journeys.rules.placeholders import Missing, Place
from chalicelib.journeys.rules.tokens import Status


@pytest.mark.parametrize(
    ("inserts", "removes", "primary", "act"),
    [
        (True, True, True, Act.REMOVE),
        (True, True, False, Act.INSERT),
        (True, False, True, Act.INSERT),
        (False, True, False, Act.REMOVE),
        (False, False, True, Act.NOTHING),
    ],
)
def test_an_event_does_exactly_one_thing(inserts: bool, removes: bool, primary: bool, act: Act) -> None:
    assert entry.decide(inserts, removes, remove_is_primary=primary) is act


def test_the_customer_key_is_the_strongest_name() -> None:
    everything = {"email": " Ann@X.example ", "mobilePhone": "0039 333 1234567"}
    clab = "AAAAAAAA-0000-4000-8000-000000000000"
    found = entry.identity_of(clab, "7", everything)
    assert found and found.names() == [f"clab:{clab.lower()}", "pk:7", "mail:ann@x.example", "tel:+393331234567"]
    assert entry.identity_of(None, None, {"email": "x"}) is None


def test_a_shared_address_does_not_make_two_people_one() -> None:
    ann, ben = Identity("a", None, "x@y.example"), Identity("b", None, "x@y.example")
    assert ann.is_other_than(ben)
    assert not ann.is_other_than(Identity(None, None, "x@y.example"))


@pytest.mark.parametrize(
    ("text", "code", "expected"),
    [
        ("+49 151 1234567", "", "+491511234567"),
        ("0151/1234567", "49", "+491511234567"),
        ("06 1234567", "39", "+39061234567"),
        ("0151 1234567", "", None),
        ("+1", "", None),
        ("+12345678901234567", "", None),
    ],
)
def test_numbers_become_e164(text: str, code: str, expected: str | None) -> None:
    assert entry.normal_phone(text, code) == expected


@pytest.mark.parametrize("text", ["a@b", "a b@c.example", "a@b.example,c@d.example", "<a@b.example>", "@b.example"])
def test_what_is_no_single_address_is_none(text: str) -> None:
    assert entry.normal_email(text) is None


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        (Place.HTML, "Hi &lt;b&gt;&quot;\n"),
        (Place.TEXT, 'Hi <b>"\n'),
        (Place.LINE, 'Hi <b>" '),
        (Place.URL, "Hi %3Cb%3E%22%0A"),
        (Place.JSON, 'Hi <b>\\"\\n'),
    ],
)
def test_values_cannot_end_what_they_stand_in(place: Place, expected: str) -> None:
    assert placeholders.fill("Hi ${name}", {"name": '<b>"\n'}, place) == expected


def test_a_value_is_not_read_as_a_template() -> None:
    assert placeholders.fill("${a}", {"a": "${b}", "b": "x"}, Place.TEXT) == "${b}"
    with pytest.raises(Missing, match="b"):
        placeholders.fill("${a}${b}", {"a": "x"}, Place.TEXT)
    assert placeholders.fill("${b}!", {}, Place.TEXT, may_miss=True) == "!"


@pytest.mark.parametrize(
    "text", ["=1", "+1", "-1", "@x", "\tx", "\rx", "\nx", "\uff1d1", "\uff0b1", "\uff0d1", "\uff20x"]
)
def test_no_cell_begins_a_formula(text: str) -> None:
    assert cells.safe(text) == "'" + text
    assert [cells.safe(value) for value in (-1, 0.5, True, False, None, "")] == ["-1", "0.5", "true", "false", "", ""]


def test_file_names_keep_only_plain_characters() -> None:
    assert cells.file_name('../a b"\r\n.csv', "d", ".csv") == "ab.csv"
    assert cells.file_name("…", "d", ".zip") == "d.zip"


def test_states_change_by_the_table_only() -> None:
    tokens.check("READY", "PROCESSING")
    for last in (Status.COMPLETED, Status.ERROR, Status.REMOVED, Status.EXPIRED):
        assert tokens.is_over(last)
        for status in Status:
            with pytest.raises(ValueError, match="cannot go"):
                tokens.check(last, status)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"st": "WAITING", "v": 2, "wt": 2, "due": 5}, True),
        ({"st": "READY", "v": 2, "wt": 2, "due": 5, "m": {}}, False),
        ({"st": "READY", "v": 2}, False),
        ({"st": "RETRYING", "v": 2, "wt": 2, "due": 5}, False),
        ({"st": "RETRYING", "v": 3, "wt": 2, "due": 5}, False),
    ],
)
def test_only_waits_can_be_overdue(row: dict[str, object], expected: bool) -> None:
    assert overdue.may_be_overdue(row) is expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [("120", 120.0), ("999999", 3600.0), ("Thu, 01 Jan 2026 12:00:30 GMT", 30.0), ("soon", None), (None, None)],
)
def test_retry_after_is_read_as_seconds_or_a_date(header: str | None, expected: float | None) -> None:
    assert calls.retry_after_s(header, 1_767_268_800_000) == expected
