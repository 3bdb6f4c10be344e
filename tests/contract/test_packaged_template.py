"""The template as it is deployed, promise by promise: what Chalice wrote with our part merged in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from chalicelib.core.figures import FIGURES
from chalicelib.storage import tables
from infra import gateway_responses, limits, package, queues, template
from infra.functions import FUNCTIONS, RUNNER, STAGES
from infra.policies import CONSUMES, UNBOUND, queue_id, table_id

Json = dict[str, Any]
PROD = STAGES["prod"]
ROWS = {function.name: function for function in FUNCTIONS}
VERBS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("package")
    raw = package._chalice(PROD, package._stage(PROD, "arm64", folder / "stage"), folder / "raw")
    return template.finish(json.loads((raw / "sam.json").read_text()), PROD)


@pytest.fixture(scope="module")
def resources(text: str) -> Json:
    found: Json = json.loads(text)["Resources"]
    return found


def properties(resources: Json, kind: str) -> Json:
    return {name: one.get("Properties", {}) for name, one in resources.items() if one["Type"] == kind}


def statements(resources: Json, function: str) -> list[Json]:
    role, _ = resources[ROWS[function].logical_id]["Properties"]["Role"]["Fn::GetAtt"]
    (policy,) = resources[role]["Properties"]["Policies"]
    found = policy["PolicyDocument"]["Statement"]
    return [one.get("Fn::If", [None, one])[1] for one in found]


def test_it_fits(text: str, resources: Json) -> None:
    assert len(text.encode()) < limits.MAX_TEMPLATE_BYTES
    assert limits.translated_resources(json.loads(text)) < limits.MAX_RESOURCES
    paths = resources["RestAPI"]["Properties"]["DefinitionBody"]["paths"]
    assert len(limits.api_resources(paths)) < limits.MAX_PATHS
    assert limits.mixed_variables(paths) == {}


@pytest.mark.parametrize("table", tables.TABLES, ids=lambda table: table.short_name)
def test_a_table_can_be_restored_expires_and_refuses_deletion(resources: Json, table: Any) -> None:
    found = resources[table_id(table.short_name)]
    assert found["DeletionPolicy"] == found["UpdateReplacePolicy"] == "Retain"
    assert (
        found["Properties"]
        | {
            "BillingMode": "PAY_PER_REQUEST",
            "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
            "TimeToLiveSpecification": {"Enabled": True, "AttributeName": "exp"},
            "DeletionProtectionEnabled": True,
            "SSESpecification": {"SSEEnabled": True, "SSEType": "KMS"},
        }
        == found["Properties"]
    )


@pytest.mark.parametrize("name", [*queues.QUEUES, queues.DEAD_LETTERS])
def test_a_queue_hides_long_enough_keeps_two_weeks_and_gives_up_after_eight(resources: Json, name: str) -> None:
    (reader,) = (function for function in FUNCTIONS if function.queue == name)
    found = resources[queue_id(name)]["Properties"]
    assert found["VisibilityTimeout"] == 6 * resources[reader.logical_id]["Properties"]["Timeout"]
    assert found["MessageRetentionPeriod"] == 14 * 86_400
    assert found["SqsManagedSseEnabled"] is True
    redrive = {"deadLetterTargetArn": {"Fn::GetAtt": [queue_id(queues.DEAD_LETTERS), "Arn"]}, "maxReceiveCount": 8}
    assert found.get("RedrivePolicy") == (None if name == queues.DEAD_LETTERS else redrive)


def test_the_bucket_is_private_and_clears_itself_up(resources: Json) -> None:
    bucket, policy = resources["BlobBucket"]["Properties"], resources["BlobBucketPolicy"]["Properties"]
    assert len(bucket["PublicAccessBlockConfiguration"]) == 4
    assert all(bucket["PublicAccessBlockConfiguration"].values())
    assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    assert bucket["BucketEncryption"] and bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    (denied,) = policy["PolicyDocument"]["Statement"]
    assert (denied["Effect"], denied["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    rules = {rule["Id"]: rule for rule in bucket["LifecycleConfiguration"]["Rules"]}
    assert all(rule["Status"] == "Enabled" for rule in rules.values())
    assert rules["unfinished-uploads"]["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}
    assert rules["old-versions"]["NoncurrentVersionExpiration"] == {"NoncurrentDays": 35}


def test_the_master_key_is_rotated_kept_and_named(resources: Json) -> None:
    key = resources["MasterKey"]
    assert key["DeletionPolicy"] == "Retain"
    assert key["Properties"]["EnableKeyRotation"] is True
    assert key["Properties"]["PendingWindowInDays"] == 30
    assert resources["MasterKeyAlias"]["Properties"]["AliasName"] == "alias/millrace-prod-master"


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
def test_a_function_is_of_its_size_with_a_role_and_a_log_of_its_own(resources: Json, function: Any) -> None:
    found = resources[function.logical_id]["Properties"]
    assert (found["Timeout"], found["MemorySize"]) == (function.timeout_s, function.memory_mb)
    assert found["Handler"] == function.handler
    assert found["Architectures"] == ["arm64"]
    assert found["FunctionName"] == f"millrace-prod-{function.name}"
    roles = [json.dumps(one["Role"]) for one in properties(resources, "AWS::Serverless::Function").values()]
    assert roles.count(json.dumps(found["Role"])) == 1
    logged = {"Fn::Sub": f"/aws/lambda/${{{function.logical_id}}}"}
    (log,) = (one for one in properties(resources, "AWS::Logs::LogGroup").values() if one["LogGroupName"] == logged)
    assert log["RetentionInDays"] == 90


@pytest.mark.parametrize("function", [one for one in FUNCTIONS if one.queue], ids=lambda function: function.name)
def test_a_mapping_reports_single_failures_and_has_a_ceiling(resources: Json, function: Any) -> None:
    (event,) = resources[function.logical_id]["Properties"]["Events"].values()
    assert event["Type"] == "SQS"
    assert event["Properties"]["Queue"] == {"Fn::Sub": f"${{{queue_id(function.queue)}.Arn}}"}
    assert event["Properties"]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert event["Properties"]["ScalingConfig"] == {"MaximumConcurrency": function.most_in(PROD)}
    assert 2 <= function.most_in(PROD) <= 1000
    reads = [one for one in statements(resources, function.name) if f"sqs:{CONSUMES[-1]}" in one["Action"]]
    assert [one["Resource"] for one in reads] == [{"Fn::GetAtt": [queue_id(function.queue), "Arn"]}]


@pytest.mark.parametrize("function", [one for one in FUNCTIONS if one.is_scheduled], ids=lambda function: function.name)
def test_a_schedule_fires_each_minute_one_at_a_time(resources: Json, function: Any) -> None:
    found = resources[function.logical_id]["Properties"]
    (event,) = found["Events"].values()
    assert event["Properties"]["Schedule"] == "rate(1 minute)"
    assert found["ReservedConcurrentExecutions"] == 1


def test_no_policy_has_a_wildcard_but_for_its_log_and_the_objects_of_the_bucket(resources: Json) -> None:
    for function in FUNCTIONS:
        for statement in statements(resources, function.name):
            assert statement["Effect"] == "Allow"
            assert not any("*" in action for action in statement["Action"])
            if set(statement["Action"]) <= UNBOUND:
                continue
            many = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
            wild = {json.dumps(one) for one in many if "*" in json.dumps(one)}
            log = f"function:millrace-prod-{function.name}".replace("function:", "/aws/lambda/")
            assert all(f"{log}:log-stream:*" in one or "${BlobBucket.Arn}/*" in one for one in wild)


def test_the_gateway_refuses_in_our_shape(resources: Json) -> None:
    api = resources["RestAPI"]["Properties"]
    found = api["DefinitionBody"]["x-amazon-apigateway-gateway-responses"]
    assert found == gateway_responses.responses()
    statuses = {kind: one["statusCode"] for kind, one in found.items()}
    expected = {
        "ACCESS_DENIED": "403",
        "MISSING_AUTHENTICATION_TOKEN": "404",
        "REQUEST_TOO_LARGE": "413",
        "THROTTLED": "429",
        "DEFAULT_5XX": "500",
        "INTEGRATION_TIMEOUT": "504",
    }
    assert expected.items() <= statuses.items()
    assert api["MinimumCompressionSize"] == 1024
    for path, methods in api["DefinitionBody"]["paths"].items():  # what has no row is answered 405 by the app
        assert set(methods) >= VERBS, path


def test_the_api_is_throttled_and_has_a_plan(resources: Json) -> None:
    (settings,) = resources["RestAPI"]["Properties"]["MethodSettings"]
    assert (settings["ThrottlingRateLimit"], settings["ThrottlingBurstLimit"]) == (2000, 4000)
    (plan,) = properties(resources, "AWS::ApiGateway::UsagePlan").values()
    assert plan["Throttle"] == {"RateLimit": 2000, "BurstLimit": 4000}


def test_what_goes_wrong_raises_an_alarm(resources: Json) -> None:
    alarms = properties(resources, "AWS::CloudWatch::Alarm").values()
    watched = {(alarm["MetricName"], json.dumps(alarm["Dimensions"])) for alarm in alarms}
    assert {"DeadLetters", "DisabledEndpoints", "5XXError"} <= {metric for metric, _ in watched}
    for table in tables.TABLES:
        for metric in ("ReadThrottleEvents", "WriteThrottleEvents"):
            assert any(name == metric and f'"{table_id(table.short_name)}"' in where for name, where in watched)
    for function in FUNCTIONS:
        for metric in ("Errors", "Throttles"):
            assert any(name == metric and f'"{function.logical_id}"' in where for name, where in watched)
        if function.queue:
            oldest = "ApproximateAgeOfOldestMessage"
            assert any(name == oldest and f'"{queue_id(function.queue)}"' in where for name, where in watched)
    for alarm in alarms:
        assert alarm["AlarmActions"] == [{"Ref": "AlarmTopic"}]
    own = {alarm["MetricName"] for alarm in alarms if alarm.get("Namespace") == "Millrace/prod"}
    assert own == {"DeadLetters", "DisabledEndpoints"} and own <= FIGURES.keys()
    assert not properties(resources, "AWS::Logs::MetricFilter")
    (dashboard,) = properties(resources, "AWS::CloudWatch::Dashboard").values()
    widgets = json.loads(dashboard["DashboardBody"]["Fn::Sub"])["widgets"]
    assert len(widgets) >= 9


def test_where_scripts_may_run_nothing_else_is_allowed_or_known(resources: Json) -> None:
    runner = ROWS[RUNNER]
    own = [name for name in resources if name.startswith(runner.logical_id)]
    assert len(own) >= 5  # function, role, log, alarms
    assert {resources[name].get("Condition") for name in own} == {"HasRunner"}
    (only,) = statements(resources, RUNNER)
    assert only["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]
    settings = resources[runner.logical_id]["Properties"].get("Environment", {}).get("Variables", {})
    assert not [name for name in settings if "TABLE" in name or "KMS" in name or "BUCKET" in name]
    for function in FUNCTIONS:
        if function.runs_logic:
            where = resources[function.logical_id]["Properties"]["Environment"]["Variables"]["MILLRACE_RUNNER"]
            assert where == {"Fn::If": ["HasRunner", "millrace-prod-runner", ""]}
            assert any(one["Action"] == ["lambda:InvokeFunction"] for one in statements(resources, function.name))


def test_prod_knows_no_development_settings(text: str) -> None:
    assert "MILLRACE_DEV_KEYS" not in text
    assert "MILLRACE_EGRESS_ALLOW" not in text


def test_sources_are_compiled_beside_themselves(tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text("value = 1\n")
    package.compile_all(tmp_path)
    assert list(tmp_path.rglob("module.*.pyc"))
