"""What the operations on notifications answer, in a short notation: `name?` may be absent, `:type` says which (text
where nothing is said), `~` may be null, `[x]` is a list of x, `{...}` an object, a capital names another entry."""

from __future__ import annotations

import re
from typing import Any

from chalicelib.platform.reference.declared import Answered, Json

PREFIXES = (
    "/v1/integrations", "/v1/subscribers", "/v1/topics", "/v1/events", "/v1/notifications", "/v1/execution-details",
    "/v1/messages", "/v1/notification-templates", "/v1/workflows", "/v1/notification-groups", "/v1/layouts",
    "/v1/feeds", "/v1/environments", "/v1/organizations",
)  # fmt: skip
_OWN = "_organizationId, _environmentId"
_TIMES = "createdAt?, updatedAt?"
_VARIABLES = "[{name, type?, required?:boolean, defaultValue?:any}]"
_SHAPES = {
    "Integration": f"_id, {_OWN}, name, identifier, providerId, channel:Channel, credentials:object, active:boolean,"
    f" deleted:boolean, primary:boolean, priority:integer, conditions:[Group], {_TIMES}",
    "Group": "isNegated:boolean, type, value, children:[object]",
    "Subscriber": f"_id, subscriberId, firstName?, lastName?, email:text~, phone?, avatar?, locale?, data:object~,"
    f" channels:[Settings], isOnline?:boolean, lastOnlineAt?, {_OWN}, deleted:boolean, createdAt,"
    " updatedAt, __v:integer",
    "Settings": "_integrationId, providerId, integrationIdentifier?, credentials:{webhookUrl?, channel?,"
    " deviceTokens?:[text]}",
    "Bulk": "created:[{subscriberId}], updated:[{subscriberId}], failed:[{subscriberId?, message}]",
    "Done": "acknowledged:boolean, status",
    "Channels": "in_app?:boolean, email?:boolean, sms?:boolean, chat?:boolean, push?:boolean",
    "Preference": "template?:{_id, name, critical:boolean, tags?:[text], triggers?:[Trigger], data?:object},"
    " preference:{enabled:boolean, channels:Channels, overrides?:[{channel?:Channel, source?}]}",
    "Trigger": "type, identifier, variables:[{name, type?}], subscriberVariables?:[{name}]",
    "Message": f"_id, _templateId, _messageTemplateId, _notificationId, _subscriberId, _jobId, _feedId?:text~, {_OWN},"
    f" subscriber?:object, actor?:{{type, data:text~}}, template?:object, templateIdentifier, content:any,"
    " transactionId, subject?, title?, channel:Channel, read:boolean, seen:boolean, deleted?:boolean, email?, phone?,"
    " chatWebhookUrl?, providerId, deviceTokens?:[text], cta:Cta, status, errorId?, errorText?, payload?:object,"
    " overrides?:object, identifier?, tags?:[text], lastSeenDate?, lastReadDate?, createdAt, updatedAt?",
    "Cta": "type?, data:{url?}, action?:{status?, buttons?:[{type, content, resultContent?}], result?:{type?,"
    " payload?:object}}",
    "Topic": f"_id, {_OWN}, key, name, subscribers:[text]",
    "Member": f"_id?, {_OWN}, _subscriberId, _topicId, topicKey, externalSubscriberId",
    "Accepted": "acknowledged:boolean, status, error?:[text], transactionId?",
    "Notification": f"_id, {_OWN}, _subscriberId, _templateId?, transactionId, channels?:[Kind], subscriber?:object,"
    " template?:{_id?, name?, triggers?:[Trigger]}, payload?:object, to?:object, tags?:[text], jobs?:[Job],"
    f" _digestedNotificationId?, {_TIMES}",
    "Job": "_id, type:Kind, status, providerId, payload?:object, overrides?:object, digest?:object, step:{_id?,"
    f" active?:boolean, filters?:[Group], template?:Template}}, executionDetails:[Detail], {_TIMES}",
    "Detail": "_id, _jobId, _environmentId?, _organizationId?, _notificationId?, _notificationTemplateId?,"
    " _subscriberId?, providerId, transactionId?, channel?:Kind, detail, source, status, isTest:boolean,"
    f" isRetry:boolean, raw?:text~, {_TIMES}",
    "Workflow": "_id, name, description?, active:boolean, draft:boolean, critical:boolean, preferenceSettings:Channels,"
    f" tags:[text], steps:[Step], triggers:[Trigger], {_OWN}, _notificationGroupId, notificationGroup?:Folder,"
    f" data?:object, deleted:boolean, {_TIMES}",
    "Step": "_id?, uuid?, name?, _templateId?, _parentId?:text~, active?:boolean, shouldStopOnFail?:boolean,"
    " template?:Template, filters?:[Group], metadata?:object, replyCallback?:object, variants?:[object]",
    "Template": "_id?, type, content?:any, contentType?, subject?, title?, preheader?, senderName?, name?, cta?:object,"
    f" feedId?:text~, layoutId?:text~, actor?:object, variables?:{_VARIABLES}",
    "Folder": f"_id, name, {_OWN}",
    "Layout": f"_id, {_OWN}, _creatorId, name, identifier, description?, channel, content, contentType,"
    f" variables?:{_VARIABLES}, isDefault:boolean, isDeleted:boolean, {_TIMES}",
    "Feed": f"_id, name, identifier, {_OWN}",
    "Environment": "_id, name, _organizationId, identifier, apiKeys?:[object], _parentId?:text~",
    "Organization": "_id, name, logo?, branding?:Branding",
    "Branding": "logo?, color?, fontColor?, contentBackground?, fontFamily?, direction?",
}
_NOTHING = "204"
_TABLE = {  # operations, each with the status it answers where that is not 200: what stands in the answer
    "[Integration]": "listIntegrations listActiveIntegrations deleteIntegration",
    "Integration": "createIntegration:201 updateIntegration setPrimaryIntegration",
    "Subscriber": "createSubscriber:201 getSubscriber updateSubscriber updateSubscriberCredentials"
    " appendSubscriberCredentials updateSubscriberOnlineStatus",
    "Bulk": "bulkCreateSubscribers:201",
    "Done": "deleteSubscriber deleteMessage deleteWorkflowGroup",
    "[Preference]": "listSubscriberPreferences getSubscriberPreferencesByLevel",
    "Preference": "updateSubscriberGlobalPreferences updateSubscriberPreference",
    "{count:integer}": "getSubscriberUnseenCount",
    "[Message]": "markMessageAs:201 markMessagesAs:201",
    "Message": "markMessageActionAsSeen:201",
    "integer": "markAllMessagesAs:201",
    "{_id?, key}": "createTopic:201",
    "Topic": "getTopic renameTopic",
    "{succeeded:[text], failed?:{notFound?:[text]}}": "addTopicSubscribers",
    "Member": "getTopicSubscriber",
    "Accepted": "triggerEvent:201 triggerBroadcast:201",
    "[Accepted]": "triggerBulk:201",
    "boolean": "cancelTriggered deleteWorkflow",
    "{weeklySent:integer, monthlySent:integer}": "getNotificationStats",
    "[{_id, count:integer, templates:[text], channels:[Channel]}]": "getNotificationGraphStats",
    "Notification": "getNotification",
    "[Detail]": "listExecutionDetails",
    "Workflow": "createWorkflow:201 getWorkflow updateWorkflow updateWorkflowStatus",
    "[Folder]": "listWorkflowGroups",
    "Folder": "createWorkflowGroup:201 getWorkflowGroup updateWorkflowGroup",
    "Layout": "createLayout:201 getLayout updateLayout",
    "[Feed]": "listFeeds deleteFeed",
    "Feed": "createFeed:201",
    "[Environment]": "listEnvironments",
    "Environment": "getCurrentEnvironment",
    "[Organization]": "listOrganizations",
    "{name}": "renameOrganization",
    "Organization": "getCurrentOrganization",
    "Branding": "updateOrganizationBranding",
}
_PAGES = {  # these stand in no envelope: what a page holds, and what else it tells
    "listSubscribers": "hasMore:boolean, data:[Subscriber]",
    "getSubscriberFeed": "hasMore:boolean, totalCount:integer, data:[Message]",
    "listTopics": "totalCount:integer, data:[Topic]",
    "listNotifications": "hasMore:boolean, data:[Notification]",
    "listMessages": "hasMore:boolean, data:[Message]",
    "listWorkflows": "totalCount:integer, data:[Workflow]",
    "listLayouts": "totalCount:integer, data:[Layout]",
}
_EMPTY = (
    "deleteSubscriberCredentials", "deleteTopic", "removeTopicSubscribers", "deleteMessagesByTransaction",
    "deleteLayout", "setDefaultLayout",
)  # fmt: skip
_WORD = re.compile(r"[A-Za-z_]+")
_NAMED = "Notice"  # begins the names of these shapes, because other surfaces have words of their own for the like


