"""What the template holds beyond what Chalice writes: data, queues, key, limits, and the switches of each function.

`merge_file()` is given to `chalice package --merge-template`. That merges maps deeply and replaces everything else; an
intrinsic laid over another one would make a map of two keys, so values that Chalice writes keep their kind here.
"""

from __future__ import annotations

import json
from typing import Any

from chalicelib.core import config
from chalicelib.storage import tables
from infra import gateway_responses, monitoring, queues
from infra.functions import API, FUNCTIONS, RUNNER, TIMEOUT_S, Function, Stage
from infra.policies import queue_id, table_id

GATEWAY_STAGE = "api"
HIDDEN_FACTOR = 6  # a message stays hidden for so many time-outs of its function
_KEPT_FOR = {True: "Retain", False: "Delete"}
_NEEDED = ("type", "httpMethod", "uri", "passthroughBehavior", "contentHandling")
Json = dict[str, Any]


def merge_file(stage: Stage) -> Json:
    """Write the whole merge file of a stage."""
    return {
        "Description": f"Millrace, stage {stage.name}",
        "Parameters": parameters(stage),
        "Conditions": {
            **monitoring.CONDITIONS,
            "HasPublicUrl": {"Fn::Not": [_equals("PublicUrl", "")]},
            "HasRunner": _equals("LogicRunner", "function"),
        },
        "Resources": {
            **table_resources(stage),
            **queue_resources(stage),
            **_key(stage),
            **_bucket(stage),
            **_gateway(stage),
            **{function.logical_id: _function(function, stage) for function in FUNCTIONS},
            **_runner_only(),
            **monitoring.resources(stage),
        },
        "Outputs": {
            "BlobBucketName": {"Value": {"Ref": "BlobBucket"}},
            "MasterKeyArn": {"Value": {"Fn::GetAtt": ["MasterKey", "Arn"]}},
            "PublicUrl": {"Value": _public_url()},
        },
    }


def parameters(stage: Stage) -> Json:
    """List what can be chosen at deployment."""
    text = {"Type": "String", "Default": ""}
    found: Json = {
        "PublicUrl": {**text, "Description": "What notification addresses begin with; empty: the API's own address"},
        "AlarmEmail": {
            **text,
            "Description": "Who is told about alarms; empty: nobody, the topic is there all the same",
        },
        "LogicRunner": {
            "Type": "String",
            "Default": "off",
            "AllowedValues": ["off", "function"],
            "Description": "Where scripts run: in the function that needs them, or in one that may do nothing",
        },
        "RetrySchedule": {**text, "Description": "Seconds between delivery attempts, comma-separated; empty: standard"},
    }
    if stage.name == "dev":
        found["DevKeys"] = {**text, "NoEcho": True, "Description": "key=workspace pairs made valid, comma-separated"}
        found["EgressAllow"] = {**text, "Description": "host:port pairs that may be called although private"}
    return found


def table_resources(stage: Stage) -> Json:
    """Write a table for each declaration in `chalicelib/storage/tables.py`."""
    notebook = _Notebook()
    tables.create_all(notebook)
    return {table_id(request["TableName"]): _table(request, stage) for request in notebook.requests}


class _Notebook:
    """Stands in for the DynamoDB client while the tables are created, and keeps what they are created with."""

    def __init__(self) -> None:
        self.requests: list[Json] = []

    def list_tables(self) -> Json:
        return {"TableNames": []}

    def create_table(self, **request: Any) -> None:
        short_name = request["TableName"].removeprefix(config.settings().table_prefix)
        self.requests.append({**request, "TableName": short_name})

    def update_time_to_live(self, **_request: Any) -> None:
        """Every table has it; `_table` says so."""


def queue_resources(stage: Stage) -> Json:
    """Write the queues, each with the one dead-letter queue behind it."""
    timeouts_s = {function.queue: function.timeout_s for function in FUNCTIONS if function.queue}
    found = {}
    for name in (*queues.QUEUES, queues.DEAD_LETTERS):
        properties: Json = {
            "QueueName": stage.prefix + name,
            "VisibilityTimeout": HIDDEN_FACTOR * timeouts_s.get(name, TIMEOUT_S),
            "MessageRetentionPeriod": queues.RETENTION_S,
            "SqsManagedSseEnabled": True,
        }
        if name != queues.DEAD_LETTERS:
            target = {"Fn::GetAtt": [queue_id(queues.DEAD_LETTERS), "Arn"]}
            properties["RedrivePolicy"] = {"deadLetterTargetArn": target, "maxReceiveCount": queues.MAX_RECEIVES}
        found[queue_id(name)] = {"Type": "AWS::SQS::Queue", "Properties": properties}
    return found


