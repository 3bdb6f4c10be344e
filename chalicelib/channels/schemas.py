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
Address = Annotated[str, StringConstraints(max_length=4_096)]  # also signed ones
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


def options(value: Any) -> Any:
    """Read an object that may be sent as its JSON text."""
    import json

    try:
        return json.loads(value) if isinstance(value, str) and value.strip() else value or {}
    except ValueError:
        return value


def one_or_more(words: str, *kinds: type) -> BeforeValidator:
    """Take a value of these kinds or a list of such; what is neither is told in one sentence."""

    def check(value: Any) -> Any:
        if not all(isinstance(one, kinds) for one in (value if isinstance(value, list) else [value])):
            raise ValueError(f"must be {words}")
        return value

    return BeforeValidator(check)


Flag = Annotated[bool, BeforeValidator(_bool)]
Word = Annotated[str, BeforeValidator(_text), StringConstraints(max_length=20_000)]
Names = Annotated[str | list[str], one_or_more("a text or a list of texts", str)]
Email = Annotated[str, AfterValidator(_email)]
Locale = Annotated[str, AfterValidator(_locale)]


class NameIn(NovuIn):
    """A name, and nothing else."""

    name: Name


# --- subscribers ----------------------------------------------------------------------------------------------------


class ChannelCredentialsIn(NovuIn):
    """How a provider reaches a subscriber."""

    webhook_url: Address | None = None
    channel: Short | None = None
    device_tokens: list[Address] | None = None
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
    avatar: Address | None = None
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

    message_id: Names
    mark: MarksIn


class MarkAsIn(NovuIn):
    """Messages and what they become."""

    message_id: Names
    mark_as: Mark


class MarkAllIn(NovuIn):
    """What all messages become."""

    feed_identifier: Names | None = None
    mark_as: Mark


class ActionIn(NovuIn):
    """What became of a button."""

    status: Literal["pending", "done"]
    payload: Object | None = None


class TopicIn(NovuIn):
    """A new topic."""

    key: Name
    name: Name


class TopicRecipientIn(NovuIn):
    """The members of a topic."""

    topic_key: Name


class TopicSubscribersIn(NovuIn):
    """Subscribers by their identifiers."""

    subscribers: list[Name]
