"""TransactWriteItems and TransactGetItems."""

from collections.abc import Callable
from typing import Any

from tests.conformance.clouds import Cloud, fails

Put = Callable[..., dict[str, Any]]


def key(sk: str) -> dict[str, Any]:
    return {"pk": {"S": "p"}, "sk": {"S": sk}}


def add(table: str, sk: str, amount: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "Update": {
            "TableName": table,
            "Key": key(sk),
            "UpdateExpression": "ADD n :n",
            "ExpressionAttributeValues": {":n": {"N": str(amount)}},
            **more,
        }
    }


def count(cloud: Cloud, table: str, sk: str) -> str | None:
    item = cloud.dynamodb.get_item(TableName=table, Key=key(sk), ConsistentRead=True).get("Item", {})
    number: dict[str, str] = item.get("n", {})
    return number.get("N")


def test_all_or_nothing(cloud: Cloud, table: str, put: Put) -> None:
    old = put("p", "old", n={"N": "5"})
    put("p", "gone")
    writes: list[dict[str, Any]] = [
        {"Put": {"TableName": table, "Item": {**key("new"), "n": {"N": "1"}}}},
        add(table, "old"),
        {"Delete": {"TableName": table, "Key": key("gone")}},
        {
            "ConditionCheck": {
                "TableName": table,
                "Key": key("never"),
                "ConditionExpression": "attribute_not_exists(pk)",
            }
        },
    ]
    cloud.dynamodb.transact_write_items(TransactItems=writes)
    assert (count(cloud, table, "new"), count(cloud, table, "old")) == ("1", "6")
    refused = [
        add(table, "old", 10),
        {
            "Put": {
                "TableName": table,
                "Item": key("new"),
                "ConditionExpression": "attribute_not_exists(pk)",
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            }
        },
    ]
    with fails("TransactionCanceledException", "[None, ConditionalCheckFailed]") as answer:
        cloud.dynamodb.transact_write_items(TransactItems=refused)
    first, second = answer["CancellationReasons"]
    assert first["Code"] == "None"
    assert second["Code"] == "ConditionalCheckFailed"
    assert second["Item"] == {**key("new"), "n": {"N": "1"}}
    assert count(cloud, table, "old") == "6"
    assert old["n"] == {"N": "5"}


def test_every_failed_condition_is_reported(cloud: Cloud, table: str, put: Put) -> None:
    put("p", "a", n={"N": "1"})
    put("p", "b", n={"N": "1"})
    condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}
    with fails("TransactionCanceledException") as answer:
        cloud.dynamodb.transact_write_items(
            TransactItems=[add(table, "a", **condition), add(table, "c"), add(table, "b", **condition)]
        )
    codes = [reason["Code"] for reason in answer["CancellationReasons"]]
    assert codes == ["ConditionalCheckFailed", "None", "ConditionalCheckFailed"]
    assert all("Item" not in reason for reason in answer["CancellationReasons"])
    assert count(cloud, table, "c") is None


def test_a_token_makes_it_happen_once(cloud: Cloud, table: str) -> None:
    cloud.known_wrong("moto", "ignores client tokens")
    for _ in range(3):
        cloud.dynamodb.transact_write_items(TransactItems=[add(table, "a")], ClientRequestToken="t1")
    assert count(cloud, table, "a") == "1"
    with fails("IdempotentParameterMismatchException"):
        cloud.dynamodb.transact_write_items(TransactItems=[add(table, "a", 2)], ClientRequestToken="t1")
    cloud.dynamodb.transact_write_items(TransactItems=[add(table, "a")], ClientRequestToken="t2")
    assert count(cloud, table, "a") == "2"
    cloud.clock.advance(601)
    cloud.dynamodb.transact_write_items(TransactItems=[add(table, "a")], ClientRequestToken="t1")
    assert count(cloud, table, "a") == "3"


def test_a_token_of_a_cancelled_transaction_is_free(cloud: Cloud, table: str, put: Put) -> None:
    writes = [add(table, "a", ConditionExpression="attribute_exists(pk)")]
    with fails("TransactionCanceledException"):
        cloud.dynamodb.transact_write_items(TransactItems=writes, ClientRequestToken="t1")
    put("p", "a", n={"N": "1"})
    cloud.dynamodb.transact_write_items(TransactItems=writes, ClientRequestToken="t1")
    assert count(cloud, table, "a") == "2"


def test_refusals(cloud: Cloud, table: str) -> None:
    with fails("ValidationException", "multiple operations on one item"):
        cloud.dynamodb.transact_write_items(
            TransactItems=[add(table, "a"), {"Delete": {"TableName": table, "Key": key("a")}}]
        )
    with fails("ValidationException"):
        cloud.dynamodb.transact_write_items(TransactItems=[add(table, f"{n}") for n in range(101)])
    with fails("ResourceNotFoundException"):
        cloud.dynamodb.transact_write_items(TransactItems=[add("nowhere", "a")])
    assert count(cloud, table, "a") is None


def test_reads_in_order(cloud: Cloud, table: str, put: Put) -> None:
    item = put("p", "a", n={"N": "1"})
    answer = cloud.dynamodb.transact_get_items(
        TransactItems=[{"Get": {"TableName": table, "Key": key(sk)}} for sk in ("none", "a")]
    )
    assert answer["Responses"] == [{}, {"Item": item}]
