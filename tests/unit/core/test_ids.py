"""Identifiers: derived ones meet again, random ones never do."""

from __future__ import annotations

from chalicelib.core import clock, ids


def test_the_same_parts_give_the_same_id_and_no_other_parts_do() -> None:
    known = ids.derived_id("w", "event", "parent", "key")
    assert known == ids.derived_id("w", "event", "parent", "key")
    assert len(known) == 26
    others = [("w", "event", "parentk", "ey"), ("w|5:event", "", "parent", "key"), ("x", "event", "parent", "key")]
    assert known not in {ids.derived_id(*parts) for parts in others}


def test_derived_uuids_look_like_uuids() -> None:
    made = ids.derived_uuid("w", "a", "b", "c")
    assert ids.is_uuid(made)
    assert made[14] == "8"


def test_random_uuids_sort_by_time_and_differ() -> None:
    clock.use(lambda: 1_000)
    earlier = {ids.new_uuid() for _ in range(100)}
    clock.use(lambda: 2_000)
    later = ids.new_uuid()
    clock.use(None)
    assert len(earlier) == 100
    assert all(one < later and one[14] == "7" for one in earlier)
