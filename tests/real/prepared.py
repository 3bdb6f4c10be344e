"""One of everything on a running platform, so that ids in paths and bodies name something that is there."""

from __future__ import annotations

import itertools
import json
import uuid
from pathlib import Path
from typing import Any

import requests

KEY = "default"
USER = "prepared@example.com"
VARIABLES = [{"title": "n", "type": "integer"}]

STEPS = [{"id": "double", "type": "code", "code": "return {n: 2}"}]
OAUTH = {"authorizationUrl": "https://accounts.example.com/a", "tokenUrl": "https://accounts.example.com/t"}
DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "Pets", "version": "1"},
    "servers": [{"url": "https://pets.example.com"}],
    "paths": {"/pets": {"get": {"operationId": "listPets", "responses": {"200": {"description": "Pets"}}}}},
}


class Prepared:
    """Makes things through the API. `things` maps path variables, as the document spells them, to ids that exist."""

    def __init__(self, url: str, receiver_url: str, user: str = USER, things: dict[str, str] | None = None) -> None:
        self.url, self.receiver_url, self.user = url, receiver_url, user
        self.things = things or {}
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["api_key"] = KEY
        self._numbers = itertools.count()

    @classmethod
    def load(cls, path: Path) -> Prepared:
        """Read what `save` wrote."""
        return cls(**json.loads(path.read_text()))

    def save(self, path: Path) -> None:
        """Write down what there is, for another process."""
        kept = {"url": self.url, "receiver_url": self.receiver_url, "user": self.user, "things": self.things}
        path.write_text(json.dumps(kept))

    def make_all(self) -> Prepared:
        """Make one of everything, each in the order of what it needs."""
        for name in ("userId", "serviceId", *_KINDS, "tokenId", "subscriptionId", *_OTHERS):
            self.things[name] = self.make(name)
        self.things["part"] = "1"
        self.post(f"/v1/group/{self.things['groupId']}/user", {"userId": self.user, "role": "member"})
        self.things["hookKey"] = self.hook_key()
        return self

    def is_there(self) -> bool:
        """Say whether the service and the group are still there, and who they belong to."""
        paths = (
            f"/v1/service/{self.things['serviceId']}",
            f"/v1/group/{self.things['groupId']}",
            f"/v1/user/{self.user}",
        )
        return all(self._session.get(self.url + path, timeout=30).status_code == 200 for path in paths)

    def make(self, name: str) -> str:
        """Make one more of what a path variable names; give its id."""
        unique = f"{name}-{next(self._numbers)}-{uuid.uuid4().hex[:8]}"
        return _MAKERS[name](self, unique)

    def make_member(self) -> str:
        """Make a user who belongs to the prepared group."""
        user_id = self.make("userId")
        self.post(f"/v1/group/{self.things['groupId']}/user", {"userId": user_id, "role": "member"})
        return user_id

    def upload(self, import_id: str) -> None:
        """Upload the whole document of an import as its one part."""
        self.put(f"/v1/service/import/{import_id}/part/1", DOCUMENT)

    def hook_key(self) -> str:
        """Give the last part of the address that third parties notify."""
        path = f"/v1/service/{self.things['serviceId']}/webhookSetting"
        setting = self._call("GET", path, userId=self.user)
        return str(setting["url"]).rpartition("/")[2]

    def post(self, path: str, body: Any, **query: str) -> Any:
        """Create something that must succeed."""
        return self._call("POST", path, body, **query)

    def put(self, path: str, body: Any, **query: str) -> Any:
        """Replace something that must succeed."""
        return self._call("PUT", path, body, **query)

    def _call(self, method: str, path: str, body: Any = None, **query: str) -> Any:
        answer = self._session.request(method, self.url + path, params=query, json=body, timeout=30)
        if answer.status_code not in (200, 202):
            raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text[:500]}")
        return answer.json()


# --- how each of them is made ----------------------------------------------------------------------------------------

