"""Faults can be injected into the local cloud."""

from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ConnectionClosedError

from infra.local.cloud import Fault
from tests.conformance.clouds import CONFIG, Cloud, attached_clients, fails
from tests.conformance.conftest import create_table

KEY = {"pk": {"S": "p"}, "sk": {"S": "s"}}


def inject(cloud: Cloud, fault: Fault) -> None:
    assert cloud.local is not None

    def hook(operation: str, request: dict[str, Any]) -> Fault | None:
        return fault if operation in ("PutItem", "SendMessage") else None

    cloud.local.fault = hook


def is_there(cloud: Cloud, table: str) -> bool:
    return "Item" in cloud.dynamodb.get_item(TableName=table, Key=KEY)


def test_throttling_has_no_effect(local: Cloud) -> None:
    table = create_table(local)
    queue = local.sqs.create_queue(QueueName="work")["QueueUrl"]
    inject(local, Fault.THROTTLE)
    with fails("ProvisionedThroughputExceededException"):
        local.dynamodb.put_item(TableName=table, Item=KEY)
    with fails("RequestThrottled"):
        local.sqs.send_message(QueueUrl=queue, MessageBody="x")
    assert not is_there(local, table)
    assert "Messages" not in local.sqs.receive_message(QueueUrl=queue)


def test_lost_answers_have_their_effect(local: Cloud) -> None:
    table = create_table(local)
    inject(local, Fault.LOST_ANSWER)
    with pytest.raises(ConnectionClosedError):
        local.dynamodb.put_item(TableName=table, Item=KEY)
    assert is_there(local, table)


def test_server_errors_have_their_effect(local: Cloud) -> None:
    table = create_table(local)
    inject(local, Fault.SERVER_ERROR)
    with fails("InternalServerError"):
        local.dynamodb.put_item(TableName=table, Item=KEY)
    assert is_there(local, table)


def test_transactions_can_meet_another_one(local: Cloud) -> None:
    table = create_table(local)
    assert local.local is not None
    local.local.fault = lambda operation, request: None if operation == "GetItem" else Fault.CONFLICT
    with fails("TransactionConflictException"):
        local.dynamodb.put_item(TableName=table, Item=KEY)
    puts = [{"Put": {"TableName": table, "Item": KEY | {"sk": {"S": name}}}} for name in ("s", "t")]
    with fails("TransactionCanceledException") as caught:
        local.dynamodb.transact_write_items(TransactItems=puts)
    reasons = caught["CancellationReasons"]
    assert [reason["Code"] for reason in reasons] == ["TransactionConflict", "None"]
    assert not is_there(local, table)


def test_half_a_batch_of_messages_can_fail(local: Cloud) -> None:
    queue = local.sqs.create_queue(QueueName="work")["QueueUrl"]
    assert local.local is not None
    local.local.fault = lambda operation, request: Fault.UNPROCESSED
    entries = [{"Id": name, "MessageBody": name} for name in "abcd"]
    answer = local.sqs.send_message_batch(QueueUrl=queue, Entries=entries)
    assert [entry["Id"] for entry in answer["Successful"]] == ["a", "b"]
    assert [(entry["Id"], entry["SenderFault"]) for entry in answer["Failed"]] == [("c", False), ("d", False)]


def test_botocore_repeats_what_was_throttled(local: Cloud) -> None:
    table = create_table(local)
    assert local.local is not None
    twice = CONFIG.merge(Config(retries={"total_max_attempts": 2, "mode": "standard"}))
    client: Any = attached_clients(local.local, direct=False, config=twice)["dynamodb"]
    left = [Fault.THROTTLE]
    local.local.fault = lambda operation, request: left.pop() if left else None
    answer = client.put_item(TableName=table, Item=KEY)
    assert answer["ResponseMetadata"]["RetryAttempts"] == 1
    assert is_there(local, table)
