"""What callers send. Null equals absent everywhere but inside free-form members."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator
from pydantic.alias_generators import to_camel

from chalicelib.edge.schema import In, Name

Channel = Literal["in_app", "email", "sms", "chat", "push"]
StepType = Literal["in_app", "email", "sms", "chat", "push", "digest", "delay", "trigger", "custom"]
Mark = Literal["read", "seen", "unread", "unseen"]
Object = dict[str, Any]
Long = Annotated[str, StringConstraints(max_length=200_000)]
Short = Annotated[str, StringConstraints(max_length=1_000)]
_EMAIL = re.compile(r"[^@\s\x00-\x1f]{1,64}@[^@\s\x00-\x1f]{1,255}")
_LOCALE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*")


class NovuIn(In):
    """A body of this surface."""

    model_config = ConfigDict(alias_generator=to_camel)

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, value: Any) -> Any:
        return {name: item for name, item in value.items() if item is not None} if isinstance(value, dict) else value

    def sent(self) -> dict[str, Any]:
        """Give what was sent by its wire name, nested shapes as plain values."""
        return self.model_dump(by_alias=True, exclude_unset=True)


def _email(value: str) -> str:
    if value and not _EMAIL.fullmatch(value):
        raise ValueError("email must be an email")
    return value


def _locale(value: str) -> str:
    if value and not _LOCALE.fullmatch(value):
        raise ValueError("locale must be a locale such as en or en-US")
    return value


def _bool(value: Any) -> Any:
    return {"true": True, "false": False}.get(value.lower(), value) if isinstance(value, str) else value


def _text(value: Any) -> Any:
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _options(value: Any) -> Any:
    import json

    try:
        return json.loads(value) if isinstance(value, str) and value.strip() else value or {}
    except ValueError:
        return value


Flag = Annotated[bool, BeforeValidator(_bool)]
Word = Annotated[str, BeforeValidator(_text), StringConstraints(max_length=20_000)]
Email = Annotated[str, AfterValidator(_email)]
Locale = Annotated[str, AfterValidator(_locale)]


class NameIn(NovuIn):
    """A name, and nothing else."""

    name: Name


# --- integrations ---------------------------------------------------------------------------------------------------


class CredentialsIn(NovuIn):
    """What a provider asks for; every key is optional, unknown ones are dropped."""

    api_key: Word | None = None
    user: Word | None = None
    secret_key: Word | None = None
    domain: Word | None = None
    password: Word | None = None
    host: Word | None = None
    port: Word | None = None
    secure: Flag | None = None
    region: Word | None = None
    account_sid: Word | None = None
    message_profile_id: Word | None = None
    token: Word | None = None
    from_: Word | None = Field(None, alias="from")
    sender_name: Word | None = None
    project_name: Word | None = None
    application_id: Word | None = None
    client_id: Word | None = None
    require_tls: Flag | None = None
    ignore_tls: Flag | None = None
    tls_options: Annotated[Object, BeforeValidator(_options)] | None = None
    base_url: Word | None = None
    webhook_url: Word | None = None
    redirect_url: Word | None = None
    hmac: Flag | None = None
    service_account: Word | None = None
    ip_pool_name: Word | None = None
    api_key_request_header: Word | None = None
    secret_key_request_header: Word | None = None
    id_path: Word | None = None
    date_path: Word | None = None
    api_token: Word | None = None
    authenticate_by_token: Flag | None = None
    authentication_token_key: Word | None = None
    instance_id: Word | None = None
    alert_uid: Word | None = None
    title: Word | None = None
    image_url: Word | None = None
    state: Word | None = None
    external_link: Word | None = None
    channel_id: Word | None = None
    phone_number_identification: Word | None = None
    access_key: Word | None = None
    api_url: Word | None = Field(None, alias="apiURL")
    app_id: Word | None = Field(None, alias="appID")


class ConditionIn(NovuIn):
    """One comparison."""

    on: Literal["subscriber", "payload", "tenant", "webhook", "isOnline", "isOnlineInLast", "previousStep"]
    field: Short | None = None
    operator: (
        Literal[
            "LARGER", "SMALLER", "LARGER_EQUAL", "SMALLER_EQUAL", "EQUAL", "NOT_EQUAL", "ALL_IN", "ANY_IN", "NOT_IN",
            "BETWEEN", "NOT_BETWEEN", "LIKE", "NOT_LIKE", "IN", "IS_DEFINED",
        ] | None
    ) = None  # fmt: skip
    value: Any = None
    webhook_url: Short | None = None
    time_operator: Literal["minutes", "hours", "days"] | None = None
    step: Short | None = None
    step_type: Literal["read", "unread", "seen", "unseen"] | None = None


class FilterIn(NovuIn):
    """A group of comparisons."""

    is_negated: bool | None = None
    type: Literal["BOOLEAN", "TEXT", "DATE", "NUMBER", "STATEMENT", "LIST", "MULTI_LIST", "GROUP"] | None = None
    value: Literal["AND", "OR"] | None = None
    children: list[ConditionIn]


class IntegrationIn(NovuIn):
    """A new integration."""

    name: Name | None = None
    identifier: Name | None = None
    environment_id: str | None = Field(None, alias="_environmentId")
    provider_id: Name
    channel: Channel
    credentials: CredentialsIn | None = None
    active: bool = False
    check: bool = True
    conditions: list[FilterIn] | None = None


class IntegrationPatch(NovuIn):
    """What changes of an integration."""

    name: Name | None = None
    identifier: Name | None = None
    environment_id: str | None = Field(None, alias="_environmentId")
    active: bool | None = None
    credentials: CredentialsIn | None = None
    remove_novu_branding: bool | None = None
    check: bool = True
    conditions: list[FilterIn] | None = None


# --- subscribers ----------------------------------------------------------------------------------------------------


class ChannelCredentialsIn(NovuIn):
    """How a provider reaches a subscriber."""

    webhook_url: Short | None = None
    channel: Short | None = None
    device_tokens: list[Short] | None = None
    alert_uid: Short | None = None
    title: Short | None = None
    image_url: Short | None = None
    state: Short | None = None
    external_url: Short | None = None


class ChannelIn(NovuIn):
    """Credentials of a subscriber for one provider."""

    provider_id: Name
    integration_identifier: Name | None = None
    credentials: ChannelCredentialsIn


class SubscriberPatch(NovuIn):
    """What changes of a subscriber."""

    email: Email | None = None
    first_name: Short | None = None
    last_name: Short | None = None
    phone: Short | None = None
    avatar: Short | None = None
    locale: Locale | None = None
    data: Object | None = None


class SubscriberIn(SubscriberPatch):
    """A subscriber to be made or updated."""

    subscriber_id: Name
    channels: list[ChannelIn] | None = None


class SubscribersIn(NovuIn):
    """Many subscribers; each is read for itself."""

    subscribers: list[Any]


class OnlineIn(NovuIn):
    """Whether somebody is there; `online` is another spelling."""

    is_online: bool | None = None
    online: bool | None = None


class ChannelPreferenceIn(NovuIn):
    """Whether a channel is wanted."""

    type: Channel
    enabled: bool


class PreferenceIn(NovuIn):
    """A preference for one workflow."""

    channel: ChannelPreferenceIn | None = None
    enabled: bool | None = None


class GlobalPreferenceIn(NovuIn):
    """A preference for all workflows."""

    enabled: bool | None = None
    preferences: list[ChannelPreferenceIn] | None = None


class MarksIn(NovuIn):
    """The marks to set."""

    seen: bool | None = None
    is_read: bool | None = Field(None, alias="read")


class MarkMessageIn(NovuIn):
    """Messages and their marks."""

    message_id: str | list[str]
    mark: MarksIn


class MarkAsIn(NovuIn):
    """Messages and what they become."""

    message_id: str | list[str]
    mark_as: Mark


class MarkAllIn(NovuIn):
    """What all messages become."""

    feed_identifier: str | list[str] | None = None
    mark_as: Mark


class ActionIn(NovuIn):
    """What became of a button."""

    status: Literal["pending", "done"]
    payload: Object | None = None


class TopicIn(NovuIn):
    """A new topic."""

    key: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:-]{1,200}$")]
    name: Name


class TopicSubscribersIn(NovuIn):
    """Subscribers by their identifiers."""

    subscribers: list[Name]
