"""What callers send and see of users, conversations, messages, events, states and files."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field, StringConstraints

from chalicelib.chat.answers import Shown
from chalicelib.chat.schemas import Key, Number
from chalicelib.edge.schema import CamelIn, Object, WhenSet, clean

Tags = dict[Key, Annotated[str, StringConstraints(max_length=10_000)]]


class UserIn(CamelIn):
    """A new user."""

    tags: Tags
    integration_name: Key | None = None


class TagsPatch(CamelIn):
    """Tags to merge."""

    tags: Tags


class ConversationIn(CamelIn):
    """A new conversation."""

    channel: Key
    tags: Tags
    integration_name: Key | None = None


class ConversationPatch(CamelIn):
    """What may change of a conversation."""

    tags: Tags | None = None
    participant_ids: Annotated[list[Key], Field(max_length=1_000)] | None = None


class Schedule(CamelIn):
    """When something is to be handed over: a moment, or milliseconds from now."""

    date_time: Key | None = None
    delay: Number | None = Field(default=None, ge=0, le=10**12)


class MessageIn(CamelIn):
    """A new message."""

    payload: Object
    user_id: Key
    conversation_id: Key
    type: Key
    tags: Tags
    schedule: Schedule | None = None


class EventIn(CamelIn):
    """A new event."""

    type: Key
    payload: Object
    schedule: Schedule | None = None


class StateIn(CamelIn):
    """A state's content, null to clear it, and how long it stays after the last write (ms)."""

    payload: Object | None
    expiry: Number | None = Field(default=None, ge=1, le=10**13)


class StatePatch(CamelIn):
    """Fields to set in a state."""

    payload: Object


class FileIn(CamelIn):
    """A new file, its contents in base64."""

    MAX_BYTES: ClassVar[int] = 14 * 1_048_576

    bot_id: Key
    contents: str
    name: Annotated[str, StringConstraints(max_length=255), BeforeValidator(clean)]
    access_type: Literal["private", "public"]


class ChatUserOut(Shown):
    """A user."""

    id: str
    created_at: str
    updated_at: str
    tags: Object


class ConversationOut(ChatUserOut):
    """A conversation."""

    channel: str
    integration: str


class MessageOut(Shown):
    """A message."""

    id: str
    created_at: str
    type: str
    payload: Object
    direction: Literal["incoming", "outgoing"]
    user_id: str
    conversation_id: str
    tags: Object


class EventOut(Shown):
    """An event."""

    id: str
    created_at: str
    type: str
    payload: Object


class UserEnvelope(Shown):
    """A user, in its envelope."""

    user: ChatUserOut


class UsersOut(Shown):
    """A page of users."""

    users: list[ChatUserOut]
    meta: Object


class ConversationEnvelope(Shown):
    """A conversation, in its envelope."""

    conversation: ConversationOut


class ConversationsOut(Shown):
    """A page of conversations."""

    conversations: list[ConversationOut]
    meta: Object


class MessageEnvelope(Shown):
    """A message, in its envelope."""

    message: MessageOut


class MessagesOut(Shown):
    """A page of messages."""

    messages: list[MessageOut]
    meta: Object


class EventEnvelope(Shown):
    """An event, in its envelope."""

    event: EventOut


class EventsOut(Shown):
    """A page of events."""

    events: list[EventOut]
    meta: Object


class FileOut(Shown):
    """A file; only a public one has an address of its own."""

    id: str
    bot_id: str
    name: str
    access_type: Literal["private", "public"]
    created_at: str
    size: int
    public_url: WhenSet


class FileEnvelope(Shown):
    """A file, in its envelope."""

    file: FileOut


class FilesOut(Shown):
    """A page of files."""

    files: list[FileOut]
    meta: Object


class StateOut(Shown):
    """A state, with what it hangs on."""

    id: str
    created_at: str
    updated_at: str
    bot_id: str
    conversation_id: WhenSet
    user_id: WhenSet
    name: str
    type: Literal["conversation", "user", "bot", "integration"]
    payload: Object


class StateEnvelope(Shown):
    """A state, in its envelope."""

    state: StateOut
