"""`python -m infra.costs`: what executions cost, by the price table and the workload, at several volumes."""

from __future__ import annotations

from dataclasses import replace

from chalicelib.storage.tables import TABLES, WITH_DUE_INDEX
from infra import prices, workload
from infra.functions import API, FUNCTIONS, RUNNER
from infra.workload import Execution

DAYS = 30.4
VOLUMES = (1_000, 100_000, 10_000_000)
_MB = {function.name: function.memory_mb for function in FUNCTIONS}


def per_million(one: Execution) -> dict[str, float]:
    """Reckon the dollars of a million executions, by service."""
    invocations = one.api_requests + one.messages / one.batch
    gb_s = (
        _MB[API] * one.api_ms + _MB["fan_out"] * one.fan_out_ms + _MB["deliver"] * one.deliver_ms / one.batch
    ) / 1024
    return {
        "API Gateway": one.api_requests * prices.GATEWAY_PER_MILLION,
        "Lambda requests": invocations * prices.LAMBDA_PER_MILLION,
        "Lambda time": gb_s * 1_000 * prices.LAMBDA_GB_S_ARM,
        "SQS": one.messages * one.sqs_calls_per_message * prices.SQS_PER_MILLION,
        "DynamoDB writes": one.writes_kb * prices.DYNAMODB_WRITE_PER_MILLION,
        "DynamoDB reads": one.reads_4kb * prices.DYNAMODB_READ_PER_MILLION,
        "DynamoDB storage": one.stored_kb * one.kept_days / DAYS * _storage_month(),
        "logs": one.log_kb * prices.LOGS_GB,
        "data out": one.sent_kb * prices.TRANSFER_GB,
        "KMS": one.kms_calls * prices.KMS_PER_MILLION,
    }


def runner_per_million(one: Execution) -> float:
    """Reckon what the runner function adds to a million executions: its invocations, and that callers wait for it."""
    gb_s = (_MB[RUNNER] * one.run_ms + _MB["deliver"] * one.run_wait_ms / one.batch) * one.runs / 1024
    return one.runs * prices.LAMBDA_PER_MILLION + gb_s * 1_000 * prices.LAMBDA_GB_S_ARM


def fixed_per_month() -> dict[str, float]:
    """Reckon what an idle stage costs a month."""
    consumers = sum(bool(function.queue) for function in FUNCTIONS)
    schedules = sum(function.is_scheduled for function in FUNCTIONS)
    empty = consumers * workload.EMPTY_RECEIVES_PER_QUEUE_S * 86_400 * DAYS / 1e6
    ticks = schedules * 1440 * DAYS / 1e6
    alarms = 3 * len(FUNCTIONS) + 3 + 2 * len(TABLES) + len(WITH_DUE_INDEX)
    return {
        "alarms": alarms * prices.ALARM_MONTH,
        "dashboard": prices.DASHBOARD_MONTH,
        "metrics": workload.METRICS * prices.METRIC_MONTH,
        "key": prices.KMS_KEY_MONTH,
        "empty receives": empty * prices.SQS_PER_MILLION,
        "ticks": ticks * (prices.LAMBDA_PER_MILLION + 0.5 * 100 * 1_000 * prices.LAMBDA_GB_S_ARM)
        + ticks * 40 * prices.DYNAMODB_READ_PER_MILLION,
    }


def per_month(a_day: int) -> float:
    """Reckon a month at so many executions a day; thin traffic fills no batches."""
    batch = min(workload.TYPICAL.batch, max(1.0, a_day / 86_400))
    calls = 0.6 if batch > 1 else 3.0
    one = replace(workload.TYPICAL, batch=batch, sqs_calls_per_message=calls)
    return sum(per_million(one).values()) * a_day * DAYS / 1e6 + sum(fixed_per_month().values())


def _storage_month() -> float:
    return prices.DYNAMODB_GB_MONTH + prices.DYNAMODB_PITR_GB_MONTH


def main() -> None:
    """Print the tables of infra/README.md."""
    print("| a million executions | $ |\n| --- | --- |")
    shares = per_million(workload.TYPICAL)
    for name, dollars in shares.items():
        print(f"| {name} | {dollars:.2f} |")
    print(f"| **together** | **{sum(shares.values()):.2f}** |")
    print(f"| with the runner function, more | {runner_per_million(workload.TYPICAL):.2f} |\n")
    print("| an idle stage, a month | $ |\n| --- | --- |")
    fixed = fixed_per_month()
    for name, dollars in fixed.items():
        print(f"| {name} | {dollars:.2f} |")
    print(f"| **together** | **{sum(fixed.values()):.2f}** |\n")
    print("| executions a day | $ a month | $ a million |\n| --- | --- | --- |")
    for a_day in VOLUMES:
        month = per_month(a_day)
        print(f"| {a_day:,} | {month:,.0f} | {month / (a_day * DAYS / 1e6):,.2f} |")


if __name__ == "__main__":
    main()
