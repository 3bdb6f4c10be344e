"""`Idempotency-Key`: the first outcome is the only one."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.core import errors
from chalicelib.core.call import Call, Caller
from chalicelib.edge import idempotency
from chalicelib.edge.idempotency import Mismatch, Running
from chalicelib.edge.route import Answer


class Outcomes:
    """Keeps outcomes in a dict, as the real one does in a table."""

    def __init__(self) -> None:
        self.kept: dict[str, tuple[str, dict[str, Any] | None]] = {}

    def begin(self, workspace_id: str, key: str, fingerprint: str) -> Any:
        place = f"{workspace_id}/{key}"
        if place not in self.kept:
            self.kept[place] = (fingerprint, None)
            return _Fresh(self, place)
        known, outcome = self.kept[place]
        if known != fingerprint:
            return Mismatch()
        return outcome if outcome is not None else Running(2)


class _Fresh:
    begun_ms = 1

    def __init__(self, owner: Outcomes, place: str) -> None:
        self.owner, self.place = owner, place

    def finish(self, outcome: dict[str, Any]) -> None:
        self.owner.kept[self.place] = (self.owner.kept[self.place][0], outcome)

    def leave(self) -> None:
        del self.owner.kept[self.place]

    def abandon(self) -> None:
        del self.owner.kept[self.place]


@pytest.fixture(autouse=True)
def outcomes(monkeypatch: pytest.MonkeyPatch) -> Outcomes:
    made = Outcomes()
    monkeypatch.setattr(idempotency, "_outcomes", made)
    return made


def call(key: str | None = "k", workspace: str = "w") -> Call:
    headers = {} if key is None else {"idempotency-key": key}
    return Call("createThing", Caller(workspace, "", frozenset()), "r", headers=headers)


def test_a_repeat_gets_the_first_answer_and_runs_nothing() -> None:
    first = idempotency.once(call(), "same", lambda: Answer({"id": 1}, 200, {"X": "y"}))
    again = idempotency.once(call(), "same", lambda: pytest.fail("ran twice"))
    assert (again.body, again.status) == (first.body, first.status)
    assert again.headers == {"X": "y", "Idempotent-Replayed": "true"}


def test_another_body_under_the_key_is_a_conflict() -> None:
    idempotency.once(call(), "one", lambda: Answer(1))
    with pytest.raises(errors.Conflict):
        idempotency.once(call(), "two", lambda: Answer(2))


def test_a_repeat_while_the_first_runs_is_told_when_to_come_back() -> None:
    def first() -> Answer:
        with pytest.raises(errors.InProgress) as refused:
            idempotency.once(call(), "same", lambda: pytest.fail("ran twice"))
        assert refused.value.retry_after_s == 2
        return Answer(1)

    idempotency.once(call(), "same", first)


@pytest.mark.parametrize(
    "error", [errors.InvalidInput("x"), errors.NotFound("x"), errors.RateLimited("x", 1), errors.Unavailable("x")]
)
def test_what_never_began_is_not_kept(error: Exception, outcomes: Outcomes) -> None:
    def fail() -> Answer:
        raise error

    with pytest.raises(type(error)):
        idempotency.once(call(), "same", fail)
    assert outcomes.kept == {}


def test_a_failure_after_the_beginning_is_the_outcome() -> None:
    def fail() -> Answer:
        raise errors.LogicFailed("boom")

    first = idempotency.once(call(), "same", fail)
    again = idempotency.once(call(), "same", lambda: pytest.fail("ran twice"))
    assert first.status == again.status == 422


def test_a_bug_after_the_beginning_is_the_outcome_too() -> None:
    def fail() -> Answer:
        raise RuntimeError("it had acted already")

    first = idempotency.once(call(), "same", fail)
    again = idempotency.once(call(), "same", lambda: pytest.fail("ran twice"))
    assert first.status == again.status == 500
    assert "acted" not in str(first.body)


def test_workspaces_do_not_share_keys_and_no_key_means_no_memory(outcomes: Outcomes) -> None:
    idempotency.once(call(workspace="a"), "same", lambda: Answer("a"))
    assert idempotency.once(call(workspace="b"), "same", lambda: Answer("b")).body == "b"
    assert idempotency.once(call(None), "same", lambda: Answer("c")).body == "c"
    assert len(outcomes.kept) == 2


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb", "a\nb", "\u00c3\u00a9"])
def test_unusable_keys_are_named(key: str) -> None:
    with pytest.raises(errors.InvalidInput) as refused:
        idempotency.once(call(key), "same", lambda: Answer(1))
    assert refused.value.faults[0].location == "header.Idempotency-Key"


def test_ids_made_under_a_key_are_the_same_when_it_is_repeated() -> None:
    one, two, other = call(), call(), call("l")
    for each in (one, two, other):
        each.idempotency_key = each.headers["idempotency-key"]
    assert one.new_id("thing") == two.new_id("thing") != other.new_id("thing")
    assert call().new_id("thing") != call().new_id("thing")
