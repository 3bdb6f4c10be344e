"""SQS: queues, sending, receiving, visibility, delay, dead letters, long polls."""

import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.conformance.clouds import Cloud, fails

NO_QUEUE = "AWS.SimpleQueueService.NonExistentQueue"
SYSTEM = ["ApproximateReceiveCount", "SentTimestamp", "ApproximateFirstReceiveTimestamp"]


def new_queue(cloud: Cloud, name: str, **attributes: str) -> str:
    return str(cloud.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"])


def arn(cloud: Cloud, queue: str) -> str:
    answer = cloud.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    return str(answer["Attributes"]["QueueArn"])


def send(cloud: Cloud, queue: str, text: str, **more: Any) -> Any:
    return cloud.sqs.send_message(QueueUrl=queue, MessageBody=text, **more)


def receive(cloud: Cloud, queue: str, count: int = 10, **more: Any) -> list[dict[str, Any]]:
    cloud.clock.advance(0.002)  # moto shows a message again in the millisecond after
    answer = cloud.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=count, **more)
    messages: list[dict[str, Any]] = answer.get("Messages", [])
    return messages


def bodies(messages: list[dict[str, Any]]) -> list[str]:
    return sorted(message["Body"] for message in messages)


def counts(cloud: Cloud, queue: str) -> tuple[int, int, int]:
    names = ["", "NotVisible", "Delayed"]
    wanted = [f"ApproximateNumberOfMessages{name}" for name in names]
    shown = cloud.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=wanted)["Attributes"]
    first, second, third = (int(shown[name]) for name in wanted)
    return first, second, third


def test_a_message_goes_through(cloud: Cloud, queue: str) -> None:
    text = 'ü {"a": "𝄞"}\n\t'
    sent = send(cloud, queue, text)
    (message,) = receive(cloud, queue, MessageSystemAttributeNames=SYSTEM)
    assert (message["Body"], message["MessageId"]) == (text, sent["MessageId"])
    assert message["MD5OfBody"] == sent["MD5OfMessageBody"]
    attributes = message["Attributes"]
    assert attributes["ApproximateReceiveCount"] == "1"
    assert abs(int(attributes["SentTimestamp"]) - cloud.clock()) < 5000
    assert int(attributes["ApproximateFirstReceiveTimestamp"]) >= int(attributes["SentTimestamp"])
    assert receive(cloud, queue) == []
    cloud.sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    assert counts(cloud, queue) == (0, 0, 0)


def test_message_attributes(cloud: Cloud, queue: str) -> None:
    attributes: dict[str, Any] = {
        "trace.id": {"DataType": "String", "StringValue": "t"},
        "size": {"DataType": "Number", "StringValue": "12"},
        "raw": {"DataType": "Binary", "BinaryValue": b"\x00\x01"},
    }
    sent = send(cloud, queue, "x", MessageAttributes=attributes)
    (message,) = receive(cloud, queue, MessageAttributeNames=["All"], VisibilityTimeout=0)
    assert message["MessageAttributes"] == attributes
    assert message["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]
    (message,) = receive(cloud, queue, MessageAttributeNames=["trace.*", "size"], VisibilityTimeout=0)
    assert message["MessageAttributes"].keys() == {"trace.id", "size"}
    (message,) = receive(cloud, queue)
    assert "MessageAttributes" not in message


def test_unanswered_message_comes_again(cloud: Cloud) -> None:
    queue = new_queue(cloud, "short", VisibilityTimeout="5")
    send(cloud, queue, "x")
    (first,) = receive(cloud, queue)
    cloud.clock.advance(4)
    assert receive(cloud, queue) == []
    cloud.clock.advance(2)
    (second,) = receive(cloud, queue, AttributeNames=["All"])
    assert second["MessageId"] == first["MessageId"]
    assert second["ReceiptHandle"] != first["ReceiptHandle"]
    assert second["Attributes"]["ApproximateReceiveCount"] == "2"
    assert counts(cloud, queue) == (0, 1, 0)


def test_an_old_receipt_handle_does_not_delete(cloud: Cloud, queue: str) -> None:
    cloud.known_wrong("moto", "deletes by any handle a message ever had")
    send(cloud, queue, "x")
    (first,) = receive(cloud, queue, VisibilityTimeout=1)
    cloud.clock.advance(2)
    (second,) = receive(cloud, queue, VisibilityTimeout=1)
    cloud.sqs.delete_message(QueueUrl=queue, ReceiptHandle=first["ReceiptHandle"])
    assert counts(cloud, queue) == (0, 1, 0)
    cloud.clock.advance(2)
    cloud.sqs.delete_message(QueueUrl=queue, ReceiptHandle=second["ReceiptHandle"])
    assert counts(cloud, queue) == (0, 0, 0)
    cloud.sqs.delete_message(QueueUrl=queue, ReceiptHandle=second["ReceiptHandle"])


def test_visibility_can_be_prolonged_and_ended(cloud: Cloud, queue: str) -> None:
    send(cloud, queue, "x")
    (message,) = receive(cloud, queue, VisibilityTimeout=5)
    handle = {"QueueUrl": queue, "ReceiptHandle": message["ReceiptHandle"]}
    cloud.sqs.change_message_visibility(**handle, VisibilityTimeout=60)
    cloud.clock.advance(30)
    assert receive(cloud, queue) == []
    cloud.sqs.change_message_visibility(**handle, VisibilityTimeout=0)
    assert bodies(receive(cloud, queue)) == ["x"]
    with fails("InvalidParameterValue"):
        cloud.sqs.change_message_visibility(**handle, VisibilityTimeout=43201)


def test_visibility_of_a_deleted_message_cannot_change(cloud: Cloud, queue: str) -> None:
    send(cloud, queue, "x")
    (message,) = receive(cloud, queue)
    handle = {"QueueUrl": queue, "ReceiptHandle": message["ReceiptHandle"]}
    cloud.sqs.delete_message(**handle)
    with fails("InvalidParameterValue" if cloud.name != "moto" else "ReceiptHandleIsInvalid"):
        cloud.sqs.change_message_visibility(**handle, VisibilityTimeout=5)
    with fails("ReceiptHandleIsInvalid"):
        cloud.sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle="nonsense", VisibilityTimeout=5)


