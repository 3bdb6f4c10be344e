"""The language of versions, said once: the table that the checker reads and the published JSON Schema is made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
MAX_STEPS, MAX_DEPTH, MAX_BYTES = 500, 8, 250_000
MAX_ITEMS, MAX_PARALLEL = 1_000, 20
MAX_WAIT_S = 366 * 86_400
MAX_ATTEMPTS = 20
MAX_CODE_BYTES = 64 * 1024
MAX_EXPRESSION = 10_000
MAX_EVENT_NAME = 200


@dataclass(frozen=True)
class Field:
    """One field of a step: what it may hold (a name in KINDS), and whether it must be there."""

    kind: str
    required: bool = False
    about: str = ""


def _must(kind: str, about: str = "") -> Field:
    return Field(kind, True, about)


STEPS: dict[str, dict[str, Field]] = {
    "action": {
        "service": _must("text"),
        "serviceVersion": Field("text"),
        "action": _must("text"),
        "userCredentialId": Field("text"),
        "input": Field("any"),
    },
    "code": {"code": _must("code", "body of an async function; what it returns is the output")},
    "http": {
        "method": Field("text"),
        "url": _must("text"),
        "headers": Field("object"),
        "query": Field("object"),
        "body": Field("any"),
    },
    "repeat": {
        "count": Field("count"),
        "over": Field("items", about="a list, an object (items are {key, value}), or a reference to one"),
        "as": Field("identifier", about="what an item is called inside, beside `item`"),
        "parallelism": Field("parallelism"),
        "itemErrors": Field("item_errors", about="collect: a failed item becomes {error} in the output"),
        "steps": _must("steps"),
    },
    "if": {"condition": _must("condition"), "then": _must("steps"), "else": Field("steps")},
    "ifValue": {"value": _must("any"), "equals": _must("any"), "then": _must("steps"), "else": Field("steps")},
    "case": {"branches": _must("branches"), "default": Field("steps")},
    "caseValue": {"value": _must("any"), "branches": _must("value_branches"), "default": Field("steps")},
    "condition": {
        "service": _must("text"),
        "serviceVersion": Field("text"),
        "condition": _must("text"),
        "userCredentialId": Field("text"),
        "input": Field("any"),
        "then": Field("steps"),
        "else": Field("steps"),
    },
    "wait": {"seconds": Field("seconds"), "until": Field("moment", about="ISO 8601, or milliseconds since 1970")},
    "waitForEvent": {"event": _must("event"), "match": Field("match", about="path in the payload to value")},
    "automation": {"automationId": _must("text"), "version": Field("text"), "input": Field("object_or_made")},
    "return": {"value": Field("any")},
    "goto": {"target": _must("identifier", "a step of the same list, or of one around it")},
}
COMMON: dict[str, Field] = {
    "id": _must("identifier"),
    "type": _must("type"),
    "name": Field("text"),
    "retry": Field("retry"),
    "timeoutSeconds": Field("seconds"),
    "onError": Field("on_error"),
    "atMostOnce": Field("flag", about="for targets that know no idempotency key"),
}
EFFECTS = frozenset({"action", "code", "http", "condition", "automation"})
OF_EFFECTS = ("retry", "atMostOnce")  # fields that other steps do not take
BRANCHES = ("then", "else", "default", "steps")
OPERATORS = ("==", "!=", ">", ">=", "<", "<=", "contains", "startsWith", "endsWith", "in", "exists", "empty")
TRIGGER: dict[str, Field] = {
    "service": _must("text"),
    "serviceVersion": Field("text"),
    "trigger": _must("text"),
    "userCredentialId": Field("text"),
    "variables": Field("object"),
}
SCHEDULE: dict[str, Field] = {"cron": _must("text"), "timeZone": Field("text"), "input": Field("any")}
IDENTIFIER = r"^[A-Za-z_][A-Za-z0-9_]{0,63}$"
MAX_FACTOR = 10
_LIST = {"type": "array", "items": {"$ref": "#/$defs/step"}}
_CONDITION = {"$ref": "#/$defs/condition"}


def _or_made(*shapes: Json, within: bool = False) -> Json:
    """Say that a value is of one of the shapes, or made while running: a reference, or a text that is (`within`:
    holds) one."""
    text = r"\$\{[^{}]*\}" if within else r"^\$\{[^{}]*\}$"
    return {"anyOf": [*shapes, {"type": "string", "pattern": text}, {"$ref": "#/$defs/reference"}]}


def _branches(part: str, shape: Json) -> Json:
    properties = {part: shape, "steps": _LIST}
    branch = {"type": "object", "required": [part, "steps"], "additionalProperties": False, "properties": properties}
    return {"type": "array", "minItems": 1, "items": branch}


KINDS: dict[str, Json] = {
    "text": {"type": "string", "minLength": 1, "maxLength": 10_000},
    "code": {"type": "string", "minLength": 1, "maxLength": MAX_CODE_BYTES},
    "identifier": {"type": "string", "pattern": IDENTIFIER},
    "type": {"enum": sorted(STEPS)},
    "any": {},
    "object": {"type": "object"},
    "object_or_made": _or_made({"type": ["object", "null"]}),
    "items": _or_made({"type": "array", "maxItems": MAX_ITEMS}, {"type": "object", "maxProperties": MAX_ITEMS}),
    "event": _or_made({"type": "string", "minLength": 1, "maxLength": MAX_EVENT_NAME}, within=True),
    "match": {"type": "object"},
    "flag": {"type": "boolean"},
    "count": _or_made({"type": "integer", "minimum": 0, "maximum": MAX_ITEMS}),
    "seconds": _or_made({"type": "number", "minimum": 0, "maximum": MAX_WAIT_S}),
    "moment": _or_made(
        {"type": "integer", "minimum": 0, "maximum": 2**47 - 1},
        {"type": "string", "pattern": r"^\d{4}"},
        within=True,
    ),
    "parallelism": {"type": "integer", "minimum": 1, "maximum": MAX_PARALLEL},
    "item_errors": {"enum": ["fail", "collect"]},
    "steps": _LIST,
    "condition": _CONDITION,
    "branches": _branches("condition", _CONDITION),
    "value_branches": _branches("equals", {}),
    "retry": {
        "type": "object",
        "required": ["maxAttempts"],
        "additionalProperties": False,
        "properties": {
            "maxAttempts": {"type": "integer", "minimum": 1, "maximum": MAX_ATTEMPTS},
            "backoff": {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    "seconds": {"type": "number", "minimum": 0, "maximum": 86_400},
                    "factor": {"type": "number", "minimum": 1, "maximum": MAX_FACTOR},
                    "maxSeconds": {"type": "number", "minimum": 0, "maximum": 86_400},
                },
            },
        },
    },
    "on_error": {
        "anyOf": [
            {"enum": ["fail", "continue"]},
            {
                "type": "object",
                "required": ["goto"],
                "additionalProperties": False,
                "properties": {"goto": {"type": "string", "pattern": IDENTIFIER}},
            },
        ]
    },
}


def _shape(fields: dict[str, Field], **fixed: Json) -> Json:
    properties = {name: {**KINDS[one.kind]} for name, one in fields.items()} | fixed
    for name, one in fields.items():
        if one.about:
            properties[name]["description"] = one.about
    required = sorted(name for name, one in fields.items() if one.required)
    made: Json = {"type": "object", "additionalProperties": False, "required": required, "properties": properties}
    choices = [[name] for name in ("count", "over", "seconds", "until") if name in fields]
    return made | ({"oneOf": [{"required": choice} for choice in choices]} if choices else {})


def _common(kind: str) -> dict[str, Field]:
    return {name: one for name, one in COMMON.items() if kind in EFFECTS or name not in OF_EFFECTS}


def json_schema() -> Json:
    """Give the JSON Schema of a version's definition, as it is published."""
    steps = {name: _shape(_common(name) | fields, type={"const": name}) for name, fields in STEPS.items()}
    simple = {
        "type": "object",
        "required": ["operator"],
        "additionalProperties": False,
        "properties": {"left": {}, "operator": {"enum": list(OPERATORS)}, "right": {}},
    }
    compared = {"$ref": "#/$defs/comparison"}
    several = {"type": "array", "minItems": 1, "items": compared}
    parts = {"all": several, "any": several, "not": compared}
    joined = [
        {"type": "object", "required": [word], "additionalProperties": False, "properties": {word: shape}}
        for word, shape in parts.items()
    ]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Automation version",
        "type": "object",
        "required": ["steps"],
        "additionalProperties": False,
        "properties": {
            "trigger": {"anyOf": [{"type": "null"}, _shape(TRIGGER), _shape(SCHEDULE)]},
            "variables": {"type": "object"},
            "steps": _LIST,
        },
        "$defs": {
            "step": {"oneOf": [{"$ref": f"#/$defs/{name}Step"} for name in steps]},
            **{f"{name}Step": shape for name, shape in steps.items()},
            "comparison": {"anyOf": [simple, *joined]},
            "condition": {
                "anyOf": [
                    {
                        "type": "string",
                        "minLength": 1,
                        "maxLength": MAX_EXPRESSION,
                        "description": "a JavaScript expression",
                    },
                    compared,
                ]
            },
            "reference": {
                "type": "object",
                "required": ["@type", "path"],
                "additionalProperties": False,
                "properties": {
                    "@type": {"const": "reference"},
                    "path": {"type": "array", "minItems": 1, "items": {"type": ["string", "integer"]}},
                },
            },
        },
    }
