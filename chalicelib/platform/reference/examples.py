"""Examples: what one would send or see, made from a schema. The same schema always gives the same example."""

from __future__ import annotations

from typing import Any

from chalicelib.platform.reference.declared import Json

MAX_DEPTH = 4
_GREETING = {
    "steps": [
        {"id": "greet", "type": "code", "code": "return {text: 'Hello ' + input.name}"},
        {"id": "end", "type": "return", "value": "${steps.greet.output.text}"},
    ]
}
SENT: dict[str, Any] = {  # of bodies where a real one says more
    "createUser": {"userId": "ada", "email": "ada@example.com", "name": "Ada"},
    "createService": {"name": "github", "type": "integration"},
    "createSecurity": {"type": "apiKey", "scheme": "bearer", "label": {"en": "Access token"}},
    "createVariable": {"name": "webhookSecret", "required": True, "schema": {"type": "string"}},
    "createAction": {
        "name": "issue.get",
        "label": {"en": "Read an issue"},
        "schema": {"variables": [{"title": "number", "type": "integer", "x-required": True}]},
        "logic": {"execute": "return await service.fn.request('GET', `/issues/${input.data.number}`);"},
    },
    "createEvent": {"name": "notification", "logic": {"route": "return notification.headers['x-event'];"}},
    "createTrigger": {"name": "issue", "logic": {"trigger": "return notification.body.issue;"}},
    "createDatatype": {
        "name": "project",
        "schema": {"data": {"type": "string"}, "valuesLogicInput": []},
        "logic": {
            "values": "return (await service.fn.projects()).map(({ key, name }) => ({ label: name, value: key }));"
        },
    },
    "createCondition": {
        "name": "issue.isOpen",
        "schema": {"variables": [{"title": "state", "type": "string", "x-required": True}], "output": {}},
        "logic": {"execute": "return input.data.state === 'open';"},
    },
    "refreshActionVariables": {"step": [{"title": "project", "value": "MILL"}], "targetField": "project"},
    "testLogic": {"table": "ActionVersion", "id": "ACTION_ID", "data": {"number": 1}},
    "testNotification": {"service": "github", "notification": {"headers": {"x-event": "issue"}, "body": {"issue": {}}}},
    "createAutomation": {"name": "greet", "definition": _GREETING},
    "importAutomation": {"name": "greet", "definition": _GREETING},
    "createAutomationVersion": {"definition": _GREETING},
    "updateAutomationVersion": {"definition": _GREETING},
    "createGroup": {"name": "editors", "source": "local"},
    "addGroupUser": {"userId": "ada", "role": "member"},
    "createUserToken": {"name": "ada", "serviceSecurityId": "SECURITY_ID", "key": "ghp_..."},
    "importService": {
        "name": "pets",
        "document": {
            "openapi": "3.1.0",
            "info": {"title": "Pets", "version": "1"},
            "servers": [{"url": "https://pets.example.com"}],
            "paths": {"/pets": {"get": {"operationId": "listPets", "responses": {"200": {"description": "Pets"}}}}},
        },
    },
    "executeAction": {"repository": "octocat/hello-world"},
    "createTriggerSubscription": {"url": "https://example.com/hook", "variables": {}},
}
_TEXTS = {
    "id": "0198c0de-0000-7000-8000-000000000000",
    "userId": "ada",
    "email": "ada@example.com",
    "url": "https://example.com/hook",
    "serviceUrl": "https://example.com",
    "serviceVersion": "1.0.0",
    "version": "1.0.0",
    "@type": "action",
    "time": "09:00",
    "defaultCountry": "FR",
}
_BY_TYPE: dict[str, Any] = {"integer": 1, "number": 1, "boolean": True, "null": None}


def example_of(schema: Json, shared: dict[str, Json], name: str = "", depth: int = 0) -> Any:
    """Make a value that fits a schema; optional parts deep inside are left out."""
    while "$ref" in schema:
        schema = shared[schema["$ref"].rpartition("/")[2]]
    for word in ("const", "default"):
        if word in schema:
            return schema[word]
    for word in ("examples", "enum"):
        if schema.get(word):
            return schema[word][0]
    for word in ("anyOf", "oneOf"):
        if word in schema:  # limits may stand beside the choice
            limits: Json = {limit: schema[limit] for limit in ("minimum", "maximum") if limit in schema}
            return example_of({**limits, **schema[word][0]}, shared, name, depth)
    if "allOf" in schema:
        parts = [example_of(part, shared, name, depth) for part in schema["allOf"]]
        return {key: value for part in parts for key, value in part.items()}
    return _by_type(schema, shared, name, depth)


def _by_type(schema: Json, shared: dict[str, Json], name: str, depth: int) -> Any:
    kind = schema.get("type", "object")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "string":
        return _text(schema, name)
    if kind == "array":
        count = max(schema.get("minItems", 0), int(depth < MAX_DEPTH))
        return [example_of(schema.get("items", {"type": "string"}), shared, name, depth + 1)] * count
    if kind == "object":
        required = schema.get("required", ())
        return {
            key: example_of(part, shared, key, depth + 1)
            for key, part in schema.get("properties", {}).items()
            if depth < MAX_DEPTH or key in required
        }
    value = _BY_TYPE[kind]
    return max(value, schema.get("minimum", value)) if kind in ("integer", "number") else value


def _text(schema: Json, name: str) -> str:
    if name in _TEXTS:
        return _TEXTS[name]
    if schema.get("format") == "uri" or schema.get("pattern", "").startswith("^https?://"):
        return "https://example.com/"
    return _TEXTS["id"] if name.endswith(("Id", "_id")) else (name or "text")
