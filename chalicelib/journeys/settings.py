"""Settings: what connects a node to a message channel and to a profile store. Secrets are written, never read."""

from __future__ import annotations

import copy
from typing import Any

import orjson

from chalicelib.core.call import Call
from chalicelib.core.errors import AlreadyExists, Conflict, InvalidInput
from chalicelib.core.redaction import is_sensitive
from chalicelib.credentials.public import vault
from chalicelib.journeys import wire
from chalicelib.journeys.connectors import MASK, MESSAGES, PROFILES, context, secrets_of
from chalicelib.journeys.models import settings as stored
from chalicelib.journeys.models.settings import Setting
from chalicelib.journeys.schemas import FlowIn, MessageConnectorIn, ProfileConnectorIn

Json = dict[str, Any]
SECRETS = {MESSAGES: ("apiKey", "userKey", "signingSecret"), PROFILES: ("token",)}
SHAPES: dict[str, type[FlowIn]] = {MESSAGES: MessageConnectorIn, PROFILES: ProfileConnectorIn}
NEEDED = {"SMTP": ("endpoint",), "HTTP": ("endpoint", "apiKey"), "SES": ("region", "userKey", "apiKey"), "FAKE": ()}
SCHEMES = {"SMTP": ("smtp", "smtps"), "HTTP": ("https", "http")}
MAX_VALUE_BYTES = 32_000


def list_all(call: Call) -> Json:
    """List the settings of the node, secrets masked."""
    node = wire.node_of(call)
    category, kind = _either(call, "category", ("INTEGRATION",)), _either(call, "type", tuple(SHAPES))
    found = Setting.list_all(call.workspace_id, node=node.id)
    return {
        "integrations": [view(one) for one in found if category in (None, one.category) and kind in (None, one.type)]
    }


def read(call: Call) -> Json:
    """Read a setting, secrets masked."""
    return view(_find(call))


def create(call: Call) -> Json:
    """Add a setting. Raises AlreadyExists when the node has one of this type."""
    node, body = wire.node_of(call), call.body
    item = Setting.new(
        call.workspace_id,
        id=body.uuid or call.new_id("setting"),
        by=call.caller.key_id,
        node=node.id,
        type=body.type,
        category=body.category,
        label=body.label,
    )
    _take_over(item, body.value, {})
    try:
        item.insert()
    except AlreadyExists:
        first = Setting.get(call.workspace_id, node=node.id, id=item.id)
        if first is None or call.idempotency_key is None or body.uuid is not None:
            taken = f"of type {item.type}" if first is None else "with this uuid"
            raise AlreadyExists(f"the node has a setting {taken}") from None
        item = first  # an earlier run under the same key fell before it could answer
    stored.forget()
    call.answer_headers["Location"] = f"/flow/v1/settings/{item.id}"
    return view(item)


def replace(call: Call) -> Json:
    """Replace a setting; a secret sent back masked stays as it is. Raises Conflict for another type."""
    item, body = _find(call), call.body
    if body.type is not None and body.type != item.type:
        raise Conflict("the type of a setting cannot change")
    before = copy.deepcopy(item)
    item.label = body.label
    _take_over(item, body.value or {}, secrets_of(item))
    item.save(by=call.caller.key_id, before=before)
    stored.forget()
    return view(item)


def delete(call: Call) -> None:
    """Delete a setting."""
    _find(call).remove()
    stored.forget()


def view(item: Setting) -> Json:
    """Show a setting."""
    value = {**item.value, **dict.fromkeys(item.secrets, MASK)}
    shown = {"uuid": item.id, "label": item.label, "category": item.category, "type": item.type, "value": value}
    return {name: part for name, part in shown.items() if part is not None}


def _take_over(item: Setting, value: Json, known: Json) -> None:
    """Check a value by its type and split it into what may be shown and what is sealed."""
    try:
        checked = SHAPES[item.type].read(value).wire()
    except InvalidInput as error:
        raise _within_value(error) from None
    if len(orjson.dumps(checked)) > MAX_VALUE_BYTES:
        raise InvalidInput.at("body.value", f"must have at most {MAX_VALUE_BYTES} bytes", "too_long")
    secrets: Json = {}
    for name in [name for name, sent in checked.items() if name in SECRETS[item.type] or _is_secret(name, sent, known)]:
        sent = checked.pop(name)
        secrets[name] = sent if sent != MASK else known.get(name, "")
    secrets = {name: secret for name, secret in secrets.items() if secret}
    _check_provider(checked, secrets)
    item.value, item.secrets = checked, sorted(secrets)
    item.sealed = vault().seal(item.workspace_id, context(item), orjson.dumps(secrets)) if secrets else ""


def _is_secret(name: str, value: Any, known: Json) -> bool:
    """Whether a member that nobody declared holds a secret, by its name or one within; a mask stands for one kept."""
    if value == MASK and name in known:
        return True
    if isinstance(value, dict):
        return any(_is_secret(inner, one, {}) for inner, one in value.items())
    if isinstance(value, list):
        return any(_is_secret(name, one, {}) for one in value)
    return isinstance(value, str) and is_sensitive(name)


def _check_provider(value: Json, secrets: Json) -> None:
    """Refuse an account that could never send. Raises InvalidInput."""
    provider = value.get("provider", "")
    for name in NEEDED.get(provider, ()):
        if not (value.get(name) or secrets.get(name)):
            raise InvalidInput.at(f"body.value.{name}", f"is needed by provider {provider}", "missing")
    schemes = SCHEMES.get(provider, ())
    if schemes and value["endpoint"].partition(":")[0].lower() not in schemes:
        raise InvalidInput.at("body.value.endpoint", f"must begin with {' or '.join(schemes)}://", "scheme")


def _within_value(error: InvalidInput) -> InvalidInput:
    from dataclasses import replace as changed

    faults = [changed(one, location="body.value" + one.location.removeprefix("body")) for one in error.faults]
    return InvalidInput(f"{faults[0].location}: {faults[0].message}", faults)


def _find(call: Call) -> Setting:
    node = wire.node_of(call)
    return Setting.find(call.workspace_id, node=node.id, id=wire.uuid_in_path(call, "setting_uuid"))


def _either(call: Call, name: str, allowed: tuple[str, ...]) -> str | None:
    """Read a filter that callers spell with a capital or without."""
    for spelling in (name.capitalize(), name):
        if value := call.query.get(spelling):
            if value not in allowed:
                raise InvalidInput.at(f"query.{spelling}", f"must be one of {', '.join(allowed)}", "enum")
            return value
    return None
