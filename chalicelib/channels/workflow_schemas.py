"""What callers send about workflows, layouts and events."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, StringConstraints

from chalicelib.channels.integration_schemas import FilterIn
from chalicelib.channels.schemas import Address, Long, NovuIn, Object, Short, StepType, one_or_more
from chalicelib.edge.schema import Name

EVENT_BYTES = 5_242_880  # with the files of mails
Unit = Literal["seconds", "minutes", "hours", "days", "weeks", "months"]


class VariableIn(NovuIn):
    """A variable of a template."""

    name: Short
    type: Literal["String", "Array", "Boolean"] | None = None
    required: bool | None = None
    default_value: Any = None


class BlockIn(NovuIn):
    """A block of an e-mail made in the editor."""

    type: Literal["text", "button"]
    content: Long
    url: Address | None = None
    styles: Object | None = None


class CtaDataIn(NovuIn):
    """Where a message leads."""

    url: Long | None = None


class ButtonIn(NovuIn):
    """A button of a message."""

    type: Literal["primary", "secondary"]
    content: Long
    result_content: Long | None = None


class CtaActionIn(NovuIn):
    """The buttons of a message."""

    status: Literal["pending", "done"] | None = None
    buttons: Annotated[list[ButtonIn], Field(max_length=10)] | None = None
    result: Object | None = None


class CtaIn(NovuIn):
    """What can be done with a message."""

    type: Literal["redirect"] | None = None
    data: CtaDataIn | None = None
    action: CtaActionIn | None = None


class ActorIn(NovuIn):
    """Whose picture stands beside a message."""

    type: Literal["none", "user", "system_icon", "system_custom"]
    data: Long | None = None


class TemplateIn(NovuIn):
    """What a step says."""

    id: str | None = Field(None, alias="_id")
    type: StepType
    content: Long | list[BlockIn] | None = None
    content_type: Literal["editor", "customHtml"] | None = None
    subject: Long | None = None
    title: Long | None = None
    preheader: Long | None = None
    sender_name: Short | None = None
    name: Short | None = None
    cta: CtaIn | None = None
    feed_id: str | None = None
    own_feed_id: str | None = Field(None, alias="_feedId")
    layout_id: str | None = None
    own_layout_id: str | None = Field(None, alias="_layoutId")
    actor: ActorIn | None = None
    variables: list[VariableIn] | None = None


class TimedIn(NovuIn):
    """The calendar of a timed digest."""

    at_time: Short | None = None
    week_days: list[Short] | None = None
    month_days: list[int | str] | None = None
    ordinal: Short | None = None
    ordinal_value: Short | None = None
    monthly_type: Literal["each", "on"] | None = None
    cron_expression: Short | None = None


class MetadataIn(NovuIn):
    """How long a delay or digest takes."""

    type: Literal["regular", "scheduled", "backoff", "timed"] = "regular"
    amount: Annotated[int, Field(ge=1)] | None = None
    unit: Unit | None = None
    delay_path: Short | None = None
    digest_key: Short | None = None
    backoff: bool | None = None
    backoff_amount: Annotated[int, Field(ge=1)] | None = None
    backoff_unit: Unit | None = None
    update_mode: bool | None = None
    timed: TimedIn | None = None


class VariantIn(NovuIn):
    """Another template of a step, for whom its filters hold."""

    id: str | None = Field(None, alias="_id")
    name: Short | None = None
    active: bool = True
    template: TemplateIn
    filters: list[FilterIn] | None = None


class StepIn(NovuIn):
    """One step of a workflow."""

    id: str | None = Field(None, alias="_id")
    uuid: Short | None = None
    name: Short | None = None
    active: bool = True
    should_stop_on_fail: bool = False
    template: TemplateIn
    filters: list[FilterIn] | None = None
    metadata: MetadataIn | None = None
    reply_callback: Object | None = None
    variants: Annotated[list[VariantIn], Field(max_length=20)] | None = None


class PreferenceSettings(NovuIn):
    """Which channels of a workflow are wanted by default."""

    in_app: bool | None = Field(None, alias="in_app")
    email: bool | None = None
    sms: bool | None = None
    chat: bool | None = None
    push: bool | None = None


Description = Annotated[str, StringConstraints(max_length=1_000)]


class WorkflowIn(NovuIn):
    """A new workflow."""

    name: Name
    description: Description | None = None
    tags: list[Short] | None = None
    notification_group_id: str
    steps: Annotated[list[StepIn], Field(max_length=100)]
    active: bool = False
    draft: bool | None = None
    critical: bool = False
    preference_settings: PreferenceSettings | None = None
    blueprint_id: str | None = None
    data: Object | None = None


class WorkflowPatch(NovuIn):
    """What changes of a workflow."""

    name: Name | None = None
    description: Description | None = None
    tags: list[Short] | None = None
    notification_group_id: str | None = None
    steps: Annotated[list[StepIn], Field(max_length=100)] | None = None
    critical: bool | None = None
    preference_settings: PreferenceSettings | None = None
    data: Object | None = None
    identifier: Name | None = None


class StatusIn(NovuIn):
    """Whether a workflow is active."""

    active: bool


class LayoutIn(NovuIn):
    """A new layout."""

    name: Name
    identifier: Name | None = None
    description: Short | None = None
    content: Long
    variables: list[VariableIn] | None = None
    is_default: bool = False


class LayoutPatch(NovuIn):
    """What changes of a layout."""

    name: Name | None = None
    identifier: Name | None = None
    description: Short | None = None
    content: Long | None = None
    variables: list[VariableIn] | None = None
    is_default: bool | None = None


class BrandingIn(NovuIn):
    """The looks of an organization."""

    logo: Address | None = None
    color: Short | None = None
    font_color: Short | None = None
    content_background: Short | None = None
    font_family: Short | None = None
    direction: Literal["ltr", "rtl"] | None = None


class BroadcastIn(NovuIn):
    """An event for every subscriber."""

    MAX_BYTES: ClassVar[int] = EVENT_BYTES

    name: Name
    payload: Object = Field(default_factory=dict)
    overrides: Object = Field(default_factory=dict)
    transaction_id: Name | None = None
    actor: str | Object | None = None
    tenant: str | Object | None = None


class TriggerIn(BroadcastIn):
    """An event for some subscribers."""

    to: Annotated[
        str | Object | list[str | Object],
        one_or_more("a subscriber or its id, a topic, or a list of such", str, dict),
    ]


class BulkIn(NovuIn):
    """Many events; each is read for itself."""

    MAX_BYTES: ClassVar[int] = EVENT_BYTES

    events: list[Any]
