"""What the rows of chat do not say by themselves; their operationIds are also those of other surfaces."""

from __future__ import annotations

from chalicelib.edge import auth
from chalicelib.edge.route import Route
from chalicelib.platform.reference.declared import ANY, Answered, Json, Query, holding

PREFIXES = (
    "/v1/authenticate", "/v1/chat/", "/v1/storage/", "/v1/admin/workspaces", "/v1/admin/bots",
    "/v1/admin/integrations", "/v1/admin/hub/",
)  # fmt: skip
_RUN_TIME = ("/v1/chat/", "/v1/storage/")
_TEXT: Json = {"type": "string"}
_WHEN: Json = {"type": "string", "format": "date-time"}


def _header(name: str, description: str) -> Json:
    return {"name": name, "in": "header", "required": False, "description": description, "schema": _TEXT}


_WORKSPACE = _header("x-workspace-id", "The workspace to act in; without it the key's own.")
_BOT = _header("x-bot-id", "The bot to act in; a bot's own key needs none.")
_INTEGRATION = _header("x-integration-id", "The integration that acts in the bot; without it the bot itself does.")
_NEXT = Query("nextToken", "Where to go on: `meta.nextToken` of the page before.", schema=_TEXT)
_TAGS = Query("tags", "Tags the objects carry, all of them: `tags.name=value`.", schema={"type": "object"})
_BOT_ID = Query("botId", "Whose files.", True)
_NAMED = (
    Query("name", "Versions of this name.", schema=_TEXT),
    Query("version", "This version, or `latest` of a name.", schema=_TEXT),
)
_SPAN = (
    Query("startDate", "The first moment that counts.", True, _WHEN),
    Query("endDate", "Where counting ends, 92 days later at most.", True, _WHEN),
)
_KINDS = ("preconfigured", "configurable", "fullscreen", "sharableUrl")
QUERIES: dict[str, tuple[Query, ...]] = {
    "listUsers": (_TAGS, Query("conversationId", "Users who take part in this conversation.", schema=_TEXT), _NEXT),
    "listConversations": (
        _TAGS,
        Query("participantIds", "Users who take part, all of them.", schema={"type": "array", "items": _TEXT}),
        _NEXT,
    ),
    "listMessages": (_TAGS, Query("conversationId", "Messages of this conversation.", schema=_TEXT), _NEXT),
    "listEvents": (Query("type", "Events of this type.", schema=_TEXT), _NEXT),
    "listFiles": (_BOT_ID, _NEXT),
    "listBots": (_NEXT,),
    "listWorkspaces": (_NEXT,),
    "listIntegrations": (*_NAMED, _NEXT),
    "listPublicIntegrations": (*_NAMED, _NEXT),
    "getBotWebchat": (Query("type", "In which form.", True, {"enum": list(_KINDS)}),),
    "getBotAnalytics": _SPAN,
}
_MADE = frozenset({"createUser", "createConversation", "createEvent", "createMessage"})
_FILES = frozenset({"downloadFile", "showPublicFile", "getIntegrationAsset"})
ERROR: Json = {
    "description": "What went wrong in chat: `type` is for programs, `message` for people, `id` names it in the logs.",
    **holding(
        "id", "code", "type", "message", "description", "status",
        id=_TEXT, code={"type": "integer"}, type=_TEXT, message=_TEXT, description=_TEXT, status={"type": "integer"},
    ),
}  # fmt: skip


def headers_of(row: Route) -> list[Json]:
    """List the headers an operation reads."""
    if row.scope == auth.PUBLIC:
        return []
    return [_BOT, _INTEGRATION] if row.path.startswith(_RUN_TIME) else [_WORKSPACE]


def answered(row: Route, shape: Json | None) -> Answered:
    """Say what an operation answers when it goes well; `shape` stands for its declared shape."""
    if row.operation_id in _FILES:
        return Answered(_TEXT, media="*/*", also={"302": _TEXT})
    if shape is None:  # what an integration makes of a request from outside
        return Answered(ANY, "default", "*/*")
    return Answered(shape, "201" if row.operation_id in _MADE else "200")
