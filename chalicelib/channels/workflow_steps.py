"""The steps of a workflow as they are sent: read, checked, numbered, and what their templates read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from chalicelib.channels import names
from chalicelib.channels.models.workflows import Workflow
from chalicelib.channels.rules import conditions
from chalicelib.channels.templates import TemplateFault, parse
from chalicelib.channels.templates.variables import variables_of
from chalicelib.channels.wire import filled
from chalicelib.core.errors import InvalidInput

_OWN_WORDS = frozenset({"step", "body", "this", "else", "tenant", "actor", "branding", "preheader"})
_TEXTS = ("content", "subject", "title", "preheader", "senderName")
Object = dict[str, Any]


def take(item: Workflow, sent: list[Object]) -> None:
    """Replace the steps of a workflow; those that are sent with the id of one that stands go on being that one.

    Raises InvalidInput naming the step whose template cannot be read.
    """
    known = {step["_id"]: step for step in item.steps}
    steps: list[Object] = []
    for position, one in enumerate(sent):
        steps.append(_step(one, f"steps.{position}", known, steps[-1]["_id"] if steps else None))
    item.steps = steps
    item.variables, item.subscriber_variables = _variables(steps)


def _step(sent: Object, place: str, known: dict[str, Object], parent: str | None) -> Object:
    before = known.pop(str(sent.get("_id")), {})  # each once
    own = before.get("_id") or names.new_id()
    template = _template(sent["template"], before, place)
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
            "metadata": {"type": "regular", **sent["metadata"]} if sent.get("metadata") else None,
            "variants": _variants(sent, before, place) if sent.get("variants") else None,
        }
    )


def _variants(sent: Object, before: Object, place: str) -> list[Object]:
    """Read the other templates of a step, one of which stands in where its filters hold."""
    known = {one["_id"]: one for one in before.get("variants", ())}
    made = []
    for position, one in enumerate(sent["variants"]):
        here = f"{place}.variants.{position}"
        old = known.pop(str(one.get("_id")), {})
        if one["template"]["type"] != sent["template"]["type"]:
            raise InvalidInput.at(f"{here}.template.type", "must be that of the step", "variant")
        template = _template(one["template"], old, here)
        own = {"_id": old.get("_id") or names.new_id(), "_templateId": template["_id"], "template": template}
        filters = conditions.complete(one.get("filters"))
        made.append({"active": True, **one, **own, "filters": filters})
    return made


def _template(sent: Object, before: Object, place: str) -> Object:
    template = {**sent, "_id": before.get("_templateId") or names.new_id()}
    for name in ("feedId", "layoutId"):
        value = template.pop(f"_{name}", None) or template.get(name)
        template.pop(name, None)
        if value:
            template[name] = template[f"_{name}"] = value
    if template["type"] == "in_app":
        template["cta"] = {"data": {}, **(template.get("cta") or {})}
    if template.get("actor"):
        template["actor"] = {"data": None, **template["actor"]}
    for text in _texts_of(template):
        try:
            parse(text)
        except TemplateFault as fault:
            raise InvalidInput.at(f"{place}.template", str(fault), "template") from None
    return template


def _texts_of(template: Object) -> list[str]:
    texts = [template.get(name) for name in _TEXTS]
    content = template.get("content")
    if isinstance(content, list):
        texts += [block.get(name) for block in content for name in ("content", "url")]
    cta = template.get("cta") or {}
    texts += [(cta.get("data") or {}).get("url")]
    texts += [button["content"] for button in (cta.get("action") or {}).get("buttons", ())]
    return [text for text in texts if isinstance(text, str)]


def templates_of(steps: list[Object]) -> Iterator[Object]:
    """Give every template of some steps, those of their variants too."""
    for step in steps:
        yield step["template"]
        yield from (variant["template"] for variant in step.get("variants", ()))


def _variables(steps: list[Object]) -> tuple[list[Object], list[Object]]:
    """List what the templates read of the payload and of the subscriber."""
    payload: dict[str, Object] = {}
    subscriber: dict[str, Object] = {}
    for template in templates_of(steps):
        for variable in template.get("variables") or ():
            payload.setdefault(variable["name"], {"name": variable["name"], "type": variable.get("type", "String")})
        for name, kind in [found for text in _texts_of(template) for found in variables_of(text).items()]:
            head, _, rest = name.partition(".")
            if head == "subscriber" and rest:
                subscriber.setdefault(rest, {"name": rest})
            elif head not in _OWN_WORDS and head != "subscriber":
                payload.setdefault(name, {"name": name, "type": kind})
    return list(payload.values()), list(subscriber.values())
