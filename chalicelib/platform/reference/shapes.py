"""Shapes as JSON Schema: every In as callers may send it, every Out as it is really shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, get_args

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, models_json_schema

from chalicelib.edge.schema import In, Out
from chalicelib.platform.reference.declared import ADDED, READERS, TOGETHER, Json, ref

Shape = type[In] | type[Out]
_REF = "#/components/schemas/{model}"
_MODULES = "chalicelib__"  # what pydantic's names of shapes that are not the only ones of their name begin with


class _Generator(GenerateJsonSchema):
    """Leaves out titles and empty defaults, and says what the functions before a field let pass.

    A set may be sent with an item twice: it counts once.
    """

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def default_schema(self, schema: Any) -> Json:
        made = super().default_schema(schema)
        if made.get("default") in (None, ""):
            made.pop("default", None)
        return made

    def encode_default(self, dft: Any) -> Any:
        return sorted(dft) if isinstance(dft, frozenset | set) else super().encode_default(dft)

    def frozenset_schema(self, schema: Any) -> Json:
        return {word: value for word, value in super().frozenset_schema(schema).items() if word != "uniqueItems"}

    def function_before_schema(self, schema: Any) -> Json:
        made, reader = super().function_before_schema(schema), schema["function"]["function"]
        read = READERS.get(getattr(reader, "__name__", ""), {})
        return {**made, **read, **{word: made[word] for word in ("pattern",) if word in made}}


def mode_of(shape: Shape) -> JsonSchemaMode:
    """Say from which side a shape is seen."""
    return "validation" if issubclass(shape, In) else "serialization"


def schemas_of(shapes: Iterable[Shape]) -> tuple[dict[Shape, Json], dict[str, Json]]:
    """Describe shapes: what stands for each, and the shared schemas by name."""
    asked = [(shape, mode_of(shape)) for shape in dict.fromkeys(part for shape in shapes for part in _parts(shape))]
    found, whole = models_json_schema(asked, ref_template=_REF, schema_generator=_Generator)
    shared: dict[str, Json] = _named(whole.get("$defs", {}))
    pointers: dict[Shape, Json] = {shape: _named(found[shape, mode]) for shape, mode in asked}
    for shape, pointer in pointers.items():
        name = pointer["$ref"].rpartition("/")[2]
        shared[name] = _mended(_finished(shape, shared[name]))
    return pointers, {name: _untitled(shared[name]) for name in sorted(shared)}


def _named(node: Any) -> Any:
    """Name shapes of which several contexts have one of that name after their context, not after their module."""
    if isinstance(node, list):
        return [_named(part) for part in node]
    if isinstance(node, dict):
        return {_short(name): _named(part) for name, part in node.items()}
    return _short(node) if isinstance(node, str) else node


def _short(text: str) -> str:
    start, found, long = text.rpartition(_MODULES)
    if not found:
        return text
    context, *_, name = long.split("__")
    return f"{start}{context.capitalize()}{name}"


def _parts(shape: Any) -> Iterator[Shape]:
    """Give a shape, and those of answers inside it: they leave out fields, too."""
    if isinstance(shape, type) and issubclass(shape, In | Out):
        yield shape
        inside = [field.annotation for field in shape.model_fields.values()] if issubclass(shape, Out) else []
    else:
        inside = list(get_args(shape))
    for part in inside:
        yield from _parts(part)


def _finished(shape: Shape, schema: Json) -> Json:
    properties = dict(schema.get("properties", {}))
    if issubclass(shape, In):
        if shape.__name__.endswith("Patch"):  # what is not sent stays as it is
            properties = {name: {k: v for k, v in one.items() if k != "default"} for name, one in properties.items()}
        return {**schema, "properties": properties, **TOGETHER.get(shape.__name__, {})}
    left_out = set()
    for name, field in shape.model_fields.items():
        if "at_ms" in field.metadata:
            properties[field.alias or name] = ref("Timestamp")
        if "when_set" in field.metadata:
            properties[field.alias or name] = {"type": "string"}
            left_out.add(field.alias or name)
    properties |= next((ADDED[base.__name__] for base in shape.__mro__ if base.__name__ in ADDED), {})
    return {**schema, "properties": properties, "required": [name for name in properties if name not in left_out]}


def _mended(schema: Any) -> Any:
    """Put limits set around a reading function, which pydantic spells for Python or for text, under their words."""
    if isinstance(schema, list):
        return [_mended(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    words = {"ge": "minimum", "le": "maximum", **({"minLength": "minItems"} if schema.get("type") == "array" else {})}
    return {words.get(word, word): _mended(part) for word, part in schema.items()}


def _untitled(schema: Json) -> Json:
    return {name: value for name, value in schema.items() if name != "title"}
