"""The auditor of chat bites: each planted violation is reported, and nothing where there is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.chaos.surfaces.botpress_audit import IN, MINUTE_MS, faults
from tests.unit.chaos.recorded import Record, Row, record

Plant = Callable[[Record], None]
HELD_MS = 9_999_999_999_999


def audit(made: Record) -> list[str]:
    return faults(made.ledger, made.seen, made.rows)


def kind(letter: str, **fields: Any) -> Callable[[Row], bool]:
    """Give what knows rows by the letter of their kind, and by more."""
    return lambda row: (
        row["pk"].split("#")[1] == letter and all(row.get(name) == value for name, value in fields.items())
    )


def first_said(made: Record) -> Any:
    return next(said for said in made.ledger.said.values() if said.is_incoming)


def forget(made: Record, identifier: str) -> None:
    """Take away that something was told."""
    made.seen.told = [one for one in made.seen.told if one.id != identifier]


def lose_a_message(made: Record) -> None:
    made.drop(lambda row: kind("M")(row) and row["sk"] == first_said(made).id)


def never_hand_over(made: Record) -> None:
    forget(made, first_said(made).id)


def double_a_message(made: Record) -> None:
    made.rows.append(made.row(kind("M")) | {"sk": "another"})


def untag_a_message(made: Record) -> None:
    made.drop(lambda row: kind("T")(row) and row["sk"] == first_said(made).id)


def unlist_a_message(made: Record) -> None:
    made.drop(lambda row: kind("CM")(row) and row["sk"] == first_said(made).id)


def overtake(made: Record) -> None:
    """Let the second of a room come before the first."""
    first = first_said(made)
    lane = [one for one in made.ledger.said.values() if one.is_incoming and one.conversation == first.conversation]
    second = sorted(lane, key=lambda one: one.asked)[1]
    begun = next(one.at for one in made.seen.told if one.id == first.id)
    made.seen.told = [replace(one, at=begun - 1) if one.id == second.id else one for one in made.seen.told]


def lose_an_event(made: Record) -> None:
    identifier = next(iter(made.ledger.events.values()))
    made.drop(lambda row: kind("E")(row) and row["sk"] == identifier)


def never_tell(made: Record) -> None:
    forget(made, next(iter(made.ledger.events.values())))


def leave_an_event_waiting(made: Record) -> None:
    made.row(kind("E"))["st"] = "pending"


def hold_an_event(made: Record) -> None:
    made.row(kind("E"))["until"] = HELD_MS


def double_an_event(made: Record) -> None:
    made.rows.append(made.row(kind("E", t="tick")) | {"sk": "another"})


def strike_twice(made: Record) -> None:
    found = made.row(kind("E", t="tick"))
    one = "01970000-0000-7000-8000-000000000001"
    for name in (one, one[:-1] + "2"):
        made.rows.append(found | {"t": "minute", "sk": name})


def hold_a_clock(made: Record) -> None:
    made.row(kind("R"))["until"] = HELD_MS


def stop_a_clock(made: Record) -> None:
    made.row(kind("R"))["due"] = made.seen.now_ms - 10 * MINUTE_MS


def never_tell_of_an_end(made: Record) -> None:
    made.seen.told = [one for one in made.seen.told if one.kind != "state_expired"]


def end_a_state_twice(made: Record) -> None:
    found = next(one for one in made.seen.told if one.kind == "state_expired")
    made.seen.told.append(replace(found, id="another"))


def keep_a_state(made: Record) -> None:
    made.rows.append(made.row(kind("R")) | {"pk": f"default#S#{made.ledger.bot}#user#u", "sk": "-#mood"})


def leave_an_entry(made: Record) -> None:
    made.row(kind("CM"))["p"] = "in"


def hold_a_lane(made: Record) -> None:
    made.row(kind("L"))["until"] = HELD_MS


def leave_a_lane_resting(made: Record) -> None:
    made.row(kind("L")).update(due=1, dueB="chat#1#0", dueK="1#x")


def leave_a_call(made: Record) -> None:
    made.row(kind("L"))["calls"] = ["some"]


def give_up(made: Record) -> None:
    pk = f"default#LOG#{made.ledger.bot}"
    made.rows.append({"pk": pk, "sk": "1", "doc": {"message": "m was given up: the bot: it answered 500"}})


def lose_a_file(made: Record) -> None:
    made.drop(kind("F"))


def spoil_a_file(made: Record) -> None:
    made.seen.files[next(iter(made.seen.files))] = "other"


def double_a_file(made: Record) -> None:
    made.rows.append(made.row(kind("F")) | {"sk": "another"})


def leave_out_of_a_list(made: Record) -> None:
    next(found for found in made.seen.messages.values() if found).pop()


def list_twice(made: Record) -> None:
    found = next(found for found in made.seen.messages.values() if found)
    found.append(found[-1])


def miscount(made: Record) -> None:
    made.seen.figures["messages"] += 1


def forge(made: Record) -> None:
    made.seen.told[0] = replace(made.seen.told[0], is_signed=False)


def tell_of_what_is_not_there(made: Record) -> None:
    made.seen.told.append(replace(made.seen.told[0], operation=IN, id="nothing"))


PLANTS: list[tuple[Plant, str]] = [
    (lose_a_message, "is not stored"),
    (never_hand_over, "was never handed over"),
    (double_a_message, "is there more than once"),
    (untag_a_message, "is not found by its tags"),
    (unlist_a_message, "is in no conversation"),
    (overtake, "overtook"),
    (lose_an_event, "is not stored"),
    (never_tell, "was never told"),
    (leave_an_event_waiting, "is pending after"),
    (hold_an_event, "is held until"),
    (double_an_event, "under more than one id"),
    (strike_twice, "the clock struck more than once"),
    (hold_a_clock, "is held until"),
    (stop_a_clock, "and nobody came"),
    (never_tell_of_an_end, "expired and nobody was told"),
    (end_a_state_twice, "expired 2 times"),
    (keep_a_state, "should have expired"),
    (leave_an_entry, "still waits to be handed over"),
    (hold_a_lane, "is held until"),
    (leave_a_lane_resting, "still has due"),
    (leave_a_call, "has nothing waiting"),
    (give_up, "the log says"),
    (lose_a_file, "is not stored"),
    (spoil_a_file, "comes back as other"),
    (double_a_file, "is there more than once"),
    (leave_out_of_a_list, "misses"),
    (list_twice, "has too many of"),
    (miscount, "the figures say"),
    (forge, "was not signed rightly"),
    (tell_of_what_is_not_there, "told of nothing"),
]


def test_nothing_is_reported_where_all_is_well() -> None:
    made = record("botpress")
    assert len(made.ledger.said) > 30
    assert audit(made) == []


def test_a_lease_that_ran_out_holds_nobody() -> None:
    made = record("botpress")
    made.row(kind("L"))["until"] = 1
    assert audit(made) == []


@pytest.mark.parametrize(("plant", "said"), PLANTS, ids=[plant.__name__ for plant, _ in PLANTS])
def test_a_planted_violation_is_reported(plant: Plant, said: str) -> None:
    made = record("botpress")
    plant(made)
    assert [one for one in audit(made) if said in one], audit(made)
