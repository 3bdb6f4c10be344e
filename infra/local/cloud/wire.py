"""The hook behind botocore: a prepared request in, an answer out, no network between."""

import itertools
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from typing import Any

import orjson
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectionClosedError

from infra.local.cloud.errors import CloudError
from infra.local.cloud.sqs.errors import query_code

Operation = Callable[..., Any]

SKIPPING = frozenset({"BatchGetItem", "BatchWriteItem", "SendMessageBatch"})


class Fault(Enum):
    """What can be made to go wrong with one call."""

    THROTTLE = "refused before it had any effect"
    LOST_ANSWER = "done, then the connection broke"
    SERVER_ERROR = "done, then answered with status 500"
    UNPROCESSED = "a batch of which the second half is left undone"
    CONFLICT = "refused before it had any effect: a transaction is at one of the items"


FaultHook = Callable[[str, dict[str, Any]], Fault | None]


class Answer:
    """A response body as botocore reads it."""

    __slots__ = ("_body",)

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self) -> Iterator[bytes]:
        """Give the body in one piece."""
        return iter((self._body,))


class Service:
    """One AWS service: its operations by name, and how its errors are spelled."""

    def __init__(self, prefix: str, operations: Mapping[str, Operation], throttle_code: str, *, is_query: bool) -> None:
        self._prefix = prefix
        self._operations = operations
        self._throttle_code = throttle_code
        self._is_query = is_query
        self._numbers = itertools.count(1)
        self.fault: FaultHook | None = None

    def answer(self, request: Any, event_name: str = "", **_: Any) -> AWSResponse:
        """Answer a request caught by botocore's before-send event."""
        return self.respond(event_name[event_name.rfind(".") + 1 :], request.body, request.url)

    def respond(self, name: str, body: bytes, url: str) -> AWSResponse:
        """Do the named operation and answer as AWS would."""
        try:
            content = self._perform(name, body, url)
        except CloudError as error:
            return self._failure(url, error)
        except sqlite3.Error as error:  # the disk is full, or the file was busy for too long
            return self._failure(url, CloudError("InternalServerError", str(error), status=500))
        return AWSResponse(url, 200, self._headers(), Answer(content))

    def _perform(self, name: str, text: bytes, url: str) -> bytes:
        operation = self._operations.get(name)
        if operation is None:
            raise CloudError("UnknownOperationException", f"{name} is not supported by the local cloud")
        try:
            body = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            raise CloudError("SerializationException", str(error)) from None
        fault = self.fault(name, body) if self.fault is not None else None
        if fault is Fault.THROTTLE:
            raise CloudError(self._throttle_code, "The level of configured provisioned throughput was exceeded")
        if fault is Fault.CONFLICT:
            raise _conflict(body)
        skips = fault is Fault.UNPROCESSED and name in SKIPPING
        result = operation(body, skips=True) if skips else operation(body)
        if fault is Fault.LOST_ANSWER:
            raise ConnectionClosedError(endpoint_url=url)
        if fault is Fault.SERVER_ERROR:
            raise CloudError("InternalServerError", "The request processing has failed", status=500)
        return result if type(result) is bytes else orjson.dumps(result)

    def _failure(self, url: str, error: CloudError) -> AWSResponse:
        # DynamoDB says Message when a transaction was cancelled, message otherwise; botocore reads both.
        member = "Message" if error.code == "TransactionCanceledException" else "message"
        content = orjson.dumps({"__type": f"{self._prefix}#{error.code}", member: error.message, **error.extra})
        headers = self._headers()
        if self._is_query:
            headers["x-amzn-query-error"] = f"{query_code(error.code)};Sender"
        return AWSResponse(url, error.status, headers, Answer(content))

    def _headers(self) -> dict[str, str]:
        return {"x-amzn-requestid": f"local-{next(self._numbers)}"}


def _conflict(body: dict[str, Any]) -> CloudError:
    """Make what DynamoDB answers to a write, or to a transaction, that meets another transaction under way."""
    others = len(body.get("TransactItems", ())) - 1
    if others < 0:
        return CloudError("TransactionConflictException", "Transaction is ongoing for the item")
    reasons = [{"Code": "TransactionConflict", "Message": "Transaction is ongoing for the item"}]
    reasons += [{"Code": "None"}] * others
    codes = ", ".join(reason["Code"] for reason in reasons)
    return CloudError(
        "TransactionCanceledException",
        f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]",
        extra={"CancellationReasons": reasons},
    )
