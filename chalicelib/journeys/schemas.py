"""Nodes, settings, contents and test mails as callers send them. Null equals absent; unknown members are ignored."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator
from pydantic.alias_generators import to_camel

from chalicelib.core import ids
from chalicelib.core.errors import InvalidInput
from chalicelib.edge.schema import In, Whole, clean

Json = dict[str, Any]
_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?")
_WHEN = re.compile(r"(\d{4})-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s\x00-\x1f\x7f]+")
_TAG = re.compile(r"\.@[A-Za-z_]+")  # what a discriminated union adds to the place of a fault
_YEARS = (1970, 2199)


class FlowIn(In):
    """A body, or a part of one, of this surface."""

    model_config = ConfigDict(alias_generator=to_camel)

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, value: Any) -> Any:
        return {name: item for name, item in value.items() if item is not None} if isinstance(value, dict) else value

    @classmethod
    def read(cls, body: Any) -> Self:
        """Check a parsed body. Raises InvalidInput."""
        try:
            return super().read(body)
        except InvalidInput as error:
            faults = [replace(fault, location=_TAG.sub("", fault.location)) for fault in error.faults]
            first = faults[0]
            raise InvalidInput(f"{first.location}: {first.message}", faults) from None

    def wire(self) -> Json:
        """Give what was sent, by its wire names, nested shapes as plain values."""
        return self.model_dump(by_alias=True, exclude_unset=True)


def _uuid(value: str) -> str:
    if not ids.is_uuid(value):
        raise ValueError("must be a UUID")
    return value.lower()


def _email(value: str) -> str:
    if not _EMAIL.fullmatch(value) or ".." in value:
        raise ValueError("must be one e-mail address")
    return value


def _url(value: str) -> str:
    if not _URL.fullmatch(value):
        raise ValueError("must be an absolute URL")
    return value


def when_ms(text: str) -> int:
    """Read a time of RFC 3339 as milliseconds. Raises ValueError."""
    found = _WHEN.fullmatch(text)
    if not found or not _YEARS[0] <= int(found[1]) <= _YEARS[1]:
        raise ValueError(f"must be a date and time of RFC 3339 with a zone, years {_YEARS[0]} to {_YEARS[1]}")
    try:
        return int(datetime.fromisoformat(text.upper()).astimezone(UTC).timestamp() * 1000)
    except ValueError:
        raise ValueError("is no date and time of the calendar") from None


def _when(value: str) -> str:
    when_ms(value)
    return value


Uuid = Annotated[str, AfterValidator(_uuid), Field(json_schema_extra={"format": "uuid"})]
Email = Annotated[str, Field(max_length=320), AfterValidator(_email)]
Url = Annotated[str, Field(max_length=2048), AfterValidator(_url)]
When = Annotated[str, AfterValidator(_when), Field(json_schema_extra={"format": "date-time"})]
Amount = Whole
Short = Annotated[str, Field(max_length=200)]
Text2000 = Annotated[str, Field(max_length=2000)]
Html = Annotated[str, Field(max_length=524_288)]
Line = Annotated[str, StringConstraints(min_length=1, max_length=200), BeforeValidator(clean)]
Number = Annotated[Whole, Field(ge=0, le=999_999_999_999)]
Big = Annotated[Whole, Field(ge=-(2**63), le=2**63 - 1)]


# --- nodes ----------------------------------------------------------------------------------------------------------


class NodeIn(FlowIn):
    """A node to be set up."""

    uuid: Uuid | None = None
    name: Short | None = None
    workspace_uuid: Uuid | None = None
    workspace_name: Short | None = None
    portfolio_uuid: Uuid | None = None
    portfolio_name: Short | None = None
    group_pk: Big | None = None
    userdb_id: Big | None = None
    group_name: Short | None = None
    active: bool = True
    email_active: bool = False
    sms_active: bool = False
    hub_phone_field: Short | None = None


class NodePatch(FlowIn):
    """What of a node may change; `active` is always said."""

    active: bool
    email_active: bool | None = None
    sms_active: bool | None = None
    hub_phone_field: Short | None = None


# --- settings -------------------------------------------------------------------------------------------------------


class SettingIn(FlowIn):
    """A setting; `value` is checked by its type."""

    label: Short | None = None
    category: Literal["INTEGRATION"] | None = None
    type: Literal["CLAB_API_SOAP", "HUB"] | None = None
    value: Json | None = None


class SettingNewIn(SettingIn):
    """A new setting."""

    uuid: Uuid | None = None
    category: Literal["INTEGRATION"]
    type: Literal["CLAB_API_SOAP", "HUB"]
    value: Json


class MessageConnectorIn(FlowIn):
    """How a node sends: through integrations of the workspace, or (with `provider`) through an account of its own."""

    model_config = ConfigDict(extra="allow")

    provider: Literal["SES", "SMTP", "HTTP", "FAKE"] | None = None
    endpoint: Url | None = None
    api_key: Annotated[str, Field(max_length=4096)] | None = None
    user_key: Annotated[str, Field(max_length=4096)] | None = None
    default_sender_email: Email | None = None
    sms_sender: Annotated[str, Field(max_length=15)] | None = None
    signing_secret: Annotated[str, Field(max_length=4096)] | None = None
    email_integration: Line | None = None
    sms_integration: Line | None = None
    region: Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$")] | None = None


class ProfileConnectorIn(FlowIn):
    """Where a node's customer profiles lie."""

    model_config = ConfigDict(extra="allow")

    endpoint: Url | None = None
    workspace_id: Short | None = None
    node_id: Short | None = None
    token: Annotated[str, Field(max_length=4096)] | None = None
    email_path: Short | None = None
    timezone_path: Short | None = None


