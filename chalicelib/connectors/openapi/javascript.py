"""Actions as JavaScript that people can read and change: each calls the service's shared script `request`."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from chalicelib.connectors.openapi.operations import FORM, Input, Operation, is_json
from chalicelib.connectors.openapi.references import Json
from chalicelib.connectors.openapi.securities import Scheme

SCRIPT = "request"
_WORD = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")
_WIDTH = 100
_BEARER = {"id": "", "in": "header", "name": "Authorization", "prefix": "Bearer"}


def code_of(operation: Operation, server: str = "") -> str:
    """Write the body of an action's execute hook. `server` is the operation's own address, where it has one."""
    options = _options(operation, server)
    outline = operation.outline
    lines = [f"// {operation.summary}", *([f"// {operation.link}"] if operation.link else [])]
    if operation.inputs:
        lines.append("const { data } = input;")
    call = f"return service.fn.{SCRIPT}({_text(outline.method.upper())}, {_text(outline.path)}"
    if options:
        call += ", {\n" + "".join(f"  {name}: {value},\n" for name, value in options.items()) + "}"
    return "\n".join([*lines, call + ");"]) + "\n"


def shared_script(url: str, schemes: list[Scheme]) -> str:
    """Write the script all actions of a service call."""
    keys = [{"id": scheme.name, **scheme.config} for scheme in schemes if scheme.is_key] or [_BEARER]
    return f"const DEFAULT_URL = {_text(url)};\nconst KEYS = {_text(keys)};\n{_request_js()}"


def server_url(servers: Any, base: str = "") -> str:
    """Give the address of the first server, its variables at their defaults; "" when it has no host.

    `base` is where the document came from: a server may be written relative to it.
    """
    first = servers[0] if isinstance(servers, list) and servers and isinstance(servers[0], dict) else {}
    url, variables = str(first.get("url") or ""), first.get("variables")
    for name, variable in (variables if isinstance(variables, dict) else {}).items():
        default = variable.get("default", "") if isinstance(variable, dict) else ""
        url = url.replace("{" + name + "}", str(default))
    if base:
        url = urljoin(base if base.endswith("/") else base + "/", url.lstrip("/")) if url else base
    return url.rstrip("/") if re.match(r"https?://[^{}\s]+$", url) else ""


def _options(operation: Operation, server: str) -> dict[str, str]:
    by_place: dict[str, list[Input]] = {}
    for one in operation.inputs:
        by_place.setdefault(one.place, []).append(one)
    options = {
        option: _object(by_place[place])
        for place, option in (("path", "path"), ("query", "query"), ("header", "headers"))
        if place in by_place
    }
    if operation.media:
        options |= _body(operation, by_place)
    styles = {one.name: one.style for one in operation.inputs if one.style}
    if styles:
        options["styles"] = _literal({name: _text(style) for name, style in styles.items()})
    if server:
        options["url"] = _text(server)
    return options


def _body(operation: Operation, by_place: dict[str, list[Input]]) -> dict[str, str]:
    whole = by_place.get("whole")
    value = _read(whole[0]) if whole else _object(by_place.get("field", []))
    word = "form" if operation.media == FORM else "body" if is_json(operation.media) else "text"
    media = "application/json" if operation.media == "*/*" else operation.media
    optional = {} if operation.is_body_required or whole else {"isOptional": "true"}
    return {word: value, "type": _text(media), **optional}


def _object(inputs: list[Input]) -> str:
    return _literal({one.name: _read(one) for one in inputs})


def _literal(values: dict[str, str]) -> str:
    parts = [f"{_key(name)}: {value}" for name, value in values.items()]
    line = "{ " + ", ".join(parts) + " }" if parts else "{}"
    if len(line) <= _WIDTH:
        return line
    return "{\n" + "".join(f"    {part},\n" for part in parts) + "  }"


def _read(one: Input) -> str:
    return f"data.{one.title}" if _WORD.fullmatch(one.title) else f"data[{_text(one.title)}]"


def _key(name: str) -> str:
    if name == "__proto__":
        return f"[{_text(name)}]"
    return name if _WORD.fullmatch(name) else _text(name)


def _text(value: Json | list[Any] | str) -> str:
    """Write a value as a JavaScript literal; the two line ends that JSON allows in text are escaped."""
    return json.dumps(value, ensure_ascii=False).replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


@lru_cache(maxsize=1)
def _request_js() -> str:
    return Path(__file__).with_name("request.js").read_text(encoding="utf-8")
