"""Ways to sign in, from the document's security schemes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from chalicelib.connectors.openapi import references
from chalicelib.connectors.openapi.references import Json, pointer
from chalicelib.core.errors import Fault, InvalidInput


@dataclass(frozen=True)
class Scheme:
    """One way to sign in: `name` in the document, `type` and `scheme` of the security, and its `config`."""

    name: str
    type: str
    scheme: str
    config: Json
    label: str

    @property
    def is_key(self) -> bool:
        """Say whether it is a secret sent along with every call."""
        return self.type == "apiKey"


@dataclass
class Schemes:
    """What the document offers; `faults` are the ways that cannot be used."""

    usable: list[Scheme] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


def schemes_of(root: Json, given: Json | None = None) -> Schemes:
    """List the ways to sign in: those `given` instead, or the document's, the ones used everywhere first."""
    found = Schemes()
    declared = given if given is not None else root.get("components", {}).get("securitySchemes", {})
    names = [name for needed in _list(root.get("security")) if isinstance(needed, dict) for name in needed]
    wanted = list(dict.fromkeys(name for name in (*names, *declared) if name in declared))
    for name in wanted:
        place = pointer("components", "securitySchemes", name)
        try:
            found.usable.append(_scheme(name, references.resolve(root, declared[name], place), place))
        except InvalidInput as error:
            found.faults += error.faults
    return found


def _scheme(name: str, scheme: Any, place: str) -> Scheme:
    if not isinstance(scheme, dict):
        raise InvalidInput.at(place, "must be an object", "document")
    kind, label = scheme.get("type"), str(scheme.get("description") or name)[:200]
    if kind == "apiKey":
        if scheme.get("in") not in ("header", "query") or not isinstance(scheme.get("name"), str):
            raise InvalidInput.at(place, "can only be sent as a header or in the query", "security")
        return Scheme(name, "apiKey", "apiKey", {"in": scheme["in"], "name": scheme["name"]}, label)
    if kind == "http" and str(scheme.get("scheme", "")).lower() in ("bearer", "basic"):
        word = str(scheme["scheme"]).lower()
        config = {"in": "header", "name": "Authorization", "prefix": word.capitalize()}
        return Scheme(name, "apiKey", word, config, label)
    if kind == "oauth2" and isinstance(scheme.get("flows"), dict) and scheme["flows"]:
        flow, auth = _oauth(scheme["flows"])
        return Scheme(name, "oauth2", flow, {"auth": auth}, label)
    raise InvalidInput.at(place, "is not a way to sign in that can be used here", "security")


def _oauth(flows: Json) -> tuple[str, Json]:
    """Take the flow in which a user grants access, or else the first: its name, and the auth settings of it."""
    name = next((flow for flow in ("authorizationCode", "implicit") if flow in flows), next(iter(flows)))
    flow = flows[name] if isinstance(flows[name], dict) else {}
    scopes: Any = flow.get("scopes") if isinstance(flow.get("scopes"), dict) else {}
    words = ("authorizationUrl", "tokenUrl", "refreshUrl")
    return name, {**{word: flow[word] for word in words if isinstance(flow.get(word), str)}, "scopes": " ".join(scopes)}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
