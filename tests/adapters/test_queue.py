"""The queue as workers meet it: refusals that pass by, and messages held no more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from chalicelib.adapters import aws, queue
from chalicelib.adapters.queue import Letter
from chalicelib.core.errors import Unavailable
from infra import queues
from infra.local.cloud import Fault, LocalCloud

NAME = "chat_deliver"


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[LocalCloud]:
    made = LocalCloud(tmp_path / "millrace.db")
    aws.reset(is_local=True)
    aws.on_client(lambda _service, client: made.attach(client, direct=True))
    queue.forget()
    queues.create_all(aws.client("sqs"))
    yield made
    aws.reset()
    queue.forget()
    made.close()


def receive(visible_again_s: int) -> str:
    answer = aws.client("sqs").receive_message(QueueUrl=queue.url(NAME), VisibilityTimeout=visible_again_s)
    return str(answer["Messages"][0]["ReceiptHandle"])


@pytest.mark.parametrize("fault", [Fault.THROTTLE, Fault.LOST_ANSWER, Fault.SERVER_ERROR])
def test_a_queue_that_refuses_is_unavailable(cloud: LocalCloud, fault: Fault) -> None:
    queue.url(NAME)
    cloud.fault = lambda operation, request: fault
    with pytest.raises(Unavailable):
        queue.send(NAME, {"b": 1})
    with pytest.raises(Unavailable):
        queue.send_many(NAME, [Letter({"b": 1})])


def test_a_message_that_another_worker_has_by_now_is_left_to_it(cloud: LocalCloud) -> None:
    queue.send(NAME, {"b": 1})
    slow, quick = receive(0), receive(60)
    queue.hide(NAME, slow, 30)
    aws.client("sqs").delete_message(QueueUrl=queue.url(NAME), ReceiptHandle=quick)
    queue.hide(NAME, quick, 30)


def test_a_message_whose_time_was_over_is_left_to_come_again(cloud: LocalCloud) -> None:
    queue.send(NAME, {"b": 1})
    queue.hide(NAME, receive(0), 30)
    assert receive(0)
