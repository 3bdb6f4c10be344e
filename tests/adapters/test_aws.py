"""Requests to AWS: written in one go they say word for word what botocore would have written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.adapters import aws
from chalicelib.storage import codec

ROW = codec.encode({"pk": "w#1", "sk": "E", "n": 3, "f": 1.5, "b": True, "z": None, "l": [1, "ä"], "m": {"x": {}}})
MESSAGE = {"Id": "1", "MessageBody": "{}", "DelaySeconds": 0}
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "PutItem": ("dynamodb", {"TableName": "t", "Item": ROW, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}),
    "UpdateItem": ("dynamodb", {"TableName": "t", "Key": ROW, "UpdateExpression": "SET a = :b"}),
    "BatchWriteItem": ("dynamodb", {"RequestItems": {"t": [{"PutRequest": {"Item": ROW}}]}}),
    "BatchGetItem": ("dynamodb", {"RequestItems": {"t": {"Keys": [ROW], "ConsistentRead": True}}}),
    "Query": ("dynamodb", {"TableName": "t", "ExpressionAttributeValues": {":p": {"S": "x"}}, "Limit": 5}),
    "TransactWriteItems": ("dynamodb", {"TransactItems": [{"Put": {"TableName": "t", "Item": ROW}}]}),
    "SendMessage": ("sqs", {"QueueUrl": "u", "MessageBody": "{}", "DelaySeconds": 3}),
    "SendMessageBatch": ("sqs", {"QueueUrl": "u", "Entries": [MESSAGE]}),
    "ReceiveMessage": ("sqs", {"QueueUrl": "u", "WaitTimeSeconds": 10, "AttributeNames": ["All"]}),
    "DeleteMessageBatch": ("sqs", {"QueueUrl": "u", "Entries": [{"Id": "1", "ReceiptHandle": "x"}]}),
    "ChangeMessageVisibility": ("sqs", {"QueueUrl": "u", "ReceiptHandle": "r", "VisibilityTimeout": 3}),
    "CreateQueue": ("sqs", {"QueueName": "u", "Attributes": {"VisibilityTimeout": "30"}, "tags": {"a": "b"}}),
    "bytes": ("dynamodb", {"TableName": "t", "Item": {"pk": {"S": "1"}, "raw": {"B": b"\x00\xff"}}}),
    "half a surrogate": ("sqs", {"QueueUrl": "u", "MessageBody": "\ud800"}),
}
OPERATIONS = {"bytes": "PutItem", "half a surrogate": "SendMessage"}


@pytest.fixture(autouse=True)
def _local() -> Iterator[None]:
    aws.reset(is_local=True)
    yield
    aws.reset()


@pytest.mark.parametrize("case", CASES)
def test_a_request_is_what_botocore_would_have_written(case: str) -> None:
    service, parameters = CASES[case]
    client = aws.client(service)
    model = client.meta.service_model.operation_model(OPERATIONS.get(case, case))
    written = client._serializer.serialize_to_request(parameters, model)
    wanted = client._serializer._own.serialize_to_request(parameters, model)
    assert json.loads(written.pop("body")) == json.loads(wanted.pop("body"))
    assert written == wanted


def test_what_is_added_to_one_request_is_not_in_the_next() -> None:
    client = aws.client("sqs")
    model = client.meta.service_model.operation_model("SendMessage")
    client._serializer.serialize_to_request({"QueueUrl": "u", "MessageBody": "1"}, model)["headers"]["x-once"] = "1"
    assert (
        "x-once" not in client._serializer.serialize_to_request({"QueueUrl": "u", "MessageBody": "2"}, model)["headers"]
    )
