"""Alarms and the dashboard: what an operator must hear of, and what they look at then.

Figures of our own are written by the functions as log lines that CloudWatch reads (chalicelib/core/figures.py).
docs/OPERATIONS.md has a page for each alarm; a test compares them.
"""

from __future__ import annotations

import json
from typing import Any

from chalicelib.adapters.emf import NAMESPACE
from chalicelib.core.figures import FIGURES
from chalicelib.storage.tables import TABLES, WITH_DUE_INDEX
from infra import queues
from infra.functions import FUNCTIONS, RUNNER, Function, Stage
from infra.policies import queue_id, table_id

CONDITIONS = {"HasAlarmEmail": {"Fn::Not": [{"Fn::Equals": [{"Ref": "AlarmEmail"}, ""]}]}}
_PERIOD_S = 300
Json = dict[str, Any]


def resources(stage: Stage) -> Json:
    """Write the topic, the alarms and the dashboard."""
    subscription = {
        "Type": "AWS::SNS::Subscription",
        "Condition": "HasAlarmEmail",
        "Properties": {"TopicArn": {"Ref": "AlarmTopic"}, "Protocol": "email", "Endpoint": {"Ref": "AlarmEmail"}},
    }
    return {
        "AlarmTopic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": f"{stage.prefix}alarms"}},
        "AlarmSubscription": subscription,
        **_alarms(stage),
        "Dashboard": _dashboard(stage),
    }


def _alarms(stage: Stage) -> Json:
    own = f"{NAMESPACE}/{stage.name}"
    found = {
        "DeadLettersAlarm": _alarm("A queue gave up on a message", own, "DeadLetters", {}, "Sum", 0),
        "DisabledEndpointsAlarm": _alarm(
            "Subscriptions were disabled because their receivers are gone", own, "DisabledEndpoints", {}, "Sum", 9
        ),
        "GatewayErrorsAlarm": _alarm(
            "The API answers with 5xx",
            "AWS/ApiGateway",
            "5XXError",
            {"ApiName": f"{stage.prefix}api", "Stage": "api"},
            "Sum",
            9,
        ),
    }
    for function in FUNCTIONS:
        found |= _function_alarms(function)
    for table in TABLES:
        found |= _throttled(table.short_name)
    return found


def _function_alarms(function: Function) -> Json:
    dimensions = {"FunctionName": {"Ref": function.logical_id}}
    name, words = function.logical_id, function.name
    found = {
        f"{name}ErrorsAlarm": _alarm(f"{words} fails", "AWS/Lambda", "Errors", dimensions, "Sum", 4),
        f"{name}ThrottlesAlarm": _alarm(
            f"{words} is throttled", "AWS/Lambda", "Throttles", dimensions, "Sum", 0, periods=3
        ),
    }
    if function.queue:
        oldest = {"QueueName": {"Fn::GetAtt": [queue_id(function.queue), "QueueName"]}}
        found[f"{name}OldestAlarm"] = _alarm(
            f"{function.queue} holds messages older than {function.late_s} s",
            "AWS/SQS",
            "ApproximateAgeOfOldestMessage",
            oldest,
            "Maximum",
            function.late_s,
        )
    if function.name == RUNNER:
        found = {name: {"Condition": "HasRunner", **alarm} for name, alarm in found.items()}
    return found


def _throttled(table: str) -> Json:
    """Watch reads and writes of a table, and writes of its index, each by an alarm without metric math.

    `ThrottledRequests` is told by operation only, never of a table.
    Source: docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
    """
    name = {"TableName": {"Ref": table_id(table)}}
    watched = [("Reads", "ReadThrottleEvents", name), ("Writes", "WriteThrottleEvents", name)]
    if table in WITH_DUE_INDEX:
        watched.append(("Index", "WriteThrottleEvents", {**name, "GlobalSecondaryIndexName": "due"}))
    return {
        f"{table_id(table)}{what}ThrottledAlarm": _alarm(
            f"{what} of table {table} are throttled", "AWS/DynamoDB", metric, dimensions, "Sum", 0, periods=3
        )
        for what, metric, dimensions in watched
    }


