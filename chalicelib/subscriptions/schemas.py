"""What callers of the subscription operations send and see."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from chalicelib.core import clock
from chalicelib.edge.schema import AtMs, CamelIn, CamelOut, In, Name, Object, Out, Text, WhenSet, whole

Ended = Literal["failed", "dropped", "delivered"]
_LAST_MS = 253_402_300_799_999  # the end of the year 9999


def _time_ms(value: Any) -> Any:
    """Read a time: milliseconds since 1970, or ISO 8601; without a zone it is UTC."""
    if isinstance(value, str):
        try:
            at = datetime.fromisoformat(value.upper())
        except ValueError:
            raise ValueError("must be a time in ISO 8601, or milliseconds since 1970") from None
        return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000)
    return whole(value)


TimeMs = Annotated[int, BeforeValidator(_time_ms), Field(ge=0, le=_LAST_MS)]


class TriggerSubscriptionIn(CamelIn):
    """A subscription to the trigger in the path."""

    url: Text | None = None
    variables: Object | None = None


class SubscriptionIn(CamelIn):
    """A subscription to the trigger the body names."""

    platform: Name
    service: Name
    trigger: Name
    url: Text
    service_version: Name | None = None
    user_credential_id: Name | None = None
    variables: Object | None = None


class SubscriptionOut(CamelOut):
    """A subscription. `userId` is the identifier the platform chose for its user."""

    id: str
    user_key: str = Field(alias="userId")
    platform: str
    service: str
    service_id: str
    version_name: WhenSet = Field(alias="serviceVersion")
    trigger: str
    trigger_id: str
    credential_id: str | None = Field(alias="userCredentialId")
    url: str | None
    variables: Object
    state: str
    reason: str | None = Field(alias="disabledReason")
    inserted_at: AtMs
    updated_at: AtMs


class ReplayIn(In):
    """Which recorded occurrences to deliver again."""

    from_ms: TimeMs = Field(alias="from")
    to_ms: TimeMs = Field(alias="to", default_factory=clock.now_ms)
    states: list[Ended] = Field(default=["failed"], min_length=1)


class DeliveryOut(Out):
    """One delivery and how it went."""

    id: str
    message_id: str = Field(alias="messageId")
    occurrence_id: str = Field(alias="occurrenceId")
    state: str
    attempts: int
    status_code: int | None = Field(alias="statusCode")
    error: str | None
    at: AtMs
    next_attempt_at: str | None = Field(alias="nextAttemptAt")


class DeadOut(CamelOut):
    """Something that was given up: a message that failed too often, or an event that its service's logic let fall."""

    id: str
    kind: Literal["message", "event"]
    reason: str
    at: AtMs
    event_id: str | None
    service_id: str | None
    component_id: str | None
    subscription_id: str | None
    execution_id: str | None
    message: Object | None


class ForwardedTrigger(CamelIn):
    """A trigger by the names (or ids) of service and trigger."""

    service: Name
    trigger: Name


class ForwardingIn(CamelIn):
    """Where to forward, and which triggers as a whole."""

    url: Text | None = None
    triggers: list[ForwardedTrigger] | None = None
