"""The auditor of notifications bites: each planted violation is reported, and nothing where there is none."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.chaos.surfaces.novu_audit import Call, faults
from tests.unit.chaos.recorded import Record, Row, record

Plant = Callable[[Record], None]


def audit(made: Record) -> list[str]:
    return faults(made.ledger, made.seen, made.rows)


def is_run(row: Row, **fields: Any) -> bool:
    return "#TX#" in row["pk"] and row["sk"] != "E" and all(row.get(name) == value for name, value in fields.items())


def order(made: Record) -> Row:
    """Find a notification of four channels."""
    return made.row(lambda row: is_run(row, st="DONE", pos=4))


def order_tag(made: Record) -> str:
    return str(order(made)["pk"].partition("#TX#")[2])


def collector(made: Record) -> Row:
    return made.row(lambda row: is_run(row, st="DONE") and len(row.get("dg", {})) > 1)


def merged(made: Record) -> Row:
    return made.row(lambda row: is_run(row, st="DONE") and "into" in row)


def cancelled(made: Record) -> Row:
    return made.row(lambda row: is_run(row, st="CANCELLED"))


def in_app(row: Row) -> bool:
    return "#INB#" in row["pk"]


def job(row: Row, position: int, **changes: Any) -> None:
    row[f"j{position}"] = json.dumps(json.loads(row[f"j{position}"]) | changes)


def lose_an_event(made: Record) -> None:
    made.drop(lambda row: "#TX#" in row["pk"] and row["sk"] == "E" and row["pk"].endswith(order_tag(made)))


def lose_a_notification(made: Record) -> None:
    made.rows.remove(order(made))


def notify_a_stranger(made: Record) -> None:
    made.rows.append(order(made) | {"sk": "N#stranger"})


def leave_one_running(made: Record) -> None:
    order(made).update(st="RUN", until=9_999_999_999_999)


def leave_a_lease(made: Record) -> None:
    order(made)["until"] = 9_999_999_999_999


def leave_an_outbox(made: Record) -> None:
    order(made)["out"] = [{"queue": "channels_notify", "body": {}, "at": 0}]


def leave_a_due_time(made: Record) -> None:
    order(made).update(due=1, dueB="notification#1#0", dueK="1#x")


def skip_a_step(made: Record) -> None:
    del order(made)["j2"]


def end_too_soon(made: Record) -> None:
    order(made)["pos"] = 3


def lose_a_transition(made: Record) -> None:
    order(made)["seq"] = 2


def double_a_message(made: Record) -> None:
    found = made.row(in_app)
    made.rows.append(found | {"sk": "0" * 24})


def lose_a_message(made: Record) -> None:
    made.drop(in_app)


def unlist_a_message(made: Record) -> None:
    made.drop(lambda row: "#MSGD#" in row["pk"])


def unlist_a_notification(made: Record) -> None:
    made.drop(lambda row: "#ACT#" in row["pk"])


def send_under_another_id(made: Record) -> None:
    made.seen.texts.append((made.seen.texts[0][0], made.seen.texts[0][1], "another"))


def mail_under_another_id(made: Record) -> None:
    found = next(mail for mail in made.seen.mails if mail.subject == order_tag(made))
    made.seen.mails.append(replace(found, id="another"))


def lose_a_push(made: Record) -> None:
    tag = order_tag(made)
    made.seen.pushes = [one for one in made.seen.pushes if one[0] != tag]


def send_what_failed(made: Record) -> None:
    job(order(made), 1, st="failed")


def forge_a_push(made: Record) -> None:
    secret, signature, body = made.seen.signatures[0]
    made.seen.signatures.append((secret, signature, body + b" "))


def tell_twice_in_digests(made: Record) -> None:
    made.seen.mails.append(replace(made.seen.digests()[0], id="another"))


def leave_out_of_a_digest(made: Record) -> None:
    made.seen.mails = [mail for mail in made.seen.mails if mail is not made.seen.digests()[0]]


def count_wrong_in_a_digest(made: Record) -> None:
    found = made.seen.digests()[0]
    made.seen.mails.append(replace(found, id="another", subject="99 events"))


def merge_into_nowhere(made: Record) -> None:
    collector(made)["dg"] = {}


def merge_without_saying_so(made: Record) -> None:
    found = merged(made)
    job(found, found["pos"], st="completed")


def wait_although_called_off(made: Record) -> None:
    cancelled(made).update(st="WAIT")


def send_although_called_off(made: Record) -> None:
    found = next(tag for tag, call in made.ledger.calls.items() if call.said)
    who = next(iter(made.ledger.accepted[found][1]))
    at = made.ledger.calls[found].at + 100
    made.seen.mails.append(replace(made.seen.mails[0], id="late", subject=found, to=f"{who}@example.com", at=at))


def call_off_what_was_refused(made: Record) -> None:
    tag = cancelled(made)["pk"].partition("#TX#")[2]
    made.ledger.calls[tag] = Call(False, 0.0, 0.0)


def call_off_unasked(made: Record) -> None:
    del made.ledger.calls[cancelled(made)["pk"].partition("#TX#")[2]]


def show_twice(made: Record) -> None:
    feed = next(found for found in made.seen.feeds.values() if found)
    feed.append(feed[0])


def count_unseen_wrong(made: Record) -> None:
    made.seen.unseen[next(iter(made.seen.unseen))] += 1


def tell_another_activity(made: Record) -> None:
    next(iter(made.seen.activity.values()))["jobs"][0]["status"] = "failed"


PLANTS: list[tuple[Plant, str]] = [
    (lose_an_event, "is not stored"),
    (lose_a_notification, "made no notification"),
    (notify_a_stranger, "whom it was not for"),
    (leave_one_running, "is stuck in RUN"),
    (leave_a_lease, "is held until"),
    (leave_an_outbox, "still owes"),
    (leave_a_due_time, "still has due"),
    (skip_a_step, "whose job is missing"),
    (end_too_soon, "is DONE after 3 of 4 steps"),
    (lose_a_transition, "in 2 transitions"),
    (double_a_message, "more than one message for the job"),
    (lose_a_message, "tells of the messages"),
    (unlist_a_message, "is in no list"),
    (unlist_a_notification, "is listed 0 times"),
    (send_under_another_id, "under 2 ids"),
    (mail_under_another_id, "came by email under 2 ids"),
    (lose_a_push, "never came by push"),
    (send_what_failed, "but its job is failed"),
    (forge_a_push, "not signed rightly"),
    (tell_twice_in_digests, "is told of in 2 digests"),
    (leave_out_of_a_digest, "is in no digest"),
    (count_wrong_in_a_digest, "says 99 events"),
    (merge_into_nowhere, "which collected []"),
    (merge_without_saying_so, "was merged, but its job is completed"),
    (wait_although_called_off, "was called off, and is WAIT"),
    (send_although_called_off, "and sent 100 s later"),
    (call_off_what_was_refused, "was refused, and it is cancelled"),
    (call_off_unasked, "nobody called it off"),
    (show_twice, "twice"),
    (count_unseen_wrong, "are counted as unseen"),
    (tell_another_activity, "the activity of"),
]


def test_nothing_is_reported_where_all_is_well() -> None:
    made = record("novu")
    assert len(made.ledger.accepted) > 50
    assert audit(made) == []


@pytest.mark.parametrize(("plant", "said"), PLANTS, ids=[plant.__name__ for plant, _ in PLANTS])
def test_a_planted_violation_is_reported(plant: Plant, said: str) -> None:
    made = record("novu")
    plant(made)
    assert [one for one in audit(made) if said in one], audit(made)
