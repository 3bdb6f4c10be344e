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

_TRANSIENT_CODES = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "ThrottlingException",
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


def is_transient(error: BaseException) -> bool:
    """Say whether the same call may succeed later: throttles, lost connections, the vendor's own faults."""
    import botocore.exceptions as kinds  # heavy

    if isinstance(error, kinds.ClientError):
        return error.response.get("Error", {}).get("Code") in _TRANSIENT_CODES
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
    for hook in _hooks:
        hook(service, made)
    return made
