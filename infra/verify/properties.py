"""What the translated template must hold: each line below is a promise of infra/README.md."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from chalicelib.storage.tables import TABLES
from infra import gateway_responses, limits, queues
from infra.functions import FUNCTIONS, Function, Stage
from infra.policies import UNBOUND, queue_id, table_id

Json = dict[str, Any]
STATUSES = {
    "403": "ACCESS_DENIED",
    "404": "MISSING_AUTHENTICATION_TOKEN",
    "413": "REQUEST_TOO_LARGE",
    "429": "THROTTLED",
}


def faults(template: Json, stage: Stage) -> list[str]:
    """List every promise that a translated template breaks."""
    resources = template["Resources"]
    return [
        *_counts(resources),
        *_functions(resources, stage),
        *_tables(resources, stage),
        *_queues(resources),
        *_bucket_and_key(resources),
        *_gateway(resources, stage),
        *_policies(resources),
        *_monitoring(resources),
    ]


def of_type(resources: Json, kind: str) -> dict[str, Json]:
    """Find resources of a type, with their properties."""
    return {name: body.get("Properties", {}) for name, body in resources.items() if body.get("Type") == kind}


def _counts(resources: Json) -> Iterator[str]:
    if len(resources) > limits.MAX_RESOURCES:
        yield f"{len(resources)} resources"


def _functions(resources: Json, stage: Stage) -> Iterator[str]:
    found = of_type(resources, "AWS::Lambda::Function")
    mappings = list(of_type(resources, "AWS::Lambda::EventSourceMapping").values())
    rules = list(of_type(resources, "AWS::Events::Rule").values())
    yield from _differ("functions", set(found), {function.logical_id for function in FUNCTIONS})
    roles = [json.dumps(properties["Role"]) for properties in found.values()]
    if len(set(roles)) != len(roles):
        yield "two functions share a role"
    groups = {json.dumps(log.get("LogGroupName")): log for log in of_type(resources, "AWS::Logs::LogGroup").values()}
    for function in FUNCTIONS:
        properties = found.get(function.logical_id, {})
        wanted = {"Timeout": function.timeout_s, "MemorySize": function.memory_mb, "Handler": function.handler}
        for name, value in wanted.items():
            if properties.get(name) != value:
                yield f"{function.name}: {name} is {properties.get(name)}, not {value}"
        log = groups.get(json.dumps({"Fn::Sub": f"/aws/lambda/${{{function.logical_id}}}"}), {})
        if not log.get("RetentionInDays"):
            yield f"{function.name}: its log is kept for ever"
        if function.queue:
            yield from _mapping(function, mappings, stage)
        elif function.is_scheduled:
            if not any(function.logical_id in json.dumps(rule["Targets"]) for rule in rules):
                yield f"{function.name}: no schedule"
            if stage.is_kept and properties.get("ReservedConcurrentExecutions") != function.most:
                yield f"{function.name}: no reserved concurrency"


def _mapping(function: Function, mappings: list[Json], stage: Stage) -> Iterator[str]:
    own = [mapping for mapping in mappings if mapping["FunctionName"] == {"Ref": function.logical_id}]
    if len(own) != 1:
        yield f"{function.name}: {len(own)} mappings"
        return
    if own[0].get("FunctionResponseTypes") != ["ReportBatchItemFailures"]:
        yield f"{function.name}: failed messages would vanish"
    if own[0].get("ScalingConfig") != {"MaximumConcurrency": function.most_in(stage)}:
        yield f"{function.name}: no maximum concurrency"
    if own[0]["EventSourceArn"] != {"Fn::Sub": f"${{{queue_id(function.queue)}.Arn}}"}:
        yield f"{function.name}: reads {own[0]['EventSourceArn']}"


def _tables(resources: Json, stage: Stage) -> Iterator[str]:
    found = of_type(resources, "AWS::DynamoDB::Table")
    yield from _differ("tables", set(found), {table_id(table.short_name) for table in TABLES})
    for name, table in found.items():
        wanted = {
            "BillingMode": "PAY_PER_REQUEST",
            "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
            "DeletionProtectionEnabled": stage.is_kept,
            "SSESpecification": {"SSEEnabled": True, "SSEType": "KMS"},
        }
        for key, value in wanted.items():
            if table.get(key) != value:
                yield f"{name}: {key} is {table.get(key)}"
        if not table.get("TimeToLiveSpecification", {}).get("Enabled"):
            yield f"{name}: nothing expires"
        if stage.is_kept and resources[name].get("DeletionPolicy") != "Retain":
            yield f"{name}: goes with the stack"


def _queues(resources: Json) -> Iterator[str]:
    found = of_type(resources, "AWS::SQS::Queue")
    names = (*queues.QUEUES, queues.DEAD_LETTERS)
    yield from _differ("queues", set(found), {queue_id(name) for name in names})
    timeouts_s = {queue_id(function.queue): function.timeout_s for function in FUNCTIONS if function.queue}
    for name, queue in found.items():
        if name not in timeouts_s:
            yield f"{name}: nobody reads it"
        elif queue["VisibilityTimeout"] != 6 * timeouts_s[name]:
            yield f"{name}: visible again after {queue['VisibilityTimeout']} s"
        if queue["MessageRetentionPeriod"] != 14 * 86_400:
            yield f"{name}: retention"
        if name != queue_id(queues.DEAD_LETTERS) and queue.get("RedrivePolicy", {}).get("maxReceiveCount") != 8:
            yield f"{name}: no way to the dead letters"
        if not queue.get("SqsManagedSseEnabled"):
            yield f"{name}: not encrypted"


def _bucket_and_key(resources: Json) -> Iterator[str]:
    for name, bucket in of_type(resources, "AWS::S3::Bucket").items():
        if set(bucket.get("PublicAccessBlockConfiguration", {}).values()) != {True}:
            yield f"{name}: not private"
        if not bucket.get("LifecycleConfiguration") or not bucket.get("BucketEncryption"):
            yield f"{name}: no lifecycle, or not encrypted"
    for name, key in of_type(resources, "AWS::KMS::Key").items():
        if not key.get("EnableKeyRotation"):
            yield f"{name}: is not rotated"
    if not of_type(resources, "AWS::S3::Bucket") or not of_type(resources, "AWS::KMS::Key"):
        yield "no bucket, or no key"


def _gateway(resources: Json, stage: Stage) -> Iterator[str]:
    (api,) = of_type(resources, "AWS::ApiGateway::RestApi").values()
    responses = api["Body"].get("x-amazon-apigateway-gateway-responses", {})
    if responses != gateway_responses.responses():
        yield "gateway responses are lost"
    for status, kind in STATUSES.items():
        if responses.get(kind, {}).get("statusCode") != status:
            yield f"gateway response {kind} is not {status}"
    if api.get("MinimumCompressionSize") != 1024:
        yield "answers are not compressed"
    if len(limits.api_resources(api["Body"]["paths"])) > limits.MAX_PATHS:
        yield "too many API resources"
    yield from (f"variables differ at {place}" for place in limits.mixed_variables(api["Body"]["paths"]))
    settings = [stage.get("MethodSettings", [{}])[0] for stage in of_type(resources, "AWS::ApiGateway::Stage").values()]
    if [setting.get("ThrottlingRateLimit") for setting in settings] != [stage.requests_per_s]:
        yield "the API is not throttled"
    if not of_type(resources, "AWS::ApiGateway::UsagePlan"):
        yield "no usage plan"


def _policies(resources: Json) -> Iterator[str]:
    for name, role in of_type(resources, "AWS::IAM::Role").items():
        if role.get("ManagedPolicyArns"):
            yield f"{name}: has policies of others"
        for policy in role.get("Policies", ()):
            for statement in policy["PolicyDocument"]["Statement"]:
                statement = statement.get("Fn::If", [None, statement])[1]
                named = statement["Action"]
                actions = [named] if isinstance(named, str) else named
                if any("*" in action for action in actions):
                    yield f"{name}: a wildcard among {actions}"
                if not set(actions) <= UNBOUND:
                    yield from (f"{name}: {text}" for text in _wide(statement["Resource"]))


def _wide(resource: Any) -> Iterator[str]:
    """Find resources that are not one named thing: wildcards are for log streams and objects of the own bucket."""
    for one in resource if isinstance(resource, list) else [resource]:
        text = one.get("Fn::Sub", "") if isinstance(one, dict) else one
        if "*" in text and not (text.endswith(":log-stream:*") or text == "${BlobBucket.Arn}/*"):
            yield f"a wildcard in {text}"


def _monitoring(resources: Json) -> Iterator[str]:
    alarms = of_type(resources, "AWS::CloudWatch::Alarm")
    watched = {(alarm["MetricName"], json.dumps(alarm["Dimensions"])) for alarm in alarms.values()}
    metrics = {metric for metric, _ in watched}
    wanted = {"DeadLetters", "DisabledEndpoints", "ApproximateAgeOfOldestMessage", "Errors", "Throttles", "5XXError"}
    yield from (f"no alarm on {metric}" for metric in wanted - metrics)
    for function in FUNCTIONS:
        for metric in ("Errors", "Throttles"):
            if not any(name == metric and f'"{function.logical_id}"' in where for name, where in watched):
                yield f"{function.name}: no alarm on {metric}"
    for table in TABLES:
        for metric in ("ReadThrottleEvents", "WriteThrottleEvents"):
            if not any(name == metric and f'"{table_id(table.short_name)}"' in where for name, where in watched):
                yield f"{table.short_name}: no alarm on {metric}"
    if not of_type(resources, "AWS::CloudWatch::Dashboard"):
        yield "no dashboard"


def _differ(what: str, found: set[str], wanted: set[str]) -> Iterator[str]:
    if found != wanted:
        yield f"{what}: {sorted(found ^ wanted)} only on one side"
