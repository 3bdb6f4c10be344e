"""How old the oldest message of a queue is, on one machine."""

from __future__ import annotations

from pathlib import Path

import botocore.session
import pytest
from botocore import UNSIGNED
from botocore.config import Config

from infra.local.cloud import LocalCloud
from tests.conftest import Clock


@pytest.fixture
def still() -> Clock:
    return Clock()


def test_the_oldest_counts_from_when_it_was_sent_while_it_is_there(tmp_path: Path, still: Clock) -> None:
    cloud = LocalCloud(tmp_path / "cloud.db", now_ms=still)
    sqs = botocore.session.get_session().create_client(
        "sqs", region_name="local", endpoint_url="http://sqs.local", config=Config(signature_version=UNSIGNED)
    )
    cloud.attach(sqs)
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    assert cloud.oldest_s(["q", "unknown"]) == {}
    sqs.send_message(QueueUrl=url, MessageBody="later", DelaySeconds=600)
    assert cloud.oldest_s(["q"]) == {}
    sqs.send_message(QueueUrl=url, MessageBody="first")
    still.advance_s(5)
    sqs.send_message(QueueUrl=url, MessageBody="second")
    still.advance_s(2.5)
    assert cloud.oldest_s(["q"]) == {"q": 7.5}
    (held,) = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=1, VisibilityTimeout=60)["Messages"]
    assert (held["Body"], cloud.oldest_s(["q"])) == ("first", {"q": 7.5})
    sqs.delete_message(QueueUrl=url, ReceiptHandle=held["ReceiptHandle"])
    assert cloud.oldest_s(["q"]) == {"q": 2.5}
    still.advance_s(600)
    assert cloud.oldest_s(["q"]) == {"q": 607.5}
    cloud.close()