def _table(request: Json, stage: Stage) -> Json:
    properties: Json = {
        **request,
        "TableName": stage.prefix + request["TableName"],
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
        "TimeToLiveSpecification": {"Enabled": True, "AttributeName": tables.TTL_ATTRIBUTE},
        "DeletionProtectionEnabled": stage.is_kept,
        "SSESpecification": {"SSEEnabled": True, "SSEType": "KMS"},
    }
    return {"Type": "AWS::DynamoDB::Table", **_policy(stage), "Properties": properties}


def _key(stage: Stage) -> Json:
    """The master key: the account's administrators run it, functions use it by their own policies."""
    root = {"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}}
    statement = {"Effect": "Allow", "Principal": root, "Action": "kms:*", "Resource": "*"}
    properties = {
        "Description": f"Millrace {stage.name}: wraps the data keys of the workspaces",
        "EnableKeyRotation": True,
        "PendingWindowInDays": 30 if stage.is_kept else 7,
        "KeyPolicy": {"Version": "2012-10-17", "Statement": [statement]},
    }
    alias = {"AliasName": f"alias/{stage.prefix}master", "TargetKeyId": {"Ref": "MasterKey"}}
    return {
        "MasterKey": {"Type": "AWS::KMS::Key", **_policy(stage), "Properties": properties},
        "MasterKeyAlias": {"Type": "AWS::KMS::Alias", "Properties": alias},
    }


def _bucket(stage: Stage) -> Json:
    rules = [
        {
            "Id": "unfinished-uploads",
            "Status": "Enabled",
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
        },
        {"Id": "old-versions", "Status": "Enabled", "NoncurrentVersionExpiration": {"NoncurrentDays": 35}},
        {
            "Id": "rarely-read",
            "Status": "Enabled",
            "Transitions": [{"StorageClass": "INTELLIGENT_TIERING", "TransitionInDays": 30}],
        },
    ]
    closed = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
    encryption = {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    properties = {
        "PublicAccessBlockConfiguration": dict.fromkeys(closed, True),
        "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
        "BucketEncryption": {"ServerSideEncryptionConfiguration": [encryption]},
        "VersioningConfiguration": {"Status": "Enabled"},
        "LifecycleConfiguration": {"Rules": rules},
    }
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [{"Fn::GetAtt": ["BlobBucket", "Arn"]}, {"Fn::Sub": "${BlobBucket.Arn}/*"}],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    policy = {"Bucket": {"Ref": "BlobBucket"}, "PolicyDocument": {"Version": "2012-10-17", "Statement": [deny]}}
    return {
        "BlobBucket": {"Type": "AWS::S3::Bucket", **_policy(stage), "Properties": properties},
        "BlobBucketPolicy": {"Type": "AWS::S3::BucketPolicy", "Properties": policy},
    }


def _gateway(stage: Stage) -> Json:
    method_settings = {
        "HttpMethod": "*",
        "ResourcePath": "/*",
        "MetricsEnabled": True,
        "ThrottlingRateLimit": stage.requests_per_s,
        "ThrottlingBurstLimit": stage.burst,
    }
    plan = {
        "UsagePlanName": f"{stage.prefix}standard",
        "ApiStages": [{"ApiId": {"Ref": "RestAPI"}, "Stage": {"Ref": "RestAPI.Stage"}}],
        "Throttle": {"RateLimit": stage.requests_per_s, "BurstLimit": stage.burst},
        "Quota": {"Limit": stage.requests_per_s * 86_400, "Period": "DAY"},
    }
    definition = {"x-amazon-apigateway-gateway-responses": gateway_responses.responses()}
    api = {"MethodSettings": [method_settings], "DefinitionBody": definition, "Name": f"{stage.prefix}api"}
    logs = {"LogGroupName": {"Fn::Sub": "/aws/lambda/${APIHandler}"}}  # Chalice names a function that is not there
    return {
        "RestAPI": {"Properties": api},
        "ApiHandlerLogGroup": {"Properties": logs},
        "UsagePlan": {"Type": "AWS::ApiGateway::UsagePlan", "Properties": plan},
    }


def _function(function: Function, stage: Stage) -> Json:
    properties: Json = {"FunctionName": function.full_name(stage)}
    if function.name == RUNNER:
        return {"Condition": "HasRunner", "Properties": properties}
    properties["Environment"] = {"Variables": _environment(function, stage)}
    if function.queue:
        mapping = {
            "Queue": {"Fn::Sub": f"${{{queue_id(function.queue)}.Arn}}"},  # so that the queue is made first
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
            "ScalingConfig": {"MaximumConcurrency": function.most_in(stage)},
        }
        properties["Events"] = {f"{function.logical_id}SqsEventSource": {"Properties": mapping}}
    return {"Properties": properties}


def _runner_only() -> Json:
    """Let what the runner consists of be there only where it is chosen."""
    (runner,) = (function for function in FUNCTIONS if function.name == RUNNER)
    return {f"{runner.logical_id}{part}": {"Condition": "HasRunner"} for part in ("Role", "LogGroup")}


def _environment(function: Function, stage: Stage) -> Json:
    variables: Json = {
        "MILLRACE_TABLE_PREFIX": stage.prefix,
        "MILLRACE_QUEUE_PREFIX": stage.prefix,
        "MILLRACE_BLOB_BUCKET": {"Ref": "BlobBucket"},
        "MILLRACE_KMS_KEY_ID": {"Fn::GetAtt": ["MasterKey", "Arn"]},
        "MILLRACE_PUBLIC_URL": _public_url(),
        "MILLRACE_RETRY_SCHEDULE_S": {"Ref": "RetrySchedule"},
        "PYDANTIC_DISABLE_PLUGINS": "true",  # looking for plugins reads every installed package's metadata
    }
    if function.runs_logic:
        runner = next(row for row in FUNCTIONS if row.name == RUNNER)
        variables["MILLRACE_RUNNER"] = {"Fn::If": ["HasRunner", runner.full_name(stage), ""]}
    if stage.name == "dev":
        variables |= {"MILLRACE_DEV_KEYS": {"Ref": "DevKeys"}, "MILLRACE_EGRESS_ALLOW": {"Ref": "EgressAllow"}}
    return variables


def _public_url() -> Json:
    own = {"Fn::Sub": f"https://${{RestAPI}}.execute-api.${{AWS::Region}}.${{AWS::URLSuffix}}/{GATEWAY_STAGE}"}
    return {"Fn::If": ["HasPublicUrl", {"Ref": "PublicUrl"}, own]}


def _policy(stage: Stage) -> Json:
    return {"DeletionPolicy": _KEPT_FOR[stage.is_kept], "UpdateReplacePolicy": "Retain"}


def _equals(parameter: str, value: str) -> Json:
    return {"Fn::Equals": [{"Ref": parameter}, value]}


def finish(template: Json, stage: Stage) -> str:
    """Write Chalice's merged template compactly.

    Methods name the API's function by its name instead of referring to it: the function's environment refers to the
    API for its address, and two references would be a circle.
    """
    api = next(function for function in FUNCTIONS if function.name == API)
    name = f"arn:${{AWS::Partition}}:lambda:${{AWS::Region}}:${{AWS::AccountId}}:function:{api.full_name(stage)}"
    properties = template["Resources"]["RestAPI"]["Properties"]
    definition = json.loads(json.dumps(properties["DefinitionBody"]).replace("${APIHandler.Arn}", name))
    definition["paths"] = {
        path: {verb: _short(method) for verb, method in methods.items()}
        for path, methods in definition["paths"].items()
    }
    del definition["definitions"]
    properties["DefinitionBody"] = definition
    return json.dumps(template, separators=(",", ":"))


def _short(method: Json) -> Json:
    """Leave out of a method what says nothing when the app answers everything: 1 MB is all a template may have."""
    integration = {name: part for name, part in method["x-amazon-apigateway-integration"].items() if name in _NEEDED}
    parameters = {"parameters": method["parameters"]} if "parameters" in method else {}
    responses = {"200": {"description": ""}}
    return {**parameters, "responses": responses, "x-amazon-apigateway-integration": integration}
