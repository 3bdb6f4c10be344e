"""Costs and sizing: they agree with the rows they are made from, and move the way they must."""

from __future__ import annotations

from dataclasses import replace

from infra import costs, sizing, workload
from infra.functions import STAGES
from infra.sizing import Uses

PROD = STAGES["prod"]


def test_more_executions_cost_less_each() -> None:
    each = [costs.per_month(a_day) / a_day for a_day in costs.VOLUMES]
    assert each == sorted(each, reverse=True)
    assert 5 < sum(costs.per_million(workload.TYPICAL).values()) < 20


def test_one_execution_a_second_meets_no_limit_and_ten_thousand_several() -> None:
    assert sizing.passed(1, Uses(), PROD) == []
    assert len(sizing.passed(10_000, Uses(), PROD)) > 3


def test_the_first_limits_of_prod_are_a_new_table_s_and_its_own_throttle() -> None:
    rate, quota, used = sizing.first_limit(Uses(), PROD)
    assert "new table" in quota.name and used > quota.most
    assert any("ours" in str(one) for one in sizing.passed(1_500, Uses(), PROD))
    assert 500 < rate < PROD.requests_per_s


def test_slow_receivers_meet_a_limit_earlier() -> None:
    slow = Uses(replace(workload.TYPICAL, deliver_ms=10_000.0))
    assert sizing.first_limit(slow, PROD)[0] < sizing.first_limit(Uses(), PROD)[0] / 3