def _dimensions(dimensions: Json) -> list[Json]:
    return [{"Name": name, "Value": value} for name, value in dimensions.items()]


def _alarm(
    words: str, namespace: str, metric: str, dimensions: Json, statistic: str, above: int, *, periods: int = 1
) -> Json:
    properties = {
        "AlarmDescription": words,
        "Namespace": namespace,
        "MetricName": metric,
        "Dimensions": _dimensions(dimensions),
        "Statistic": statistic,
        "Period": _PERIOD_S,
        "EvaluationPeriods": periods,
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": above,
        "TreatMissingData": "notBreaching",
        "AlarmActions": [{"Ref": "AlarmTopic"}],
        "OKActions": [{"Ref": "AlarmTopic"}],
    }
    return {"Type": "AWS::CloudWatch::Alarm", "Properties": properties}


def _dashboard(stage: Stage) -> Json:
    names = [function.full_name(stage) for function in FUNCTIONS]
    waiting = [stage.prefix + name for name in (*queues.QUEUES, queues.DEAD_LETTERS)]
    api = ["ApiName", f"{stage.prefix}api", "Stage", "api"]
    own = f"{NAMESPACE}/{stage.name}"
    rows = [
        ("Requests", "Sum", [["AWS/ApiGateway", metric, *api] for metric in ("Count", "4XXError", "5XXError")]),
        ("API latency, ms", "p95", [["AWS/ApiGateway", metric, *api] for metric in ("Latency", "IntegrationLatency")]),
        ("Oldest message, s", "Maximum", _each("AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", waiting)),
        ("Waiting messages", "Maximum", _each("AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", waiting)),
        ("Invocations", "Sum", _each("AWS/Lambda", "Invocations", "FunctionName", names)),
        ("Errors", "Sum", _each("AWS/Lambda", "Errors", "FunctionName", names)),
        ("Duration, ms", "p95", _each("AWS/Lambda", "Duration", "FunctionName", names)),
        ("At once", "Maximum", _each("AWS/Lambda", "ConcurrentExecutions", "FunctionName", names)),
        ("Given up, disabled", "Sum", _own(own, "DeadLetters", "DisabledEndpoints", "MessagesGivenUp")),
        ("Executions", "Sum", _own(own, "Executions")),
        ("Deliveries", "Sum", _own(own, "Deliveries")),
        ("Messages of channels", "Sum", _own(own, "ChannelMessages")),
        ("Journeys", "Sum", _own(own, "Journey")),
        ("Chat", "Sum", _own(own, "ChatEvents")),
        ("Scripts", "Sum", _own(own, "JavaScript")),
        ("Calls to the outside", "Sum", _own(own, "Outbound")),
        ("Calls to AWS", "Sum", _own(own, "Table", "QueueSends", "BlobCalls", "KeyCalls")),
        ("Estimated cost, micro-dollars", "Sum", _own(own, "MicroDollars")),
    ]
    widgets = [
        {
            "type": "metric",
            "x": 8 * (number % 3),
            "y": 6 * (number // 3),
            "width": 8,
            "height": 6,
            "properties": {
                "title": title,
                "stat": statistic,
                "metrics": metrics,
                "region": "${AWS::Region}",
                "period": 60,
            },
        }
        for number, (title, statistic, metrics) in enumerate(rows)
    ]
    body = json.dumps({"widgets": widgets}, separators=(",", ":"))
    properties = {"DashboardName": f"{stage.prefix}overview", "DashboardBody": {"Fn::Sub": body}}
    return {"Type": "AWS::CloudWatch::Dashboard", "Properties": properties}


def _each(namespace: str, metric: str, dimension: str, names: list[str]) -> list[list[str]]:
    return [[namespace, metric, dimension, name] for name in names]


def _own(namespace: str, *beginnings: str) -> list[list[str]]:
    return [[namespace, name] for name in FIGURES if name.startswith(beginnings)]
