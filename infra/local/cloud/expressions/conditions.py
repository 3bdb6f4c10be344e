"""Condition and filter expressions: text to a function of item and values."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from infra.local.cloud.errors import invalid
from infra.local.cloud.expressions import evaluate
from infra.local.cloud.expressions.evaluate import Check, Test, Values
from infra.local.cloud.expressions.syntax import PARSED_MAX, Literal, Names, Path, Reader
from infra.local.cloud.items import Item

COMPARATORS = ("=", "<>", "<", "<=", ">", ">=")
FUNCTIONS = {"attribute_exists": 1, "attribute_not_exists": 1, "attribute_type": 2, "begins_with": 2, "contains": 2}
IN_MAX = 100
OPERATORS_MAX = 300


@dataclass(frozen=True, slots=True)
class Size:
    """size(path)."""

    path: Path


Operand = Path | Literal | Size


@dataclass(frozen=True, slots=True)
class Term:
    """One predicate: a comparison, "BETWEEN", "IN" or a function, and what it is applied to."""

    operator: str
    operands: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Combined:
    """ "AND", "OR" or "NOT" of others; enclosed when it stood in parentheses."""

    operator: str
    members: "tuple[Node, ...]"


Node = Term | Combined


@dataclass(frozen=True, slots=True)
class Condition:
    """A parsed condition; `holds` asks it, `check` refuses values of types that can never fit."""

    kind: str
    holds: Test
    checks: tuple[Check, ...]
    attributes: frozenset[str]
    names: frozenset[str]
    literals: frozenset[str]

    def check(self, values: Values) -> None:
        """Refuse undefined values and values whose type the operators never accept."""
        for name in self.literals:
            if name not in values:
                raise undefined(self.kind, name)
        for check in self.checks:
            check(values)


def undefined(kind: str, name: str) -> Exception:
    """Make the error for a value placeholder which the request does not define."""
    return invalid(
        f"Invalid {kind}: An expression attribute value used in expression is not defined; attribute value: {name}"
    )


@lru_cache(maxsize=PARSED_MAX)
def parse_condition(kind: str, text: str, names: Names) -> Condition:
    """Parse a ConditionExpression or FilterExpression."""
    reader = Reader(kind, text, dict(names))
    node = parse_tree(reader)
    checks: list[Check] = []
    test = _build(node, kind, checks)
    attributes = frozenset(path.attribute for path in paths_of(node))
    return Condition(
        kind, test, tuple(checks), attributes, frozenset(reader.names_used), frozenset(reader.literals_used)
    )


def parse_tree(reader: Reader) -> Node:
    """Parse the whole text into its tree."""
    node, _ = _disjunction(reader)
    reader.end()
    if sum(1 for _ in _terms(node)) > OPERATORS_MAX:
        raise reader.failure("The expression contains too many operators;")
    return node


def paths_of(node: Node) -> Iterator[Path]:
    """Walk over every document path in a tree."""
    for term in _terms(node):
        for operand in term.operands:
            if isinstance(operand, Path):
                yield operand
            elif isinstance(operand, Size):
                yield operand.path


def _terms(node: Node) -> Iterator[Term]:
    if isinstance(node, Term):
        yield node
    else:
        for member in node.members:
            yield from _terms(member)


# Each level returns its node and whether that node stood in parentheses of its own.
def _disjunction(reader: Reader) -> tuple[Node, bool]:
    node, enclosed = _conjunction(reader)
    members = [node]
    while reader.accept("OR"):
        members.append(_conjunction(reader)[0])
    return (node, enclosed) if len(members) == 1 else (Combined("OR", tuple(members)), False)


def _conjunction(reader: Reader) -> tuple[Node, bool]:
    node, enclosed = _negation(reader)
    members = [node]
    while reader.accept("AND"):
        members.append(_negation(reader)[0])
    return (node, enclosed) if len(members) == 1 else (Combined("AND", tuple(members)), False)


def _negation(reader: Reader) -> tuple[Node, bool]:
    if reader.accept("NOT"):
        return Combined("NOT", (_negation(reader)[0],)), False
    if reader.accept("("):
        node, enclosed = _disjunction(reader)
        reader.expect(")")
        if enclosed:
            raise reader.failure("The expression has redundant parentheses;")
        return node, True
    return _term(reader), False


def _term(reader: Reader) -> Term:
    if reader.after_next == "(" and reader.next[0] not in "#:":
        name = reader.next
        if name in FUNCTIONS:
            return _function(reader)
        if name != "size":
            raise reader.failure(f"Invalid function name; function: {name}")
    first = _operand(reader)
    if reader.next in COMPARATORS:
        operator = reader.take()
        second = _operand(reader)
        if first == second and not isinstance(first, Literal):
            shown = first.path if isinstance(first, Size) else first
            raise reader.failure(
                "The first operand must be distinct from the remaining operands for this operator or function; "
                f"operator: {operator}, first operand: {shown}"
            )
        return Term(operator, (first, second))
    if reader.accept("BETWEEN"):
        low = _operand(reader)
        reader.expect("AND")
        return Term("BETWEEN", (first, low, _operand(reader)))
    if reader.accept("IN"):
        return Term("IN", (first, *_options(reader)))
    if isinstance(first, Size):
        raise reader.failure("The function is not allowed to be used this way in an expression; function: size")
    raise reader.unexpected()


def _options(reader: Reader) -> list[Operand]:
    reader.expect("(")
    options = [_operand(reader)]
    while reader.accept(","):
        options.append(_operand(reader))
    reader.expect(")")
    if len(options) > IN_MAX:
        raise reader.failure("The IN operator is provided with too many operands;")
    return options


def _operand(reader: Reader) -> Operand:
    if reader.next[0] == ":":
        return reader.literal()
    if reader.next == "size" and reader.after_next == "(":
        reader.take()
        reader.expect("(")
        path = reader.path()
        reader.expect(")")
        return Size(path)
    return reader.path()


def _function(reader: Reader) -> Term:
    name = reader.take()
    reader.expect("(")
    operands = [_operand(reader)]
    while reader.accept(","):
        operands.append(_operand(reader))
    reader.expect(")")
    if len(operands) != FUNCTIONS[name]:
        raise reader.failure(
            "Incorrect number of operands for operator or function; "
            f"operator or function: {name}, number of operands: {len(operands)}"
        )
    if name.startswith("attribute_") and not isinstance(operands[0], Path):
        raise reader.failure(f"Operator or function requires a document path; operator or function: {name}")
    return Term(name, tuple(operands))


def _build(node: Node, kind: str, checks: list[Check]) -> Test:
    if isinstance(node, Term):
        checks.extend(evaluate.checks_of(kind, node.operator, _literals(node)))
        if node.operator in ("attribute_exists", "attribute_not_exists"):
            path = node.operands[0]
            assert isinstance(path, Path)  # noqa: S101
            return evaluate.presence(path, node.operator == "attribute_exists")
        return evaluate.TERMS[node.operator](*map(_source, node.operands))
    tests = tuple(_build(member, kind, checks) for member in node.members)
    return _combine(node.operator, tests)


def _combine(operator: str, tests: tuple[Test, ...]) -> Test:
    if operator == "NOT":
        (inner,) = tests
        return lambda item, values: not inner(item, values)
    if len(tests) == 2:
        first, second = tests
        if operator == "AND":
            return lambda item, values: first(item, values) and second(item, values)
        return lambda item, values: first(item, values) or second(item, values)
    over: Callable[..., bool] = all if operator == "AND" else any
    return lambda item, values: over(test(item, values) for test in tests)


def _source(operand: Operand) -> evaluate.Source:
    if isinstance(operand, Literal):
        name = operand.name
        return lambda item, values: values[name]
    if isinstance(operand, Size):
        return evaluate.size_of(operand.path)
    return evaluate.value_at(operand)


def _literals(term: Term) -> tuple[str | None, ...]:
    return tuple(operand.name if isinstance(operand, Literal) else None for operand in term.operands)


def holds(condition: Condition | None, item: Item | None, values: Mapping[str, dict[str, object]]) -> bool:
    """Ask a condition about an item that may be absent."""
    return condition is None or condition.holds(item or {}, values)
