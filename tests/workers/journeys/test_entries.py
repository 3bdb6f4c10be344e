"""Entry by API and by events: guards, repeats, and what one event does that lets in and takes out."""

from __future__ import annotations

import pytest

from chalicelib.journeys import node_upkeep
from chalicelib.journeys.entering import Fate
from chalicelib.journeys.models import tokens
from chalicelib.journeys.rules import entry
from tests.workers.journeys import graphs
from tests.workers.journeys.world import N, W, World

LONG = (graphs.mail(1, subject="Hi"), graphs.wait(2, 48), graphs.end())
EMAIL = "ann@example.com"


def source(action: str, event: str, **more: object) -> dict[str, object]:
    return {"action": f"{action}_CUSTOMER", "event": {"eventType": event}, **more}


def test_of_two_concurrent_entries_with_unique_token_one_gets_in(world: World) -> None:
    head = world.automation(graphs.row(*LONG), unique_token=True)
    world.between_reads_and_writes(lambda: world.enter(head, "ann"))
    (second,) = world.enter(head, "ann")
    assert second.fate is Fate.DISCARDED
    assert len(world.tokens_of(head)) == 1
    assert second.token == tokens.parts_of(world.tokens_of(head)[0]["pk"])[2]
    world.check_counters(head)


def test_the_loser_leaves_no_row_behind(world: World) -> None:
    head = world.automation(graphs.row(*LONG), unique_token=True)
    world.between_reads_and_writes(lambda: world.enter(head, "ann"))
    world.enter(head, "ann")
    names = world.tables["journeys"].partitions[tokens.name_partition(W, N, f"mail:{EMAIL}")]
    assert len(names) == 1


def test_a_customer_may_come_again_once_the_token_has_ended(world: World) -> None:
    head = world.automation(graphs.row(graphs.mail(1), graphs.end()), unique_token=True)
    for _ in range(2):
        assert world.enter(head, "ann")[0].fate is Fate.ENTERED
        world.run_for(10)
    assert [row["st"] for row in world.tokens_of(head)] == ["COMPLETED", "COMPLETED"]


@pytest.mark.parametrize(("primary", "in_flight"), [(True, 0), (False, 2)])
def test_an_event_that_lets_in_and_takes_out_does_one_of_them_once(world: World, primary: bool, in_flight: int) -> None:
    graph = graphs.row(*LONG) | {"triggerEvents": [source("INSERT", "seen"), source("REMOVE", "seen")]}
    head = world.automation(graph, remove_action_primary=primary)
    world.enter(head, "ann")
    world.run_for(10)
    world.happen("e1", "seen", email=EMAIL)
    world.run_for(10)
    if primary:
        world.enter(head, "ann")
        in_flight += 1
    world.again("e1")
    world.run_for(10)
    standing = [row for row in world.tokens_of(head) if row["st"] == "WAITING"]
    assert len(standing) == in_flight
    assert len(world.tokens_of(head)) == 2
    world.check_counters(head)


def test_the_same_event_twice_lets_in_once_and_counts_a_discard_once(world: World) -> None:
    head = world.automation(graphs.row(*LONG) | {"triggerEvents": [source("INSERT", "seen")]}, unique_token=True)
    world.happen("e1", "seen", email=EMAIL)
    world.happen("e1", "seen", email=EMAIL)
    world.again("e1")
    assert len(world.tokens_of(head)) == 1
    world.happen("e2", "seen", email=EMAIL)
    world.again("e2")
    assert world.counted(head)["-"]["discarded"] == 1


def test_events_let_in_only_while_it_runs_but_take_out_always(world: World) -> None:
    graph = graphs.row(*LONG) | {"triggerEvents": [source("INSERT", "seen"), source("REMOVE", "bought")]}
    head = world.automation(graph)
    world.happen("e1", "seen", email=EMAIL)
    world.run_for(10)
    world.move(head, "PAUSED")
    world.happen("e2", "seen", email=EMAIL)
    assert len(world.tokens_of(head)) == 1
    world.happen("e3", "bought", email=EMAIL)
    assert world.tokens_of(head)[0]["why"] == "REMOVED_BY_TRIGGER"
    world.check_counters(head)


