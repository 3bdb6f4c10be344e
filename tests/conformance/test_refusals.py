"""What DynamoDB refuses, with its error codes."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.conformance.clouds import Cloud, fails

Put = Callable[..., dict[str, Any]]
KEY = {"pk": {"S": "p"}, "sk": {"S": "s"}}
ONE = {":v": {"N": "1"}}
INVALID = "ValidationException"


def case(operation: str, request: dict[str, Any], message: str = "", *, moto: str = "") -> Any:
    """One refused request: operation, members beside TableName, words of the message, what moto does instead."""
    return pytest.param(operation, request, message, moto)


def nested(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {"S": "x"}
    for _ in range(levels):
        value = {"L": [value]}
    return value


def query(condition: str = "pk = :v", **more: Any) -> dict[str, Any]:
    request = {"KeyConditionExpression": condition, "ExpressionAttributeValues": {":v": {"S": "p"}}, **more}
    return {name: value for name, value in request.items() if value is not None}


def update(expression: str, values: Any = None, **more: Any) -> dict[str, Any]:
    return {
        "Key": KEY,
        "UpdateExpression": expression,
        **({"ExpressionAttributeValues": values} if values else {}),
        **more,
    }


KEYS = [
    case("get_item", {"Key": {"pk": {"S": "p"}}}, "key element does not match the schema"),
    case("get_item", {"Key": {**KEY, "x": {"S": "x"}}}, "key element does not match the schema"),
    case(
        "get_item",
        {"Key": {"pk": {"N": "1"}, "sk": {"S": "s"}}},
        "key element does not match the schema",
        moto="accepts it",
    ),
    case("delete_item", {"Key": {"pk": {"S": "p"}}}, "key element does not match the schema"),
    case("update_item", {"Key": {"pk": {"S": "p"}}}, "key element does not match the schema"),
    case("put_item", {"Item": {"pk": {"S": "p"}}}, "Missing the key sk in the item"),
    case("put_item", {"Item": {"pk": {"S": "p"}, "sk": {"N": "1"}}}, "Type mismatch for key sk expected: S actual: N"),
    case("put_item", {"Item": {**KEY, "pk": {"S": ""}}}, "empty string value. Key: pk"),
    case("get_item", {"Key": {**KEY, "pk": {"S": ""}}}, "empty string value. Key: pk"),
    case("put_item", {"Item": {**KEY, "pk": {"S": "x" * 2049}}}, "Size of hashkey has exceeded"),
    case("put_item", {"Item": {**KEY, "sk": {"S": "x" * 1025}}}, "Aggregated size of all range keys has exceeded"),
    case("put_item", {"Item": {**KEY, "kind": {"N": "1"}}}, "Type mismatch for Index Key kind", moto="accepts it"),
    case("put_item", {"Item": {**KEY, "kind": {"S": ""}}}, "IndexKey: kind"),
    case("update_item", update("SET kind = :v", ONE), "Type mismatch"),
]

VALUES = [
    case("put_item", {"Item": {**KEY, "n": {"N": "abc"}}}, "cannot be converted to a numeric value: abc"),
    case("put_item", {"Item": {**KEY, "n": {"N": "1" * 39}}}, "more than 38 significant digits", moto="accepts it"),
    case("put_item", {"Item": {**KEY, "n": {"N": "1E126"}}}, "Number overflow", moto="accepts it"),
    case("put_item", {"Item": {**KEY, "n": {"N": "1E-131"}}}, "Number underflow"),
    case("put_item", {"Item": {**KEY, "n": {"N": "NaN"}}}, "numeric value"),
    case("put_item", {"Item": {**KEY, "s": {"SS": []}}}, "may not be empty"),
    case("put_item", {"Item": {**KEY, "s": {"SS": ["a", "a"]}}}, "contains duplicates", moto="accepts it"),
    case("put_item", {"Item": {**KEY, "s": {"NS": ["1", "1.0"]}}}, "contains duplicates", moto="accepts it"),
    case("put_item", {"Item": {**KEY, "s": {}}}, "Supplied AttributeValue is empty", moto="fails inside"),
    case("put_item", {"Item": {**KEY, "s": {"NULL": False}}}, "must have the value of true"),
    case(
        "put_item", {"Item": {**KEY, "s": nested(33)}}, "Nesting Levels have exceeded supported limits", moto="accepts"
    ),
    case("put_item", {"Item": {**KEY, "big": {"S": "x" * (400 * 1024)}}}, "Item size has exceeded the maximum allowed"),
    case("update_item", update("SET a = :v", {":v": {"S": "x" * 409600}}), "exceeded the maximum allowed size"),
]

EXPRESSIONS = [
    case("update_item", update("SET name = :v", ONE), "reserved keyword; reserved keyword: name"),
    case("update_item", update("SET a.Status = :v", ONE), "reserved keyword"),
    case("delete_item", {"Key": KEY, "ConditionExpression": "attribute_exists(status)"}, "reserved keyword: status"),
    case("query", query(FilterExpression="size(items) > :v"), "reserved keyword"),
    case("get_item", {"Key": KEY, "ProjectionExpression": "a, name"}, "reserved keyword"),
    case("update_item", update("SET a = :v", {**ONE, ":w": {"N": "2"}}), "unused in expressions: keys: {:w}"),
    case("update_item", update("SET a = :w", ONE), "attribute value: :w"),
    case("update_item", update("SET #a = :v", ONE), "attribute name: #a", moto="fails inside"),
    case(
        "update_item",
        update("SET a = :v", ONE, ExpressionAttributeNames={"#x": "x"}),
        "unused in expressions: keys: {#x}",
    ),
    case("update_item", update("SET a = :v", ONE, ExpressionAttributeNames={}), "must not be empty", moto="accepts it"),
    case(
        "put_item",
        {"Item": KEY, "ExpressionAttributeValues": ONE},
        "can only be specified when using expressions",
        moto="accepts it",
    ),
    case("update_item", update("SET a = :v, a = :v", ONE), "Two document paths overlap"),
    case("update_item", update("SET a.b = :v REMOVE a", ONE), "Two document paths overlap"),
    case("update_item", update("SET pk = :v", {":v": {"S": "x"}}), "This attribute is part of the key"),
    case("update_item", update("SET a = :v SET b = :v", ONE), "can only be used once"),
    case("update_item", update("SET a :v", ONE), "Syntax error"),
    case("update_item", update("SET a = b"), "refers to an attribute that does not exist"),
    case("update_item", update("SET gone.b = :v", ONE), "document path provided in the update expression is invalid"),
    case("update_item", update("SET word = word + :v", ONE), "incorrect data type"),
    case("update_item", update("SET a = :v + :v", {":v": {"S": "1"}}), "Incorrect operand type"),
    case("update_item", update("ADD a :v", {":v": {"S": "1"}}), "Incorrect operand type"),
    case("update_item", update("DELETE a :v", ONE), "Incorrect operand type"),
    case("delete_item", {"Key": KEY, "ConditionExpression": ""}, "can not be empty", moto="accepts it"),
    case(
        "delete_item", {"Key": KEY, "ConditionExpression": "attribute_exists(pk"}, "Syntax error", moto="fails inside"
    ),
    case("delete_item", {"Key": KEY, "ConditionExpression": "exists(pk)"}, "Invalid function name; function: exists"),
    case("delete_item", {"Key": KEY, "ConditionExpression": "((attribute_exists(pk)))"}, "redundant parentheses"),
    case(
        "delete_item",
        {"Key": KEY, "ConditionExpression": "a = a"},
        "first operand must be distinct",
        moto="asks the condition",
    ),
    case(
        "delete_item",
        {"Key": KEY, "ConditionExpression": "begins_with(a, :v)", "ExpressionAttributeValues": ONE},
        "Incorrect operand type",
        moto="fails inside",
    ),
    case("delete_item", {"Key": KEY, "ReturnValues": "ALL_NEW"}, "ReturnValues"),
    case("put_item", {"Item": KEY, "ReturnValues": "UPDATED_NEW"}, "ReturnValues"),
]

QUERIES = [
    case("query", {}, "KeyConditionExpression"),
    case("query", query("sk = :v"), "missed key schema element: pk"),
    case("query", query("pk > :v"), "Query key condition not supported"),
    case("query", query("pk = :v AND third = :v"), "Query condition missed key schema element"),
    case("query", query("pk = :v AND sk <> :v"), "", moto="fails inside"),
    case(
        "query",
        query(ExpressionAttributeValues=ONE),
        "Condition parameter type does not match schema type",
        moto="accepts it",
    ),
    case("query", query(FilterExpression="pk = :v"), "Primary key attribute: pk", moto="accepts it"),
    case("query", query(FilterExpression="begins_with(sk, :v)"), "Primary key attribute: sk", moto="accepts it"),
    case(
        "query",
        query("kind = :v", IndexName="by_kind", FilterExpression="kind = :v"),
        "Primary key attribute: kind",
        moto="accepts it",
    ),
    case("query", query(Limit=0), "greater than or equal to 1", moto="fails inside"),
    case("query", query(IndexName="nope"), "does not have the specified index", moto="says ResourceNotFoundException"),
    case("query", query("kind = :v", IndexName="by_kind", ConsistentRead=True), "Consistent reads are not supported"),
    case(
        "query",
        query(ExclusiveStartKey={"pk": {"S": "p"}}),
        "tarting key is invalid|Exclusive Start Key",
        moto="fails inside",
    ),
    case("query", query(ExclusiveStartKey={**KEY, "x": {"S": "x"}}), "", moto="fails inside"),
    case(
        "query", query(ExclusiveStartKey={**KEY, "pk": {"S": "other"}}), "outside query boundaries", moto="accepts it"
    ),
    case("query", query("kind = :v", IndexName="by_kind", ExclusiveStartKey=KEY), "", moto="accepts it"),
    case("query", query("tenant = :v", IndexName="by_tenant", Select="ALL_ATTRIBUTES"), "projection type is not ALL"),
]


@pytest.mark.parametrize(("operation", "request_", "message", "moto"), [*KEYS, *VALUES, *EXPRESSIONS, *QUERIES])
def test_refused(
    cloud: Cloud, table: str, put: Put, operation: str, request_: dict[str, Any], message: str, moto: str
) -> None:
    if moto:
        cloud.known_wrong("moto", moto)
    put("p", "s", word={"S": "t"})
    with fails(INVALID) as answer:
        getattr(cloud.dynamodb, operation)(TableName=table, **request_)
    if cloud.name != "moto":  # its words are its own
        assert any(words in answer["Error"]["Message"] for words in message.split("|"))


def test_unknown_table(cloud: Cloud) -> None:
    with fails("ResourceNotFoundException"):
        cloud.dynamodb.get_item(TableName="nowhere", Key=KEY)
    with fails("ResourceNotFoundException"):
        cloud.dynamodb.query(TableName="nowhere", **query())
    with fails("ResourceNotFoundException"):
        cloud.dynamodb.describe_table(TableName="nowhere")


def test_short_table_name(cloud: Cloud) -> None:
    cloud.known_wrong("moto", "accepts names of two letters")
    with fails(INVALID, "greater than or equal to 3"):
        cloud.dynamodb.create_table(
            TableName="ab",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        )


def test_an_item_of_exactly_400_kb_is_kept(cloud: Cloud, table: str, put: Put) -> None:
    cloud.known_wrong("moto", "counts the size otherwise")
    names = len("pk" + "p" + "sk" + "s" + "big")
    put("p", "s", big={"S": "x" * (400 * 1024 - names)})
    with fails(INVALID, "Item size"):
        put("p", "s", big={"S": "x" * (400 * 1024 - names + 1)})


def test_depth_of_32_is_kept(cloud: Cloud, table: str, put: Put) -> None:
    put("p", "s", deep=nested(32))


def test_a_refused_write_leaves_everything_as_it_was(cloud: Cloud, table: str, put: Put) -> None:
    item = put("p", "s", n={"N": "1"}, t={"S": "x"})
    with fails(INVALID):
        cloud.dynamodb.update_item(TableName=table, **update("SET n = :v, t = t + :v", ONE))
    assert cloud.dynamodb.get_item(TableName=table, Key=KEY)["Item"] == item
