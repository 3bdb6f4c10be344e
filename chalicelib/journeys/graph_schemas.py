"""Automations as callers send them: head, steps, connections, sources. The surface spells everything in camelCase.

A draft may be incomplete, so only what is malformed is refused here; what is missing or does not fit together is for
the rules to say (rules/graph.py, rules/parameters.py).
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from chalicelib.edge.schema import Whole
from chalicelib.journeys.rules.graph import TYPES
from chalicelib.journeys.schemas import Amount, Email, FlowIn, Short, Text2000, Url, Uuid, When

Json = dict[str, Any]
Context = Literal[
    "WEB", "MOBILE", "ECOMMERCE", "RETAIL", "IOT", "SOCIAL", "CONTACT_CENTER", "DIGITAL_CAMPAIGN", "OTHER"
]
StatusName = Literal["COMMITTED", "PAUSED", "RUNNING", "ARCHIVED", "DRAFT", "ERROR", "TO_ARCHIVE", "TO_DELETE"]
Operator = Literal[
    "EQUALS", "NOT_EQUALS", "CONTAINS", "NOT_CONTAINS", "STARTS_WITH", "ENDS_WITH", "IN", "NOT_IN", "GREATER_THAN",
    "GREATER_OR_EQUAL", "LESS_THAN", "LESS_OR_EQUAL", "BETWEEN", "BEFORE", "AFTER", "IN_LAST", "EXISTS", "NOT_EXISTS",
]  # fmt: skip
OnError = Literal["STOP", "CONTINUE"]
Missing = Literal["FAIL", "EMPTY"]
Scalar = str | int | float | bool
MAX_BODY_BYTES = 5_242_880


class DurationIn(FlowIn):
    """A length of time. MINUTES and HOURS are elapsed; the others are steps of the calendar."""

    amount: Annotated[Amount, Field(ge=1, le=527_040)]
    unit: Literal["MINUTES", "HOURS", "DAYS", "WEEKS", "MONTHS"]


class ResumeAtIn(FlowIn):
    """The next of these local times after a wait."""

    time: Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", examples=["09:30"])] | None = None
    weekdays: (
        Annotated[list[Literal["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"]], Field(min_length=1, max_length=7)]
        | None
    ) = None

    @model_validator(mode="after")
    def _each_day_once(self) -> ResumeAtIn:
        if self.weekdays is not None and len(set(self.weekdays)) != len(self.weekdays):
            raise ValueError("weekdays must not repeat a day")
        return self


# --- conditions and events ------------------------------------------------------------------------------------------


class ConditionIn(FlowIn):
    """One comparison."""

    subject: Literal["EVENT", "CUSTOMER", "ATTRIBUTE"]
    path: Annotated[str, Field(max_length=200)]
    operator: Operator
    value: Scalar | None = None
    values: Annotated[list[Scalar], Field(max_length=100)] | None = None
    duration: DurationIn | None = None
    case_sensitive: bool = False


class ConditionGroupIn(FlowIn):
    """Comparisons of which all, or one, must hold; groups may lie in groups."""

    match: Literal["ALL", "ANY"]
    conditions: Annotated[list[ConditionOrGroupIn], Field(min_length=1, max_length=50)]


def _condition_or_group(value: Any) -> str:
    return "@group" if isinstance(value, ConditionGroupIn) or (isinstance(value, dict) and "match" in value) else "@one"


ConditionOrGroupIn = Annotated[
    Annotated[ConditionIn, Tag("@one")] | Annotated[ConditionGroupIn, Tag("@group")],
    Discriminator(_condition_or_group),
]


class EventRuleIn(FlowIn):
    """Which events count."""

    event_type: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    contexts: Annotated[list[Context], Field(max_length=20)] | None = None
    referenced_step_uuid: Uuid | None = None
    since: Literal["STEP_ENTRY", "AUTOMATION_ENTRY", "REFERENCED_STEP"] | None = None
    conditions: ConditionGroupIn | None = None


class TriggerEventIn(FlowIn):
    """A real-time source: events that put a customer in, or take them out."""

    uuid: Uuid | None = None
    action: Literal["INSERT_CUSTOMER", "REMOVE_CUSTOMER"] | None = None
    event: EventRuleIn | None = None
    customer_conditions: ConditionGroupIn | None = None
    attribute_mapping: Annotated[dict[str, str], Field(max_length=100)] | None = None


# --- parameters of steps --------------------------------------------------------------------------------------------


class PageRefIn(FlowIn):
    """A page of the page builder."""

    template_id: Whole | None = None
    page_id: Whole | None = None


class EmailParametersIn(FlowIn):
    """One mail."""

    campaign_name: Short | None = None
    model_identifier: Whole | None = None
    sender_name: Short | None = None
    sender_email: Email | None = None
    sender_reply_to: Email | None = None
    subject: Annotated[str, Field(max_length=998)] | None = None
    content_source: Literal["HTML", "PAGE_BUILDER", "EMAIL_DESIGNER"] = "HTML"
    html_content: Annotated[str, Field(max_length=524_288)] | None = None
    text_content: Annotated[str, Field(max_length=131_072)] | None = None
    page_builder: PageRefIn | None = None
    custom_ref: Short | None = None
    subscription_id: Short | None = None
    missing_placeholder: Missing = "FAIL"
    track_opens: bool = True
    track_clicks: bool = True
    on_error: OnError = "STOP"


class SmsParametersIn(FlowIn):
    """One text to a telephone."""

    campaign_name: Short | None = None
    model_identifier: Whole | None = None
    sender_alias: Annotated[str, Field(max_length=15)] | None = None
    text: Annotated[str, Field(max_length=1530)] | None = None
    phone_attribute: Annotated[str, Field(max_length=100)] | None = None
    default_country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] | None = None
    custom_ref: Short | None = None
    subscription_id: Short | None = None
    missing_placeholder: Missing = "FAIL"
    on_error: OnError = "STOP"


class WebhookParametersIn(FlowIn):
    """One HTTP call."""

    url: Url | None = None
    method: Literal["POST", "PUT", "PATCH", "GET", "DELETE"] = "POST"
    headers: Annotated[dict[str, Annotated[str, Field(max_length=2048)]], Field(max_length=20)] | None = None
    content_type: Short = "application/json"
    body: Annotated[str, Field(max_length=65_536)] | None = None
    timeout_seconds: Annotated[Amount, Field(ge=1, le=20)] = 10
    max_attempts: Annotated[Amount, Field(ge=1, le=10)] = 5
    on_error: OnError = "STOP"


class TagParametersIn(FlowIn):
    """A value written into a property of the customer's profile."""

    property: Short | None = None
    mode: Literal["ADD", "REPLACE"] | None = None
    source: Literal["CONSTANT", "EVENT_PROPERTY", "ATTRIBUTE"] | None = None
    constant: Scalar | None = None
    path: Short | None = None
    on_error: OnError = "STOP"


