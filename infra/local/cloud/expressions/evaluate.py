"""What the operators and functions of conditions mean, as small functions of item and values."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from infra.local.cloud.errors import invalid
from infra.local.cloud.expressions.syntax import Path
from infra.local.cloud.items import TYPE_NAMES, Item, Value, binary, sort_key

Values = Mapping[str, Value]
Source = Callable[[Item, Values], Value | None]
Test = Callable[[Item, Values], bool]
Check = Callable[[Values], None]

ORDERED = ("S", "N", "B")


def value_at(path: Path) -> Source:
    """Make the function that finds a path's value, or None."""
    if len(path.parts) == 1:
        name = path.attribute
        return lambda item, values: item.get(name)
    return lambda item, values: find(item, path)


def find(item: Item, path: Path) -> Value | None:
    """Follow a path of any depth."""
    value = item.get(path.attribute)
    for part in path.parts[1:]:
        if value is None:
            return None
        if isinstance(part, int):
            members = value.get("L", ())
            value = members[part] if part < len(members) else None
        else:
            value = value.get("M", {}).get(part)
    return value


def presence(path: Path, wanted: bool) -> Test:
    """Make attribute_exists (wanted) or attribute_not_exists."""
    if len(path.parts) == 1:
        name = path.attribute
        return lambda item, values: (name in item) is wanted
    return lambda item, values: (find(item, path) is not None) is wanted


def size_of(path: Path) -> Source:
    """Make size(path): bytes of text and binary data, members of everything else."""
    source = value_at(path)

    def size(item: Item, values: Values) -> Value | None:
        value = source(item, values)
        if value is None:
            return None
        [(kind, content)] = value.items()
        if kind in ("N", "BOOL", "NULL"):
            return None
        counted = content.encode() if kind == "S" else binary(content) if kind == "B" else content
        return {"N": str(len(counted))}

    return size


def _equal(left: Source, right: Source) -> Test:
    def test(item: Item, values: Values) -> bool:
        value = left(item, values)
        return value is not None and value == right(item, values)

    return test


def _unequal(left: Source, right: Source) -> Test:
    return lambda item, values: left(item, values) != right(item, values)


def _ordered(accept: Callable[[Any, Any], bool]) -> Callable[[Source, Source], Test]:
    def make(left: Source, right: Source) -> Test:
        def test(item: Item, values: Values) -> bool:
            return compared(left(item, values), right(item, values), accept)

        return test

    return make


def compared(left: Value | None, right: Value | None, accept: Callable[[Any, Any], bool]) -> bool:
    """Compare two values if both are there, of one type, and that type has an order."""
    if left is None or right is None:
        return False
    [kind] = left
    return kind in right and kind in ORDERED and accept(sort_key(left), sort_key(right))


def _between(source: Source, low: Source, high: Source) -> Test:
    def test(item: Item, values: Values) -> bool:
        value = source(item, values)
        return compared(value, low(item, values), _at_least) and compared(value, high(item, values), _at_most)

    return test


def _in(source: Source, *options: Source) -> Test:
    def test(item: Item, values: Values) -> bool:
        value = source(item, values)
        return value is not None and any(value == option(item, values) for option in options)

    return test


def _begins_with(source: Source, prefix: Source) -> Test:
    def test(item: Item, values: Values) -> bool:
        value, start = source(item, values), prefix(item, values)
        if value is None or start is None:
            return False
        if "S" in value and "S" in start:
            return bool(value["S"].startswith(start["S"]))
        return "B" in value and "B" in start and binary(value["B"]).startswith(binary(start["B"]))

    return test


def _contains(source: Source, sought: Source) -> Test:
    def test(item: Item, values: Values) -> bool:
        value, part = source(item, values), sought(item, values)
        if value is None or part is None:
            return False
        [(kind, content)] = value.items()
        if kind == "L":
            return part in content
        [(part_kind, part_content)] = part.items()
        if kind in ("SS", "NS", "BS"):
            return part_kind == kind[0] and part_content in content
        if kind == "B" and part_kind == "B":
            return binary(part_content) in binary(content)
        return kind == part_kind == "S" and part_content in content

    return test


def _has_type(source: Source, kind: Source) -> Test:
    def test(item: Item, values: Values) -> bool:
        value, wanted = source(item, values), kind(item, values)
        return value is not None and wanted is not None and wanted.get("S") in value

    return test


def _at_least(left: Any, right: Any) -> bool:
    return bool(left >= right)


def _at_most(left: Any, right: Any) -> bool:
    return bool(left <= right)


TERMS: dict[str, Callable[..., Test]] = {
    "=": _equal,
    "<>": _unequal,
    "<": _ordered(lambda left, right: left < right),
    "<=": _ordered(_at_most),
    ">": _ordered(lambda left, right: left > right),
    ">=": _ordered(_at_least),
    "BETWEEN": _between,
    "IN": _in,
    "begins_with": _begins_with,
    "contains": _contains,
    "attribute_type": _has_type,
}


def checks_of(kind: str, operator: str, literals: tuple[str | None, ...]) -> Iterator[Check]:
    """Make the checks of literal operands which need no item; literals holds None where a path stands."""
    if operator in ("<", "<=", ">", ">=", "BETWEEN", "begins_with"):
        allowed = ("S", "B") if operator == "begins_with" else ORDERED
        for name in literals:
            if name is not None:
                yield _type_check(kind, operator, name, allowed)
    if operator == "BETWEEN" and literals[1] is not None and literals[2] is not None:
        yield _bounds_check(kind, literals[1], literals[2])
    if operator == "attribute_type" and literals[1] is not None:
        yield _type_name_check(kind, literals[1])


def _type_check(kind: str, operator: str, name: str, allowed: tuple[str, ...]) -> Check:
    def check(values: Values) -> None:
        [found] = values[name]
        if found not in allowed:
            raise invalid(
                f"Invalid {kind}: Incorrect operand type for operator or function; "
                f"operator or function: {operator}, operand type: {found}"
            )

    return check


def _bounds_check(kind: str, low: str, high: str) -> Check:
    def check(values: Values) -> None:
        lower, upper = values[low], values[high]
        if [*lower] != [*upper]:
            fault = "same data type for lower and upper bounds"
        elif sort_key(lower) > sort_key(upper):
            fault = "upper bound to be greater than or equal to lower bound"
        else:
            return
        raise invalid(
            f"Invalid {kind}: The BETWEEN operator requires {fault}; "
            f"lower bound operand: AttributeValue: {lower}, upper bound operand: AttributeValue: {upper}"
        )

    return check


def _type_name_check(kind: str, name: str) -> Check:
    def check(values: Values) -> None:
        wanted = values[name].get("S")
        if wanted not in TYPE_NAMES:
            raise invalid(f"Invalid {kind}: Invalid attribute type name found; type: {wanted}")

    return check
