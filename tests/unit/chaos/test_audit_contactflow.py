"""The auditor of journeys bites: each planted violation is reported, and nothing where there is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.chaos.surfaces.contactflow_audit import faults
from tests.unit.chaos.recorded import Record, Row, record

Plant = Callable[[Record], None]


def audit(made: Record) -> list[str]:
    return faults(made.ledger, made.seen, made.rows)


def is_token(row: Row, **fields: Any) -> bool:
    return "#TOK#" in row["pk"] and row["sk"] == "T" and all(row.get(name) == value for name, value in fields.items())


def name_of(row: Row) -> str:
    return str(row["pk"].partition("#TOK#")[2])


def entered(made: Record) -> Row:
    """Find a token that entered by itself and came through."""
    return made.row(lambda row: is_token(row, st="COMPLETED") and name_of(row) in made.ledger.entered)


def of_batch(made: Record) -> Row:
    return made.row(lambda row: is_token(row) and "source" in row["doc"])


def batch(made: Record) -> Row:
    return made.row(lambda row: "#BAT#" in row["pk"] and row["sk"] == "B")


def lose_a_token(made: Record) -> None:
    made.rows.remove(entered(made))


def swap_a_customer(made: Record) -> None:
    entered(made)["who"]["pk"] = "somebody else"


def let_a_stranger_in(made: Record) -> None:
    found = entered(made)
    made.rows.append(found | {"pk": found["pk"].replace(name_of(found), "stranger")})


def keep_what_was_discarded(made: Record) -> None:
    found = entered(made)
    made.ledger.discarded[name_of(found)] = (name_of(found), 1)


def discard_for_nobody(made: Record) -> None:
    made.ledger.discarded["some"] = ("nobody", 1)


def leave_one_waiting(made: Record) -> None:
    entered(made).update(st="WAITING", due=1)


def leave_a_lease(made: Record) -> None:
    entered(made)["until"] = 9_999_999_999_999


def leave_a_due_time(made: Record) -> None:
    entered(made).update(due=1, dueB="token#1#0", dueK="1#x")


def jump_over_a_step(made: Record) -> None:
    entered(made)["v"] -= 1


def move_twice(made: Record) -> None:
    entered(made)["v"] += 1


def end_in_the_middle(made: Record) -> None:
    entered(made).update(s=made.ledger.steps["tag"], v=4)


def end_in_error(made: Record) -> None:
    entered(made).update(st="ERROR", err="broken")


def forget_a_sent_mail(made: Record) -> None:
    entered(made)["doc"]["sent"].pop(made.ledger.steps["welcome"])


def lose_writes(made: Record) -> None:
    entered(made)["seq"] = 1


def keep_what_was_removed(made: Record) -> None:
    made.ledger.removed.add("gone")


def remove_unasked(made: Record) -> None:
    entered(made).update(st="REMOVED")


def lose_a_batch(made: Record) -> None:
    made.rows.remove(batch(made))


def leave_a_batch_halfway(made: Record) -> None:
    batch(made).update(st="CLOSED")


def miscount_a_batch(made: Record) -> None:
    batch(made)["enabled"] += 1


def let_in_twice(made: Record) -> None:
    found = of_batch(made)
    made.rows.append(found | {"pk": found["pk"] + "-2"})


def lose_a_customer_of_a_batch(made: Record) -> None:
    made.rows.remove(of_batch(made))


def unlist_a_token(made: Record) -> None:
    name = name_of(entered(made))
    made.drop(lambda row: "#LST#" in row["pk"] and row["sk"].endswith(name))


def unname_a_token(made: Record) -> None:
    name = name_of(entered(made))
    made.drop(lambda row: "#WHO#" in row["pk"] and row["sk"].endswith(name))


def list_what_is_not_there(made: Record) -> None:
    found = made.row(lambda row: "#LST#" in row["pk"])
    made.rows.append(found | {"sk": "0000000000000#nobody"})


def leave_a_guard(made: Record) -> None:
    found = entered(made)
    place = f"{found['pk'].partition('#TOK#')[0]}#UNIQ#{made.ledger.automation}#pk:x"
    made.rows.append({"pk": place, "sk": "U", "t": name_of(found)})


def leave_a_parking(made: Record) -> None:
    place = f"{entered(made)['pk'].partition('#TOK#')[0]}#PARK#{made.ledger.automation}#0"
    made.rows.append({"pk": place, "sk": "some#chance"})


def owe_a_transition(made: Record) -> None:
    made.row(lambda row: row["sk"] == f"aut#{made.ledger.automation}")["owes"] = [["PAUSED", "RUNNING"]]


def counters(made: Record, step: str) -> Row:
    uuid = made.ledger.steps.get(step, step)
    return made.row(lambda row: "#CNT#" in row["pk"] and row["sk"] == uuid)


def count_an_entry_twice(made: Record) -> None:
    name = f"in:{made.ledger.steps['welcome']}"
    made.row(lambda row: "#CNT#" in row["pk"] and name in row)[name] += 1


def count_a_mail_twice(made: Record) -> None:
    counters(made, "welcome")["sent"] += 1


def count_an_outcome_twice(made: Record) -> None:
    made.row(lambda row: "#CNT#" in row["pk"] and "outcomeYES" in row)["outcomeYES"] += 1


def show_other_figures(made: Record) -> None:
    made.seen.steps[made.ledger.steps["call"]]["passed"] += 1


def show_somebody_on_a_step(made: Record) -> None:
    made.seen.steps[made.ledger.steps["login"]]["inStep"] = 1


def show_other_totals(made: Record) -> None:
    made.seen.statistics["completed"] -= 1


def count_discards_too_often(made: Record) -> None:
    made.seen.statistics["discarded"] += 1_000


def mail_under_another_id(made: Record) -> None:
    made.seen.mails.append(replace(made.seen.mails[0], id="another"))


def mail_the_wrong_thing(made: Record) -> None:
    made.seen.mails[0] = replace(made.seen.mails[0], subject="reminder x")


def lose_a_mail(made: Record) -> None:
    lost = made.seen.mails[0].id
    made.seen.mails = [mail for mail in made.seen.mails if mail.id != lost]


def call_under_another_id(made: Record) -> None:
    token, step, key, _, is_well = made.seen.calls[0]
    made.seen.calls.append((token, step, key, "another", is_well))


def call_from_another_visit(made: Record) -> None:
    token, step, _, message, is_well = made.seen.calls[0]
    made.seen.calls.append((token, step, f"{token}:4", message, is_well))


def lose_a_call(made: Record) -> None:
    lost = name_of(entered(made))
    made.seen.calls = [call for call in made.seen.calls if call[0] != lost]


def forge_a_call(made: Record) -> None:
    made.seen.forged = 1


PLANTS: list[tuple[Plant, str]] = [
    (lose_a_token, "made no token"),
    (swap_a_customer, "'pk': 'somebody else'"),
    (let_a_stranger_in, "nobody asked for the token stranger"),
    (keep_what_was_discarded, "and is there"),
    (discard_for_nobody, "in favour of nobody, which is not there"),
    (leave_one_waiting, "is stuck: WAITING"),
    (leave_a_lease, "is held until"),
    (leave_a_due_time, "still has due"),
    (jump_over_a_step, "which is step 6 of its way"),
    (move_twice, "is in its visit 7"),
    (end_in_the_middle, "ended as COMPLETED at tag"),
    (end_in_error, "ended in error at end: broken"),
    (forget_a_sent_mail, "and was sent ['thanks']"),
    (lose_writes, "in 1 writes"),
    (keep_what_was_removed, "the token gone was taken out"),
    (remove_unasked, "nobody asked for that"),
    (lose_a_batch, "is not there"),
    (leave_a_batch_halfway, "is CLOSED at"),
    (miscount_a_batch, "counts {"),
    (let_in_twice, "not each of"),
    (lose_a_customer_of_a_batch, "not each of"),
    (unlist_a_token, "is COMPLETED, and listed under"),
    (unname_a_token, "is not found by its"),
    (list_what_is_not_there, "names nobody, which is not there"),
    (leave_a_guard, "still guards"),
    (leave_a_parking, "as parked"),
    (owe_a_transition, "owes tokens"),
    (count_an_entry_twice, "the counters of welcome"),
    (count_a_mail_twice, "the counters of welcome"),
    (count_an_outcome_twice, "left by YES"),
    (show_other_figures, "call is shown with"),
    (show_somebody_on_a_step, "login is shown with 1 tokens on it"),
    (show_other_totals, "the statistics say"),
    (count_discards_too_often, "were discarded"),
    (mail_under_another_id, "belongs to no visit"),
    (mail_the_wrong_thing, "is reminder x"),
    (lose_a_mail, "which never came"),
    (call_under_another_id, "came under ['"),
    (call_from_another_visit, "is of call, and the token"),
    (lose_a_call, "is past its call, which never came"),
    (forge_a_call, "1 calls were not signed rightly"),
]


def test_nothing_is_reported_where_all_is_well() -> None:
    made = record("contactflow")
    assert len(made.ledger.entered) > 20
    assert audit(made) == []


@pytest.mark.parametrize(("plant", "said"), PLANTS, ids=[plant.__name__ for plant, _ in PLANTS])
def test_a_planted_violation_is_reported(plant: Plant, said: str) -> None:
    made = record("contactflow")
    plant(made)
    assert [one for one in audit(made) if said in one], audit(made)