class DelayParametersIn(FlowIn):
    """A wait from the moment the previous step was done."""

    wait: DurationIn | None = None
    resume_at: ResumeAtIn | None = None


class WaitAndCheckParametersIn(FlowIn):
    """A wait, then one decision."""

    wait: DurationIn | None = None
    subject: Literal["EVENT", "CUSTOMER"] | None = None
    event: EventRuleIn | None = None


class WaitForTriggerParametersIn(FlowIn):
    """A wait for an event, at most for so long."""

    timeout: DurationIn | None = None
    event: EventRuleIn | None = None


class ShareIn(FlowIn):
    """How many percent go this way."""

    outcome: Literal["A", "B"]
    share: Annotated[Amount, Field(ge=0, le=100)]


class AbTestParametersIn(FlowIn):
    """A split in two."""

    shares: Annotated[list[ShareIn], Field(min_length=2, max_length=2)] | None = None


class EndParametersIn(FlowIn):
    """Nothing."""

    @model_validator(mode="before")
    @classmethod
    def _nothing(cls, value: Any) -> Any:
        if isinstance(value, dict) and value:
            raise ValueError("a NO_ACTION step has no parameters")
        return value


# --- steps ----------------------------------------------------------------------------------------------------------


class PositionIn(FlowIn):
    """Where a step is drawn."""

    x: float | None = None
    y: float | None = None


class StepIn(FlowIn):
    """What all steps have."""

    uuid: Uuid
    description: Text2000 | None = None
    position: PositionIn | None = None


class EmailStepIn(StepIn):
    """Send a mail."""

    type: Literal["ACTION"] = "ACTION"
    operation: Literal["CLAB_CAMPAIGN"]
    parameters: EmailParametersIn | None = None


class SmsStepIn(StepIn):
    """Send a text."""

    type: Literal["ACTION"] = "ACTION"
    operation: Literal["CLAB_CAMPAIGN_SMS"]
    parameters: SmsParametersIn | None = None


class WebhookStepIn(StepIn):
    """Call out."""

    type: Literal["ACTION"] = "ACTION"
    operation: Literal["WEBHOOK"]
    parameters: WebhookParametersIn | None = None