def test_batches(cloud: Cloud, queue: str) -> None:
    entries = [{"Id": f"m{n}", "MessageBody": f"{n}"} for n in range(10)]
    answer = cloud.sqs.send_message_batch(QueueUrl=queue, Entries=entries)
    assert [sent["Id"] for sent in answer["Successful"]] == [entry["Id"] for entry in entries]
    assert len({sent["MessageId"] for sent in answer["Successful"]}) == 10
    messages = receive(cloud, queue)
    assert bodies(messages) == [f"{n}" for n in range(10)]
    changes = [
        {"Id": f"c{n}", "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 0}
        for n, message in enumerate(messages[:4])
    ]
    answer = cloud.sqs.change_message_visibility_batch(QueueUrl=queue, Entries=changes)
    assert [done["Id"] for done in answer["Successful"]] == ["c0", "c1", "c2", "c3"]
    assert counts(cloud, queue) == (4, 6, 0)
    deletions = [{"Id": f"d{n}", "ReceiptHandle": message["ReceiptHandle"]} for n, message in enumerate(messages[4:])]
    answer = cloud.sqs.delete_message_batch(QueueUrl=queue, Entries=deletions)
    assert len(answer["Successful"]) == 6
    assert counts(cloud, queue) == (4, 0, 0)


@pytest.mark.parametrize(
    ("entries", "code"),
    [
        ([], "AWS.SimpleQueueService.EmptyBatchRequest"),
        ([("x", "a"), ("x", "b")], "AWS.SimpleQueueService.BatchEntryIdsNotDistinct"),
        ([("a b", "a")], "AWS.SimpleQueueService.InvalidBatchEntryId"),
        ([(f"{n}", "a") for n in range(11)], "AWS.SimpleQueueService.TooManyEntriesInBatchRequest"),
        ([("a", "x" * 600_000), ("b", "x" * 600_000)], "AWS.SimpleQueueService.BatchRequestTooLong"),
    ],
)
def test_refused_batches(cloud: Cloud, queue: str, entries: list[tuple[str, str]], code: str) -> None:
    with fails(code):
        cloud.sqs.send_message_batch(
            QueueUrl=queue, Entries=[{"Id": identifier, "MessageBody": text} for identifier, text in entries]
        )
    assert counts(cloud, queue) == (0, 0, 0)


def test_one_wrong_entry_fails_alone(cloud: Cloud, queue: str) -> None:
    cloud.known_wrong("moto", "refuses the whole batch")
    entries = [{"Id": "good", "MessageBody": "x"}, {"Id": "bad", "MessageBody": "\x00"}]
    answer = cloud.sqs.send_message_batch(QueueUrl=queue, Entries=entries)
    assert [entry["Id"] for entry in answer["Successful"]] == ["good"]
    (failed,) = answer["Failed"]
    assert (failed["Id"], failed["SenderFault"], failed["Code"]) == ("bad", True, "InvalidMessageContents")
    assert counts(cloud, queue) == (1, 0, 0)


def test_a_message_may_have_one_mebibyte(cloud: Cloud, queue: str) -> None:
    send(cloud, queue, "x" * 1024 * 1024)
    with fails("InvalidParameterValue"):
        send(cloud, queue, "x" * (1024 * 1024 + 1))
    assert counts(cloud, queue) == (1, 0, 0)
    cloud.known_wrong("moto", "counts characters, not bytes")
    with fails("InvalidParameterValue"):
        send(cloud, queue, "é" * (512 * 1024 + 1))


@pytest.mark.parametrize("text", ["\x00", "a\x0bb", "\x1f", "\ufffe"])
def test_forbidden_characters(cloud: Cloud, queue: str, text: str) -> None:
    cloud.known_wrong("moto", "accepts them")
    with fails("InvalidMessageContents"):
        send(cloud, queue, text)


@pytest.mark.parametrize(
    ("parameter", "value"), [("MaxNumberOfMessages", 11), ("MaxNumberOfMessages", 0), ("WaitTimeSeconds", 21)]
)
def test_ranges_of_a_receive(cloud: Cloud, queue: str, parameter: str, value: int) -> None:
    with fails("InvalidParameterValue"):
        cloud.sqs.receive_message(QueueUrl=queue, **{parameter: value})


def test_range_of_the_delay(cloud: Cloud, queue: str) -> None:
    with fails("InvalidParameterValue"):
        send(cloud, queue, "x", DelaySeconds=901)


def test_unknown_queue(cloud: Cloud, queue: str) -> None:
    with fails(NO_QUEUE):
        send(cloud, queue + "x", "x")
    with pytest.raises(cloud.sqs.exceptions.QueueDoesNotExist):
        receive(cloud, queue + "x")


def test_unknown_attribute(cloud: Cloud) -> None:
    cloud.known_wrong("moto", "accepts any attribute")
    with fails("InvalidAttributeName"):
        new_queue(cloud, "odd", Colour="red")


def test_attribute_out_of_range(cloud: Cloud) -> None:
    cloud.known_wrong("moto", "accepts any value")
    with fails("InvalidAttributeValue"):
        new_queue(cloud, "odd", VisibilityTimeout="43201")


def test_no_fifo_queues(local: Cloud) -> None:
    with fails("AWS.SimpleQueueService.UnsupportedOperation", "FIFO"):
        new_queue(local, "odd.fifo", FifoQueue="true")


def test_delay(cloud: Cloud) -> None:
    queue = new_queue(cloud, "late", DelaySeconds="5")
    send(cloud, queue, "by queue")
    send(cloud, queue, "by message", DelaySeconds=900)
    send(cloud, queue, "at once", DelaySeconds=0)
    assert bodies(receive(cloud, queue, VisibilityTimeout=43200)) == ["at once"]
    assert counts(cloud, queue) == (0, 1, 2)
    cloud.clock.advance(6)
    assert bodies(receive(cloud, queue, VisibilityTimeout=43200)) == ["by queue"]
    cloud.clock.advance(890)
    assert receive(cloud, queue) == []
    cloud.clock.advance(10)
    assert bodies(receive(cloud, queue)) == ["by message"]


def dead_letter_pair(cloud: Cloud, receives: int = 2) -> tuple[str, str]:
    dead = new_queue(cloud, "dead")
    policy = json.dumps({"deadLetterTargetArn": arn(cloud, dead), "maxReceiveCount": receives})
    return new_queue(cloud, "live", VisibilityTimeout="5", RedrivePolicy=policy), dead


def test_poison_goes_to_the_dead_letter_queue(cloud: Cloud) -> None:
    live, dead = dead_letter_pair(cloud)
    sent = send(cloud, live, "poison", MessageAttributes={"a": {"DataType": "String", "StringValue": "v"}})
    for _ in range(2):
        assert bodies(receive(cloud, live)) == ["poison"]
        cloud.clock.advance(6)
    send(cloud, live, "good")
    assert bodies(receive(cloud, live)) == ["good"]
    (message,) = receive(cloud, dead, MessageAttributeNames=["All"])
    assert (message["Body"], message["MessageId"]) == ("poison", sent["MessageId"])
    assert message["MessageAttributes"]["a"]["StringValue"] == "v"
    assert counts(cloud, live) == (0, 1, 0)


def test_dead_letters_can_be_sent_home(cloud: Cloud) -> None:
    cloud.known_wrong("moto", "has no StartMessageMoveTask")
    live, dead = dead_letter_pair(cloud, receives=1)
    for text in ("a", "b"):
        send(cloud, live, text)
    assert len(receive(cloud, live)) == 2
    cloud.clock.advance(6)
    assert receive(cloud, live) == []
    assert counts(cloud, dead) == (2, 0, 0)
    cloud.sqs.start_message_move_task(SourceArn=arn(cloud, dead))
    assert counts(cloud, dead) == (0, 0, 0)
    messages = receive(cloud, live, AttributeNames=["All"])
    assert bodies(messages) == ["a", "b"]
    assert {message["Attributes"]["ApproximateReceiveCount"] for message in messages} == {"1"}
    with fails("ResourceNotFoundException"):
        cloud.sqs.start_message_move_task(SourceArn=arn(cloud, dead) + "x")


def test_old_messages_disappear(cloud: Cloud) -> None:
    queue = new_queue(cloud, "brief", MessageRetentionPeriod="60")
    send(cloud, queue, "x")
    cloud.clock.advance(59)
    assert bodies(receive(cloud, queue, VisibilityTimeout=0)) == ["x"]
    cloud.clock.advance(2)
    cloud.known_wrong("moto", "keeps messages for ever")
    assert receive(cloud, queue) == []
    assert counts(cloud, queue) == (0, 0, 0)


def test_creation_is_idempotent(cloud: Cloud) -> None:
    queue = new_queue(cloud, "same", VisibilityTimeout="60")
    send(cloud, queue, "x")
    assert new_queue(cloud, "same", VisibilityTimeout="60") == queue
    assert cloud.sqs.get_queue_url(QueueName="same")["QueueUrl"] == queue
    assert counts(cloud, queue) == (1, 0, 0)
    with fails("QueueAlreadyExists"):
        new_queue(cloud, "same", VisibilityTimeout="61")
    with pytest.raises(cloud.sqs.exceptions.QueueNameExists):
        new_queue(cloud, "same", VisibilityTimeout="61")


def test_attributes_can_change(cloud: Cloud, queue: str) -> None:
    send(cloud, queue, "x")
    cloud.sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "2", "DelaySeconds": "3"})
    shown = cloud.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
    assert (shown["VisibilityTimeout"], shown["DelaySeconds"]) == ("2", "3")
    assert shown["MessageRetentionPeriod"] == "345600"
    assert bodies(receive(cloud, queue)) == ["x"]
    cloud.clock.advance(3)
    assert bodies(receive(cloud, queue)) == ["x"]
    send(cloud, queue, "delayed")
    assert counts(cloud, queue)[2] == 1


