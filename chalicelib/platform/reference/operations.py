"""One row as one OpenAPI operation."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from pydantic import TypeAdapter
from pydantic.alias_generators import to_camel

from chalicelib.edge import auth, idempotency
from chalicelib.edge.failures import INTERACTOR
from chalicelib.edge.route import Body, Gives, Route
from chalicelib.edge.schema import Id, In
from chalicelib.platform.reference import conversing, declared, examples, flow, notices
from chalicelib.platform.reference.declared import ACTOR, BODIES, NAMED, PAGED, QUERIES, Answered, Json, Query, ref
from chalicelib.platform.reference.shapes import Shape

SCHEMES = ("api_key", "x_api_key", "bearer")
_JSON = "application/json"
CHOSEN: Json = TypeAdapter(Id).json_schema()  # an id of the caller's choice
_FURTHER_NAME = re.compile(r"(_patch|_alias)+$")
_VARIABLE = re.compile(r"\{([a-z_0-9]+)\}")
_MEANINGS = {
    **dict.fromkeys(("200", "201", "204"), "Done."),
    "202": "Taken in; the work goes on.",
    "303": "Elsewhere: see `Location`.",
    "default": "What the service's own logic answers.",
}
_ERRORS = {
    "400": "The request is malformed; `details.faults` names every place.",
    "401": "No key, or an unknown one.",
    "403": "The key lacks the scope.",
    "404": "Not there for this caller.",
    "409": "Something else got there first.",
    "413": "The body is too large.",
    "415": "The body is not JSON.",
    "422": "The script threw, or ran out of time or memory.",
    "429": "Too many calls at once; `Retry-After` says when to come again.",
    "500": "A bug on our side; `details.requestId` names it.",
    "502": "Another service refused, or its answer could not be used.",
    "503": "Our own tables or queues are busy; the same call may succeed in a moment.",
    "504": "Another service stayed silent.",
    "default": "Any other failure.",
}
_HEADERS: Json = {"X-Request-Id": {"description": "Names this request in the logs.", "schema": {"type": "string"}}}
_RETRY: Json = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 0}}}
_RATE: Json = {
    "RateLimit-Limit": {"description": "Requests in a window.", "schema": {"type": "integer", "minimum": 1}},
    "RateLimit-Remaining": {"description": "Those that are left.", "schema": {"type": "integer", "minimum": 0}},
    "RateLimit-Reset": {"description": "Seconds until all are.", "schema": {"type": "integer", "minimum": 0}},
    "RateLimit-Policy": {"description": "The window, `w`, and what is counted.", "schema": {"type": "string"}},
}
_RETRIED = frozenset({"409", "429", "503"})  # 409: the first request under the same Idempotency-Key is still running
_NEXT = {"X-Next-Cursor": {"description": "Set while there is a next page.", "schema": {"type": "string"}}}
_IDEMPOTENCY_KEY: Json = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "A repeat under the same key gets the first answer for 24 hours.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[\\x20-\\x7e]+$"},
}


@dataclass(frozen=True)
class Schemas:
    """The schemas of the document: what stands for a shape, and the shared ones by name."""

    pointers: dict[Shape, Json]
    shared: dict[str, Json]

    def resolved(self, schema: Json) -> Json:
        """Follow a pointer into the shared schemas."""
        return self.shared[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def path_of(row: Route) -> str:
    """Spell a row's path as the document does."""
    return _VARIABLE.sub(lambda match: "{" + _spelled(row.path, match[1]) + "}", row.path)


def operation(surface: str, row: Route, verb: str, operation_id: str, schemas: Schemas) -> Json:
    """Describe one row of a surface under one of its verbs; `operation_id` is unique in the document."""
    made: Json = {"operationId": operation_id, "tags": [tag_of(row.path)], "summary": summary_of(row)}
    if operation_id not in (row.operation_id, f"{surface}_{row.operation_id}"):
        made["x-alias-of"] = _FURTHER_NAME.sub("", operation_id)
    parameters = [_path_parameter(row, _spelled(row.path, name)) for name in _VARIABLE.findall(row.path)]
    parameters += [_query_parameter(query, row) for query in queries_of(row, verb)]
    parameters += flow.headers_of(row) if _is_flow(row) else []
    parameters += conversing.headers_of(row) if _is_chat(row) else []
    if verb in idempotency.dialect_of(surface).verbs and row.scope != auth.PUBLIC:
        parameters.append(_IDEMPOTENCY_KEY)
    if parameters:
        made["parameters"] = parameters
    if row.takes is not None and verb != "GET":
        made["requestBody"] = _body(row, row.takes, schemas)
    made["responses"] = _responses(row, verb, schemas)
    for status in _error_statuses(surface, row, verb):
        made["responses"].setdefault(status, {"$ref": f"#/components/responses/{declared.ERRORS[surface]}{status}"})
    made["security"] = [] if row.scope == auth.PUBLIC else [{scheme: [row.scope]} for scheme in SCHEMES]
    return made


def tag_of(path: str) -> str:
    """Say which part of the API a path belongs to."""
    found = next((tag for text, tag in declared.TAGS if text in path), None)
    return found or path.removeprefix("/v1").strip("/").split("/")[0].capitalize()


def summary_of(row: Route) -> str:
    """Take the first sentence of the function that does the work; shared ones get the noun put in."""
    does = row.does
    first = (does.__doc__ or row.operation_id).strip().splitlines()[0].split(". ")[0].rstrip(".")
    noun = getattr(getattr(getattr(does, "__self__", None), "item", None), "NOUN", None)
    if noun is not None:
        article = "an" if noun[0] in "aeio" else "a"
        first = first.replace("the fields that", f"the fields of {article} {noun} that")
        first = first.replace("an item", f"{article} {noun}").replace("item", noun)
    return first


