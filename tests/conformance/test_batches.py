"""BatchGetItem and BatchWriteItem."""

from collections.abc import Callable
from typing import Any

from infra.local.cloud import Fault
from tests.conformance.clouds import Cloud, fails

Put = Callable[..., dict[str, Any]]


def key(number: int) -> dict[str, Any]:
    return {"pk": {"S": "p"}, "sk": {"S": f"{number:03}"}}


def puts(count: int, **attributes: Any) -> list[dict[str, Any]]:
    return [{"PutRequest": {"Item": {**key(number), **attributes}}} for number in range(count)]


def test_writes_and_reads_many(cloud: Cloud, table: str, put: Put) -> None:
    put("gone", "s")
    requests = puts(24, kind={"S": "k"}, rank={"N": "1"})
    requests.append({"DeleteRequest": {"Key": {"pk": {"S": "gone"}, "sk": {"S": "s"}}}})
    assert cloud.dynamodb.batch_write_item(RequestItems={table: requests})["UnprocessedItems"] == {}
    wanted = [key(number) for number in range(30)] + [{"pk": {"S": "gone"}, "sk": {"S": "s"}}]
    answer = cloud.dynamodb.batch_get_item(RequestItems={table: {"Keys": wanted, "ProjectionExpression": "sk"}})
    assert sorted(item["sk"]["S"] for item in answer["Responses"][table]) == [f"{n:03}" for n in range(24)]
    assert answer["UnprocessedKeys"] == {}
    indexed = cloud.dynamodb.query(
        TableName=table,
        IndexName="by_kind",
        KeyConditionExpression="kind = :k",
        ExpressionAttributeValues={":k": {"S": "k"}},
    )
    assert indexed["Count"] == 24


def test_at_most_25_writes(cloud: Cloud, table: str) -> None:
    cloud.known_wrong("moto", "writes more than 25 items")
    with fails("ValidationException"):
        cloud.dynamodb.batch_write_item(RequestItems={table: puts(26)})


def test_refusals(cloud: Cloud, table: str) -> None:
    with fails("ValidationException", "duplicates"):
        cloud.dynamodb.batch_write_item(RequestItems={table: [*puts(1), *puts(1)]})
    with fails("ValidationException"):
        cloud.dynamodb.batch_get_item(RequestItems={table: {"Keys": [key(number) for number in range(101)]}})
    with fails("ValidationException", "duplicates"):
        cloud.dynamodb.batch_get_item(RequestItems={table: {"Keys": [key(1), key(1)]}})
    with fails("ResourceNotFoundException"):
        cloud.dynamodb.batch_write_item(RequestItems={"nowhere": puts(1)})
    with fails("ResourceNotFoundException"):
        cloud.dynamodb.batch_get_item(RequestItems={"nowhere": {"Keys": [key(1)]}})


def test_one_wrong_item_stops_the_batch(cloud: Cloud, table: str) -> None:
    with fails("ValidationException"):
        cloud.dynamodb.batch_write_item(RequestItems={table: [*puts(2), {"PutRequest": {"Item": {"pk": {"S": "p"}}}}]})
    cloud.known_wrong("moto", "has written the items before the wrong one")
    assert cloud.dynamodb.batch_get_item(RequestItems={table: {"Keys": [key(0)]}})["Responses"][table] == []


def test_reads_stop_at_16_megabytes(cloud: Cloud, table: str) -> None:
    for number in range(42):
        cloud.dynamodb.put_item(TableName=table, Item={**key(number), "big": {"S": "x" * 400_000}})
    wanted: dict[str, Any] = {table: {"Keys": [key(number) for number in range(42)], "ConsistentRead": True}}
    answer = cloud.dynamodb.batch_get_item(RequestItems=wanted)
    read = answer["Responses"][table]
    left = answer["UnprocessedKeys"][table]
    assert len(read) + len(left["Keys"]) == 42
    assert len(read) in (41, 42)
    assert len(left["Keys"]) >= 1
    again = cloud.dynamodb.batch_get_item(RequestItems=answer["UnprocessedKeys"])
    assert len(again["Responses"][table]) == len(left["Keys"])


def test_unprocessed_entries_can_be_sent_again(local: Cloud) -> None:
    from tests.conformance.conftest import create_table

    table = create_table(local)
    assert local.local is not None
    local.local.fault = lambda operation, request: Fault.UNPROCESSED if operation.startswith("Batch") else None
    rest: dict[str, Any] = {table: puts(10)}
    answer = local.dynamodb.batch_write_item(RequestItems=rest)
    assert len(answer["UnprocessedItems"][table]) == 5
    wanted: dict[str, Any] = {table: {"Keys": [key(number) for number in range(10)]}}
    answer_ = local.dynamodb.batch_get_item(RequestItems=wanted)
    assert len(answer_["Responses"][table]) == 5
    assert len(answer_["UnprocessedKeys"][table]["Keys"]) == 5
    local.local.fault = None
    assert local.dynamodb.batch_write_item(RequestItems=answer["UnprocessedItems"])["UnprocessedItems"] == {}
    assert len(local.dynamodb.batch_get_item(RequestItems=wanted)["Responses"][table]) == 10
