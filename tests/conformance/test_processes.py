"""Several processes on one file: the local cloud keeps nothing in memory that another could make untrue."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.conformance.clouds import Cloud, fails
from tests.conformance.conftest import TABLE, create_table
from tests.conformance.processes import Child, open_cloud
from tests.conformance.test_threads import in_threads

KEY = {"pk": {"S": "p"}, "sk": {"S": "s"}}
Tell = Callable[[str], None]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cloud.sqlite"


@pytest.fixture
def shared(path: Path) -> Iterator[Cloud]:
    cloud = open_cloud(path)
    yield cloud
    assert cloud.local is not None
    cloud.local.close()


def increments(cloud: Cloud, tell: Tell) -> None:
    """Eight threads, fifteen increments each, every one conditional on what was read."""

    def work(thread: int) -> None:
        done = 0
        while done < 15:
            item = cloud.dynamodb.get_item(TableName=TABLE, Key=KEY)["Item"]
            values = {":seen": item["n"], ":new": {"N": str(int(item["n"]["N"]) + 1)}}
            try:
                cloud.dynamodb.update_item(
                    TableName=TABLE,
                    Key=KEY,
                    UpdateExpression="SET n = :new",
                    ConditionExpression="n = :seen",
                    ExpressionAttributeValues=values,
                )
                done += 1
            except ClientError as error:
                assert error.response["Error"]["Code"] == "ConditionalCheckFailedException"

    in_threads(work)


def test_two_processes_lose_no_increment(shared: Cloud, path: Path) -> None:
    create_table(shared)
    shared.dynamodb.put_item(TableName=TABLE, Item={**KEY, "n": {"N": "0"}})
    children = [Child(path, increments) for _ in range(2)]
    for child in children:
        child.join()
    assert shared.dynamodb.get_item(TableName=TABLE, Key=KEY)["Item"]["n"] == {"N": str(2 * 8 * 15)}


def test_two_processes_share_out_a_queue(shared: Cloud, path: Path) -> None:
    queue = shared.sqs.create_queue(QueueName="work")["QueueUrl"]
    for start in range(20):
        entries = [{"Id": f"{n}", "MessageBody": f"{start * 10 + n}"} for n in range(10)]
        shared.sqs.send_message_batch(QueueUrl=queue, Entries=entries)

    def take(cloud: Cloud, tell: Tell) -> None:
        def work(thread: int) -> None:
            while messages := cloud.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=3).get("Messages"):
                for message in messages:
                    tell(message["Body"])

        in_threads(work)

    children = [Child(path, take) for _ in range(2)]
    taken = [body for child in children for body in child.rest()]
    for child in children:
        child.join()
    assert sorted(taken, key=int) == [f"{n}" for n in range(200)]


def test_a_message_of_another_process_wakes_a_long_poll(shared: Cloud, path: Path) -> None:
    queue = shared.sqs.create_queue(QueueName="work")["QueueUrl"]

    def send(cloud: Cloud, tell: Tell) -> None:
        time.sleep(0.1)
        cloud.sqs.send_message(QueueUrl=queue, MessageBody=f"{time.monotonic()}")

    child = Child(path, send)
    (message,) = shared.sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=5)["Messages"]
    assert time.monotonic() - float(message["Body"]) < 0.2  # about 6 ms when the machine is free
    child.join()


def test_changes_of_tables_and_queues_are_seen(shared: Cloud, path: Path) -> None:
    create_table(shared)
    queue = shared.sqs.create_queue(QueueName="work")["QueueUrl"]
    shared.dynamodb.put_item(TableName=TABLE, Item=KEY)
    shared.sqs.send_message(QueueUrl=queue, MessageBody="x")

    def change(cloud: Cloud, tell: Tell) -> None:
        cloud.dynamodb.update_time_to_live(
            TableName=TABLE, TimeToLiveSpecification={"Enabled": True, "AttributeName": "exp"}
        )
        cloud.sqs.set_queue_attributes(QueueUrl=queue, Attributes={"DelaySeconds": "5"})

    Child(path, change).join()
    exp = {"N": str(shared.clock() // 1000 + 5)}
    shared.dynamodb.put_item(TableName=TABLE, Item={**KEY, "exp": exp})
    shared.sqs.send_message(QueueUrl=queue, MessageBody="y")
    messages = shared.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    assert [message["Body"] for message in messages] == ["x"]
    shared.clock.advance(6)
    assert shared.local is not None
    assert shared.local.expire() == 1

    def recreate(cloud: Cloud, tell: Tell) -> None:
        cloud.dynamodb.delete_table(TableName=TABLE)
        create_table(cloud)
        cloud.sqs.delete_queue(QueueUrl=queue)

    shared.dynamodb.put_item(TableName=TABLE, Item=KEY)
    Child(path, recreate).join()
    assert "Item" not in shared.dynamodb.get_item(TableName=TABLE, Key=KEY)
    with fails("AWS.SimpleQueueService.NonExistentQueue"):
        shared.sqs.send_message(QueueUrl=queue, MessageBody="y")
    shared.dynamodb.put_item(TableName=TABLE, Item=KEY)
    Child(path, lambda cloud, tell: create_another_instead(cloud)).join()
    with fails("ResourceNotFoundException"):
        shared.dynamodb.put_item(TableName=TABLE, Item=KEY)


def create_another_instead(cloud: Cloud) -> None:
    cloud.dynamodb.delete_table(TableName=TABLE)
    create_table(cloud, "another")


def test_many_processes_open_a_new_file_at_once(path: Path) -> None:
    def start(cloud: Cloud, tell: Tell) -> None:
        cloud.sqs.create_queue(QueueName="work")
        try:
            create_table(cloud)
        except cloud.dynamodb.exceptions.ResourceInUseException:
            tell("late")

    children = [Child(path, start) for _ in range(4)]
    told = [child.rest() for child in children]
    for child in children:
        child.join()
    assert sorted(told) == [[], ["late"], ["late"], ["late"]]
