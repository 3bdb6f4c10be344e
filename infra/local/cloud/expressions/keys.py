"""Key condition expressions: one partition, and perhaps a range of its sort keys."""

from dataclasses import dataclass
from functools import lru_cache

from infra.local.cloud.errors import CloudError, invalid
from infra.local.cloud.expressions.conditions import Combined, Node, Term, parse_tree
from infra.local.cloud.expressions.syntax import PARSED_MAX, Literal, Names, Path, Reader

KIND = "KeyConditionExpression"
MIRRORED = {"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


@dataclass(frozen=True, slots=True)
class KeyTerm:
    """A comparison of one key attribute with literals."""

    attribute: str
    operator: str
    literals: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KeyCondition:
    """One or two key terms; which is the partition's is told by the table asked."""

    terms: tuple[KeyTerm, ...]
    names: frozenset[str]
    literals: frozenset[str]

    def split(self, hash_name: str, range_name: str | None) -> tuple[KeyTerm, KeyTerm | None]:
        """Tell the partition's term from the sort key's."""
        hashes = [term for term in self.terms if term.attribute == hash_name]
        others = [term for term in self.terms if term.attribute != hash_name]
        if not hashes:
            raise invalid(f"Query condition missed key schema element: {hash_name}")
        if len(hashes) > 1:
            raise invalid(f"Invalid {KIND}: KeyConditionExpressions must only contain one condition per key")
        if hashes[0].operator != "=":
            raise invalid("Query key condition not supported")
        if others and others[0].attribute != range_name:
            raise invalid(f"Query condition missed key schema element: {range_name or others[0].attribute}")
        return hashes[0], others[0] if others else None


@lru_cache(maxsize=PARSED_MAX)
def parse_key_condition(text: str, names: Names) -> KeyCondition:
    """Parse a KeyConditionExpression."""
    reader = Reader(KIND, text, dict(names))
    terms = tuple(_key_term(node) for node in _members(parse_tree(reader)))
    if len(terms) > 2:
        raise invalid("Conditions can be of length 1 or 2 only")
    if len({term.attribute for term in terms}) != len(terms):
        raise invalid(f"Invalid {KIND}: KeyConditionExpressions must only contain one condition per key")
    return KeyCondition(terms, frozenset(reader.names_used), frozenset(reader.literals_used))


def _members(node: Node) -> list[Node]:
    if isinstance(node, Combined) and node.operator == "AND":
        return [inner for member in node.members for inner in _members(member)]
    return [node]


def _key_term(node: Node) -> KeyTerm:
    if isinstance(node, Combined):
        raise invalid(f"Invalid operator used in {KIND}: {node.operator}")
    if node.operator not in (*MIRRORED, "BETWEEN", "begins_with"):
        raise invalid(f"Invalid operator used in {KIND}: {node.operator}")
    operator, operands = node.operator, node.operands
    if isinstance(operands[0], Literal) and operator in MIRRORED:
        operator, operands = MIRRORED[operator], operands[::-1]
    path = operands[0]
    if not isinstance(path, Path):
        raise _unsupported(node)
    if len(path.parts) > 1:
        raise invalid(f"Invalid {KIND}: KeyConditionExpressions cannot have conditions on nested attributes")
    literals = [operand.name for operand in operands[1:] if isinstance(operand, Literal)]
    if len(literals) != len(operands) - 1:
        raise _unsupported(node)
    return KeyTerm(path.attribute, operator, tuple(literals))


def _unsupported(node: Term) -> CloudError:
    return invalid(f"Invalid {KIND}: Invalid operand for operator {node.operator}")
