"""What the fields of a step came to once their references are resolved: of a kind that the step can be run with."""

from __future__ import annotations

from typing import Any

from chalicelib.core.call import usable_text
from chalicelib.core.errors import InvalidInput

Json = dict[str, Any]
_COMPONENT = {"service": True, "serviceVersion": False, "userCredentialId": False}
_NAMES = {  # of each type of step: its fields that name something, and whether they must
    "action": {**_COMPONENT, "action": True},
    "condition": {**_COMPONENT, "condition": True},
    "automation": {"automationId": True, "version": False},
}
_OBJECTS = {"http": ("headers", "query"), "waitForEvent": ("match",), "automation": ("input",)}


def checked(step: Json) -> Json:
    """Give a step whose names are texts and whose objects are objects. Raises InvalidInput naming the field."""
    made = dict(step)
    for field, is_required in _NAMES.get(step["type"], {}).items():
        if made.get(field) is not None or is_required:
            made[field] = name(made.get(field), field)
    for field in _OBJECTS.get(step["type"], ()):
        if made.get(field) is not None and not isinstance(made[field], dict):
            raise InvalidInput.at(field, "must be an object", "type")
    return made


def name(value: Any, where: str) -> str:
    """Read a name; a whole number is one, too. Raises InvalidInput."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise InvalidInput.at(where, "must be a text that names something", "type")
    return usable_text(value, where)
