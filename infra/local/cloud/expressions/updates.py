"""Update expressions: SET, REMOVE, ADD and DELETE, applied to a copy of the item."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from infra.local.cloud import numbers
from infra.local.cloud.errors import CloudError, invalid
from infra.local.cloud.expressions.conditions import undefined
from infra.local.cloud.expressions.evaluate import Check, Values, find, value_at
from infra.local.cloud.expressions.projections import Tree, refuse_overlaps, tree_of
from infra.local.cloud.expressions.syntax import END, PARSED_MAX, Names, Path, Reader
from infra.local.cloud.items import TYPE_NAMES, Item, Value, sorted_members

KIND = "UpdateExpression"
Operand = Callable[[Item, Values], Value]


@dataclass(frozen=True, slots=True)
class Change:
    """One action: what becomes of the value at a path; of gives the new value, or None to remove it."""

    path: Path
    of: Callable[[Item, Values], Value | None]
    creates: bool


@dataclass(frozen=True, slots=True)
class Update:
    """A parsed update."""

    changes: tuple[Change, ...]
    checks: tuple[Check, ...]
    attributes: frozenset[str]
    tree: Tree
    names: frozenset[str]
    literals: frozenset[str]

    @property
    def creates(self) -> bool:
        """Whether applying it to nothing makes an item: removals alone do not."""
        return any(change.creates for change in self.changes)

    def check(self, values: Values) -> None:
        """Refuse undefined values and values whose type the actions never accept."""
        for name in self.literals:
            if name not in values:
                raise undefined(KIND, name)
        for check in self.checks:
            check(values)

    def apply(self, old: Item, values: Values) -> Item:
        """Make the new item. Every right-hand side sees the old one, which stays as it is."""
        new = dict(old)
        outcomes = [(change.path, change.of(old, values)) for change in self.changes]
        removals = []
        for path, value in outcomes:
            if value is None:
                removals.append(path)
            elif len(path.parts) == 1:
                new[path.attribute] = value
            else:
                _assign(new, path, value)
        for path in sorted(removals, key=lambda path: path.parts[-1] if isinstance(path.parts[-1], int) else 0)[::-1]:
            _remove(new, path)
        return new


@lru_cache(maxsize=PARSED_MAX)
def parse_update(text: str, names: Names) -> Update:
    """Parse an UpdateExpression."""
    reader = Reader(KIND, text, dict(names))
    checks: list[Check] = []
    changes: list[Change] = []
    seen = set()
    while reader.next != END:
        section = reader.next.upper()
        if section not in SECTIONS:
            raise reader.unexpected()
        if section in seen:
            raise reader.failure(f'The "{section}" section can only be used once in an update expression;')
        seen.add(section)
        reader.take()
        changes.append(SECTIONS[section](reader, checks))
        while reader.accept(","):
            changes.append(SECTIONS[section](reader, checks))
    paths = [change.path for change in changes]
    refuse_overlaps(KIND, paths)
    return Update(
        tuple(changes),
        tuple(checks),
        frozenset(path.attribute for path in paths),
        tree_of(paths),
        frozenset(reader.names_used),
        frozenset(reader.literals_used),
    )


def _set(reader: Reader, checks: list[Check]) -> Change:
    path = reader.path()
    reader.expect("=")
    return Change(path, _sum(reader, checks), creates=True)


def _sum(reader: Reader, checks: list[Check]) -> Operand:
    left, left_literal = _operand(reader, checks)
    if reader.next not in ("+", "-"):
        return left
    operator = reader.take()
    right, right_literal = _operand(reader, checks)
    for literal in (left_literal, right_literal):
        if literal is not None:
            checks.append(_requires(literal, operator, "N"))
    sign = 1 if operator == "+" else -1

    def total(item: Item, values: Values) -> Value:
        first, second = left(item, values).get("N"), right(item, values).get("N")
        if first is None or second is None:
            raise invalid("An operand in the update expression has an incorrect data type")
        return {"N": numbers.add(first, second, sign)}

    return total


def _operand(reader: Reader, checks: list[Check]) -> tuple[Operand, str | None]:
    """Read an operand; the second result is its placeholder if it is a literal."""
    if reader.next[0] == ":":
        name = reader.literal().name
        return lambda item, values: values[name], name
    if reader.accept("("):
        inner = _sum(reader, checks)
        reader.expect(")")
        return inner, None
    if reader.after_next == "(" and reader.next[0] != "#":
        return _function(reader, checks), None
    path = reader.path()
    source = value_at(path)

    def read(item: Item, values: Values) -> Value:
        value = source(item, values)
        if value is None:
            raise invalid("The provided expression refers to an attribute that does not exist in the item")
        return value

    return read, None


def _function(reader: Reader, checks: list[Check]) -> Operand:
    name = reader.take()
    reader.expect("(")
    if name == "if_not_exists":
        source = value_at(reader.path())
        reader.expect(",")
        fallback, _ = _operand(reader, checks)
        reader.expect(")")
        return lambda item, values: source(item, values) or fallback(item, values)
    if name != "list_append":
        raise reader.failure(f"Invalid function name; function: {name}")
    first, first_literal = _operand(reader, checks)
    reader.expect(",")
    second, second_literal = _operand(reader, checks)
    reader.expect(")")
    for literal in (first_literal, second_literal):
        if literal is not None:
            checks.append(_requires(literal, "list_append", "L"))

    def appended(item: Item, values: Values) -> Value:
        head, tail = first(item, values).get("L"), second(item, values).get("L")
        if head is None or tail is None:
            raise invalid("An operand in the update expression has an incorrect data type")
        return {"L": head + tail}

    return appended


def _remove_action(reader: Reader, checks: list[Check]) -> Change:
    return Change(reader.path(), lambda item, values: None, creates=False)


def _add_action(reader: Reader, checks: list[Check]) -> Change:
    path, literal = _path_and_literal(reader, checks, "ADD", ("N", "SS", "NS", "BS"))

    def added(item: Item, values: Values) -> Value:
        old, operand = find(item, path), values[literal]
        [(kind, content)] = operand.items()
        if old is None:
            return operand
        if kind not in old:
            raise invalid("An operand in the update expression has an incorrect data type")
        if kind == "N":
            return {"N": numbers.add(old["N"], content)}
        return {kind: sorted_members(kind, list({*old[kind], *content}))}

    return Change(path, added, creates=True)


def _delete_action(reader: Reader, checks: list[Check]) -> Change:
    path, literal = _path_and_literal(reader, checks, "DELETE", ("SS", "NS", "BS"))

    def rest(item: Item, values: Values) -> Value | None:
        old = find(item, path)
        [(kind, content)] = values[literal].items()
        if old is None:
            return None
        if kind not in old:
            raise invalid("An operand in the update expression has an incorrect data type")
        left = set(old[kind]).difference(content)
        return {kind: sorted_members(kind, list(left))} if left else None

    return Change(path, rest, creates=False)


def _path_and_literal(reader: Reader, checks: list[Check], operator: str, kinds: tuple[str, ...]) -> tuple[Path, str]:
    path = reader.path()
    if reader.next[0] != ":":
        raise reader.unexpected()
    name = reader.literal().name
    checks.append(_requires(name, operator, *kinds))
    return path, name


def _requires(name: str, operator: str, *kinds: str) -> Check:
    def check(values: Values) -> None:
        [found] = values[name]
        if found not in kinds:
            shown = TYPE_NAMES[found] if operator in ("ADD", "DELETE") else found
            word = "operator" if operator in ("ADD", "DELETE") else "operator or function"
            raise invalid(
                f"Invalid {KIND}: Incorrect operand type for operator or function; "
                f"{word}: {operator}, operand type: {shown}"
            )

    return check


def _assign(item: Item, path: Path, value: Value) -> None:
    holder = _own_parent(item, path)
    last = path.parts[-1]
    if isinstance(last, int) and last >= len(holder):
        holder.append(value)
    else:
        holder[last] = value


def _remove(item: Item, path: Path) -> None:
    if len(path.parts) == 1:
        item.pop(path.attribute, None)
        return
    holder = _own_parent(item, path)
    last = path.parts[-1]
    if not isinstance(last, int):
        holder.pop(last, None)
    elif last < len(holder):
        del holder[last]


def _own_parent(item: Item, path: Path) -> Any:
    """Copy the containers on the way to a path's last part; return the innermost, a dict or a list."""
    holder: Any = item
    for part, following in zip(path.parts, path.parts[1:], strict=False):
        kind = "L" if isinstance(following, int) else "M"
        is_there = part < len(holder) if isinstance(part, int) else part in holder
        value = holder[part] if is_there else {}
        if kind not in value:
            raise _bad_path()
        content = value[kind].copy()
        holder[part] = {kind: content}
        holder = content
    return holder


def _bad_path() -> CloudError:
    return invalid("The document path provided in the update expression is invalid for update")


SECTIONS: dict[str, Callable[[Reader, list[Check]], Change]] = {
    "SET": _set,
    "REMOVE": _remove_action,
    "ADD": _add_action,
    "DELETE": _delete_action,
}
