"""Writes down which deployed function made which AWS call, while any test runs.

A call is what IAM sees: `dynamodb:UpdateItem` on `work`, `sqs:SendMessage` on `subscriptions_retry`. Calls outside a
handler are the tests' own and are left out. The key file and the folder of blobs stand for KMS and S3, and a child
process that runs a script stands for the function that may run it instead.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import chalice.app

from chalicelib.adapters import aws, blobs, keys
from chalicelib.adapters.javascript import sandbox
from chalicelib.core import config
from chalicelib.core.queues import DEAD_LETTERS, QUEUES
from chalicelib.edge import reporting
from infra import policies
from infra.functions import API as API_NAME
from infra.functions import FUNCTIONS, RUNNER, Function, by_handler

API = next(function.handler for function in FUNCTIONS if function.name == API_NAME)
Call = tuple[str, str, str]  # handler, action, resource

calls: set[Call] = set()
_inside: list[str] = []  # for threads that know nothing of who began them
_begun_by: ContextVar[str] = ContextVar("begun_by", default="")  # for those that were given their context
_PARTS = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem"}


def faults() -> list[str]:
    """List the calls seen so far that the function's policy does not grant: true of any run, however small."""
    rows = by_handler()
    return sorted(
        _lacking(handler, rows.get(handler), action, resource)
        for handler, action, resource in calls
        if handler not in rows or (action, resource) not in policies.granted(rows[handler])
    )


def unused() -> list[str]:
    """List the grants that no call seen so far needed, but those every consumer's mapping and retries need.

    True only when every test has run. Functions that run the same code are judged as one.
    """
    rows = by_handler()
    used = {handler: {call[1:] for call in calls if call[0] == handler} for handler in rows}
    found = []
    for handler, function in rows.items():
        alike = {other for other, row in rows.items() if row.alike and row.alike == function.alike} | {handler}
        idle = policies.granted(function) - set().union(*(used[other] for other in alike)) - needed_anyway(function)
        found += [
            f"{function.name} is granted {action} on {_words(action, resource)}, which no test makes it use: "
            f"take it out of its row in infra/functions.py, or test what needs it"
            for action, resource in idle
        ]
    return sorted(found)


def _lacking(handler: str, function: Function | None, action: str, resource: str) -> str:
    if function is None:
        return f"{handler} calls AWS, but has no row in infra/functions.py"
    return (
        f"{function.name} ({handler}) calls {action} on {_words(action, resource)}, which its policy does not allow: "
        f"grant it in its row in infra/functions.py"
    )


def _words(action: str, resource: str) -> str:
    kinds = {"dynamodb": "table", "sqs": "queue", "kms": "the", "s3": "the", "lambda": "function"}
    return f"{kinds.get(action.partition(':')[0], 'resource')} {resource}"


def needed_anyway(function: Function) -> set[tuple[str, str]]:
    """List grants whose use no test shows.

    Lambda's own poller receives and deletes for a consumer; the edge hides any consumer's failed message, or sends it
    anew; a sender asks for a queue's address once a process, and who runs scripts for what was used of a day once in a
    while, which in the tests another function may have done before.
    """
    own = {(f"sqs:{name}", function.queue) for name in policies.OF_ITS_OWN if function.queue}
    own |= {("dynamodb:Query", "work")} if function.runs_logic else set()
    asked = (*QUEUES, DEAD_LETTERS) if function.watches else function.sends
    return own | {("sqs:GetQueueUrl", queue) for queue in asked}


def install() -> None:
    """Watch handlers and clients from now on."""
    _around(chalice.app.EventSourceHandler, "__call__", lambda handler: _name_of(handler.func))
    _around(chalice.app.Chalice, "__call__", lambda _app: API)
    make = aws._make

    @functools.wraps(make)
    def made(service: str) -> Any:
        client = make(service)
        client.meta.events.register(f"before-parameter-build.{service}", _note)
        return client

    aws._make = made
    for kind, method, action, resource in (
        (keys.FileKeys, "new_data_key", "kms:GenerateDataKey", "key"),
        (keys.FileKeys, "unwrap", "kms:Decrypt", "key"),
        (blobs.FolderBlobs, "put", "s3:PutObject", "blobs"),
        (blobs.FolderBlobs, "get", "s3:GetObject", "blobs"),
        (blobs.FolderBlobs, "delete", "s3:DeleteObject", "blobs"),
        (sandbox.Runner, "run", "lambda:InvokeFunction", RUNNER),
    ):
        _before(kind, method, functools.partial(_add, action, resource))


@contextmanager
def aside() -> Iterator[None]:
    """What a test does in here is its own, although it happens while a handler works."""
    begun, token = _inside[:], _begun_by.set("")
    _inside.clear()
    try:
        yield
    finally:
        _inside[:] = begun
        _begun_by.reset(token)


def _name_of(function: Callable[..., Any]) -> str:
    return f"{function.__module__}.{function.__name__}"


def _around(kind: Any, method: str, name_of: Callable[[Any], str]) -> None:
    original = getattr(kind, method)

    @functools.wraps(original)
    def watched(self: Any, *arguments: Any, **more: Any) -> Any:
        name = name_of(self)
        if not _inside:
            reporting.keep()  # what another function counted, and would store in its own process
        _inside.append(name)
        token = _begun_by.set(name)
        try:
            return original(self, *arguments, **more)
        finally:
            _begun_by.reset(token)
            _inside.pop()

    setattr(kind, method, watched)


def _before(kind: Any, method: str, act: Callable[[], None]) -> None:
    original = getattr(kind, method)

    @functools.wraps(original)
    def watched(self: Any, *arguments: Any, **more: Any) -> Any:
        act()
        return original(self, *arguments, **more)

    setattr(kind, method, watched)


def _note(params: dict[str, Any], model: Any, **_rest: Any) -> None:
    for action, resource in _needed(model.service_model.service_name, model.name, params):
        _add(action, resource)


def _needed(service: str, operation: str, params: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if service == "sqs":
        name = params.get("QueueName") or params["QueueUrl"].rsplit("/", 1)[-1]
        action = {"SendMessageBatch": "SendMessage"}.get(operation, operation)
        yield f"sqs:{action}", name.removeprefix(config.queue_prefix())
    elif operation == "TransactWriteItems":
        for item in params["TransactItems"]:
            for part, body in item.items():
                yield f"dynamodb:{_PARTS[part]}", _table(body["TableName"])
    elif service == "dynamodb":
        for table in params.get("RequestItems") or [params.get("TableName", "")]:
            index = f"/index/{params['IndexName']}" if "IndexName" in params else ""
            yield f"dynamodb:{operation}", _table(table) + index
    else:
        yield f"{service}:{operation}", "*" if f"{service}:{operation}" in policies.UNBOUND else "?"


def _table(name: str) -> str:
    return name.removeprefix(config.settings().table_prefix)


def _add(action: str, resource: str) -> None:
    handler = _begun_by.get() or (_inside[-1] if _inside else "")
    if handler:
        calls.add((handler, action, resource))