class TagStepIn(StepIn):
    """Write into the profile."""

    type: Literal["ACTION"] = "ACTION"
    operation: Literal["TAG"]
    parameters: TagParametersIn | None = None


class DelayStepIn(StepIn):
    """Wait."""

    type: Literal["WAIT"] = "WAIT"
    operation: Literal["FROM_LAST_STEP"]
    parameters: DelayParametersIn | None = None


class WaitAndCheckStepIn(StepIn):
    """Wait, then decide."""

    type: Literal["CHECK"] = "CHECK"
    operation: Literal["WAIT_AND_CHECK"]
    parameters: WaitAndCheckParametersIn | None = None


class WaitForTriggerStepIn(StepIn):
    """Wait for an event."""

    type: Literal["CHECK"] = "CHECK"
    operation: Literal["WAIT_FOR_TRIGGER"]
    parameters: WaitForTriggerParametersIn | None = None


class AbTestStepIn(StepIn):
    """Split in two."""

    type: Literal["SPLIT"] = "SPLIT"
    operation: Literal["AB_TEST"]
    parameters: AbTestParametersIn | None = None


class EndStepIn(StepIn):
    """End."""

    type: Literal["END"] = "END"
    operation: Literal["NO_ACTION"]
    parameters: EndParametersIn | None = None


def _operation_of(value: Any) -> str | None:
    named = value.get("operation") if isinstance(value, dict) else getattr(value, "operation", None)
    return f"@{named}" if isinstance(named, str) and named in TYPES else None


AnyStepIn = Annotated[
    Annotated[EmailStepIn, Tag("@CLAB_CAMPAIGN")]
    | Annotated[SmsStepIn, Tag("@CLAB_CAMPAIGN_SMS")]
    | Annotated[WebhookStepIn, Tag("@WEBHOOK")]
    | Annotated[TagStepIn, Tag("@TAG")]
    | Annotated[DelayStepIn, Tag("@FROM_LAST_STEP")]
    | Annotated[WaitAndCheckStepIn, Tag("@WAIT_AND_CHECK")]
    | Annotated[WaitForTriggerStepIn, Tag("@WAIT_FOR_TRIGGER")]
    | Annotated[AbTestStepIn, Tag("@AB_TEST")]
    | Annotated[EndStepIn, Tag("@NO_ACTION")],
    Discriminator(
        _operation_of,
        custom_error_type="operation",
        custom_error_message="operation must be one of " + ", ".join(TYPES),
    ),
]


class ConnectionIn(FlowIn):
    """A way from one step to another, taken for an outcome of the first."""

    uuid: Uuid | None = None
    from_step_uuid: Uuid
    to_step_uuid: Uuid
    outcome: Literal["NEXT", "YES", "NO", "TIMEOUT", "A", "B"]
    label: Annotated[str, Field(max_length=100)] | None = None
    priority: Annotated[Amount, Field(ge=0, le=1_000_000)] = 0
    conditions: ConditionGroupIn | None = None


# --- automations ----------------------------------------------------------------------------------------------------


class AutomationIn(FlowIn):
    """A whole automation."""

    MAX_BYTES: ClassVar[int] = MAX_BODY_BYTES

    uuid: Uuid | None = None
    name: Annotated[str, Field(min_length=1, max_length=200)]
    category: Literal["Custom"] = "Custom"
    author: Short | None = None
    start_date: When | None = None
    end_date: When | None = None
    timezone: Annotated[str, Field(min_length=1, max_length=64)] = "UTC"
    status: StatusName | None = None
    description: Text2000 | None = None
    unique_token: bool = False
    remove_action_primary: bool = False
    source_description: Text2000 | None = None
    trigger_events: list[TriggerEventIn] = Field(default_factory=list, max_length=20)
    steps: list[AnyStepIn] = Field(default_factory=list, max_length=200)
    connections: list[ConnectionIn] = Field(default_factory=list, max_length=400)

    def content(self) -> Json:
        """Give steps, connections and sources in their wire shape."""
        steps = [one.wire() | {"type": one.type} for one in self.steps]
        sources = [one.wire() for one in self.trigger_events]
        return {"steps": steps, "connections": [one.wire() for one in self.connections], "triggerEvents": sources}


class AutomationPatch(FlowIn):
    """A new name, a new status, or both."""

    name: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    status: StatusName | None = None

    @model_validator(mode="before")
    @classmethod
    def _something(cls, value: Any) -> Any:
        if isinstance(value, dict) and value.get("name") is None and value.get("status") is None:
            raise ValueError("name or status must be sent")
        return value
