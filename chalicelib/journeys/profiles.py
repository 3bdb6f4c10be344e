"""Customer profiles: in the store that the node's HUB setting names, else kept here, under each name of a customer.

Asked for over HTTP: `GET {endpoint}/workspaces/{workspaceId}/customers/{clabUuid}` and `PATCH` of the same with what
changes; a customer without clabUuid is looked up by `externalId` or e-mail first.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import orjson

from chalicelib.adapters import http_client
from chalicelib.adapters.http_client import Request
from chalicelib.core.errors import Unavailable, UpstreamFailed
from chalicelib.journeys import connectors
from chalicelib.journeys.models import profiles as stored
from chalicelib.journeys.models.nodes import Node
from chalicelib.journeys.rules.entry import Identity

T = TypeVar("T")
Json = dict[str, Any]
TIMEOUT_S = 10.0
EMAIL_PATH = "base.contacts.email"
_DENIED = frozenset({401, 403})


class Unavailing(UpstreamFailed):
    """A profile cannot be had."""


class Unreachable(Unavailing):
    """The profile store did not answer, or not usably; asking again may help."""

    def __init__(self, message: str) -> None:
        super().__init__(message, retryable=True)


class Denied(Unavailing):
    """The profile store refuses us, or there is none: no customer's profile can be had."""


def read(node: Node, who: Identity) -> Json:
    """Read a customer's profile, empty when there is none. Raises Unreachable, Denied, Unavailable."""
    value = _value(node)
    if value is None or not value.get("endpoint"):
        return stored.read(node.workspace_id, node.id, who.names())
    return _by_newest(node, value, lambda setting: _find(node, setting, who)) or {}


def change(node: Node, who: Identity, path: str, value: Any, *, adds: bool) -> None:
    """Set a property of a profile, or add a value to a list property unless it is there. Repeating changes nothing.

    Raises Unreachable, Denied (also without a HUB setting), Unavailable; KeyError when the path leads through a value.
    """
    connector = _value(node)
    if connector is None:
        connector = _value(node, fresh=True)  # one that was just made is not known everywhere yet
    if connector is None:
        raise Denied("the node has no setting of type HUB")
    if not connector.get("endpoint"):
        stored.change(node.workspace_id, node.id, who.names(), lambda profile: changed(profile, path, value, adds))
        return
    _by_newest(node, connector, lambda setting: _change(node, setting, who, path, value, adds))


def _change(node: Node, setting: Json, who: Identity, path: str, value: Any, adds: bool) -> None:
    profile = _find(node, setting, who)
    if profile is None:
        raise KeyError("the profile store does not know this customer")
    after = changed(profile, path, value, adds)
    if after == profile:
        return
    top = path.partition(".")[0]
    _ask(node, setting, "PATCH", f"/{quote(str(profile['id']), safe='')}", {top: after[top]})


def _by_newest(node: Node, known: Json, ask: Callable[[Json], T]) -> T:
    """Ask by the setting as it is known, some seconds old. What is refused is asked once more by a newer one.

    Without that, whoever repairs a setting and starts an automation again at once would see it stop once more.
    """
    try:
        return ask(known)
    except Denied:
        newest = _value(node, fresh=True)
        if newest is None or newest == known or not newest.get("endpoint"):
            raise
        return ask(newest)


def changed(profile: Json, path: str, value: Any, adds: bool) -> Json:
    """Give a profile with one property changed. Raises KeyError when the path leads through a plain value."""
    made = copy.deepcopy(profile)
    *parents, last = path.split(".")
    inner: Any = made
    for name in parents:
        inner = inner.setdefault(name, {})
        if not isinstance(inner, dict):
            raise KeyError(f"{name} is no object")
    if not adds:
        inner[last] = value
        return made
    before = inner.get(last)
    listed = before if isinstance(before, list) else [] if before is None else [before]
    inner[last] = listed if value in listed else [*listed, value]
    return made


def _value(node: Node, *, fresh: bool = False) -> Json | None:
    found = connectors.of_type(node.workspace_id, node.id, connectors.PROFILES, fresh=fresh)
    return None if found is None else connectors.whole(found)


def _find(node: Node, value: Json, who: Identity) -> Json | None:
    if who.clab_uuid:
        return _ask(node, value, "GET", f"/{quote(who.clab_uuid, safe='')}")
    if not (who.user_pk or who.email):
        return None  # a number alone names nobody there
    asked = {"nodeId": str(value.get("nodeId") or "")}
    if who.user_pk:
        asked["externalId"] = who.user_pk
    else:
        condition = {"type": "atomic", "attribute": value.get("emailPath") or EMAIL_PATH, "operator": "EQUALS"}
        query = {
            "name": "",
            "query": {"type": "simple", "name": "", "are": {"condition": {**condition, "value": who.email}}},
        }
        asked["query"] = orjson.dumps(query).decode()
    found = _ask(node, value, "GET", "?" + urlencode(asked)) or {}
    elements = found.get("elements") or []
    return elements[0] if elements and isinstance(elements[0], dict) else None


def _ask(node: Node, value: Json, method: str, rest: str, body: Json | None = None) -> Json | None:
    workspace = quote(str(value.get("workspaceId") or ""), safe="")
    url = f"{str(value['endpoint']).rstrip('/')}/workspaces/{workspace}/customers{rest}"
    headers = {"Accept": "application/json", "Content-Type": "application/json"}
    if value.get("token"):
        headers["Authorization"] = f"Bearer {value['token']}"
    sent = orjson.dumps(body) if body is not None else b""
    try:
        answer = http_client.send(node.workspace_id, Request(method, url, headers, sent, timeout_s=TIMEOUT_S))
    except Unavailable:
        raise
    except UpstreamFailed as error:
        raise Unreachable(f"the profile store did not answer: {error.message}") from error
    if answer.status == 404:
        return None
    if answer.status in _DENIED:
        raise Denied("the profile store refused our credentials", status=answer.status)
    if not 200 <= answer.status < 300:
        raise Unreachable(f"the profile store answered {answer.status}")
    try:
        read_ = orjson.loads(answer.body) if answer.body else {}
    except orjson.JSONDecodeError:
        raise Unreachable("the profile store did not answer JSON") from None
    return read_ if isinstance(read_, dict) else {}
