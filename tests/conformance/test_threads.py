"""Eight threads at once lose nothing."""

import threading
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from tests.conformance.clouds import Cloud

THREADS = 8
Put = Callable[..., dict[str, Any]]
KEY = {"pk": {"S": "p"}, "sk": {"S": "s"}}


def in_threads(work: Callable[[int], None]) -> None:
    errors: list[BaseException] = []

    def run(number: int) -> None:
        try:
            work(number)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def number(cloud: Cloud, table: str) -> int:
    return int(cloud.dynamodb.get_item(TableName=table, Key=KEY, ConsistentRead=True)["Item"]["n"]["N"])


def test_conditional_increments(cloud: Cloud, table: str, put: Put) -> None:
    put("p", "s", n={"N": "0"})
    done = [0] * THREADS

    def work(thread: int) -> None:
        while done[thread] < 20:
            seen = number(cloud, table)
            try:
                cloud.dynamodb.update_item(
                    TableName=table,
                    Key=KEY,
                    UpdateExpression="SET n = :new",
                    ConditionExpression="n = :seen",
                    ExpressionAttributeValues={":new": {"N": str(seen + 1)}, ":seen": {"N": str(seen)}},
                )
            except ClientError as error:
                assert error.response["Error"]["Code"] == "ConditionalCheckFailedException"
            else:
                done[thread] += 1

    in_threads(work)
    assert number(cloud, table) == 20 * THREADS


def test_unconditional_additions(cloud: Cloud, table: str) -> None:
    def work(thread: int) -> None:
        for _ in range(25):
            cloud.dynamodb.update_item(
                TableName=table,
                Key=KEY,
                UpdateExpression="ADD n :one",
                ExpressionAttributeValues={":one": {"N": "1"}},
            )

    in_threads(work)
    assert number(cloud, table) == 25 * THREADS


def test_transfers_keep_the_sum(cloud: Cloud, table: str, put: Put) -> None:
    for account in range(4):
        put("a", f"{account}", n={"N": "100"})

    def move(account: int, amount: int) -> dict[str, Any]:
        return {
            "Update": {
                "TableName": table,
                "Key": {"pk": {"S": "a"}, "sk": {"S": f"{account % 4}"}},
                "UpdateExpression": "ADD n :a",
                "ExpressionAttributeValues": {":a": {"N": str(amount)}},
            }
        }

    def work(thread: int) -> None:
        for turn in range(5):
            writes = [move(thread + turn, -1), move(thread + turn + 1, 1)]
            cloud.dynamodb.transact_write_items(TransactItems=writes)

    in_threads(work)
    read = cloud.dynamodb.transact_get_items(
        TransactItems=[
            {"Get": {"TableName": table, "Key": {"pk": {"S": "a"}, "sk": {"S": f"{account}"}}}} for account in range(4)
        ]
    )
    assert sum(int(answer["Item"]["n"]["N"]) for answer in read["Responses"]) == 400
