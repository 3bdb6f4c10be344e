"""Alarms and the dashboard: what an operator must hear of, and what they look at then."""

from __future__ import annotations

import json
from typing import Any

from chalicelib.storage.tables import TABLES
from infra import queues
from infra.functions import FUNCTIONS, RUNNER, Function, Stage
from infra.policies import queue_id, table_id

NAMESPACE = "Millrace"
CONDITIONS = {"HasAlarmEmail": {"Fn::Not": [{"Fn::Equals": [{"Ref": "AlarmEmail"}, ""]}]}}
_PERIOD_S = 300
_COUNTED = (  # log line, metric, functions that write it
    ("message.dead", "DeadLetters", ("bury",)),
    ("subscription.disabled", "DisabledEndpoints", ("deliver", "retry")),
)
Json = dict[str, Any]


def resources(stage: Stage) -> Json:
    """Write the topic, the metrics counted from log lines, the alarms and the dashboard."""
    subscription = {
        "Type": "AWS::SNS::Subscription",
        "Condition": "HasAlarmEmail",
        "Properties": {"TopicArn": {"Ref": "AlarmTopic"}, "Protocol": "email", "Endpoint": {"Ref": "AlarmEmail"}},
    }
    return {
        "AlarmTopic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": f"{stage.prefix}alarms"}},
        "AlarmSubscription": subscription,
        **_counted(stage),
        **_alarms(stage),
        "Dashboard": _dashboard(stage),
    }


def _counted(stage: Stage) -> Json:
    """Count log lines as metrics: what ends for good is logged under a fixed name."""
    found = {}
    for event, metric, writers in _COUNTED:
        for function in FUNCTIONS:
            if function.name in writers:
                transformation = {
                    "MetricName": metric,
                    "MetricNamespace": f"{NAMESPACE}/{stage.name}",
                    "MetricValue": "1",
                }
                properties = {
                    "LogGroupName": {"Ref": f"{function.logical_id}LogGroup"},
                    "FilterPattern": f'{{ $.message = "{event}" }}',
                    "MetricTransformations": [transformation],
                }
                found[f"{function.logical_id}{metric}"] = {"Type": "AWS::Logs::MetricFilter", "Properties": properties}
    return found


def _alarms(stage: Stage) -> Json:
    found = {
        "DeadLettersAlarm": _alarm(
            "A queue gave up on a message", f"{NAMESPACE}/{stage.name}", "DeadLetters", {}, "Sum", 0
        ),
        "DisabledEndpointsAlarm": _alarm(
            "Subscriptions were disabled because their receivers are gone",
            f"{NAMESPACE}/{stage.name}",
            "DisabledEndpoints",
            {},
            "Sum",
            9,
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
        logical_id = table_id(table.short_name)
        dimensions = {"TableName": {"Ref": logical_id}}
        found[f"{logical_id}ThrottledAlarm"] = _alarm(
            f"Table {table.short_name} is throttled",
            "AWS/DynamoDB",
            "ThrottledRequests",
            dimensions,
            "Sum",
            0,
            periods=3,
        )
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


def _alarm(
    words: str, namespace: str, metric: str, dimensions: Json, statistic: str, above: int, *, periods: int = 1
) -> Json:
    properties = {
        "AlarmDescription": words,
        "Namespace": namespace,
        "MetricName": metric,
        "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
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
        ("Given up, disabled", "Sum", [[own, "DeadLetters"], [own, "DisabledEndpoints"]]),
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
