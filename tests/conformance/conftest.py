"""One cloud per test, moto and the local cloud by turns."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.clouds import Cloud, local_cloud, moto_cloud

TABLE = "items"


@pytest.fixture(params=["moto", "local", "direct"])
def cloud(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Cloud]:
    """Each implementation; "direct" is the local cloud by its shorter way through botocore."""
    if request.param == "moto":
        with moto_cloud() as cloud:
            yield cloud
    else:
        with local_cloud(tmp_path / "cloud.sqlite", request.param) as cloud:
            yield cloud


@pytest.fixture
def local(tmp_path: Path) -> Iterator[Cloud]:
    """The local cloud alone."""
    with local_cloud(tmp_path / "cloud.sqlite", "local") as cloud:
        yield cloud


@pytest.fixture
def table(cloud: Cloud) -> str:
    """A table with a sort key and two indexes: all attributes by `kind`, keys only by `tenant`."""
    return create_table(cloud)


@pytest.fixture
def queue(cloud: Cloud) -> str:
    """A queue with default attributes; gives its address."""
    return str(cloud.sqs.create_queue(QueueName="work")["QueueUrl"])


@pytest.fixture
def put(cloud: Cloud, table: str) -> Callable[..., dict[str, Any]]:
    """Put an item under (pk, sk) with further attributes in wire form."""

    def put_item(pk: str, sk: str, **attributes: Any) -> dict[str, Any]:
        item = {"pk": {"S": pk}, "sk": {"S": sk}, **attributes}
        cloud.dynamodb.put_item(TableName=table, Item=item)
        return item

    return put_item


def create_table(cloud: Cloud, name: str = TABLE) -> str:
    cloud.dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": attribute, "AttributeType": kind}
            for attribute, kind in (("pk", "S"), ("sk", "S"), ("kind", "S"), ("rank", "N"), ("tenant", "S"))
        ],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by_kind",
                "KeySchema": [
                    {"AttributeName": "kind", "KeyType": "HASH"},
                    {"AttributeName": "rank", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            },
            {
                "IndexName": "by_tenant",
                "KeySchema": [{"AttributeName": "tenant", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            },
        ],
    )
    return name
