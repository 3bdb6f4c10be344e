"""Customers, packets, events and feedback as callers send them. Null equals absent; unknown members are ignored."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field

from chalicelib.journeys.schemas import FlowIn, Short, Url, Uuid, When

Attributes = dict[str, Any]
EventName = Annotated[str, Field(min_length=1, max_length=100)]
EventId = Annotated[str, Field(min_length=1, max_length=200)]
Context = Literal[
    "WEB", "MOBILE", "ECOMMERCE", "RETAIL", "IOT", "SOCIAL", "CONTACT_CENTER", "DIGITAL_CAMPAIGN", "OTHER"
]
FeedbackKind = Literal[
    "DELIVERED", "OPENED", "CLICKED", "SOFT_BOUNCED", "HARD_BOUNCED", "UNSUBSCRIBED", "MARKED_SPAM", "FAILED"
]  # fmt: skip
Packet = Literal["FIRST", "MIDDLE", "LAST"]


def _callable(value: str) -> str:
    if not value.lower().startswith(("https://", "http://")):
        raise ValueError("must be an address of http or https")
    return value


class CustomerIn(FlowIn):
    """A customer who is to enter. One of clabUuid, userPk or an address among the attributes is needed."""

    uuid: Uuid | None = None
    user_pk: Short | None = None
    clab_uuid: Uuid | None = None
    attributes: Attributes | None = None


class NotificationIn(FlowIn):
    """Where to tell of a batch."""

    url: Annotated[Url, AfterValidator(_callable)]
    headers: Annotated[dict[str, Annotated[str, Field(max_length=1024)]], Field(max_length=10)] | None = None
    reference: Short | None = None


class BatchIn(FlowIn):
    """A packet of customers; without `packet` a whole batch."""

    MAX_BYTES: ClassVar[int] = 5_242_880

    customers: Annotated[list[Any], Field(max_length=1000, default_factory=list)]
    notification: NotificationIn | None = None
    packet: Packet | None = None
    source_label: Short | None = None
    source_uuid: Uuid | None = None


class WhoIn(FlowIn):
    """A customer an event is about."""

    clab_uuid: Uuid | None = None
    user_pk: Short | None = None
    email: Annotated[str, Field(max_length=320)] | None = None


class EventIn(FlowIn):
    """Something a customer did."""

    id: EventId
    event_type: EventName
    customer: WhoIn
    context: Context | None = None
    properties: dict[str, Any] | None = None
    occurred_at: When | None = None


class FeedbackIn(FlowIn):
    """Something a provider told of a message."""

    id: EventId
    kind: FeedbackKind
    token_uuid: Uuid
    step_uuid: Uuid
    url: Annotated[str, Field(max_length=2048)] | None = None
    occurred_at: When | None = None


class FeedbacksIn(FlowIn):
    """What a provider told, several at once."""

    feedbacks: Annotated[list[FeedbackIn], Field(min_length=1, max_length=100)]


class ProfileIn(FlowIn):
    """A customer's profile, kept by the node itself."""

    customer: WhoIn
    profile: dict[str, Any]
