"""The reference as one HTML page that needs nothing from elsewhere: no script, no font, no picture."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from html import escape
from typing import Any

from chalicelib.platform.reference.declared import Json
from chalicelib.platform.reference.document import document
from chalicelib.platform.reference.page_style import STYLE

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_VERBS = ("get", "post", "put", "patch", "delete")


@lru_cache(maxsize=1)
def page_text() -> str:
    """Give the page; it is made once per process, when somebody first asks."""
    return render(document())


def render(made: Json) -> str:
    """Render an OpenAPI document."""
    by_tag: dict[str, list[tuple[str, str, Json]]] = {tag["name"]: [] for tag in made["tags"]}
    for path, item in made["paths"].items():
        for verb in _VERBS:
            if verb in item:
                by_tag[item[verb]["tags"][0]].append((verb, path, item[verb]))
    schemas, url = made["components"]["schemas"], made["servers"][0]["url"]
    sections = "".join(
        f'<section><h2 id="tag-{escape(tag)}">{escape(tag)}</h2>'
        + "".join(_operation(verb, path, one, url) for verb, path, one in operations)
        + "</section>"
        for tag, operations in by_tag.items()
    )
    shapes = "".join(_shape(name, schema) for name, schema in schemas.items())
    title = escape(made["info"]["title"])
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title} API</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head><body>'
        f"<nav>{_contents(by_tag)}</nav><main><h1>{title} API <small>{escape(made['info']['version'])}</small></h1>"
        f"<p>{_marked(made['info']['description'])}</p>"
        '<p>The same for programs: <a href="v1/openapi.json">/v1/openapi.json</a> (OpenAPI 3.1).</p>'
        f'{sections}<section><h2 id="shapes">Shapes</h2>{shapes}</section></main></body></html>'
    )


def _contents(by_tag: dict[str, list[tuple[str, str, Json]]]) -> str:
    parts = []
    for tag, operations in by_tag.items():
        links = "".join(
            f'<li><a href="#{one["operationId"]}">{escape(one["operationId"])}</a></li>'
            for _, _, one in operations
            if "x-alias-of" not in one
        )
        parts.append(f'<h3><a href="#tag-{escape(tag)}">{escape(tag)}</a></h3><ul>{links}</ul>')
    return "".join(parts) + '<h3><a href="#shapes">Shapes</a></h3>'


def _operation(verb: str, path: str, one: Json, url: str) -> str:
    name, head = one["operationId"], f'<b class="{verb}">{verb.upper()}</b> <code>{escape(path)}</code>'
    if alias_of := one.get("x-alias-of"):
        return f'<p class="alias" id="{name}">{head} does the same as <a href="#{alias_of}">{alias_of}</a>.</p>'
    scopes = [scope for needed in one["security"][:1] for scopes in needed.values() for scope in scopes]
    needs = f"Needs a key with the scope <code>{escape(scopes[0])}</code>." if scopes else "Public: needs no key."
    return (
        f'<article id="{name}"><h3><a href="#{name}">{escape(name)}</a></h3><p class="line">{head}</p>'
        f"<p>{_marked(one['summary'])}. {needs}</p>{_parameters(one)}{_request(one)}"
        f"<pre class='curl'>{escape(_curl(verb, path, one, url))}</pre>{_answers(one)}</article>"
    )


def _parameters(one: Json) -> str:
    rows = "".join(map(_parameter, one.get("parameters", ())))
    return f"<table>{rows}</table>" if rows else ""


def _parameter(part: Json) -> str:
    need = "required" if part.get("required") else "optional"
    about = _marked(part.get("description", ""))
    return f"<tr><td><code>{escape(part['name'])}</code></td><td>{part['in']}</td><td>{need}</td><td>{about}</td></tr>"


def _request(one: Json) -> str:
    body = one.get("requestBody")
    if body is None:
        return ""
    media, content = next(iter(body["content"].items()))
    return f"<h4>Body <small>{escape(media)}</small></h4>{_fields(content['schema'])}{_sample(content.get('example'))}"


def _answers(one: Json) -> str:
    first, *others = one["responses"]
    well = [first, *(status for status in others if status[0] in "23")]
    errors = ", ".join(status for status in others if status not in well)
    told = f'<p class="errors">Errors: {errors}, as {_error_shape(one)}.</p>' if errors else ""
    return "".join(_answer(status, one["responses"][status]) for status in well) + told


def _answer(status: str, answer: Json) -> str:
    media, content = next(iter(answer.get("content", {"": {"schema": {}}}).items()))  # 204 has none
    head = f"<h4>Answer {escape(status)} <small>{escape(media)}</small></h4>"
    return f"{head}{_fields(content['schema'])}{_sample(content.get('example'))}"


def _error_shape(one: Json) -> str:
    """Link to the shape of an operation's errors: the words of their name before the status."""
    names = (part["$ref"].rpartition("/")[2] for part in one["responses"].values() if "$ref" in part)
    name = next(names, "Error").rstrip("0123456789").removesuffix("default")
    return f'<a href="#shape-{name}">{name}</a>'


