"""The operations on users, conversations, messages, events, states and files, one row each."""

# ruff: noqa: E501

from __future__ import annotations

from chalicelib.chat import chat_schemas as shapes
from chalicelib.chat import conversations, events, files, messages, states, users
from chalicelib.chat.answers import Empty
from chalicelib.chat.wire import created
from chalicelib.edge.auth import PUBLIC, READ, WRITE
from chalicelib.edge.route import Gives, Route

# fmt: off
ROWS = [
    # operationId                   verb      path                                      does                             takes                      gives                        scope
    Route("createUser",              "POST",   "/v1/chat/users",                         created(users.create),           shapes.UserIn,             shapes.UserEnvelope,         WRITE),
    Route("listUsers",               "GET",    "/v1/chat/users",                         users.list_page,                 None,                      shapes.UsersOut,             READ),
    Route("getOrCreateUser",         "POST",   "/v1/chat/users/get-or-create",           users.get_or_make,               shapes.UserIn,             shapes.UserEnvelope,         WRITE),
    Route("getUser",                 "GET",    "/v1/chat/users/{id}",                    users.read,                      None,                      shapes.UserEnvelope,         READ),
    Route("updateUser",              "PUT",    "/v1/chat/users/{id}",                    users.update,                    shapes.TagsPatch,          shapes.UserEnvelope,         WRITE),
    Route("deleteUser",              "DELETE", "/v1/chat/users/{id}",                    users.delete,                    None,                      shapes.UserEnvelope,         WRITE),

    Route("createConversation",      "POST",   "/v1/chat/conversations",                 created(conversations.create),   shapes.ConversationIn,     shapes.ConversationEnvelope, WRITE),
    Route("listConversations",       "GET",    "/v1/chat/conversations",                 conversations.list_page,         None,                      shapes.ConversationsOut,     READ),
    Route("getOrCreateConversation", "POST",   "/v1/chat/conversations/get-or-create",   conversations.get_or_make,       shapes.ConversationIn,     shapes.ConversationEnvelope, WRITE),
    Route("getConversation",         "GET",    "/v1/chat/conversations/{id}",            conversations.read,              None,                      shapes.ConversationEnvelope, READ),
    Route("updateConversation",      "PUT",    "/v1/chat/conversations/{id}",            conversations.update,            shapes.ConversationPatch,  shapes.ConversationEnvelope, WRITE),
    Route("deleteConversation",      "DELETE", "/v1/chat/conversations/{id}",            conversations.delete,            None,                      shapes.ConversationEnvelope, WRITE),

    Route("createEvent",             "POST",   "/v1/chat/events",                        created(events.create),          shapes.EventIn,            shapes.EventEnvelope,        WRITE),
    Route("listEvents",              "GET",    "/v1/chat/events",                        events.list_page,                None,                      shapes.EventsOut,            READ),
    Route("getEvent",                "GET",    "/v1/chat/events/{id}",                   events.read,                     None,                      shapes.EventEnvelope,        READ),

    Route("createMessage",           "POST",   "/v1/chat/messages",                      created(messages.create),        shapes.MessageIn,          shapes.MessageEnvelope,      WRITE),
    Route("listMessages",            "GET",    "/v1/chat/messages",                      messages.list_page,              None,                      shapes.MessagesOut,          READ),
    Route("getOrCreateMessage",      "POST",   "/v1/chat/messages/get-or-create",        messages.get_or_make,            shapes.MessageIn,          shapes.MessageEnvelope,      WRITE),
    Route("getMessage",              "GET",    "/v1/chat/messages/{id}",                 messages.read,                   None,                      shapes.MessageEnvelope,      READ),
    Route("updateMessage",           "PUT",    "/v1/chat/messages/{id}",                 messages.update,                 shapes.TagsPatch,          shapes.MessageEnvelope,      WRITE),
    Route("deleteMessage",           "DELETE", "/v1/chat/messages/{id}",                 messages.delete,                 None,                      shapes.MessageEnvelope,      WRITE),

    Route("getState",                "GET",    "/v1/chat/states/{type}/{id}/{name}",     states.read,                     None,                      shapes.StateEnvelope,        READ),
    Route("setState",                "POST",   "/v1/chat/states/{type}/{id}/{name}",     states.write,                    shapes.StateIn,            shapes.StateEnvelope,        WRITE),
    Route("patchState",              "PATCH",  "/v1/chat/states/{type}/{id}/{name}",     states.patch,                    shapes.StatePatch,         shapes.StateEnvelope,        WRITE),

    Route("createFile",              "POST",   "/v1/storage/files",                      files.create,                    shapes.FileIn,             shapes.FileEnvelope,         WRITE),
    Route("listFiles",               "GET",    "/v1/storage/files",                      files.list_page,                 None,                      shapes.FilesOut,             READ),
    Route("getFile",                 "GET",    "/v1/storage/files/{id}",                 files.read,                      None,                      shapes.FileEnvelope,         READ),
    Route("deleteFile",              "DELETE", "/v1/storage/files/{id}",                 files.delete,                    None,                      Empty,                       WRITE),
    Route("downloadFile",            "GET",    "/v1/storage/files/{id}/download",        files.download,                  None,                      Gives.AS_IS,                 READ),
    Route("showPublicFile",          "GET",    "/v1/storage/public/{id}",                files.show_public,               None,                      Gives.AS_IS,                 PUBLIC),
]
# fmt: on