def _type(text: str, at: int) -> tuple[Json, int]:
    """Read one type; answers it, and where it ends."""
    made: Json
    if text[at] == "[":
        items, at = _type(text, at + 1)
        made, at = {"type": "array", "items": items}, at + 1
    elif text[at] == "{":
        made, at = _object(text, at + 1)
        at += 1
    else:
        found = _WORD.match(text, at)
        if found is None:
            raise ValueError(f"no type at {text[at : at + 20]!r}")
        made, at = _named(found[0]), found.end()
    if text[at : at + 1] == "~":
        return {**made, "type": [made["type"], "null"]}, at + 1
    return made, at


def _named(word: str) -> Json:
    if word[0].isupper():
        return {"$ref": f"#/components/schemas/{_NAMED}{word}"}
    return {} if word == "any" else {"type": "string" if word == "text" else word}


def _object(text: str, at: int) -> tuple[Json, int]:
    properties: dict[str, Any] = {}
    required = []
    while at < len(text) and text[at] != "}":
        found = re.compile(r"\s*(\w+)(\?)?(:)?").match(text, at)
        if found is None:
            raise ValueError(f"no member at {text[at : at + 20]!r}")
        name, is_optional, has_type = found.groups()
        properties[name], at = _type(text, found.end()) if has_type else ({"type": "string"}, found.end())
        if not is_optional:
            required.append(name)
        at += text[at : at + 1] == ","
    made: Json = {"type": "object", "properties": properties}
    return ({**made, "required": required} if required else made), at


def _schemas() -> dict[str, Json]:
    made = {f"{_NAMED}{name}": _object(text, 0)[0] for name, text in _SHAPES.items()}
    channels = ["in_app", "email", "sms", "chat", "push"]
    kinds = [*channels, "digest", "delay", "trigger", "custom"]
    return {**made, f"{_NAMED}Channel": {"enum": channels}, f"{_NAMED}Kind": {"enum": kinds}}


def _answers() -> dict[str, Answered]:
    made = {name: Answered({"type": "string"}, _NOTHING, "") for name in _EMPTY}
    made |= {name: Answered(_object(f"page:integer, pageSize:integer, {text}", 0)[0]) for name, text in _PAGES.items()}
    for text, names in _TABLE.items():
        for entry in names.split():
            name, _, status = entry.partition(":")
            made[name] = Answered(_object(f"data:{text}", 0)[0], status or "200")
    page = {"type": "string"}
    return {
        **made,
        "chatOauth": Answered(page, "302", ""),
        "chatOauthCallback": Answered(page, "200", "text/html", also={"302": page}),
    }


SCHEMAS = _schemas()
ANSWERS = _answers()