def _curl(verb: str, path: str, one: Json, url: str) -> str:
    asked = [part["name"] for part in one.get("parameters", ()) if part["in"] == "query" and part.get("required")]
    query = "&".join(f"{name}={name.upper()}" for name in asked)
    spelled = path.replace("{", "").replace("}", "")
    line = f"curl {'' if verb == 'get' else f'-X {verb.upper()} '}'{url}{spelled}{'?' if query else ''}{query}'"
    if one["security"]:
        line += " -H 'api_key: KEY'"
    example = next((part.get("example") for part in one.get("requestBody", {}).get("content", {}).values()), None)
    if example is not None:
        quoted = json.dumps(example).replace("'", "'\\''")
        line += f" \\\n    -H 'Content-Type: application/json' -d '{quoted}'"
    elif "requestBody" in one:
        line += " --data-binary @FILE"
    return line


def _sample(value: Any) -> str:
    if value in (None, "", {}, []):
        return ""
    return f"<details><summary>Example</summary><pre>{escape(json.dumps(value, indent=2))}</pre></details>"


# --- shapes ---------------------------------------------------------------------------------------------------------


def _shape(name: str, schema: Json) -> str:
    about = f"<p>{_marked(schema['description'])}</p>" if "description" in schema else ""
    return f'<article id="shape-{name}"><h3><a href="#shape-{name}">{name}</a></h3>{about}{_fields(schema)}</article>'


def _fields(schema: Json) -> str:
    rows = "".join(_field_rows(schema))
    return f"<table>{rows}</table>" if rows else f"<p>{_kind(schema)}</p>"


def _field_rows(schema: Json) -> Iterator[str]:
    for part in schema.get("allOf", ()):
        if "$ref" in part:
            yield f'<tr><td colspan="3">everything of {_kind(part)}, and</td></tr>'
        yield from _field_rows(part)
    required = schema.get("required", ())
    for name, one in schema.get("properties", {}).items():
        need = "always" if name in required else ""
        about = _marked(one.get("description", "")) if "$ref" not in one else ""
        yield f"<tr><td><code>{escape(name)}</code></td><td>{_kind(one)}</td><td>{need} {about}</td></tr>"


def _kind(schema: Json) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f'<a href="#shape-{name}">{name}</a>'
    if "const" in schema:
        return f"<code>{escape(json.dumps(schema['const']))}</code>"
    if "enum" in schema:
        return ", ".join(f"<code>{escape(json.dumps(value))}</code>" for value in schema["enum"])
    for word in ("anyOf", "oneOf"):
        if word in schema:
            return " or ".join(dict.fromkeys(map(_kind, schema[word])))
    kind = schema.get("type", "anything")
    shown = " or ".join(kind) if isinstance(kind, list) else kind
    return f"list of {_kind(schema['items'])}" if kind == "array" and "items" in schema else escape(shown)


def _marked(text: str) -> str:
    """Escape a text and set what stands between backticks as code."""
    parts = escape(text, quote=False).split("`")
    return "".join(f"<code>{part}</code>" if number % 2 else part for number, part in enumerate(parts))
