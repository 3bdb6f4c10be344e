"""The botocore clients this process uses: one session, one client a service, made on first use.

`on_client` lets the local stack serve a client itself, and tests count or break its calls.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

_lock = threading.Lock()
_clients: dict[str, Any] = {}
_hooks: list[Callable[[str, Any], None]] = []
_is_local = False
_session: Any = None

_PLAIN = frozenset({"dynamodb", "sqs"})  # their requests are the parameters as JSON, word for word

_TRANSIENT_CODES = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "ThrottlingException",
        "Throttling",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestLimitExceeded",
        "TransactionConflictException",
        "TransactionInProgressException",
        "InternalServerError",
        "InternalFailure",
        "ServiceUnavailable",
        "RequestTimeout",
        "LimitExceededException",
        "OverLimit",
        "AWS.SimpleQueueService.OverLimit",
        "SlowDown",
        "KMSInternalException",
        "KeyUnavailableException",
        "TooManyRequestsException",
        "ServiceException",
    }
)


def client(service: str) -> Any:
    """Give the shared client of a service (dynamodb, sqs, s3, kms)."""
    found = _clients.get(service)
    if found is None:
        with _lock:
            found = _clients.get(service) or _make(service)
            _clients[service] = found
    return found


def on_client(hook: Callable[[str, Any], None]) -> None:
    """Call the hook with every client made from now on, and with those that exist."""
    with _lock:
        _hooks.append(hook)
        for service, made in _clients.items():
            hook(service, made)


def reset(*, is_local: bool = False) -> None:
    """Forget clients and hooks; `is_local` makes later clients unsigned, needing neither region nor credentials."""
    global _is_local, _session
    with _lock:
        _clients.clear()
        _hooks.clear()
        _is_local, _session = is_local, None


def code_of(error: BaseException) -> str:
    """Give the vendor's code of a refused call, or "" for any other error."""
    return str(getattr(error, "response", {}).get("Error", {}).get("Code", ""))


def is_transient(error: BaseException) -> bool:
    """Say whether the same call may succeed later: throttles, lost connections, the vendor's own faults."""
    import botocore.exceptions as kinds  # heavy

    if isinstance(error, kinds.ClientError):
        return code_of(error) in _TRANSIENT_CODES
    return isinstance(error, kinds.HTTPClientError | kinds.ConnectionError)


def _make(service: str) -> Any:
    global _session
    import botocore  # heavy
    import botocore.session
    from botocore.config import Config

    if _session is None:
        _session = botocore.session.get_session()
    settings: dict[str, Any] = {
        "parameter_validation": False,  # 150 us a call; codec.py and queue.py build requests that need none
        "retries": {"total_max_attempts": 4, "mode": "standard"},
        "connect_timeout": 3,
        "read_timeout": 25,
        "max_pool_connections": 64,
        "tcp_keepalive": True,
        "user_agent": "millrace",  # else botocore builds this header anew for every call, 70 us
    }
    arguments: dict[str, Any] = {}
    if _is_local:
        settings["signature_version"] = botocore.UNSIGNED
        arguments = {"region_name": "local", "endpoint_url": f"http://{service}.local"}
    made = _session.create_client(service, config=Config(**settings), **arguments)
    if service in _PLAIN:
        made._serializer = PlainSerializer(made._serializer)
    for hook in _hooks:
        hook(service, made)
    return made


class PlainSerializer:
    """Writes the body of a request in one go; botocore's own looks every value up in the service's model, 100 us.

    Everything but the body, and the bodies that hold more than JSON knows (bytes), stays botocore's.
    """

    def __init__(self, own: Any) -> None:
        self._own = own
        self._heads: dict[str, dict[str, Any]] = {}

    def serialize_to_request(self, parameters: dict[str, Any], operation: Any) -> dict[str, Any]:
        """Give the parts of a request, as botocore.serialize.Serializer does."""
        import orjson  # heavy

        try:
            body = orjson.dumps(parameters, option=orjson.OPT_PASSTHROUGH_DATETIME)
        except TypeError:
            return dict(self._own.serialize_to_request(parameters, operation))
        head = self._heads.get(operation.name)
        if head is None:
            head = self._heads[operation.name] = self._own.serialize_to_request({}, operation)
        return {**head, "headers": dict(head["headers"]), "body": body}
