"""Several processes on one file: the local cloud keeps nothing in memory that another could make untrue."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.conformance.clouds import Cloud, fails
from tests.conformance.conftest import TABLE, create_table
from tests.conformance.processes import Child, open_cloud, opened
from tests.conformance.test_threads import in_threads

KEY = {"pk": {"S": "p"}, "sk": {"S": "s"}}
Tell = Callable[[str], None]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cloud.sqlite"


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


def test_two_processes_lose_no_increment(path: Path) -> None:
    children = [Child(path, increments) for _ in range(2)]
    with opened(path) as cloud:
        create_table(cloud)
        cloud.dynamodb.put_item(TableName=TABLE, Item={**KEY, "n": {"N": "0"}})
        for child in children:
            child.go()
        for child in children:
            child.join()
        assert cloud.dynamodb.get_item(TableName=TABLE, Key=KEY)["Item"]["n"] == {"N": str(2 * 8 * 15)}


def test_two_processes_share_out_a_queue(path: Path) -> None:
    def take(cloud: Cloud, tell: Tell) -> None:
        queue = cloud.sqs.get_queue_url(QueueName="work")["QueueUrl"]

        def work(thread: int) -> None:
            while messages := cloud.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=3).get("Messages"):
                for message in messages:
                    tell(message["Body"])

        in_threads(work)

    children = [Child(path, take) for _ in range(2)]
    with opened(path) as cloud:
        queue = cloud.sqs.create_queue(QueueName="work")["QueueUrl"]
        for start in range(20):
            entries = [{"Id": f"{n}", "MessageBody": f"{start * 10 + n}"} for n in range(10)]
            cloud.sqs.send_message_batch(QueueUrl=queue, Entries=entries)
        for child in children:
            child.go()
        taken = [body for child in children for body in child.rest()]
        for child in children:
            child.join()
    assert sorted(taken, key=int) == [f"{n}" for n in range(200)]


def test_a_message_of_another_process_wakes_a_long_poll(path: Path) -> None:
    def send(cloud: Cloud, tell: Tell) -> None:
        queue = cloud.sqs.get_queue_url(QueueName="work")["QueueUrl"]
        time.sleep(0.1)
        cloud.sqs.send_message(QueueUrl=queue, MessageBody=f"{time.monotonic()}")

    child = Child(path, send)
    with opened(path) as cloud:
        queue = cloud.sqs.create_queue(QueueName="work")["QueueUrl"]
        child.go()
        (message,) = cloud.sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=5)["Messages"]
        assert time.monotonic() - float(message["Body"]) < 0.2  # 6 ms on average when the machine is free
        child.join()


def test_changed_attributes_are_seen(path: Path) -> None:
    def change(cloud: Cloud, tell: Tell) -> None:
        cloud.dynamodb.update_time_to_live(
            TableName=TABLE, TimeToLiveSpecification={"Enabled": True, "AttributeName": "exp"}
        )
        queue = cloud.sqs.get_queue_url(QueueName="work")["QueueUrl"]
        cloud.sqs.set_queue_attributes(QueueUrl=queue, Attributes={"DelaySeconds": "5"})

    child = Child(path, change)
    with opened(path) as cloud:
        create_table(cloud)
        queue = cloud.sqs.create_queue(QueueName="work")["QueueUrl"]
        cloud.dynamodb.put_item(TableName=TABLE, Item=KEY)
        cloud.sqs.send_message(QueueUrl=queue, MessageBody="x")
        child.go()
        child.join()
        exp = {"N": str(cloud.clock() // 1000 + 5)}
        cloud.dynamodb.put_item(TableName=TABLE, Item={**KEY, "exp": exp})
        cloud.sqs.send_message(QueueUrl=queue, MessageBody="y")
        messages = cloud.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
        assert [message["Body"] for message in messages] == ["x"]
        cloud.clock.advance(6)
        assert cloud.local is not None
        assert cloud.local.expire() == 1


def test_deleted_tables_and_queues_are_gone(path: Path) -> None:
    def recreate(cloud: Cloud, tell: Tell) -> None:
        cloud.dynamodb.delete_table(TableName=TABLE)
        create_table(cloud)
        cloud.sqs.delete_queue(QueueUrl=cloud.sqs.get_queue_url(QueueName="work")["QueueUrl"])

    def delete(cloud: Cloud, tell: Tell) -> None:
        cloud.dynamodb.delete_table(TableName=TABLE)

    first, second = Child(path, recreate), Child(path, delete)
    with opened(path) as cloud:
        create_table(cloud)
        queue = cloud.sqs.create_queue(QueueName="work")["QueueUrl"]
        cloud.dynamodb.put_item(TableName=TABLE, Item=KEY)
        cloud.sqs.send_message(QueueUrl=queue, MessageBody="x")
        first.go()
        first.join()
        assert "Item" not in cloud.dynamodb.get_item(TableName=TABLE, Key=KEY)
        with fails("AWS.SimpleQueueService.NonExistentQueue"):
            cloud.sqs.send_message(QueueUrl=queue, MessageBody="y")
        cloud.dynamodb.put_item(TableName=TABLE, Item=KEY)
        second.go()
        second.join()
        with fails("ResourceNotFoundException"):
            cloud.dynamodb.put_item(TableName=TABLE, Item=KEY)


def test_many_processes_open_a_new_file_at_once(path: Path) -> None:
    def start(cloud: Cloud, tell: Tell) -> None:
        cloud.sqs.create_queue(QueueName="work")
        try:
            create_table(cloud)
        except cloud.dynamodb.exceptions.ResourceInUseException:
            tell("late")

    children = [Child(path, start) for _ in range(4)]
    for child in children:
        child.go()
    told = [child.rest() for child in children]
    for child in children:
        child.join()
    assert sorted(told) == [[], ["late"], ["late"], ["late"]]


def test_a_process_forked_from_an_open_cloud_is_refused(path: Path) -> None:
    def use_parents(cloud: Cloud) -> None:
        for attempt in (lambda: cloud.dynamodb.list_tables(), lambda: open_cloud(path)):
            with pytest.raises(RuntimeError):
                attempt()

    with opened(path) as cloud:
        create_table(cloud)
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                use_parents(cloud)
                code = 0
            finally:
                os._exit(code)
        assert os.waitpid(pid, 0)[1] == 0
        assert cloud.dynamodb.list_tables()["TableNames"] == [TABLE]