def queries_of(row: Route, verb: str) -> tuple[Query, ...]:
    """List the query parameters of a row: the declared ones, else paging for lists and the actor for changes."""
    if _is_flow(row):
        return flow.QUERIES.get(row.operation_id, ())
    if _is_chat(row):
        return conversing.QUERIES.get(row.operation_id, ())
    if row.operation_id in QUERIES:
        return QUERIES[row.operation_id]
    if _is_list(row):
        return PAGED
    is_acting = row.scope == auth.WRITE and verb != "GET" and not row.path.startswith("/v1/user")
    return (ACTOR,) if is_acting else ()


def _spelled(path: str, name: str) -> str:
    own = (spelling for start, variable, spelling in declared.VARIABLES if variable == name and path.startswith(start))
    return next(own, to_camel(name))


def _path_parameter(row: Route, name: str) -> Json:
    schema = CHOSEN if declared.CHOSEN_IDS.get(row.operation_id) == name else declared.IN_PATHS.get(name, NAMED)
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _query_parameter(query: Query, row: Route) -> Json:
    shown = {"name": query.name, "in": "query", "description": query.description, "schema": query.schema}
    return {**shown, "required": True} if query.required or query.name in row.needs else shown


def _body(row: Route, takes: type[In] | str, schemas: Schemas) -> Json:
    if not isinstance(takes, str):
        schema, media = schemas.pointers[takes], _JSON
    elif takes == Body.ANY_JSON:
        schema, media = BODIES.get(row.operation_id, ref("AnyJson")), _JSON
    else:
        schema, media = BODIES.get(row.operation_id, declared.ANY), "*/*"
    content: Json = {"schema": schema}
    if media == _JSON:
        sent = None if _is_chat(row) else examples.SENT.get(row.operation_id)
        content["example"] = examples.example_of(schema, schemas.shared) if sent is None else sent
    return {"required": bool(schemas.resolved(schema).get("required")), "content": {media: content}}


def _responses(row: Route, verb: str, schemas: Schemas) -> Json:
    answered = flow.answered(row, verb) if _is_flow(row) else _answer(row, schemas)
    headers = {**_HEADERS, **(_NEXT if _is_list(row) else {})}
    made: Json = {}
    for status, schema in ((answered.status, answered.schema), *answered.also.items()):
        said: Json = {"description": _MEANINGS.get(status, "Not well."), "headers": headers}
        made[status] = (
            {**said, "content": {answered.media: _shown(answered.media, schema, schemas)}} if answered.media else said
        )
        if status == answered.status:
            made[status].get("content", {}).update({media: {"schema": {"type": "string"}} for media in answered.texts})
    return made


def _shown(media: str, schema: Json, schemas: Schemas) -> Json:
    example = {"example": examples.example_of(schema, schemas.shared)} if media == _JSON else {}
    return {"schema": schema, **example}


def _answer(row: Route, schemas: Schemas) -> Answered:
    if _is_chat(row):
        return conversing.answered(row, schemas.pointers[row.gives] if isinstance(row.gives, type) else None)
    if _is_notice(row):
        return notices.ANSWERS[row.operation_id]
    if row.gives is None:
        return Answered(ref("EmptyObject"))
    if row.gives == Gives.EMPTY_STRING:
        return Answered(ref("EmptyString"))
    if isinstance(row.gives, str):
        return declared.ANSWERS.get(row.operation_id, Answered(ref("AnyJson")))
    pointer = schemas.pointers[row.gives]
    return Answered({"type": "array", "items": pointer} if _is_list(row) else pointer)


def _is_flow(row: Route) -> bool:
    return row.path.startswith(flow.PREFIX)


def _is_notice(row: Route) -> bool:
    return row.path.startswith(notices.PREFIXES)


def _is_chat(row: Route) -> bool:
    return row.path.startswith(conversing.PREFIXES)


def _is_list(row: Route) -> bool:
    is_elsewhere = _is_flow(row) or _is_notice(row) or _is_chat(row)
    return not is_elsewhere and row.operation_id.startswith("list")


def _error_statuses(surface: str, row: Route, verb: str) -> list[str]:
    """List what may go wrong. 405 is not among them: it belongs to the verbs a path does not have."""
    has_body, names = row.takes is not None, "{" in row.path or declared.USER in queries_of(row, verb)
    runs = row.scope == auth.RUN and row.operation_id not in declared.RUN_NOTHING
    applies: dict[str, bool] = {
        "400": has_body or names or row.scope != auth.PUBLIC,
        "401": row.scope != auth.PUBLIC,
        "403": row.scope != auth.PUBLIC,
        "404": names or runs,
        "409": verb != "GET" or has_body,
        "413": has_body,
        "415": has_body and row.takes != Body.RAW,
        "422": runs,
        "429": True,
        "500": True,
        "502": runs,
        "503": row.operation_id not in declared.READ_NOTHING,
        "504": runs,
        "default": surface != INTERACTOR,
    }
    further = declared.FURTHER.get(row.operation_id, ())
    return [status for status, does_apply in applies.items() if does_apply or status in further]


def error_responses(surfaces: Iterable[str]) -> Json:
    """Give the shared error responses of some surfaces by name."""
    return {
        f"{name}{status}": {
            "description": text,
            "headers": {**_HEADERS, **(_RETRY if status in _RETRIED else {}), **(_RATE if status == "429" else {})},
            "content": {_JSON: {"schema": ref(name)}},
        }
        for name in (declared.ERRORS[surface] for surface in surfaces)
        for status, text in _ERRORS.items()
    }
