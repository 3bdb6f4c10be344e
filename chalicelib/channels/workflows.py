"""Workflows: making, changing and ending them."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any

import orjson

from chalicelib.channels import groups, names
from chalicelib.channels.models.workflows import Workflow, find_either
from chalicelib.channels.rules import conditions
from chalicelib.channels.rules.preferences import CHANNELS
from chalicelib.channels.templates import TemplateFault, parse
from chalicelib.channels.wire import filled, iso, number, page_of
from chalicelib.core.call import Call
from chalicelib.core.errors import AlreadyExists, InvalidInput, NotFound, TooLarge

MAX_BYTES = 300_000
_VARIABLE = re.compile(r"\{\{\{?\s*([A-Za-z_][\w.]*)\s*\}?\}\}")
_OWN_WORDS = frozenset({"step", "body", "this", "else", "tenant", "actor", "branding", "preheader"})
_TEXTS = ("content", "subject", "title", "preheader", "senderName")


def list_page(call: Call) -> dict[str, Any]:
    """List workflows, the newest first; `query` is part of a name or identifier."""
    page, size = number(call, "page", 0), number(call, "limit", 10, 1, 100)
    items = list(reversed(Workflow.list_all(call.workspace_id)))
    if wanted := call.query.get("query", "").lower():
        items = [item for item in items if wanted in item.name.lower() or wanted in item.identifier.lower()]
    shown = items[page * size : page * size + size]
    return page_of([view(item) for item in shown], page, size, len(items))


def create(call: Call) -> dict[str, Any]:
    """Make a workflow; its identifier is made from its name, with a suffix when that is taken."""
    body = call.body
    group = _group(call, body.notification_group_id)
    sent = body.sent()
    item = Workflow.new(
        call.workspace_id,
        id=names.new_id(call, "workflow"),
        by=call.caller.key_id,
        name=body.name,
        identifier=names.slug(body.name),
        description=body.description,
        active=body.active,
        critical=body.critical,
        tags=body.tags or [],
        group_id=group,
        preference_settings=_settings(sent.get("preferenceSettings")),
        data=body.data,
    )
    _take_steps(item, sent["steps"])
    try:
        item.insert()
    except AlreadyExists:
        item.identifier = f"{item.identifier}-{names.short(item.id)}"
        item.insert()
    return view(item)


def read(call: Call) -> dict[str, Any]:
    """Show a workflow, found by id or trigger identifier."""
    return view(find(call.workspace_id, call.path["template_id"]))


def update(call: Call) -> dict[str, Any]:
    """Change what was sent."""
    item, body = find(call.workspace_id, call.path["template_id"]), call.body
    before, sent = Workflow(**vars(item)), call.body.sent()
    if not sent:
        raise InvalidInput.at("body", "nothing to update was sent", "missing")
    for field in ("name", "description", "tags", "critical", "data", "identifier"):
        if getattr(body, field) is not None:
            setattr(item, field, getattr(body, field))
    if body.notification_group_id is not None:
        item.group_id = _group(call, body.notification_group_id)
    if body.preference_settings is not None:
        item.preference_settings = _settings(sent["preferenceSettings"])
    if body.steps is not None:
        _take_steps(item, sent["steps"])
    try:
        return view(item.save(before=before))
    except AlreadyExists:
        raise AlreadyExists(f"Workflow with identifier {item.identifier} already exists") from None


def delete(call: Call) -> bool:
    """Delete a workflow; notifications under way keep the steps they began with."""
    find(call.workspace_id, call.path["template_id"]).remove()
    return True


def set_status(call: Call) -> dict[str, Any]:
    """Switch a workflow on or off. Raises InvalidInput when it is so already."""
    item = find(call.workspace_id, call.path["template_id"])
    if item.active == call.body.active:
        raise InvalidInput.at("active", "You must provide a different status from the current status", "same")
    item.active = call.body.active
    return view(item.save())


def find(workspace_id: str, id_or_identifier: str) -> Workflow:
    """Find a workflow by id or trigger identifier. Raises NotFound."""
    return find_either(workspace_id, id_or_identifier)


def triggers_of(item: Workflow) -> list[dict[str, Any]]:
    """Render the trigger of a workflow."""
    return [
        {
            "type": "event",
            "identifier": item.identifier,
            "variables": item.variables,
            "subscriberVariables": item.subscriber_variables,
            "reservedVariables": [],
        }
    ]


def view(item: Workflow) -> dict[str, Any]:
    """Render a workflow."""
    group = None
    with suppress(NotFound):
        group = groups.view(groups.find(item.workspace_id, item.group_id))
    return filled(
        {
            "_id": item.id,
            "name": item.name,
            "description": item.description,
            "active": item.active,
            "draft": not item.active,
            "critical": item.critical,
            "preferenceSettings": item.preference_settings,
            "tags": item.tags,
            "steps": item.steps,
            "triggers": triggers_of(item),
            "_organizationId": names.organization_id(item.workspace_id),
            "_environmentId": names.environment_id(item.workspace_id),
            "_creatorId": item.created_by,
            "_notificationGroupId": item.group_id,
            "notificationGroup": group,
            "data": item.data,
            "deleted": False,
            "createdAt": iso(item.inserted_at),
            "updatedAt": iso(item.updated_at),
        }
    )


# --- reading what was sent ------------------------------------------------------------------------------------------


def _group(call: Call, identifier: str) -> str:
    try:
        return groups.find(call.workspace_id, identifier).id
    except NotFound:
        raise InvalidInput.at("notificationGroupId", "is not a workflow group", "unknown") from None


def _settings(sent: dict[str, bool] | None) -> dict[str, bool]:
    return {channel: (sent or {}).get(channel, True) for channel in CHANNELS}


def _take_steps(item: Workflow, sent: list[dict[str, Any]]) -> None:
    known = {step["_id"]: step for step in item.steps}
    steps: list[dict[str, Any]] = []
    for position, one in enumerate(sent):
        steps.append(_step(one, position, known, steps[-1]["_id"] if steps else None))
    item.steps = steps
    item.variables, item.subscriber_variables = _variables(steps)
    if len(orjson.dumps(steps)) > MAX_BYTES:
        raise TooLarge(f"the steps of a workflow may have at most {MAX_BYTES} bytes together")


def _step(sent: dict[str, Any], position: int, known: dict[str, dict[str, Any]], parent: str | None) -> dict[str, Any]:
    own = sent["_id"] if sent.get("_id") in known else names.new_id()
    template = {**sent["template"]}
    template["_id"] = known[own]["_templateId"] if own in known else names.new_id()
    for name in ("feedId", "layoutId"):
        value = template.pop(f"_{name}", None) or template.get(name)
        template.pop(name, None)
        if value:
            template[name] = template[f"_{name}"] = value
    if template["type"] == "in_app":
        template["cta"] = {"data": {}, **(template.get("cta") or {})}
    _check_texts(template, position)
    return filled(
        {
            **sent,
            "_id": own,
            "uuid": sent.get("uuid") or own,
            "_templateId": template["_id"],
            "_parentId": parent,
            "active": sent.get("active", True),
            "shouldStopOnFail": sent.get("shouldStopOnFail", False),
            "template": template,
            "filters": conditions.complete(sent.get("filters")),
        }
    )


def _check_texts(template: dict[str, Any], position: int) -> None:
    for text in _texts_of(template):
        try:
            parse(text)
        except TemplateFault as fault:
            raise InvalidInput.at(f"steps.{position}.template", str(fault), "template") from None


def _texts_of(template: dict[str, Any]) -> list[str]:
    texts = [template.get(name) for name in _TEXTS]
    content = template.get("content")
    if isinstance(content, list):
        texts += [block.get(name) for block in content for name in ("content", "url")]
    return [text for text in texts if isinstance(text, str)]


def _variables(steps: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """List what the templates read of the payload and of the subscriber."""
    payload: dict[str, dict[str, Any]] = {}
    subscriber: dict[str, dict[str, Any]] = {}
    for step in steps:
        for variable in step["template"].get("variables") or ():
            payload.setdefault(variable["name"], {"name": variable["name"], "type": variable.get("type", "String")})
        for name in [found for text in _texts_of(step["template"]) for found in _VARIABLE.findall(text)]:
            head, _, rest = name.partition(".")
            if head == "subscriber" and rest:
                subscriber.setdefault(rest, {"name": rest})
            elif head not in _OWN_WORDS and head != "subscriber":
                payload.setdefault(name, {"name": name, "type": "String"})
    return list(payload.values()), list(subscriber.values())
