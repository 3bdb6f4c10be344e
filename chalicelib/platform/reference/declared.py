"""What rows and shapes do not say by themselves, as tables keyed by operationId or by the name of a shape.

A row that answers "as it is" is declared in ANSWERS, one whose body is any JSON in BODIES, one that reads its query in
QUERIES. tests/contract/test_openapi.py asks every row for its entry.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

NO_CONTROLS = r"^[^\x00-\x1f\x7f]*$"
NAMED: Json = {"type": "string", "minLength": 1, "maxLength": 256, "pattern": NO_CONTROLS}
NULLABLE_TEXT: Json = {"type": ["string", "null"]}
OBJECT: Json = {"type": "object"}
ANY: Json = {}
YES_OR_NO: Json = {"enum": ["true", "false"]}
TIME: Json = {
    "anyOf": [{"type": "integer", "minimum": 0, "maximum": 10**14 - 1}, {"type": "string", "format": "date-time"}]
}


def ref(name: str) -> Json:
    """Point to a shared schema."""
    return {"$ref": f"#/components/schemas/{name}"}


def holding(*required: str, **properties: Any) -> Json:
    """Describe an object; without names of its own, every property is always there."""
    return {"type": "object", "required": list(required or properties), "properties": properties}


SHARED: dict[str, Json] = {  # beside the shapes
    "Timestamp": {
        "description": "A time in UTC, to the second.",
        "type": "string",
        "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$",
        "examples": ["2026-01-31T12:00:00"],
    },
    "EmptyString": {"description": "Nothing to say.", "const": ""},
    "EmptyObject": {"description": "Nothing to say.", "type": "object", "maxProperties": 0},
    "AnyJson": {"description": "Any JSON value."},
    "Fault": {
        "description": "One thing wrong with a request: where, what, and a word for programs.",
        **holding(location={"type": "string"}, message={"type": "string"}, kind={"type": "string"}),
    },
    "Error": {
        "description": "What went wrong. `error` is for people, `type` and `details` are for programs.",
        **holding(
            "error",
            "type",
            "status",
            error={"type": "string"},
            type={"type": "string"},
            description={"type": "string"},
            status={"type": "integer"},
            details={
                "type": "object",
                "properties": {"faults": {"type": "array", "items": ref("Fault")}, "requestId": {"type": "string"}},
            },
        ),
    },
    "NovuError": {
        "description": "What went wrong, as the notification surface says it.",
        **holding(
            "statusCode",
            "message",
            "error",
            statusCode={"type": "integer"},
            timestamp={"type": "string", "format": "date-time"},
            path={"type": "string"},
            message={"type": "string"},
            error={"type": "string"},
            errors={"type": "object"},
            errorId={"type": "string"},
        ),
    },
    "InputOutput": {
        "description": "What went into a run and what came out of it.",
        **holding(input=OBJECT, output=ref("AnyJson")),
    },
    "SubscriptionMade": {
        "description": "A new subscription and the secret its deliveries are signed with.",
        **holding(id={"type": "string"}, secret={"type": "string"}),
    },
    "Secret": {
        "description": "What deliveries are signed with (Standard Webhooks).",
        **holding(secret={"type": "string"}),
    },
}

ERRORS = {  # surface -> the schema of its errors
    "interactor": "Error",
    "novu": "NovuError",
    "botpress": "ChatError",
    "contactflow": "FlowError",
}

# --- what shapes show beyond their fields ---------------------------------------------------------------------------

_FORMS = ("oauth", "key", "basic")  # of a token's secret
ADDED: dict[str, Json] = {
    "KeyOut": {"prefix": {"type": "string"}},
    "TokenOut": {},  # makes one of its fields itself
    "UserTokenOut": {
        form: {"type": ["object", "null"], "properties": {"set": {"const": True}, "last4": {"type": "string"}}}
        for form in _FORMS
    },
}
TOGETHER: dict[str, Json] = {  # what fields of a shape sent demand of each other
    "UserTokenIn": {
        "oneOf": [{"required": [form], "properties": {form: {"not": {"type": "null"}}}} for form in _FORMS],
        "examples": [{"name": "ada", "serviceSecurityId": "0198c0de-0000-7000-8000-000000000000", "key": "ghp_..."}],
    },
}
READERS: dict[str, Json] = {  # of the functions that read a field first: what its JSON looks like then
    "clean": {"pattern": NO_CONTROLS},
    "_time_ms": {"type": ["integer", "string"], "format": "date-time"},
}

# --- queries --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Query:
    """One query parameter."""

    name: str
    description: str
    required: bool = False
    schema: Json = field(default_factory=lambda: NAMED)


def page_size(most: int) -> Json:
    """Describe how many items a page may have."""
    return {"type": "integer", "minimum": 1, "maximum": most}


USER = Query("userId", "The user it is done for: your own id of the user, or ours.", True)
ACTOR = Query("userId", "Who does it; kept as createdBy and updatedBy.")
CREDENTIAL = Query("userCredentialId", "Which of the user's tokens to run with; chosen by the platform without it.")
ASYNC = Query("async", "`true` answers 202 at once, as `Prefer: respond-async` does.", schema=YES_OR_NO)
VERSION = Query(
    "version",
    "The version to change: a name such as 1.2.0, or `minor`, or `major` for a new one.",
    True,
    {"type": "string", "pattern": r"^(minor|major|\d{1,9}(\.\d{1,9}){0,2}(-[A-Za-z0-9][A-Za-z0-9.-]{0,50})?)$"},
)
CONTRIBUTOR = Query("contributor_id", "Who publishes.", True)
TRIED = Query("userId", "The user whose token the logic is given; none without it.")
LIMIT = Query("limit", "The size of a page; without it the list is whole.", schema=page_size(500))
CURSOR = Query("cursor", "Where to go on: X-Next-Cursor of the page before.", schema={"type": "string", "minLength": 1})
PAGED = (LIMIT, CURSOR)

_EXECUTION_STATES = ("queued", "running", "waiting", "done", "failed", "cancelled")
_OF_AUTOMATIONS = (
    "createAutomation", "importAutomation", "getAutomation", "updateAutomation", "deleteAutomation",
    "enableAutomation", "disableAutomation", "createAutomationVersion", "getAutomationVersion",
    "updateAutomationVersion", "deleteAutomationVersion", "publishAutomationVersion", "getExecution",
    "cancelExecution", "replayExecution", "sendExecutionEvent",
)  # fmt: skip
QUERIES: dict[str, tuple[Query, ...]] = {  # the others: see operations.queries_of
    "execute": (USER, ASYNC),
    "executeAction": (USER, CREDENTIAL, ASYNC),
    "executeDatatype": (USER, CREDENTIAL, ASYNC),
    "refreshActionVariables": (USER, CREDENTIAL),
    "createTriggerSubscription": (USER, CREDENTIAL),
    "createSubscription": (USER,),
    "listSubscriptions": (USER, *PAGED),
    "getSubscription": (USER,),
    "deleteSubscription": (USER,),
    "enableSubscription": (USER,),
    "getSubscriptionSecret": (USER,),
    "rotateSubscriptionSecret": (USER,),
    "listDeliveries": (USER, Query("limit", "The size of a page, else 50.", schema=page_size(200)), CURSOR),
    "replaySubscription": (USER,),
    "listTokens": (USER, *PAGED),
    "getToken": (USER,),
    "updateToken": (USER,),
    "deleteToken": (USER,),
    "getServiceOauthUrl": (
        USER,
        Query("securityId", "Which security of type oauth2; else the version's default, or the first."),
        Query("redirectUrl", "Where the browser goes in the end; must be among the workspace's redirects."),
        Query("serviceUrl", "The address of the user's own instance, for services that have such."),
        Query("userCredentialId", "The token that shall be renewed; else it is found by the account, or made."),
        Query("browser", "SHA-256 of the browser's cookie millrace_browser, in base64url: only it may finish."),
    ),
    "receiveOauthCallback": tuple(
        Query(name, f"The provider's {name} (RFC 6749, RFC 9207).") for name in ("state", "code", "error", "iss")
    ),
    "getOauthRedirects": (),
    "updateOauthRedirects": (),
    "updateSecurity": (ACTOR, VERSION),
    "updateVariable": (ACTOR, VERSION),
    "updateAction": (ACTOR, VERSION),
    "updateDatatype": (ACTOR, VERSION),
    "publishService": (CONTRIBUTOR,),
    "getServiceWebhookSetting": (Query("userId", "Who asks."),),
    "listServices": (
        Query(
            "shared",
            "`true` lists the public services of other workspaces too, after your own.",
            schema=YES_OR_NO,
        ),
        *PAGED,
    ),
    "testLogic": (TRIED, CREDENTIAL),
    "testNotification": (TRIED, CREDENTIAL),
    **dict.fromkeys(_OF_AUTOMATIONS, (USER,)),
    "listAutomations": (USER, *PAGED),
    "listAutomationVersions": (USER, *PAGED),
    "exportAutomation": (USER, Query("version", "Which version; else the live one, else the newest.")),
    "executeAutomation": (Query("userId", "Whose automation it is; of any user without it."), ASYNC),
    "listExecutions": (
        USER,
        Query("state", "Only those in this state.", schema={"enum": list(_EXECUTION_STATES)}),
        Query("from", "Only those begun then or later: ISO 8601, or milliseconds since 1970.", schema=TIME),
        Query("to", "Only those begun before: ISO 8601, or milliseconds since 1970.", schema=TIME),
        Query("limit", "The size of a page, else 50.", schema=page_size(200)),
        CURSOR,
    ),
    "getAutomationSchema": (),
    "sendEvent": (),
    "getUsage": (
        Query("from", "The first day, UTC: YYYY-MM-DD; else the last.", schema={"type": "string", "format": "date"}),
        Query("to", "The last day; else today.", schema={"type": "string", "format": "date"}),
        Query("automationId", "Only this automation."),
    ),
    "readMetrics": (
        Query("from", "The first day, UTC: YYYY-MM-DD; else the last.", schema={"type": "string", "format": "date"}),
        Query("to", "The last day, at most 6 days later; else today.", schema={"type": "string", "format": "date"}),
        Query("by", "What `periods` are: days (so without it), or hours.", schema={"enum": ["day", "hour"]}),
    ),
    "createKey": (),
    "listKeys": (),
    "listDead": (Query("limit", "The size of a page, else 50.", schema=page_size(200)), CURSOR),
    "rotateKey": (),
    "revokeKey": (),
    "setVariableValue": (),
    "updateForwarding": (),
}

# --- bodies of any JSON ---------------------------------------------------------------------------------------------

BODIES: dict[str, Json] = {
    "executeAction": {
        "description": "The action's input, by its schema.variables; also taken inside `input`.",
        "type": "object",
    },
    "executeDatatype": {
        "type": "object",
        "properties": {"input": {"description": "By the datatype's schema.valuesLogicInput.", "type": "object"}},
    },
    "testNotification": {
        "description": "`event` may be left out where the service has only one; an empty object does nothing.",
        "type": "object",
        "properties": {
            "service": NAMED,
            "event": NAMED,
            "notification": ANY,
            "variables": {"description": "Handed to the triggers.", "type": "object"},
        },
    },
    "setVariableValue": {"description": "null takes the value away.", **holding(value=ANY)},
}

# --- answers as they are --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Answered:
    """What an operation answers. `also` maps further statuses to schemas; `status` "default" means any."""

    schema: Json
    status: str = "200"
    media: str = "application/json"
    also: dict[str, Json] = field(default_factory=dict)
    texts: tuple[str, ...] = ()  # media types in which the same is told as text, when they are asked for


_HEALTH = {
    "type": "object",
    "required": ["status"],
    "properties": {"status": {"enum": ["ok", "degraded"]}},
    "additionalProperties": {"enum": ["up", "down"]},
}
_KEY_MADE: Json = {
    "allOf": [ref("KeyOut"), {"description": "The key itself is shown this once.", **holding(key={"type": "string"})}]
}
_NOTIFIED = Answered(ANY, "default", "*/*")
_FORWARDING = holding(
    url=NULLABLE_TEXT,
    triggers={"type": "array", "items": holding(service={"type": "string"}, trigger={"type": "string"})},
    secret=NULLABLE_TEXT,
)
_HOOK_ADDRESS = holding(
    "url",
    url={"type": "string", "format": "uri"},
    events={
        "type": "array",
        "items": holding(id={"type": "string"}, name={"type": "string"}, url={"type": "string", "format": "uri"}),
    },
)
_REDIRECTS = holding(callback={"type": "string", "format": "uri"}, urls={"type": "array", "items": {"type": "string"}})
_SUBSCRIPTION: Json = {
    "allOf": [
        ref("SubscriptionOut"),
        holding(
            "health",
            health=holding(failuresInRow={"type": "integer"}, pausedUntil=NULLABLE_TEXT, failingSince=NULLABLE_TEXT),
            poll=holding(
                everySeconds={"type": ["number", "null"]},
                failuresInRow={"type": "integer"},
                error=NULLABLE_TEXT,
                nextAt=NULLABLE_TEXT,
            ),
        ),
    ]
}

_STARTED = holding("executionId", executionId={"type": "string"}, state={"enum": ["queued"]})
_EXECUTION = holding(
    "id",
    "state",
    id={"type": "string"},
    automationId=NULLABLE_TEXT,
    versionId=NULLABLE_TEXT,
    state={"enum": list(_EXECUTION_STATES)},
    startedBy={"enum": ["api", "trigger", "schedule", "automation", "replay"]},
    startedAt={"type": "string"},
    endedAt=NULLABLE_TEXT,
    durationMs={"type": ["integer", "null"]},
    waitReason=NULLABLE_TEXT,
    usage=OBJECT,
)

_COUNT: Json = {"type": "integer", "minimum": 0}
_AMOUNT: Json = {"type": "number", "minimum": 0}


def _counts(*names: str) -> Json:
    return holding(**dict.fromkeys(names, _COUNT))


_FIGURES: dict[str, Json] = {
    "executions": _counts("done", "failed", "cancelled"),
    "deliveries": _counts("delivered", "retried", "failed", "dropped"),
    "channelMessages": _counts("sent", "retried", "failed", "skipped"),
    "journeys": _counts("entered", "completed", "failed", "removed", "steps"),
    "chatEvents": _counts("delivered", "retried", "failed"),
    "javaScript": holding(runs=_COUNT, failures=_COUNT, putOff=_COUNT, ms=_AMOUNT),
    "outbound": _counts("requests", "failures", "bytes"),
}
_QUOTA = holding(
    javaScript=holding(
        limitSeconds={"type": ["number", "null"]},
        usedSeconds=_AMOUNT,
        resetsAt={"type": "string", "format": "date-time"},
    )
)
_METRICS = holding(
    **{"from": {"type": "string", "format": "date"}},
    to={"type": "string", "format": "date"},
    at={"type": "string", "format": "date-time"},
    isComplete={"description": "Not when there was too much to add up.", "type": "boolean"},
    queues={
        "description": "Of the whole deployment; oldestS is null where it is not known.",
        "type": "array",
        "items": holding(
            name={"type": "string"},
            waiting=_COUNT,
            inFlight=_COUNT,
            delayed=_COUNT,
            oldestS={"type": ["number", "null"], "minimum": 0},
        ),
    },
    quota=_QUOTA,
    total=holding(**_FIGURES, microDollars={"description": "An estimate.", **_AMOUNT}),
    periods={"type": "array", "items": holding(start={"$ref": "#/components/schemas/Timestamp"}, **_FIGURES)},
)

ANSWERS: dict[str, Answered] = {
    "readHealth": Answered(_HEALTH, also={"503": _HEALTH}),
    "readOpenapi": Answered({"description": "This document.", "type": "object"}),
    "readDocs": Answered({"type": "string"}, media="text/html"),
    "readMetrics": Answered(_METRICS, texts=("text/plain", "application/openmetrics-text")),
    "createKey": Answered(_KEY_MADE),
    "rotateKey": Answered(_KEY_MADE),
    "setVariableValue": Answered(holding(set={"type": "boolean"})),
    "getServiceWebhookSetting": Answered(_HOOK_ADDRESS),
    "getServiceOauthUrl": Answered(holding(url={"type": "string", "format": "uri"})),
    "receiveOauthCallback": Answered(
        {"type": "string"}, media="text/html", also={"302": {"type": "string"}, "400": {"type": "string"}}
    ),
    "getOauthRedirects": Answered(_REDIRECTS),
    "updateOauthRedirects": Answered(_REDIRECTS),
    "execute": Answered(ref("AnyJson"), also={"202": _STARTED}),
    "executeAction": Answered(ref("InputOutput"), also={"202": _STARTED}),
    "executeAutomation": Answered(ref("InputOutput"), also={"202": _STARTED}),
    "getAutomationSchema": Answered({"description": "The JSON Schema of a version's definition.", "type": "object"}),
    "importAutomation": Answered(holding("id", "versionId", id={"type": "string"}, versionId={"type": "string"})),
    "exportAutomation": Answered(
        holding(
            "name",
            "definition",
            name={"type": "string"},
            description=NULLABLE_TEXT,
            version={"type": "string"},
            definition={"description": "What `getAutomationSchema` describes.", "type": "object"},
        )
    ),
    "listExecutions": Answered({"type": "array", "items": _EXECUTION}),
    "getExecution": Answered({"allOf": [_EXECUTION, holding("steps", steps={"type": "array", "items": OBJECT})]}),
    "cancelExecution": Answered(_EXECUTION),
    "replayExecution": Answered(_STARTED, "202"),
    "sendExecutionEvent": Answered(holding("eventId", eventId={"type": "string"})),
    "sendEvent": Answered(holding("eventId", eventId={"type": "string"}), "202"),
    "getUsage": Answered(
        holding("total", "byAutomation", total=OBJECT, byAutomation={"type": "array"}, quota=_QUOTA),
    ),
    "executeDatatype": Answered(ref("InputOutput"), also={"202": _STARTED}),
    "refreshActionVariables": Answered(ref("InputOutput")),
    "testLogic": Answered(ref("AnyJson")),
    "receiveNotification": _NOTIFIED,
    "receiveNotificationByGet": _NOTIFIED,
    "createTriggerSubscription": Answered(ref("SubscriptionMade")),
    "createSubscription": Answered(ref("SubscriptionMade")),
    "getSubscription": Answered(_SUBSCRIPTION),
    "getSubscriptionSecret": Answered(ref("Secret")),
    "rotateSubscriptionSecret": Answered(ref("Secret")),
    "replaySubscription": Answered(holding(queued={"type": "integer"}, hasMore={"type": "boolean"})),
    "getForwarding": Answered(_FORWARDING),
    "updateForwarding": Answered(_FORWARDING),
}

# --- what may go wrong ----------------------------------------------------------------------------------------------

RUN_NOTHING = frozenset({"replaySubscription"})  # of those that take the scope `run`
READ_NOTHING = frozenset({"readOpenapi", "readDocs"})  # neither tables nor queues
_HOOKS = ("404", "422", "502", "504")  # a hook of a service runs, and may call the service
FURTHER: dict[str, tuple[str, ...]] = {  # beside what row and verb say: see operations
    "createSubscription": _HOOKS,
    "createTriggerSubscription": _HOOKS,
    "updateForwarding": ("404",),
    "updateToken": ("502", "504"),
    "getServiceOauthUrl": ("409", "422", "502", "504"),
    "receiveNotification": ("502", "504"),
    "receiveNotificationByGet": ("502", "504"),
}

# --- paths ----------------------------------------------------------------------------------------------------------

VARIABLES: tuple[tuple[str, str, str], ...] = (  # in paths below: a variable, and how the document spells it
    ("/v1/service/{service_id}/version/", "version_id", "serviceVersionId"),
    ("/v1/service/{service_id}/condition/", "condition_id", "condition_id"),
)
IN_PATHS: dict[str, Json] = {"part": {"type": "integer", "minimum": 1, "maximum": 64}}  # variables without a name
CHOSEN_IDS = {"createSecurity": "securityId"}  # operationId -> the variable of its path that a new thing is called by
TAGS: tuple[tuple[str, str], ...] = (  # the first whose text stands in the path; else the path's own first word
    ("/flow/", "Journeys"),
    ("/chat/", "Chat"),
    ("/storage/", "Chat"),
    ("/v1/authenticate", "Chat"),
    ("/v1/admin/workspaces", "Chat"),
    ("/v1/admin/bots", "Chat"),
    ("/v1/admin/integrations", "Chat"),
    ("/v1/admin/hub/", "Chat"),
    ("/v1/subscribers", "Subscribers"),
    ("/v1/events/", "Events"),
    ("/subscription", "Subscription"),
    ("/forwarding", "Subscription"),
    ("/hook/", "Notification"),
    ("/token", "Token"),
    ("/oauth", "Oauth"),
    ("/datatype", "Datatype"),
    ("/condition", "Condition"),
    ("/trigger", "Trigger"),
    ("/event", "Event"),
    ("/action", "Action"),
    ("/variable", "Variable"),
    ("/security", "Security"),
    ("/service", "Service"),
    ("/group", "Group"),
    ("/admin/keys", "Key"),
    ("/user", "User"),
    ("/execute", "Execute"),
    ("/test/", "Test"),
    ("/healthz", "Platform"),
    ("/openapi.json", "Platform"),
    ("/docs", "Platform"),
)
