"""Makes things through the API, as a customer would, with only what the test cares about spelled out."""

from __future__ import annotations

from typing import Any

from tests.client import Client, quoted, with_query

DEVELOPER = "developer"
USER = "user@example.com"
_numbers = iter(range(1, 1_000_000))


def number() -> int:
    """Give a number no other thing of this test process has."""
    return next(_numbers)


def make_user(client: Client, user_id: str = USER, **fields: Any) -> str:
    """Make a user; give the minted id."""
    return str(client.post("/v1/user", {"userId": user_id, **fields}).ok()["id"])


def make_service(client: Client, *, scripts: dict[str, str] | None = None, version: bool = True, **fields: Any) -> str:
    """Make a service with a first version that holds its scripts; give the service's id."""
    body = {"name": f"service{number()}", **fields}
    service = str(client.post(with_query("/v1/service", userId=DEVELOPER), body).ok()["id"])
    if version:
        make_version(client, service, logic={"fn": scripts or {}})
    return service


def make_version(client: Client, service: str, **fields: Any) -> str:
    """Make a version of a service; give its id."""
    path = with_query(quoted("v1", "service", service, "version"), userId=DEVELOPER)
    return str(client.post(path, fields).ok()["id"])


def make_action(client: Client, service: str, code: str = "return input.data", **fields: Any) -> dict[str, Any]:
    """Make an action with an execute hook; give it as answered."""
    return _make(client, service, "action", {"name": f"action{number()}", "logic": {"execute": code}, **fields})


def make_event(client: Client, service: str, route: str = "return null", **fields: Any) -> dict[str, Any]:
    """Make an event with a route hook; give it as answered."""
    return _make(client, service, "event", {"name": f"event{number()}", "logic": {"route": route}, **fields})


def make_trigger(client: Client, service: str, code: str = "return notification.body", **fields: Any) -> dict[str, Any]:
    """Make a trigger with a trigger hook; give it as answered."""
    return _make(client, service, "trigger", {"name": f"trigger{number()}", "logic": {"trigger": code}, **fields})


def make_datatype(client: Client, service: str, values: str | None = "return []", **fields: Any) -> str:
    """Make a datatype, with a values hook unless None is given; give its id."""
    logic = {} if values is None else {"logic": {"values": values}}
    return str(_make(client, service, "datatype", {"name": f"datatype{number()}", **logic, **fields})["id"])


def make_condition(client: Client, service: str, code: str = "return true", **fields: Any) -> str:
    """Make a condition with an execute hook; give its id."""
    body = {"name": f"condition{number()}", "logic": {"execute": code}, **fields}
    return str(_make(client, service, "condition", body)["id"])


def make_group(client: Client, name: str | None = None, **fields: Any) -> str:
    """Make a group; give its id."""
    return str(client.post("/v1/group", {"name": name or f"group{number()}", **fields}).ok()["id"])


def publish(client: Client, service: str, user_id: str = "publisher") -> None:
    """Publish a service as a user who is made for it."""
    client.post("/v1/user", {"userId": user_id})
    client.post(with_query(quoted("v1", "service", service, "publish"), contributor_id=user_id)).ok()


def make_security(client: Client, service: str, **fields: Any) -> str:
    """Make a security of type apiKey; give its id."""
    return str(_make(client, service, "security", {"type": "apiKey", "scheme": "bearer", **fields})["id"])


def make_variable(client: Client, service: str, *, value: Any = None, **fields: Any) -> dict[str, Any]:
    """Make a variable, with a value if one is given; give its declaration as answered."""
    made = _make(client, service, "variable", {"name": f"variable{number()}", **fields})
    if value is not None:
        client.put(quoted("v1", "service", service, "variable", made["id"], "value"), {"value": value}).ok()
    return made


def make_token(client: Client, security: str, user_id: str = USER, **fields: Any) -> dict[str, Any]:
    """Give a user a token for a security: an API key unless another form is given; give it as answered."""
    form = {} if fields.keys() & {"oauth", "basic", "key"} else {"key": f"secret-of-{user_id}-{number()}"}
    body = {"name": "token", "serviceSecurityId": security, **form, **fields}
    made: dict[str, Any] = client.post(quoted("v1", "user", user_id, "token"), body).ok()
    return made


def execute(client: Client, service: str, action: str, data: Any = None, user_id: str = USER, **query: str) -> Any:
    """Run an action by its path; give the whole answer."""
    path = quoted("v1", "service", service, "action", action, "execute")
    return client.post(with_query(path, userId=user_id, **query), {} if data is None else data)


def _make(client: Client, service: str, kind: str, body: dict[str, Any]) -> dict[str, Any]:
    path = with_query(quoted("v1", "service", service, kind), userId=DEVELOPER)
    made: dict[str, Any] = client.post(path, body).ok()
    return made