def test_what_happened_before_the_node_was_switched_off_takes_out_and_wakes_but_lets_nobody_in(world: World) -> None:
    sources = [source("INSERT", "seen"), source("REMOVE", "bought")]
    head = world.automation(graphs.row(*LONG) | {"triggerEvents": sources})
    other = world.automation(graphs.forked(graphs.trigger(2, "loggedIn"), "TIMEOUT"))
    ann, ben = (world.enter(one, name)[0] for one, name in ((head, "ann"), (other, "ben")))
    world.run_for(10)
    world.happen("e1", "bought", email="ann@example.com", spread=False)
    world.happen("e2", "loggedIn", email="ben@example.com", spread=False)
    world.happen("e3", "seen", email="cyd@example.com", spread=False)
    world.switch(active=False)
    world.work()
    assert world.token(ann)["why"] == "REMOVED_BY_TRIGGER"
    assert len(world.tokens_of(head)) == 1
    assert len(world.mails) == 2, "the node stands still"
    world.switch(active=True)
    node_upkeep.keep(W, N)
    world.run_for(10)
    assert world.token(ben)["st"] == "COMPLETED"
    assert world.counted(other)[graphs.uuid(2)]["outcomeYES"] == 1


def test_a_source_copies_what_its_mapping_names(world: World) -> None:
    mapping = {"cartUrl": "properties.url", "city": "base.city"}
    graph = graphs.row(*LONG) | {"triggerEvents": [source("INSERT", "seen", attributeMapping=mapping)]}
    head = world.automation(graph)
    world.profile(f"mail:{EMAIL}", {"base": {"city": "Rome"}})
    world.happen("e1", "seen", email=EMAIL, url="https://x.example/cart")
    assert world.tokens_of(head)[0]["doc"]["attributes"] == {"cartUrl": "https://x.example/cart", "city": "Rome"}


def test_a_mapping_copies_no_more_than_a_token_can_hold(world: World) -> None:
    mapping = {f"a{number}": "properties.text" for number in range(100)}
    inserts = source("INSERT", "seen", attributeMapping=mapping)
    head = world.automation(graphs.row(*LONG) | {"triggerEvents": [inserts]})
    world.happen("e1", "seen", email=EMAIL, text="é" * 4096)
    (token,) = world.tokens_of(head)
    assert entry.size_of(token["doc"]["attributes"]) > entry.MAX_BYTES - 10_000
    world.run_for(10)
    assert len(world.mails) == 1


def test_big_tokens_are_entered_and_ended_in_transactions_that_hold_them(world: World) -> None:
    head = world.automation(graphs.row(*LONG))
    world.enter(head, *(f"p{number}" for number in range(60)), big="x" * 190_000)
    world.run_for(10)
    world.move(head, "PAUSED")
    world.move(head, "TO_ARCHIVE")
    world.run_for(60)
    assert world.head(head).status == "ARCHIVED"
    assert {row["why"] for row in world.tokens_of(head)} == {"ARCHIVED"}
    world.check_counters(head)


def test_a_removal_during_an_action_waits_for_it_and_ends_the_token_there(world: World) -> None:
    head = world.automation(graphs.row(graphs.mail(1), graphs.mail(2), graphs.end()))
    ann = world.enter(head, "ann")[0]
    world.during_mail(lambda: world.remove(ann.token))
    world.run_for(10)
    row = world.token(ann)
    assert (row["st"], row["s"], row["why"]) == ("REMOVED", graphs.uuid(1), "REMOVED_BY_API")
    assert len(world.mails) == 1
    assert world.counted(head)[graphs.uuid(1)] == {"entered": 1, "sent": 1, "removed": 1}
    world.check_counters(head)
