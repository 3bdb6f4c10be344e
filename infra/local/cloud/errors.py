"""The one error of the local cloud: what AWS would have answered instead of a result."""

from collections.abc import Mapping
from typing import Any


class CloudError(Exception):
    """An answer of status 400 or 500 with AWS's own code and message.

    extra holds further modelled members of the error, such as Item or CancellationReasons.
    """

    def __init__(self, code: str, message: str, *, status: int = 400, extra: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.extra = extra or {}


def invalid(message: str) -> CloudError:
    """Make DynamoDB's ValidationException."""
    return CloudError("ValidationException", message)


def constraint(value: object, member: str, rule: str) -> CloudError:
    """Make the ValidationException with which AWS refuses one request member by its model."""
    shown = "null" if value is None else f"'{value}'"
    return invalid(
        f"1 validation error detected: Value {shown} at '{member}' failed to satisfy constraint: Member must {rule}"
    )