_KINDS: dict[str, tuple[str, dict[str, Any]]] = {  # path variable: kind in the path, body
    "serviceVersionId": ("version", {"logic": {"fn": {"double": "return input * 2"}}}),
    "securityId": ("security", {"type": "apiKey", "scheme": "bearer", "label": {"en": "Key"}}),
    "variableId": ("variable", {"schema": {"type": "string"}}),
    "actionId": ("action", {"schema": {"variables": VARIABLES}, "logic": {"execute": "return input.data"}}),
    "eventId": ("event", {"logic": {"route": "return null"}}),
    "triggerId": ("trigger", {"logic": {"trigger": "return notification.body"}}),
    "datatypeId": ("datatype", {"logic": {"values": "return [{label: 'one', value: 1}]"}}),
    "condition_id": ("condition", {"logic": {"execute": "return true"}}),
}
_OTHERS = ("groupId", "keyId", "importId", "oauthSecurityId", "automationId", "automationVersionId", "executionId")
_NAMELESS = {"serviceVersionId", "securityId"}


def _user(prepared: Prepared, unique: str) -> str:
    first = "userId" not in prepared.things
    user_id = prepared.user if first else unique
    return str(prepared.post("/v1/user", {"userId": user_id, "name": "Ada"})["id"])


def _service(prepared: Prepared, unique: str) -> str:
    return str(prepared.post("/v1/service", {"name": unique}, userId=prepared.user)["id"])


def _component(name: str) -> Any:
    kind, body = _KINDS[name]

    def make(prepared: Prepared, unique: str) -> str:
        named = {} if name in _NAMELESS else {"name": unique}
        path = f"/v1/service/{prepared.things['serviceId']}/{kind}"
        return str(prepared.post(path, {**named, **body}, userId=prepared.user)["id"])

    return make


def _token(prepared: Prepared, unique: str) -> str:
    body = {"name": unique, "serviceSecurityId": prepared.things["securityId"], "key": "secret"}
    return str(prepared.post(f"/v1/user/{prepared.user}/token", body)["id"])


def _subscription(prepared: Prepared, _unique: str) -> str:
    path = f"/v1/service/{prepared.things['serviceId']}/trigger/{prepared.things['triggerId']}/subscription"
    return str(prepared.post(path, {"url": prepared.receiver_url, "variables": {}}, userId=prepared.user)["id"])


def _group(prepared: Prepared, unique: str) -> str:
    return str(prepared.post("/v1/group", {"name": unique}, userId=prepared.user)["id"])


def _key(prepared: Prepared, unique: str) -> str:
    return str(prepared.post("/v1/admin/keys", {"name": unique})["id"])


def _import(prepared: Prepared, unique: str) -> str:
    return str(prepared.post("/v1/service/import", {"name": unique}, userId=prepared.user)["id"])


def _oauth(prepared: Prepared, _unique: str) -> str:
    path = f"/v1/service/{prepared.things['serviceId']}"
    for name in ("clientId", "clientSecret"):
        variable = prepared.post(f"{path}/variable", {"name": name}, userId=prepared.user)["id"]
        prepared.put(f"{path}/variable/{variable}/value", {"value": "known"})
    body = {"type": "oauth2", "scheme": "code", "config": {"auth": OAUTH}}
    return str(prepared.post(f"{path}/security", body, userId=prepared.user)["id"])


def _automation(prepared: Prepared, unique: str) -> str:
    return str(prepared.post("/v1/automation", {"name": unique}, userId=prepared.user)["id"])


def _automation_version(prepared: Prepared, _unique: str) -> str:
    path = f"/v1/automation/{prepared.things['automationId']}/version"
    return str(prepared.post(path, {"definition": {"steps": STEPS}}, userId=prepared.user)["id"])


def _execution(prepared: Prepared, _unique: str) -> str:
    version = _automation_version(prepared, _unique)
    path = f"/v1/automation/{prepared.things['automationId']}/version/{version}"
    prepared.post(f"{path}/publish", None, userId=prepared.user)
    query = {"userId": prepared.user, "async": "true"}
    return str(prepared.post(f"{path}/execute", {"input": {}}, **query)["executionId"])


_MAKERS: dict[str, Any] = {
    "userId": _user,
    "serviceId": _service,
    **{name: _component(name) for name in _KINDS},
    "tokenId": _token,
    "subscriptionId": _subscription,
    "groupId": _group,
    "keyId": _key,
    "importId": _import,
    "oauthSecurityId": _oauth,
    "automationId": _automation,
    "automationVersionId": _automation_version,
    "executionId": _execution,
}
