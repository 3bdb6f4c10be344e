"""Shapes: what callers send and what they see.

`In` reads a body: known fields only, others dropped, faults located. A field that was not sent is unset and does not
appear in `fields()`; null is a value. `Out` shows an item: it lists every field it shows, so a secret cannot leak.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints, ValidationError
from pydantic.alias_generators import to_camel

from chalicelib.core import clock, jsontext
from chalicelib.core.errors import Fault, InvalidInput

_CONTROLS = "\x7f" + "".join(map(chr, range(32)))


def clean(value: Any) -> Any:
    """Refuse control characters, before a text is read."""
    if isinstance(value, str) and any(character in _CONTROLS for character in value):
        raise ValueError("must not hold control characters")
    return value


def whole(value: Any) -> Any:
    """Read 60.0 as the whole number it is; JSON knows only one kind of number."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Name = Annotated[str, StringConstraints(min_length=1, max_length=200), BeforeValidator(clean)]
Text = Annotated[str, StringConstraints(max_length=10_000)]
Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.~-]{0,127}$"), BeforeValidator(clean)]
Whole = Annotated[int, BeforeValidator(whole)]
AtMs = Annotated[int, "at_ms"]
WhenSet = Annotated[str | None, "when_set"]  # a text that an answer leaves out while there is none
Object = dict[str, Any]


class In(BaseModel):
    """A body as callers send it. Raises InvalidInput naming every field that is wrong."""

    model_config = ConfigDict(
        defer_build=True, extra="ignore", strict=True, populate_by_name=True, protected_namespaces=()
    )
    MAX_BYTES: ClassVar[int] = jsontext.MAX_BYTES  # of the whole body; shapes that carry files or code take more

    @classmethod
    def read(cls, body: Any) -> Self:
        """Check a parsed body."""
        if not isinstance(body, dict):
            raise InvalidInput.at("body", "must be a JSON object", "type")
        try:
            return cls.model_validate(body)
        except ValidationError as error:
            raise _located(error) from None

    def fields(self) -> dict[str, Any]:
        """Give what was sent, by Python name."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class CamelIn(In):
    """An In whose wire names are camelCase."""

    model_config = ConfigDict(alias_generator=to_camel)


class Out(BaseModel):
    """An item as callers see it."""

    model_config = ConfigDict(defer_build=True, protected_namespaces=(), populate_by_name=True)
    _plan: ClassVar[dict[type, list[tuple[str, str, bool, bool]]]] = {}

    @classmethod
    def of(cls, item: Any) -> dict[str, Any]:
        """Render an item: every listed field under its wire name, times as the surface shows them."""
        plan = Out._plan.get(cls)
        if plan is None:
            plan = Out._plan[cls] = [
                (name, field.alias or name, "at_ms" in field.metadata, "when_set" in field.metadata)
                for name, field in cls.model_fields.items()
            ]
        shown = {}
        for name, wire, is_time, is_left_out in plan:
            value = getattr(item, name)
            if value is None and is_left_out:
                continue
            shown[wire] = clock.iso_seconds(value) if is_time else value
        return shown


class CamelOut(Out):
    """An Out whose wire names are camelCase."""

    model_config = ConfigDict(alias_generator=to_camel)


class IdOut(Out):
    """Only the id: the answer of most creations."""

    id: str


def _located(error: ValidationError) -> InvalidInput:
    faults = [
        Fault(
            "body" + "".join(f".{part}" for part in fault["loc"]),
            fault["msg"].removeprefix("Value error, "),
            fault["type"],
        )
        for fault in error.errors(include_url=False, include_context=False, include_input=False)
    ]
    first = faults[0]
    return InvalidInput(f"{first.location}: {first.message}", faults[:50])
