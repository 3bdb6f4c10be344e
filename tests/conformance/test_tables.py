"""Tables: creation, description, deletion, time to live."""

from collections.abc import Callable
from typing import Any

from tests.conformance.clouds import Cloud, fails
from tests.conformance.conftest import create_table

Put = Callable[..., dict[str, Any]]


def test_description(cloud: Cloud, table: str, put: Put) -> None:
    put("p", "s")
    shown = cloud.dynamodb.describe_table(TableName=table)["Table"]
    assert (shown["TableStatus"], shown["ItemCount"]) == ("ACTIVE", 1)
    assert [index["IndexName"] for index in shown["GlobalSecondaryIndexes"]] == ["by_kind", "by_tenant"]
    assert cloud.dynamodb.list_tables()["TableNames"] == [table]
    with fails("ResourceInUseException"):
        create_table(cloud, table)


def test_deleted_table_is_gone_with_its_items(cloud: Cloud, table: str, put: Put) -> None:
    put("p", "s")
    cloud.dynamodb.delete_table(TableName=table)
    key = {"pk": {"S": "p"}, "sk": {"S": "s"}}
    with fails("ResourceNotFoundException"):
        cloud.dynamodb.get_item(TableName=table, Key=key)
    with fails("ResourceNotFoundException"):
        cloud.dynamodb.delete_table(TableName=table)
    create_table(cloud, table)
    assert "Item" not in cloud.dynamodb.get_item(TableName=table, Key=key)


def test_definitions_must_match_keys(cloud: Cloud) -> None:
    definition = {"AttributeName": "pk", "AttributeType": "S"}
    with fails("ValidationException"):
        cloud.dynamodb.create_table(
            TableName="wrong",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[definition, {"AttributeName": "unused", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        )
    with fails("ValidationException"):
        cloud.dynamodb.create_table(
            TableName="wrong",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[definition],
            KeySchema=[{"AttributeName": "other", "KeyType": "HASH"}],
        )


def set_ttl(cloud: Cloud, table: str, *, enabled: bool) -> None:
    cloud.dynamodb.update_time_to_live(
        TableName=table, TimeToLiveSpecification={"Enabled": enabled, "AttributeName": "exp"}
    )


def test_time_to_live_is_described(cloud: Cloud, table: str) -> None:
    def described() -> Any:
        return cloud.dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]

    assert described()["TimeToLiveStatus"] == "DISABLED"
    set_ttl(cloud, table, enabled=True)
    assert described() == {"TimeToLiveStatus": "ENABLED", "AttributeName": "exp"}
    cloud.known_wrong("moto", "lets it be enabled twice")
    with fails("ValidationException", "already enabled"):
        set_ttl(cloud, table, enabled=True)


def test_expired_items_go_with_the_sweep(cloud: Cloud, table: str, put: Put) -> None:
    cloud.known_wrong("moto", "never deletes expired items")
    assert cloud.local is not None
    now = cloud.clock() // 1000
    put("p", "before the switch", exp={"N": str(now + 10)})
    set_ttl(cloud, table, enabled=True)
    put("p", "soon", exp={"N": str(now + 10)}, kind={"S": "k"}, rank={"N": "1"})
    put("p", "later", exp={"N": str(now + 1000)})
    put("p", "prolonged", exp={"N": str(now + 10)})
    put("p", "never")
    put("p", "text", exp={"S": str(now)})
    put("p", "ancient", exp={"N": "1000"})
    cloud.dynamodb.update_item(
        TableName=table,
        Key={"pk": {"S": "p"}, "sk": {"S": "prolonged"}},
        UpdateExpression="SET #e = :e",
        ExpressionAttributeNames={"#e": "exp"},
        ExpressionAttributeValues={":e": {"N": str(now + 1000)}},
    )
    assert cloud.local.expire() == 0
    cloud.clock.advance(11)
    assert cloud.local.expire() == 2
    request: dict[str, Any] = {"TableName": table, "KeyConditionExpression": "pk = :p"}
    left = cloud.dynamodb.query(**request, ExpressionAttributeValues={":p": {"S": "p"}})["Items"]
    assert {item["sk"]["S"] for item in left} == {"later", "prolonged", "never", "text", "ancient"}
    set_ttl(cloud, table, enabled=False)
    cloud.clock.advance(5000)
    assert cloud.local.expire() == 0
