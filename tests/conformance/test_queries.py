"""Query on a table and its indexes: order, ranges, pages, filters, projections."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.conformance.clouds import Cloud, fails

Put = Callable[..., dict[str, Any]]


def run(cloud: Cloud, table: str, condition: str, values: dict[str, Any], **more: Any) -> Any:
    return cloud.dynamodb.query(
        TableName=table, KeyConditionExpression=condition, ExpressionAttributeValues=values, **more
    )


def pages(cloud: Cloud, table: str, condition: str, values: dict[str, Any], **more: Any) -> list[list[dict[str, Any]]]:
    """Read every page; fails if the pages never end."""
    read = []
    start: dict[str, Any] = {}
    for _ in range(100):
        answer = run(cloud, table, condition, values, **more, **start)
        read.append(answer["Items"])
        if "LastEvaluatedKey" not in answer:
            return read
        start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}
    raise AssertionError("the pages never end")


def sort_keys(items: list[dict[str, Any]]) -> list[str]:
    return [item["sk"]["S"] for item in items]


def joined(read: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    return [item for page in read for item in page]


P: dict[str, Any] = {":p": {"S": "p"}}


@pytest.mark.parametrize("is_forward", [True, False])
def test_order_is_that_of_utf8_bytes(cloud: Cloud, table: str, put: Put, is_forward: bool) -> None:
    keys = ["", "A", "Z", "a", "é", "ﬀ", "𝄞"][1:]
    for key in reversed(keys):
        put("p", key)
    put("q", "other")
    answer = run(cloud, table, "pk = :p", P, ScanIndexForward=is_forward)
    assert sort_keys(answer["Items"]) == (keys if is_forward else keys[::-1])
    assert (answer["Count"], answer["ScannedCount"]) == (6, 6)


@pytest.mark.parametrize(
    ("condition", "values", "expected"),
    [
        ("sk = :a", ["b2"], ["b2"]),
        ("sk < :a", ["b2"], ["a", "b1"]),
        ("sk <= :a", ["b2"], ["a", "b1", "b2"]),
        ("sk > :a", ["b2"], ["b3", "c"]),
        ("sk >= :a", ["b2"], ["b2", "b3", "c"]),
        ("sk BETWEEN :a AND :b", ["b1", "b3"], ["b1", "b2", "b3"]),
        ("begins_with(sk, :a)", ["b"], ["b1", "b2", "b3"]),
        ("begins_with(sk, :a)", ["z"], []),
    ],
)
@pytest.mark.parametrize("limit", [None, 1])
def test_ranges(
    cloud: Cloud, table: str, put: Put, condition: str, values: list[str], expected: list[str], limit: int | None
) -> None:
    for key in ("a", "b1", "b2", "b3", "c"):
        put("p", key)
    given = {**P, **{name: {"S": value} for name, value in zip((":a", ":b"), values, strict=False)}}
    for is_forward in (True, False):
        more = {"ScanIndexForward": is_forward, **({"Limit": limit} if limit else {})}
        found = sort_keys(joined(pages(cloud, table, f"pk = :p AND {condition}", given, **more)))
        assert found == (expected if is_forward else expected[::-1])


@pytest.mark.parametrize("is_forward", [True, False])
def test_pages_of_a_table(cloud: Cloud, table: str, put: Put, is_forward: bool) -> None:
    for number in range(7):
        put("p", f"{number}")
    answer = run(cloud, table, "pk = :p", P, Limit=3, ScanIndexForward=is_forward)
    assert answer["LastEvaluatedKey"] == {"pk": {"S": "p"}, "sk": answer["Items"][-1]["sk"]}
    read = pages(cloud, table, "pk = :p", P, Limit=3, ScanIndexForward=is_forward)
    assert [len(page) for page in read if page] == [3, 3, 1]
    assert sort_keys(joined(read)) == (list("0123456") if is_forward else list("6543210"))


def test_a_start_key_need_not_exist(cloud: Cloud, table: str, put: Put) -> None:
    put("p", "a")
    put("p", "c")
    start = {"pk": {"S": "p"}, "sk": {"S": "b"}}
    assert sort_keys(run(cloud, table, "pk = :p", P, ExclusiveStartKey=start)["Items"]) == ["c"]


@pytest.mark.parametrize("is_forward", [True, False])
def test_pages_of_an_index_whose_keys_are_equal(cloud: Cloud, table: str, put: Put, is_forward: bool) -> None:
    for number in range(10):
        put(f"p{number % 3}", f"{number}", kind={"S": "k"}, rank={"N": str(number // 5)})
    put("p", "not in the index", kind={"S": "k"})
    put("p", "another", kind={"S": "other"}, rank={"N": "1"})
    values = {":k": {"S": "k"}}
    more = {"IndexName": "by_kind", "ScanIndexForward": is_forward}
    answer = run(cloud, table, "kind = :k", values, Limit=4, **more)
    assert answer["LastEvaluatedKey"].keys() == {"pk", "sk", "kind", "rank"}
    read = pages(cloud, table, "kind = :k", values, Limit=4, **more)
    assert [len(page) for page in read if page] == [4, 4, 2]
    items = joined(read)
    assert sorted(sort_keys(items)) == list("0123456789")
    ranks = [item["rank"]["N"] for item in items]
    assert ranks == sorted(ranks, reverse=not is_forward)


def test_index_orders_numbers_as_numbers(cloud: Cloud, table: str, put: Put) -> None:
    ranks = [
        "-1000",
        "-11",
        "-10.5",
        "-10",
        "-9",
        "-0.01",
        "0",
        "0.001",
        "0.01",
        "0.5",
        "9",
        "10",
        "10.25",
        "11",
        "100",
    ]
    for rank in reversed(ranks):
        put("p", f"s{rank}", kind={"S": "k"}, rank={"N": rank})
    items = run(cloud, table, "kind = :k", {":k": {"S": "k"}}, IndexName="by_kind")["Items"]
    assert [item["rank"]["N"] for item in items] == ranks
    values = {":k": {"S": "k"}, ":low": {"N": "-10.5"}, ":high": {"N": "0.01"}}
    items = run(
        cloud,
        table,
        "kind = :k AND #r BETWEEN :low AND :high",
        values,
        IndexName="by_kind",
        ExpressionAttributeNames={"#r": "rank"},
    )["Items"]
    assert [item["rank"]["N"] for item in items] == ranks[2:9]


def test_index_follows_the_item(cloud: Cloud, table: str, put: Put) -> None:
    def found(kind: str) -> list[str]:
        return sort_keys(run(cloud, table, "kind = :k", {":k": {"S": kind}}, IndexName="by_kind")["Items"])

    put("p", "s", kind={"S": "a"}, rank={"N": "1"})
    key = {"pk": {"S": "p"}, "sk": {"S": "s"}}
    assert (found("a"), found("b")) == (["s"], [])
    cloud.dynamodb.update_item(
        TableName=table, Key=key, UpdateExpression="SET kind = :b", ExpressionAttributeValues={":b": {"S": "b"}}
    )
    assert (found("a"), found("b")) == ([], ["s"])
    cloud.dynamodb.update_item(
        TableName=table, Key=key, UpdateExpression="REMOVE #r", ExpressionAttributeNames={"#r": "rank"}
    )
    assert (found("a"), found("b")) == ([], [])
    put("p", "s", kind={"S": "a"}, rank={"N": "1"})
    cloud.dynamodb.delete_item(TableName=table, Key=key)
    assert found("a") == []


def test_index_of_keys_only_shows_keys_only(cloud: Cloud, table: str, put: Put) -> None:
    put("p", "s", tenant={"S": "o"}, secret={"S": "x"})
    items = run(cloud, table, "tenant = :o", {":o": {"S": "o"}}, IndexName="by_tenant")["Items"]
    assert items == [{"pk": {"S": "p"}, "sk": {"S": "s"}, "tenant": {"S": "o"}}]


def test_filter_applies_after_the_limit(cloud: Cloud, table: str, put: Put) -> None:
    for number in range(6):
        put("p", f"{number}", n={"N": str(number)})
    values = {**P, ":n": {"N": "3"}}
    answer = run(cloud, table, "pk = :p", values, Limit=4, FilterExpression="n > :n")
    assert (answer["Count"], answer["ScannedCount"], answer["Items"]) == (0, 4, [])
    assert answer["LastEvaluatedKey"]["sk"] == {"S": "3"}
    read = pages(cloud, table, "pk = :p", values, Limit=4, FilterExpression="n > :n")
    assert sort_keys(joined(read)) == ["4", "5"]


def test_projection_and_count(cloud: Cloud, table: str, put: Put) -> None:
    put("p", "1", n={"N": "1"}, m={"M": {"a": {"S": "x"}, "b": {"S": "y"}}})
    put("p", "2", n={"N": "2"})
    answer = run(cloud, table, "pk = :p", P, ProjectionExpression="n, m.a")
    assert answer["Items"] == [{"n": {"N": "1"}, "m": {"M": {"a": {"S": "x"}}}}, {"n": {"N": "2"}}]
    values = {**P, ":n": {"N": "1"}}
    answer = run(cloud, table, "pk = :p", values, Select="COUNT", FilterExpression="n > :n")
    assert (answer["Count"], answer["ScannedCount"], "Items" in answer) == (1, 2, False)


def test_a_page_ends_at_one_megabyte_before_the_filter(cloud: Cloud, table: str, put: Put) -> None:
    for number in range(6):
        put("p", f"{number}", big={"S": "x" * 300_000}, n={"N": str(number)})
    read = pages(cloud, table, "pk = :p", P)
    assert [len(page) for page in read if page] in ([3, 3], [4, 2])
    assert sort_keys(joined(read)) == list("012345")
    answer = run(cloud, table, "pk = :p", {**P, ":n": {"N": "5"}}, FilterExpression="n = :n")
    assert answer["Items"] == []
    assert answer["LastEvaluatedKey"]["sk"]["S"] in ("2", "3")


def test_many_small_items_come_in_one_page(cloud: Cloud, table: str) -> None:
    cloud.known_wrong("moto", "takes seconds for so many items")
    for start in range(0, 1250, 25):
        requests = [
            {"PutRequest": {"Item": {"pk": {"S": "p"}, "sk": {"S": f"{start + n:05}"}, "x": {"S": "x" * 100}}}}
            for n in range(25)
        ]
        cloud.dynamodb.batch_write_item(RequestItems={table: requests})
    answer = run(cloud, table, "pk = :p", P)
    assert sort_keys(answer["Items"]) == [f"{n:05}" for n in range(1250)]
    assert "LastEvaluatedKey" not in answer


def test_scan_is_not_offered(local: Cloud) -> None:
    with fails("ValidationException", "Scan is not supported"):
        local.dynamodb.scan(TableName="any")


def test_table_without_sort_key(cloud: Cloud) -> None:
    for kind, value in (("S", {"S": "k"}), ("N", {"N": "5"}), ("B", {"B": b"\x00k"})):
        cloud.dynamodb.create_table(
            TableName=f"flat{kind}",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": kind}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        )
        item = {"id": value, "x": {"S": "y"}}
        cloud.dynamodb.put_item(TableName=f"flat{kind}", Item=item)
        assert cloud.dynamodb.get_item(TableName=f"flat{kind}", Key={"id": value})["Item"] == item
        assert run(cloud, f"flat{kind}", "id = :v", {":v": value})["Items"] == [item]
