"""What callers send of bots, integrations and workspaces; answers.py has what they see."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, StringConstraints

from chalicelib.edge.schema import CamelIn, In, Object, clean

Short = Annotated[str, StringConstraints(max_length=64)]
Long = Annotated[str, StringConstraints(max_length=256)]
Title = Annotated[str, StringConstraints(max_length=200), BeforeValidator(clean)]
Key = Annotated[str, StringConstraints(min_length=1, max_length=200), BeforeValidator(clean)]
Url = Annotated[str, StringConstraints(min_length=1, max_length=2_048), BeforeValidator(clean)]
Names = Annotated[list[Key], Field(max_length=200)]
Number = float | int
CODE_BYTES = 5 * 1_048_576


class TagDefinition(In):
    """What is said of a tag."""

    title: Short | None = None
    description: Long | None = None


Tags = dict[Key, TagDefinition | None]


class Tagged(In):
    """Tags of one kind of object, in the later spelling."""

    tags: Tags | None = None


class EventDefinition(In):
    """An event that can happen."""

    title: Short | None = None
    description: Long | None = None
    schema_: Object = Field(alias="schema")


class BotStateDefinition(In):
    """A state that a bot keeps; `expiry` in milliseconds."""

    type: Literal["conversation", "user", "bot"]
    schema_: Object = Field(alias="schema")
    expiry: Number | None = Field(default=None, ge=1, le=10**13)


class IntegrationStateDefinition(BotStateDefinition):
    """A state that an integration keeps."""

    type: Literal["conversation", "user", "integration"]  # type: ignore[assignment]


class Cron(In):
    """When something recurs."""

    cron: Annotated[str, StringConstraints(min_length=1, max_length=100)]


class RecurringEvent(In):
    """An event that is created again and again."""

    schedule: Cron
    type: Key
    payload: Object


class BotTags(In):
    """Names of the tags a bot declares."""

    messages: Names | None = None
    conversations: Names | None = None
    users: Names | None = None


class BotConfiguration(In):
    """Values given to a bot at run time, and the schema they fit."""

    data: Object | None = None
    schema_: Object | None = Field(default=None, alias="schema")


class Media(In):
    """A file shown with a bot."""

    url: Url
    name: Annotated[str, StringConstraints(max_length=200)]


class BotIn(CamelIn):
    """A new bot."""

    MAX_BYTES: ClassVar[int] = CODE_BYTES

    states: dict[Key, BotStateDefinition | None] | None = None
    events: dict[Key, EventDefinition | None] | None = None
    recurring_events: dict[Key, RecurringEvent | None] | None = None
    tags: BotTags | None = None
    user: Tagged | None = None
    conversation: Tagged | None = None
    message: Tagged | None = None
    configuration: BotConfiguration | None = None
    code: str | None = None
    name: Annotated[str, StringConstraints(min_length=1, max_length=200), BeforeValidator(clean)] | None = None
    medias: Annotated[list[Media], Field(max_length=50)] | None = None
    url: Url | None = None
    dev: bool | None = None


class InstallIn(In):
    """How an integration is installed."""

    enabled: bool | None = None
    configuration: Object | None = None


class BotPatch(BotIn):
    """What may change of a bot; null inside a map removes its key."""

    authentication: Literal["iam"] | None = None
    blocked: bool | None = None
    integrations: dict[Key, InstallIn | None] | None = None


class TransferIn(CamelIn):
    """Where a bot shall go."""

    target_workspace_id: Key


class Creation(CamelIn):
    """Whether objects may be created through the integration, and with which tags."""

    enabled: bool
    required_tags: Names


class MessageDefinition(In):
    """A kind of message a channel carries."""

    schema_: Object = Field(alias="schema")


class ChannelTags(In):
    """Names of the tags a channel declares."""

    messages: Names | None = None
    conversations: Names | None = None


class ConversationDefinition(Tagged):
    """What a channel says of its conversations."""

    creation: Creation | None = None


class ChannelIn(In):
    """A channel."""

    title: Short | None = None
    description: Long | None = None
    tags: ChannelTags | None = None
    messages: dict[Key, MessageDefinition | None] | None = None
    conversation: ConversationDefinition | None = None
    message: Tagged | None = None


class SchemaHolder(In):
    """A schema by itself."""

    schema_: Object = Field(alias="schema")


class ActionDefinition(In):
    """An action."""

    title: Short | None = None
    description: Long | None = None
    input: SchemaHolder
    output: SchemaHolder


class UserDefinition(Tagged):
    """What an integration says of its users."""

    creation: Creation | None = None


class IntegrationTags(In):
    """Names of the tags an integration declares on users."""

    users: Names | None = None


class IntegrationPatch(CamelIn):
    """What may change of an integration; null inside a map removes its key."""

    MAX_BYTES: ClassVar[int] = CODE_BYTES

    tags: IntegrationTags | None = None
    channels: dict[Key, ChannelIn | None] | None = None
    states: dict[Key, IntegrationStateDefinition | None] | None = None
    configuration: SchemaHolder | None = None
    events: dict[Key, EventDefinition | None] | None = None
    actions: dict[Key, ActionDefinition | None] | None = None
    user: UserDefinition | None = None
    code: str | None = None
    public: bool | None = None
    url: Url | None = None
    icon: str | None = None
    readme: str | None = None
    title: Title | None = None
    description: Annotated[str, StringConstraints(max_length=2_000)] | None = None


class IntegrationIn(IntegrationPatch):
    """A new integration version."""

    name: Key
    version: Key
    dev: bool | None = None


class WorkspaceIn(CamelIn):
    """A new workspace."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=64), BeforeValidator(clean)]


class WorkspacePatch(CamelIn):
    """What may change of a workspace."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=64), BeforeValidator(clean)] | None = None
    account_type: Literal["free", "premium"] | None = None
    spending_limit: Number | None = Field(default=None, ge=5, le=1000)


class AuthenticateIn(CamelIn):
    """A key's id and its text."""

    client_key: Key
    client_secret: Annotated[str, StringConstraints(min_length=1, max_length=512)]


class ActionIn(CamelIn):
    """An action to be run; a connector's runs on behalf of a user, whose token may be named."""

    type: Key
    input: Object
    user_id: Key | None = None
    user_credential_id: Key | None = None


def sent(body: In | None) -> dict[str, Any]:
    """Give what was sent, in its wire spelling. A field of null counts as left out; null as a value of a map stays."""
    return {} if body is None else body.model_dump(by_alias=True, exclude_unset=True, exclude_none=True)
