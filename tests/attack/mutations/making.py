"""Mutants of a module: each has one place changed in a way that opens what the module guards."""

from __future__ import annotations

import ast
import copy
import hashlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass

_OTHER: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
    ast.Lt: ast.GtE, ast.GtE: ast.Lt, ast.Gt: ast.LtE, ast.LtE: ast.Gt,
}  # fmt: skip
_NEVER, _ALWAYS = "condition never holds", "condition always holds"
_DROPPED, _NOT, _FLIPPED, _CALL = "refusal dropped", "not dropped", "answer turned", "check dropped"
_TURNED, _PART = "turned: {}", "without {}"
_SILENT = ("logs", "warnings")  # calls on these guard nothing
_LEFT_TO_OTHERS = "NotImplementedError"  # stands where a subclass does the work, and refuses nobody


@dataclass(frozen=True)
class Mutant:
    """A module with one place changed. `text` is the line of the original; `lines` those that run the place."""

    module: str
    line: int
    text: str
    what: str
    source: str
    lines: frozenset[int]

    @property
    def id(self) -> str:
        """Name it by all it consists of: the same place in a changed module is another mutant."""
        return hashlib.sha256(f"{self.module}\0{self.source}".encode()).hexdigest()[:20]


def mutants(module: str, source: str, parts: Collection[str] = ()) -> Iterator[Mutant]:
    """Make every mutant of a module, or of some of its functions only."""
    tree, texts = ast.parse(source), source.splitlines()
    wanted = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name in parts
        for inner in ast.walk(node)
    }
    tests = {id(node.test) for node in ast.walk(tree) if isinstance(node, ast.If)}
    refusals = {id(node.body[0]) for node in ast.walk(tree) if isinstance(node, ast.If) and len(node.body) == 1}
    for number, node in enumerate(ast.walk(tree)):
        if parts and id(node) not in wanted:
            continue
        is_whole_test = id(node) in tests and not isinstance(node, ast.BoolOp)
        if is_whole_test or (id(node) in refusals and isinstance(node, ast.Raise)):
            continue  # turning the whole condition is caught by whoever catches both of its ends
        for what in _changes(node):
            changed = copy.deepcopy(tree)
            target = next(one for place, one in enumerate(ast.walk(changed)) if place == number)
            _apply(changed, target, what)
            line = getattr(node, "lineno", 0)
            text = texts[line - 1].strip()
            yield Mutant(module, line, text, what, ast.unparse(ast.fix_missing_locations(changed)), _lines(tree, node))


def _lines(tree: ast.Module, node: ast.AST) -> frozenset[int]:
    """Say which lines a run passes through on its way over a place."""
    part = node.test if isinstance(node, ast.If) else node
    found = set(range(part.lineno, (part.end_lineno or part.lineno) + 1))  # type: ignore[attr-defined]
    for statement in ast.walk(tree):
        if isinstance(statement, ast.stmt) and not hasattr(statement, "body") and node in ast.walk(statement):
            found.add(statement.lineno)
    return frozenset(found)


def _changes(node: ast.AST) -> list[str]:
    if isinstance(node, ast.If) and "TYPE_CHECKING" not in ast.unparse(node.test):
        return [_NEVER, _ALWAYS]
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        return [_TURNED.format(ast.unparse(node))]
    if isinstance(node, ast.BoolOp):
        return [_PART.format(ast.unparse(part)) for part in node.values]
    if isinstance(node, ast.Raise) and node.exc is not None:
        return [] if ast.unparse(node.exc) == _LEFT_TO_OTHERS else [_DROPPED]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return [_NOT]
    if isinstance(node, ast.Return) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, bool):
        return [_FLIPPED]
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        return [] if ast.unparse(node.value.func).startswith(_SILENT) else [_CALL]
    return []


def _apply(tree: ast.AST, node: ast.AST, what: str) -> None:
    if isinstance(node, ast.If):
        node.test = ast.Constant(what == _ALWAYS)
    elif isinstance(node, ast.Compare):
        node.ops = [_OTHER[type(node.ops[0])]()]
    elif isinstance(node, ast.BoolOp):
        kept = [value for value in node.values if what != _PART.format(ast.unparse(value))]
        _replace(tree, node, kept[0] if len(kept) == 1 else ast.BoolOp(node.op, kept))
    elif isinstance(node, ast.Return):
        node.value = ast.Constant(not ast.literal_eval(node.value))  # type: ignore[arg-type]
    else:
        _replace(tree, node, node.operand if isinstance(node, ast.UnaryOp) else ast.Pass())


def _replace(tree: ast.AST, old: ast.AST, new: ast.AST) -> None:
    for parent in ast.walk(tree):
        for name, value in ast.iter_fields(parent):
            if value is old:
                setattr(parent, name, new)
            elif isinstance(value, list) and old in value:
                value[value.index(old)] = new