# --- contents -------------------------------------------------------------------------------------------------------


class EmailModelIn(FlowIn):
    """A mail model: what mail steps start from."""

    identifier: Number | None = None
    name: Line
    subject: Annotated[str, Field(max_length=998)] | None = None
    sender_name: Short | None = None
    sender_email: Email | None = None
    sender_reply_to: Email | None = None


class SmsModelIn(FlowIn):
    """A text model."""

    identifier: Number | None = None
    name: Line
    sender_alias: Annotated[str, Field(max_length=15)] | None = None
    text: Annotated[str, Field(max_length=1530)] | None = None


class TemplateIn(FlowIn):
    """A template of the page builder."""

    id: Number | None = None
    name: Line


class PageIn(FlowIn):
    """A page of a template, with what mails are made of."""

    MAX_BYTES: ClassVar[int] = 2_097_152

    id: Number | None = None
    name: Line
    html_content: Html


class AttributeIn(FlowIn):
    """One placeholder's value."""

    key: Annotated[str, Field(min_length=1, max_length=100)]
    value: Annotated[str, Field(max_length=4096)]


class EmailTestIn(FlowIn):
    """A test mail."""

    MAX_BYTES: ClassVar[int] = 2_097_152

    model_identifier: Whole
    sender_name: Short | None = None
    sender_email: Email
    sender_reply_to: Email | None = None
    subject: Annotated[str, Field(min_length=1, max_length=998)]
    html_content: Html | None = None
    text_content: Annotated[str, Field(max_length=131_072)] | None = None
    custom_ref: Short | None = None
    email: Email
    attributes: list[AttributeIn] = Field(default_factory=list, max_length=100)

    @model_validator(mode="after")
    def _something_to_say(self) -> Self:
        if not self.html_content and not self.text_content:
            raise ValueError("htmlContent or textContent must be sent")
        return self


# --- definitions ----------------------------------------------------------------------------------------------------


Kind = Literal["string", "integer", "number", "boolean", "date", "date-time", "array", "object"]
ItemKind = Literal["string", "integer", "number", "boolean", "date", "date-time", "object"]
Named = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[A-Za-z][A-Za-z0-9_.-]*$")]


class AttributeDefinitionIn(FlowIn):
    """The type of a value."""

    type: Kind
    items: ItemKind | None = None
    label: Short | None = None
    enum: Annotated[list[str | int | float | bool], Field(max_length=200)] | None = None
    operators: Annotated[list[Short], Field(max_length=30)] | None = None


class EventDefinitionIn(FlowIn):
    """A custom event type."""

    event_type: Named
    label: Short | None = None
    mode: Literal["ACTIVE", "PASSIVE"] = "ACTIVE"
    contexts: Annotated[list[str], Field(max_length=9)] | None = None
    attributes: dict[Named, AttributeDefinitionIn] = Field(default_factory=dict, max_length=200)


class PropertyDefinitionIn(AttributeDefinitionIn):
    """A custom property of customers."""

    path: Named


class SendSubscriptionIn(FlowIn):
    """A consent list."""

    id: Line
    name: Line
    send_id: Short | None = None
    kind: Literal["DIGITAL_MESSAGE", "SERVICE", "OTHER"] = "DIGITAL_MESSAGE"
