"""Tables and queues, created on the local cloud once from the template and once by the code, and compared."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import botocore.session
from botocore import UNSIGNED
from botocore.config import Config

from chalicelib.core import config
from chalicelib.storage import tables
from infra import queues
from infra.functions import Stage
from infra.local.cloud import LocalCloud
from infra.verify.properties import of_type

Json = dict[str, Any]
_TABLE_PARTS = ("TableName", "BillingMode", "KeySchema", "AttributeDefinitions", "GlobalSecondaryIndexes")
_OF_THE_CODE = ("MessageRetentionPeriod", "RedrivePolicy")  # visibility follows the deployed functions' time-outs


def faults(template: Json, stage: Stage, scratch: Path) -> list[str]:
    """List what differs between the template's tables and queues and those of the code."""
    by_template, by_code = connect(scratch / "template.db"), connect(scratch / "code.db")
    create(template["Resources"], by_template, stage)
    tables.create_all(by_code["dynamodb"])
    queues.create_all(by_code["sqs"])
    prefixes = (stage.prefix, config.DEFAULT_PREFIX)
    found = [shape(clients, prefix) for clients, prefix in zip((by_template, by_code), prefixes, strict=True)]
    return [
        f"{name}: template {found[0].get(name)}, code {found[1].get(name)}"
        for name in sorted(found[0].keys() | found[1].keys())
        if found[0].get(name) != found[1].get(name)
    ]


def connect(path: Path) -> Json:
    """Give clients of a local cloud on a file of its own."""
    cloud = LocalCloud(path)
    settings = Config(signature_version=UNSIGNED, parameter_validation=False)
    session = botocore.session.Session()
    clients = {name: session.create_client(name, region_name="local", config=settings) for name in ("dynamodb", "sqs")}
    for client in clients.values():
        cloud.attach(client)
    return clients


def create(resources: Json, clients: Json, stage: Stage) -> None:
    """Create the template's tables and queues."""
    for properties in of_type(resources, "AWS::DynamoDB::Table").values():
        clients["dynamodb"].create_table(**{name: properties[name] for name in _TABLE_PARTS if name in properties})
        clients["dynamodb"].update_time_to_live(
            TableName=properties["TableName"], TimeToLiveSpecification=properties["TimeToLiveSpecification"]
        )
    found = of_type(resources, "AWS::SQS::Queue")
    arns: dict[str, str] = {}
    for name in sorted(found, key=lambda name: "RedrivePolicy" in found[name]):  # the dead-letter queue first
        attributes = {"VisibilityTimeout": str(found[name]["VisibilityTimeout"])}
        attributes["MessageRetentionPeriod"] = str(found[name]["MessageRetentionPeriod"])
        if policy := found[name].get("RedrivePolicy"):
            target = arns[policy["deadLetterTargetArn"]["Fn::GetAtt"][0]]
            counted = {"deadLetterTargetArn": target, "maxReceiveCount": str(policy["maxReceiveCount"])}
            attributes["RedrivePolicy"] = json.dumps(counted)
        url = clients["sqs"].create_queue(QueueName=found[name]["QueueName"], Attributes=attributes)["QueueUrl"]
        arns[name] = clients["sqs"].get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"][
            "QueueArn"
        ]


def shape(clients: Json, prefix: str) -> Json:
    """Describe what there is, without names' prefixes and whatever an emulator adds."""
    found: Json = {}
    for name in clients["dynamodb"].list_tables()["TableNames"]:
        described = clients["dynamodb"].describe_table(TableName=name)["Table"]
        indexes = [
            {part: index[part] for part in ("IndexName", "KeySchema", "Projection")}
            for index in described.get("GlobalSecondaryIndexes", ())
        ]
        expiry = clients["dynamodb"].describe_time_to_live(TableName=name)["TimeToLiveDescription"]
        found["table " + name.removeprefix(prefix)] = {
            "keys": described["KeySchema"],
            "attributes": sorted(described["AttributeDefinitions"], key=lambda one: one["AttributeName"]),
            "indexes": indexes,
            "expiry": (expiry["TimeToLiveStatus"], expiry.get("AttributeName")),
        }
    for url in clients["sqs"].list_queues().get("QueueUrls", ()):
        attributes = clients["sqs"].get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        shown = {name: attributes.get(name, "").replace(prefix, "") for name in _OF_THE_CODE}
        found["queue " + url.rsplit("/", 1)[-1].removeprefix(prefix)] = shown
    return found