def test_lists_deletes_and_purges(cloud: Cloud) -> None:
    queues = [new_queue(cloud, name) for name in ("a1", "a2", "b1")]
    assert cloud.sqs.list_queues(QueueNamePrefix="a")["QueueUrls"] == queues[:2]
    send(cloud, queues[0], "x")
    cloud.sqs.purge_queue(QueueUrl=queues[0])
    assert receive(cloud, queues[0]) == []
    cloud.sqs.delete_queue(QueueUrl=queues[0])
    with fails(NO_QUEUE):
        send(cloud, queues[0], "x")
    with fails(NO_QUEUE):
        cloud.sqs.get_queue_url(QueueName="a1")
    assert sorted(cloud.sqs.list_queues()["QueueUrls"]) == queues[1:]


def after(seconds: float, act: Callable[[], Any]) -> threading.Thread:
    def run() -> None:
        time.sleep(seconds)
        act()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_long_poll_wakes_when_a_message_comes(cloud: Cloud, queue: str) -> None:
    sender = after(0.1, lambda: send(cloud, queue, "x"))
    start = time.monotonic()
    assert bodies(receive(cloud, queue, WaitTimeSeconds=5)) == ["x"]
    assert time.monotonic() - start < 0.9
    sender.join()


def test_long_poll_ends_empty(cloud: Cloud, queue: str) -> None:
    skip = after(0.1, lambda: cloud.clock.advance(5))
    start = time.monotonic()
    assert receive(cloud, queue, WaitTimeSeconds=5) == []
    assert time.monotonic() - start < 1.5  # moto looks at the clock once a second
    skip.join()


def test_long_poll_sees_a_delayed_message(cloud: Cloud, queue: str) -> None:
    send(cloud, queue, "x", DelaySeconds=3)
    skip = after(0.1, lambda: cloud.clock.advance(3))
    assert bodies(receive(cloud, queue, WaitTimeSeconds=10)) == ["x"]
    skip.join()


def test_every_message_goes_to_one_receiver(cloud: Cloud, queue: str) -> None:
    for start in range(0, 60, 10):
        entries = [{"Id": f"{n}", "MessageBody": f"{start + n}"} for n in range(10)]
        cloud.sqs.send_message_batch(QueueUrl=queue, Entries=entries)
    taken: list[str] = []

    def take() -> None:
        while messages := receive(cloud, queue, count=3):
            taken.extend(bodies(messages))

    threads = [threading.Thread(target=take) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken, key=int) == [f"{n}" for n in range(60)]
