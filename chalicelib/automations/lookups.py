"""Does what a definition names exist, where its owner may use it? Asked at save and again at publishing.

A name that is made while running (`${...}`) cannot be looked up, and is checked when its step runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from chalicelib.automations import loading
from chalicelib.automations.models import Automation
from chalicelib.automations.rules.fields import holds_made, is_made
from chalicelib.automations.rules.language import MAX_STEPS
from chalicelib.automations.rules.walking import steps_in
from chalicelib.connectors import public as connectors
from chalicelib.connectors.public import Component
from chalicelib.core.call import MAX_TEXT
from chalicelib.core.errors import Fault, InvalidInput, NotFound, TooLarge

MAX_FAULTS = 50
Json = dict[str, Any]
Faults = Iterator[Fault]


@dataclass
class Names:
    """Whose definition it is. `own` are the id and the name of its automation, which may call itself."""

    workspace_id: str
    user_id: str
    own: frozenset[str] = frozenset()
    _known: dict[tuple[Any, ...], tuple[str, str] | Component | None] = field(default_factory=dict)

    def faults_of(self, definition: Json, where: str) -> list[Fault]:
        """List what a definition names in vain, at most 50. What is no name at all is another's to find."""
        found: list[Fault] = []
        trigger = definition.get("trigger")
        if isinstance(trigger, dict):
            found += self._component(trigger, "trigger", f"{where}.trigger")
        for number, (place, step) in enumerate(steps_in(definition.get("steps"), f"{where}.steps")):
            if len(found) >= MAX_FAULTS or number >= MAX_STEPS:
                break
            if step.get("type") in ("action", "condition"):
                found += self._component(step, step["type"], place)
            elif step.get("type") == "automation":
                found += self._automation(step, place)
        return found[:MAX_FAULTS]

    def _component(self, given: Json, kind: str, where: str) -> Faults:
        service, version, name = _name(given, "service"), _name(given, "serviceVersion"), _name(given, kind)
        if service is None:
            return
        key = (service, version, kind, name)
        if key not in self._known:
            self._known[key] = self._looked_up(*key)
        found = self._known[key]
        if isinstance(found, tuple):
            yield Fault(f"{where}.{found[0]}", found[1], "reference")
        elif found is not None:
            yield from _inputs(found, given, "variables" if kind == "trigger" else "input", where)

    def _looked_up(
        self, service: str, version: str | None, kind: str, name: str | None
    ) -> tuple[str, str] | Component | None:
        """Find what is named, or say which field names nothing, and why; None when the name is made while running."""
        try:
            found = connectors.find_service(self.workspace_id, service)
        except NotFound:
            return "service", f"there is no service {service}"
        try:
            within = connectors.find_version(found, version)
        except NotFound:
            return "serviceVersion", f"the service has no version {version}"
        try:
            return None if name is None else connectors.find_component(found, kind, name, within=within)
        except NotFound:
            return kind, f"the service has no {kind} {name}"

    def _automation(self, step: Json, where: str) -> Faults:
        name, version = _name(step, "automationId"), _name(step, "version")
        if name is None or name in self.own:
            return
        try:
            item = Automation.find_either(self.workspace_id, name, user_id=self.user_id)
        except NotFound:
            yield Fault(f"{where}.automationId", f"this user has no automation {name}", "reference")
            return
        if "version" not in step:
            if item.live_version is None:
                yield Fault(f"{where}.automationId", "has no published version; publish one or name a version", "state")
        elif version is not None:
            try:
                loading.version_named(self.workspace_id, item.id, version)
            except NotFound:
                yield Fault(f"{where}.version", f"the automation has no version {version}", "reference")


def _inputs(component: Component, given: Json, part: str, where: str) -> Faults:
    """List what is wrong with inputs that are written out; those made while running are checked then."""
    data = {} if given.get(part) is None else given[part]
    if is_made(data) or (part == "variables" and not isinstance(data, dict)):
        return
    try:
        complete = data if part == "variables" else connectors.completed(component, data)
        connectors.validate_variables(component, complete, f"{where}.{part}")
    except InvalidInput as error:
        given_later = {name for name, value in data.items() if holds_made(value)} if isinstance(data, dict) else set()
        if part == "input":  # defaults may be made of other inputs
            has_default = {one.name for one in connectors.input_fields(component) if "default" in one.schema}
            given_later |= has_default.difference(data if isinstance(data, dict) else ())
        places = [f"{where}.{part}.{name}" for name in given_later]
        for fault in error.faults:
            if not any(fault.location == one or fault.location.startswith(f"{one}.") for one in places):
                yield fault
    except TooLarge:
        return


def _name(given: Json, field_name: str) -> str | None:
    value = given.get(field_name)
    return value if isinstance(value, str) and 0 < len(value) <= MAX_TEXT and "${" not in value else None
