"""The merge file and the configuration: what can be said of the template without packaging it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import app
from chalicelib.edge.failures import STATUS
from chalicelib.storage import tables
from infra import bill, gateway_responses, limits, lock, package, queues, template
from infra.functions import API, FUNCTIONS, STAGES, by_handler
from infra.verify.properties import of_type

ROOT = Path(__file__).parents[2]
STAGE = STAGES["prod"]
ABOUT_A_METHOD_BYTES = 650


def test_every_registered_function_has_a_row_and_every_row_a_function() -> None:
    registered = {source.name: source for source in (*app.app.event_sources, *app.app.pure_lambda_functions)}
    rows = {function.name: function for function in FUNCTIONS if function.name != API}
    assert rows.keys() == registered.keys()
    prefix = "millrace-"
    for name, source in registered.items():
        assert rows[name].handler == source.handler_string
        assert rows[name].queue == getattr(source, "queue", prefix).removeprefix(prefix)


def test_every_queue_has_one_consumer() -> None:
    consumed = [function.queue for function in FUNCTIONS if function.queue]
    assert sorted(consumed) == sorted((*queues.QUEUES, queues.DEAD_LETTERS))
    assert len(by_handler()) == len(FUNCTIONS)


def test_a_message_stays_hidden_six_times_as_long_as_its_function_may_run() -> None:
    timeouts_s = {STAGE.prefix + function.queue: function.timeout_s for function in FUNCTIONS}
    for queue in of_type(template.merge_file(STAGE)["Resources"], "AWS::SQS::Queue").values():
        assert queue["VisibilityTimeout"] == 6 * timeouts_s[queue["QueueName"]]
        assert queue["MessageRetentionPeriod"] == 14 * 86_400


def test_every_table_of_the_code_is_in_the_template() -> None:
    found = of_type(template.merge_file(STAGE)["Resources"], "AWS::DynamoDB::Table")
    names = {table["TableName"].removeprefix(STAGE.prefix) for table in found.values()}
    assert names == {table.short_name for table in tables.TABLES}
    for table in found.values():
        assert table["DeletionProtectionEnabled"]
        assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
        assert table["TimeToLiveSpecification"]["AttributeName"] == tables.TTL_ATTRIBUTE


def test_every_mapping_reports_single_failures_and_has_a_ceiling() -> None:
    resources = template.merge_file(STAGE)["Resources"]
    for function in FUNCTIONS:
        for event in resources[function.logical_id]["Properties"].get("Events", {}).values():
            assert event["Properties"]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
            assert event["Properties"]["ScalingConfig"]["MaximumConcurrency"] >= 2


def test_the_api_fits_into_one_gateway_and_one_template() -> None:
    assert len(limits.api_resources(app.app.routes)) <= limits.MAX_PATHS
    methods = sum(len(entries) for entries in app.app.routes.values())
    rest = len(json.dumps(template.merge_file(STAGE), separators=(",", ":")))
    assert methods * ABOUT_A_METHOD_BYTES + 2 * rest < limits.MAX_TEMPLATE_BYTES


def test_sibling_variables_share_their_name() -> None:
    assert limits.mixed_variables(app.app.routes) == {}
    assert limits.mixed_variables(["/a/{b}/c", "/a/{d}"]) == {"a": {"{b}", "{d}"}}


@pytest.mark.parametrize("kind", gateway_responses.responses())
def test_what_the_gateway_answers_has_our_shape(kind: str) -> None:
    response = gateway_responses.responses()[kind]
    body = json.loads(response["responseTemplates"]["application/json"])
    assert set(body) == {"error", "type", "description", "status"}
    assert str(body["status"]) == response["statusCode"]
    known = {error.__name__: status for error, status in STATUS.items()}
    assert known.get(body["type"], body["status"]) == body["status"]


@pytest.mark.parametrize("name", STAGES)
def test_the_configuration_gives_every_function_its_own_policy(name: str) -> None:
    written = package.configuration(STAGES[name], "arm64")
    chosen = written["stages"][name]
    assert written["autogen_policy"] is False
    files = [row["iam_policy_file"] for row in chosen["lambda_functions"].values()]
    assert len(set(files)) == len(FUNCTIONS)
    assert chosen["environment_variables"]["MILLRACE_STAGE"] == name
    assert chosen["log_retention_in_days"] > 0


def test_only_the_dev_stage_can_be_given_development_keys() -> None:
    assert "DevKeys" in template.parameters(STAGES["dev"])
    assert not {"DevKeys", "EgressAllow"} & template.parameters(STAGE).keys()


def test_the_package_keeps_the_services_the_code_asks_for() -> None:
    texts = "".join(path.read_text() for path in (ROOT / "chalicelib").rglob("*.py"))
    asked = {part.split('"')[1] for part in texts.split("aws.client(")[1:]}
    assert asked == package.SERVICES


def test_what_is_locked_is_what_is_required() -> None:
    wanted = lock.pins((ROOT / "requirements.txt").read_text())
    text = lock.LOCK.read_text()
    assert wanted.items() <= lock.pins(text).items(), "make lock"
    entries = text.replace("\\\n", " ").splitlines()[1:]
    assert all(entry.count("--hash=sha256:") >= 1 for entry in entries)
    assert len(entries) == len(lock.pins(text))


def test_nothing_that_runs_imports_what_is_not_packaged() -> None:
    for path in (ROOT / "chalicelib").rglob("*.py"):
        assert not any(
            line.lstrip().startswith(("import boto3", "from boto3")) for line in path.read_text().splitlines()
        )


def test_a_package_of_an_unknown_licence_is_named() -> None:
    told = {"name": "a", "version": "1", "licenses": [{"license": {"name": "AGPL-3.0"}}]}
    untold = {"name": "b", "version": "2", "licenses": []}
    good = {"name": "c", "version": "3", "licenses": [{"license": {"name": "Apache-2.0"}}]}
    found = list(bill.strangers({"components": [told, untold, good]}))
    assert found == ["a 1: agpl-3.0", "b 2: no licence told"]
