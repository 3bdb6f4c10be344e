"""The part of a partition a key condition selects, in encoded keys."""

from collections.abc import Mapping
from dataclasses import dataclass

from infra.local.cloud.dynamodb.schema import KeySchema
from infra.local.cloud.errors import CloudError, invalid
from infra.local.cloud.expressions.conditions import undefined
from infra.local.cloud.expressions.keys import KIND, KeyTerm
from infra.local.cloud.items import Value, key_bytes


@dataclass(slots=True)
class Bounds:
    """A partition and a range of its sort keys; None where a side is open."""

    partition: bytes
    lower: bytes | None = None
    upper: bytes | None = None
    lower_included: bool = True
    upper_included: bool = True

    def contain(self, key: bytes) -> bool:
        """Whether a sort key lies within."""
        if self.lower is not None and (key < self.lower or (key == self.lower and not self.lower_included)):
            return False
        return self.upper is None or key < self.upper or (key == self.upper and self.upper_included)


def bounds_of(keys: KeySchema, hash_term: KeyTerm, range_term: KeyTerm | None, values: Mapping[str, Value]) -> Bounds:
    """Compute the bounds of a key condition."""
    partition = _key(hash_term.literals[0], keys.hash_type, values)
    if range_term is None:
        return Bounds(partition)
    operator = range_term.operator
    if operator == "begins_with" and keys.range_type == "N":
        raise invalid(
            f"Invalid {KIND}: Incorrect operand type for operator or function; "
            "operator or function: begins_with, operand type: N"
        )
    first = _key(range_term.literals[0], keys.range_type, values)
    if operator == "=":
        return Bounds(partition, first, first)
    if operator in (">", ">="):
        return Bounds(partition, lower=first, lower_included=operator == ">=")
    if operator in ("<", "<="):
        return Bounds(partition, upper=first, upper_included=operator == "<=")
    if operator == "begins_with":
        return Bounds(partition, first, _after_prefix(first), upper_included=False)
    second = _key(range_term.literals[1], keys.range_type, values)
    if first > second:
        raise invalid(
            f"Invalid {KIND}: The BETWEEN operator requires upper bound to be greater than or equal to lower bound; "
            f"lower bound operand: AttributeValue: {values[range_term.literals[0]]}, "
            f"upper bound operand: AttributeValue: {values[range_term.literals[1]]}"
        )
    return Bounds(partition, first, second)


def _key(literal: str, kind: str, values: Mapping[str, Value]) -> bytes:
    value = values.get(literal)
    if value is None:
        raise undefined(KIND, literal)
    if kind not in value:
        raise invalid("One or more parameter values were invalid: Condition parameter type does not match schema type")
    key = key_bytes(value)
    if not key:
        raise _empty(kind)
    return key


def _after_prefix(prefix: bytes) -> bytes | None:
    """Give the first key behind all that begin with prefix."""
    stripped = prefix.rstrip(b"\xff")
    return stripped[:-1] + bytes([stripped[-1] + 1]) if stripped else None


def _empty(kind: str) -> CloudError:
    word = "string" if kind == "S" else "binary"
    return invalid(
        "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty "
        f"{word} value."
    )
