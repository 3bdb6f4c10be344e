"""What an answer means, how long to wait, when an endpoint is given up, where a notification belongs."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from chalicelib.core.config import STANDARD_RETRY_SCHEDULE_S
from chalicelib.core.errors import AddressRefused, InvalidInput, LogicFailed, UpstreamFailed, UpstreamTimeout
from chalicelib.subscriptions.rules import deliveries, health, routing
from chalicelib.subscriptions.rules.deliveries import Fate
from chalicelib.subscriptions.rules.health import DAY_MS, GOOD, MINUTE_MS, Health
from chalicelib.subscriptions.rules.routing import Target

NOW = 1_800_000_000_000
LONGEST = max(STANDARD_RETRY_SCHEDULE_S)


@pytest.mark.parametrize(
    ("status", "fate"),
    [
        *((status, Fate.DONE) for status in (200, 204, 299)),
        *((status, Fate.RETRY) for status in (301, 302, 400, 404, 429, 500, 503)),
        (410, Fate.DISABLE),
    ],
)
def test_what_a_status_means(status: int, fate: Fate) -> None:
    assert deliveries.judge(status, {}, NOW).fate is fate


def test_a_receiver_may_end_a_delivery_but_only_by_a_failure() -> None:
    assert deliveries.judge(400, {"webhook-delivery": "Abort-Message"}, NOW).fate is Fate.END
    assert deliveries.judge(200, {"webhook-delivery": "abort-message"}, NOW).fate is Fate.DONE


@pytest.mark.parametrize(("status", "wish"), [(429, 120), (502, 120), (503, 120), (504, 120), (500, None), (404, None)])
def test_retry_after_counts_where_a_receiver_throttles(status: int, wish: float | None) -> None:
    assert deliveries.judge(status, {"retry-after": "120"}, NOW).wish_s == wish


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        (" 17 ", 17),
        ("999999999999", 86_400),
        ("Fri, 15 Jan 2027 08:01:00 GMT", 60),
        ("Fri, 15 Jan 2027 07:00:00 GMT", 0),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        (None, None),
        ("١٢", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str | None, seconds: float | None) -> None:
    assert deliveries.retry_after_s(text, NOW) == seconds


def test_errors_of_the_receiver_are_tried_again_and_those_of_the_logic_are_not() -> None:
    for error in (AddressRefused("no"), UpstreamFailed("refused"), UpstreamTimeout("silent")):
        verdict = deliveries.judge_error(error, is_receiver=True)
        assert (verdict.fate, verdict.blames) == (Fate.RETRY, True)
    assert deliveries.judge_error(LogicFailed("threw"), is_receiver=False).fate is Fate.END
    assert deliveries.judge_error(UpstreamFailed("no"), is_receiver=False).fate is Fate.END
    passing = deliveries.judge_error(UpstreamFailed("busy", retryable=True), is_receiver=False)
    assert (passing.fate, passing.blames) == (Fate.RETRY, False)


def test_delays_follow_the_schedule_and_it_ends() -> None:
    delays = [deliveries.next_delay_s(STANDARD_RETRY_SCHEDULE_S, tries, None, lambda: 0.0) for tries in range(1, 11)]
    assert delays == [*map(float, STANDARD_RETRY_SCHEDULE_S[1:]), None]
    assert deliveries.next_delay_s((0,), 1, None, lambda: 0.0) is None


def test_jitter_adds_up_to_a_fifth_but_not_to_seconds() -> None:
    assert deliveries.next_delay_s((0, 100), 1, None, lambda: 1.0) == 120
    assert deliveries.next_delay_s((0, 5), 1, None, lambda: 1.0) == 5


def test_a_wish_lengthens_a_step_up_to_a_day() -> None:
    assert deliveries.next_delay_s((0, 5), 1, 2, lambda: 0.0) == 5
    assert deliveries.next_delay_s((0, 5), 1, 40, lambda: 0.0) == 40
    assert deliveries.next_delay_s((0, 5), 1, 1e9, lambda: 0.0) == 86_400


# --- health ---------------------------------------------------------------------------------------------------


def failing(times: int, state: Health = GOOD, at: int = NOW, apart_ms: int = 1_000) -> Health:
    for number in range(times):
        state = health.after_failures(state, 1, at + number * apart_ms, LONGEST)
    return state


def test_the_tenth_failure_in_a_row_opens_the_breaker_for_a_minute() -> None:
    assert failing(9).open_until_ms == 0
    state = failing(10, apart_ms=0)
    assert state.open_until_ms == NOW + MINUTE_MS
    assert state.is_open(NOW) and not state.is_open(NOW + MINUTE_MS)
    assert state.wants_probe(NOW + MINUTE_MS) and not GOOD.wants_probe(NOW)


def test_every_failed_probe_doubles_the_pause_to_an_hour() -> None:
    state, pauses = failing(10, apart_ms=0), []
    for _ in range(8):
        now = state.open_until_ms
        state = health.probing(state, now, 25_000)
        assert state.is_open(now + 1)
        state = health.after_failures(state, 1, now + 1, LONGEST, was_probe=True)
        pauses.append((state.open_until_ms - now - 1) // MINUTE_MS)
    assert pauses == [2, 4, 8, 16, 32, 60, 60, 60]


def test_late_failures_do_not_open_it_again_while_it_is_open() -> None:
    state = failing(10, apart_ms=0)
    assert health.after_failures(state, 5, NOW + 10, LONGEST).open_until_ms == state.open_until_ms


def test_a_pause_is_never_longer_than_the_longest_step() -> None:
    assert health.pause(0, 5) == 5_000
    assert all(one <= two for one, two in pairwise(health.pause(opens, LONGEST) for opens in range(20)))


def test_five_days_of_nothing_but_failure_are_hopeless() -> None:
    state = failing(3)
    assert state.failing_since_ms == NOW + 2_000
    assert not state.is_hopeless(NOW + 5 * DAY_MS)
    assert state.is_hopeless(NOW + 2_000 + 5 * DAY_MS)


def test_sporadic_failures_start_no_clock() -> None:
    state = failing(20, apart_ms=DAY_MS * 2)
    assert state.failing_since_ms == 0
    assert Health.of(state.stored()) == state
    assert Health.of(None) is GOOD and GOOD.stored() == {}


# --- routing --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "targets"),
    [
        (None, []),
        ("", []),
        (False, []),
        (7, []),
        ("a", [Target("a")]),
        (["a", None, "b", "a", 3], [Target("a"), Target("b")]),
        ({"trigger": "a", "match": {"x": 1}, "id": 5}, [Target("a", {"x": 1}, "5")]),
        ([{"trigger": "a"}, {"trigger": None}, {}], [Target("a")]),
    ],
)
def test_what_route_may_answer(value: Any, targets: list[Target]) -> None:
    assert routing.targets_of(value) == targets


def test_route_names_at_most_fifty() -> None:
    with pytest.raises(InvalidInput):
        routing.targets_of([f"t{number}" for number in range(51)])


def test_without_route_an_event_fires_what_its_setting_lists_or_its_namesake() -> None:
    assert routing.default_targets("e", {}) == [Target("e")]
    assert routing.default_targets("e", {"triggers": ["a", "b"]}) == [Target("a"), Target("b")]


def test_only_harmless_answers_pass() -> None:
    given = {"Content-Type": "text/html", "Set-Cookie": "a=b", "X-Hook-Secret": "s", "x-bad": "a\r\nb", "Location": "/"}
    reply = routing.reply_of({"status": 201, "headers": given, "body": "<b>"})
    assert (reply.status, reply.body) == (201, "<b>")
    assert reply.headers == {
        "X-Content-Type-Options": "nosniff",
        "x-hook-secret": "s",
        "Content-Type": "text/plain",
    }
    assert routing.reply_of({"body": {"a": 1}}).headers["Content-Type"] == "application/json"
    assert routing.reply_of(None) == routing.NO_REPLY


@pytest.mark.parametrize(
    "value", ["text", {"status": 100}, {"status": "200"}, {"status": True}, {"body": "x" * 70_000}]
)
def test_what_is_no_answer_is_refused(value: Any) -> None:
    with pytest.raises(InvalidInput):
        routing.reply_of(value)


def test_credentials_are_heard_but_not_kept() -> None:
    secret = {"authorization", "proxy-authorization", "cookie", "api_key", "api-key", "x-api-key", "x-webhook-secret"}
    secret |= {"x-gitlab-token", "x-goog-channel-token"}
    plain = {"x-provider", "x-hub-signature-256", "x-github-event", "idempotency-key", "content-type", "webhook-id"}
    heard = routing.heard_headers(dict.fromkeys({*secret, *plain, "connection", "host"}, "value"))
    assert set(heard) == secret | plain
    assert set(routing.kept_headers(heard)) == plain


@pytest.mark.parametrize(
    ("places", "seconds"),
    [
        ([{}, None], 60),
        ([{"pollSeconds": 5}], 10),
        ([{}, {"pollSeconds": 300}], 300),
        ([{"pollSeconds": True}], 60),
        ([{"pollSeconds": 1e12}], 86_400),
        ([{"pollSeconds": "9"}], 60),
    ],
)
def test_how_often_a_poll_runs(places: list[Any], seconds: int) -> None:
    assert routing.poll_interval_s(*places) == seconds


def test_failed_polls_back_off_to_an_hour() -> None:
    assert [routing.poll_pause_s(60, errors) for errors in (1, 2, 5, 6, 40)] == [120, 240, 1920, 3600, 3600]
    assert routing.poll_pause_s(86_400, 3) == 86_400
