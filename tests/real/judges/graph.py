"""Judging by the address templates and objects of Microsoft's own generated client."""

from __future__ import annotations

import re
from functools import cache
from typing import Any
from urllib.parse import unquote, urlsplit

from tests.real.judges import Json, Request, asked_body, asked_query, template_fits
from tests.real.vendor_packages import wheel

_GENERATED = "msgraph/generated"
_OURS = (
    *(f"{_GENERATED}/users/item/{part}" for part in ("messages", "mail_folders", "send_mail", "outlook")),
    f"{_GENERATED}/subscriptions/",
)
_FIELD = re.compile(r'^ +"([\w.@]+)": lambda n : setattr\(self, \'\w+\', n\.(\w+)\((\w*)\)', re.MULTILINE)
_PLAIN = {"get_str_value": str, "get_bool_value": bool, "get_int_value": int, "get_bytes_value": str}


class Graph:
    """Judges by the address templates and objects of Microsoft's own generated client."""

    def faults(self, request: Request) -> list[str]:
        """Say what does not fit; nothing when all does."""
        path = unquote(urlsplit(request["url"]).path).removeprefix("/v1.0")
        path = re.sub(r"^/me(?=/)", "/users/me", path)
        path = re.sub(r"/delta$", "/delta()", path)
        fitting = [one for one in _graph_templates() if template_fits(one[0], path)]
        if not fitting:
            return [f"there is no {path}"]
        template, query, source = fitting[0]
        call = re.search(
            rf"async def {request['method'].lower()}\(self,(?:body: Optional\[(\w+)\]|body: (\w+))?", source
        )
        if call is None:
            return [f"{template} has no {request['method']}"]
        given = asked_query(request)
        found = [f"{template} has no query parameter {name}" for name in given if name not in query]
        known = _graph_fields("message") if "messages" in template and "attachments" not in template else None
        for name in ",".join(given.get("$select", [])).split(","):
            found += [f"there is no field {name}"] if name and known and name not in known else []
        body, shape = asked_body(request), call[1] or call[2]
        if (body is None) != (shape is None):
            return [*found, f"{template}: a body is {'not ' if shape is None else ''}wanted"]
        return found + (_graph_faults(_snake(shape), body, "body") if shape else [])


@cache
def _graph_templates() -> list[tuple[str, frozenset[str], str]]:
    archive, found = wheel("msgraph-sdk"), []
    for name in archive.namelist():
        if name.startswith(_OURS) and name.endswith("_request_builder.py"):
            source = archive.read(name).decode()
            match = re.search(r'"\{\+baseurl\}([^"{?]*(?:\{[^}?]+\}[^"{?]*)*)(?:\{\?([^}]*)\})?"', source)
            if match:
                names = frozenset(unquote(one.rstrip("*")) for one in (match[2] or "").split(","))
                found.append((match[1], names, source))
    return sorted(found, key=lambda one: one[0].count("{"))


@cache
def _graph_fields(model: str) -> dict[str, tuple[str, str]]:
    """List an object's fields: name -> (how it is read, of which type); those it inherits too."""
    source = _graph_source(model)
    base = re.search(r"^class \w+\((\w+)", source, re.MULTILINE)
    inherited = _graph_fields(_snake(base[1])) if base and _has_model(_snake(base[1])) else {}
    return {**inherited, **{name: (how, kind) for name, how, kind in _FIELD.findall(source)}}


@cache
def _graph_names() -> dict[str, str]:
    return {
        name.rsplit("/", 1)[1][:-3]: name for name in wheel("msgraph-sdk").namelist() if name.endswith("_body.py")
    } | {
        name[len(f"{_GENERATED}/models/") : -3]: name
        for name in wheel("msgraph-sdk").namelist()
        if name.startswith(f"{_GENERATED}/models/") and name.count("/") == 3
    }


def _graph_source(model: str) -> str:
    return wheel("msgraph-sdk").read(_graph_names()[model]).decode()


def _has_model(model: str) -> bool:
    return model in _graph_names()


def _graph_faults(model: str, value: Any, where: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{where} must be an object"]
    fields, found = _graph_fields(_derived(model, value)), []
    for name, given in value.items():
        if name == "@odata.type":
            continue
        # The generated bodies spell their fields with a capital: SaveToSentItems; Graph reads either.
        how, kind = fields.get(name) or fields.get(name[:1].upper() + name[1:]) or ("", "")
        place = f"{where}.{name}"
        if not how:
            found.append(f"{place} is unknown")
        elif how == "get_object_value":
            found += _graph_faults(_snake(kind), given, place)
        elif how == "get_collection_of_object_values":
            found += [fault for one in given for fault in _graph_faults(_snake(kind), one, place)]
        elif how == "get_enum_value":
            found += [] if f'"{given}"' in _graph_source(_snake(kind)) else [f"{place} cannot be {given}"]
        elif how in _PLAIN and not isinstance(given, _PLAIN[how]):
            found.append(f"{place} must be {_PLAIN[how].__name__}")
    return found


def _derived(model: str, value: Json) -> str:
    return _snake(value["@odata.type"].rpartition(".")[2]) if "@odata.type" in value else model


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
