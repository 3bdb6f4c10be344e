"""Projection expressions: which parts of an item an answer shows."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from infra.local.cloud.errors import invalid
from infra.local.cloud.expressions.syntax import PARSED_MAX, Names, Path, Reader
from infra.local.cloud.items import Item, Value

Tree = dict[str | int, Any]


@dataclass(frozen=True, slots=True)
class Projection:
    """A parsed projection."""

    tree: Tree
    attributes: frozenset[str]
    names: frozenset[str]

    def of(self, item: Item) -> Item:
        """Show the chosen parts of an item; lists close up."""
        return _choose_members(item, self.tree)


@lru_cache(maxsize=PARSED_MAX)
def parse_projection(text: str, names: Names) -> Projection:
    """Parse a ProjectionExpression."""
    reader = Reader("ProjectionExpression", text, dict(names))
    paths = [reader.path()]
    while reader.accept(","):
        paths.append(reader.path())
    reader.end()
    refuse_overlaps("ProjectionExpression", paths)
    return Projection(tree_of(paths), frozenset(path.attribute for path in paths), frozenset(reader.names_used))


def tree_of(paths: Iterable[Path]) -> Tree:
    """Merge paths into one tree whose leaves are None."""
    tree: Tree = {}
    for path in paths:
        branch = tree
        for part in path.parts[:-1]:
            branch = branch.setdefault(part, {})
        branch[path.parts[-1]] = None
    return tree


def choose(item: Item, tree: Tree) -> Item:
    """Cut an item down to a tree of paths."""
    return _choose_members(item, tree)


def refuse_overlaps(kind: str, paths: list[Path]) -> None:
    """Refuse paths of which one lies inside another, or which disagree whether a place is a list or a map."""
    for position, second in enumerate(paths):
        for first in paths[:position]:
            shared = min(len(first.parts), len(second.parts))
            if first.parts[:shared] == second.parts[:shared]:
                raise invalid(
                    f"Invalid {kind}: Two document paths overlap with each other; must remove or rewrite one of "
                    f"these paths; path one: {first}, path two: {second}"
                )
            at = next(index for index in range(shared) if first.parts[index] != second.parts[index])
            if type(first.parts[at]) is not type(second.parts[at]):
                raise invalid(
                    f"Invalid {kind}: Two document paths conflict with each other; must remove or rewrite one of "
                    f"these paths; path one: {first}, path two: {second}"
                )


def _choose_members(members: dict[str, Value], tree: Tree) -> dict[str, Value]:
    chosen = {}
    for name, branch in tree.items():
        value = members.get(name)  # type: ignore[arg-type]
        if value is not None and branch is not None:
            value = _choose(value, branch)
        if value is not None:
            chosen[str(name)] = value
    return chosen


def _choose(value: Value, tree: Tree) -> Value | None:
    if "M" in value:
        members = _choose_members(value["M"], tree)
        return {"M": members} if members else None
    if "L" not in value:
        return None
    found = []
    for position in sorted(part for part in tree if isinstance(part, int)):
        if position < len(value["L"]):
            member = value["L"][position]
            branch = tree[position]
            shown = member if branch is None else _choose(member, branch)
            if shown is not None:
                found.append(shown)
    return {"L": found} if found else None
