"""What the rows under /flow/v1 do not say by themselves; their operationIds are also those of other surfaces."""

from __future__ import annotations

from chalicelib.edge.route import Route
from chalicelib.platform.reference.declared import OBJECT, Answered, Json, Query, holding, page_size, ref

PREFIX = "/flow/v1/"
_UUID: Json = {"type": "string", "format": "uuid"}
_WHEN: Json = {"type": "string", "format": "date-time"}
_STATUSES = ("COMMITTED", "PAUSED", "RUNNING", "ARCHIVED", "DRAFT", "ERROR", "TO_ARCHIVE")
_OPERATIONS = (
    "CLAB_CAMPAIGN_SMS", "CLAB_CAMPAIGN", "WEBHOOK", "TAG", "FROM_LAST_STEP", "WAIT_AND_CHECK", "WAIT_FOR_TRIGGER",
    "AB_TEST", "NO_ACTION",
)  # fmt: skip
_WITHOUT_NODE = frozenset(
    {"getCurrentUser", "listNodes", "createNode", "getNode", "updateNode", "deleteNode", "listNodeKpis"}
)
_NODE: Json = {"name": "Node", "in": "header", "required": True, "description": "The node to work on.", "schema": _UUID}
_IF_MATCH: Json = {
    "name": "If-Match",
    "in": "header",
    "description": "The ETag the change is based on; 412 when it is stale.",
    "schema": {"type": "string", "maxLength": 200},
}
_PAGE = (
    Query("page", "The number of the page, from 0.", schema={"type": "integer", "minimum": 0, "maximum": 999_999_999}),
    Query("size", "How many a page has, else 20.", schema=page_size(100)),
)
_STYLE = Query("style", "`compact` asks for the short form.", schema={"type": "string"})
_FILTERS = (
    Query("name", "Part of the name."),
    Query("description", "Part of the description."),
    Query("category", "One of these categories.", schema={"type": "array", "items": {"enum": ["Custom"]}}),
    *(
        Query(f"{date}{side}", f"{date} then or {'earlier' if side == 'Before' else 'later'}.", schema=_WHEN)
        for date in ("startDate", "endDate", "created")
        for side in ("Before", "After")
    ),
    Query("stepType", "Those with a step of this operation.", schema={"enum": list(_OPERATIONS)}),
    Query("hasTrigger", "`true` keeps those with a real-time source.", schema={"type": "boolean"}),
)
_STATUS = Query("status", "One of these.", schema={"type": "array", "items": {"enum": list(_STATUSES)}})
_REPORTED = Query("status", "One of these.", schema={"type": "array", "items": {"enum": list(_STATUSES[:-1])}})
_OVERDUE = Query(
    "removeExpiredCustomers", "On resuming: end those whose time passed meanwhile.", schema={"type": "boolean"}
)
_FILENAME = Query("filename", "The name of the file.", schema={"type": "string", "maxLength": 100})
_TOKENS = (
    Query("automationUuid", "Tokens of this automation.", schema=_UUID),
    Query("stepUuid", "Tokens on this step, or that ended there.", schema=_UUID),
    Query("clabUuid", "Tokens of this customer."),
    Query("recipient", "Tokens with this e-mail address.", schema={"type": "string", "maxLength": 320}),
    Query("aggregatedStatus", "Tokens in this group.", schema={"enum": ["RUNNING", "COMPLETED", "ERROR"]}),
)
_WHO = (
    Query("clabUuid", "The customer; one of the three is needed.", schema={"type": "string", "format": "uuid"}),
    Query("userPk", "The customer, by the key of the message channel."),
    Query("email", "The customer, by address."),
)
QUERIES: dict[str, tuple[Query, ...]] = {
    "listNodes": (
        Query("portfolioUuid", "Nodes of this portfolio.", schema=_UUID),
        Query("workspaceUuid", "Nodes of this workspace.", schema=_UUID),
        *_PAGE,
    ),
    "listSettings": (
        Query("Category", "Settings of this category; also `category`.", schema={"enum": ["INTEGRATION"]}),
        Query("Type", "Settings of this type; also `type`.", schema={"enum": ["CLAB_API_SOAP", "HUB"]}),
    ),
    "listAutomations": (*_FILTERS, _STATUS, _STYLE, *_PAGE),
    "downloadAutomationsReport": (
        Query("automationUuid", "This automation only.", schema=_UUID),
        *_FILTERS,
        _REPORTED,
        _FILENAME,
    ),
    "replaceAutomation": (_OVERDUE,),
    "updateAutomationStatusAndName": (_OVERDUE,),
    "deleteIncompleteBatch": (Query("sourceUuid", "The batch to drop.", True, _UUID),),
    "searchTokens": (
        *_TOKENS,
        _PAGE[0],
        Query("size", "How many a page has, else 20.", schema=page_size(1000)),
        _STYLE,
        Query(
            "sort",
            "A field, and `,desc` to turn the order.",
            schema={"type": "string", "pattern": "^(automationUuid|clabUuid|recipient|stepUuid|status)(,(asc|desc))?$"},
        ),
        Query("cursor", "`page.next` of the page before.", schema={"type": "string", "maxLength": 2048}),
    ),
    "downloadTokensReport": (*_TOKENS, _FILENAME),
    "listPageBuilderTemplates": _PAGE,
    "listPageBuilderPages": _PAGE,
    "listNodeKpis": _PAGE,
    "getProfile": _WHO,
    "erasePerson": _WHO,
}
_PAGED = holding("elements", page=OBJECT, elements={"type": "array", "items": OBJECT})
_ARRAY: Json = {"type": "array", "items": OBJECT}
_NOTHING = Answered(ref("EmptyString"), "204", "")
_MADE = Answered(OBJECT, "201")
_TAKEN = Answered(holding("accepted", accepted={"type": "integer"}))
_LISTS = frozenset({"listEmailModels", "listSmsModels"})
ANSWERS: dict[str, Answered] = {
    "listActions": Answered({"type": "array", "items": {"type": "string"}}),
    "addCustomer": Answered(OBJECT, "201", also={"200": OBJECT}),
    "addCustomerBatch": Answered(OBJECT, "202"),
    "downloadAutomationsReport": Answered({"type": "string"}, media="text/csv"),
    "downloadTokensReport": Answered({"type": "string"}, media="application/zip", also={"202": OBJECT, "303": OBJECT}),
    "sendEmailTest": _NOTHING,
    "takeEvent": Answered(holding("id", id={"type": "string"}), "202"),
    "takeFeedback": _TAKEN,
    "takeProviderFeedback": _TAKEN,
    "followTokensReport": Answered(OBJECT, "202", also={"303": OBJECT}),
    "unsubscribeByMark": Answered({"type": "string"}, media="text/html"),
    **{name: Answered(_ARRAY) for name in _LISTS},
}
ERROR: Json = {
    "description": "What went wrong under /flow/v1: `path` is a JSON pointer into the body, or a parameter's name.",
    **holding(
        "message",
        "logref",
        "errors",
        message={"type": "string"},
        logref={"type": "string"},
        data=OBJECT,
        errors={
            "type": "array",
            "items": holding(
                "path", "message", path={"type": "string"}, message={"type": "string"}, code={"type": "string"}
            ),
        },
    ),
}


def headers_of(row: Route) -> list[Json]:
    """List the headers an operation reads."""
    found = [] if row.operation_id in _WITHOUT_NODE or row.scope == "" else [_NODE]
    changes = row.operation_id in ("replaceAutomation", "updateAutomationStatusAndName")
    return [*found, _IF_MATCH] if changes else found


def answered(row: Route, verb: str) -> Answered:
    """Say what an operation answers when it goes well."""
    if row.operation_id in ANSWERS:
        return ANSWERS[row.operation_id]
    if verb == "DELETE":
        return _NOTHING
    if verb == "POST":
        return _MADE
    is_paged = _PAGE[0] in QUERIES.get(row.operation_id, ())
    return Answered(_PAGED if is_paged else OBJECT)
