"""`python -m tests.attack.mutations [share]`: break every guard, one place at a time, and count whom the tests catch.

A copy of the tree is changed, never the tree. `share` tries every n-th mutant. Ends with 1 when fewer than 90 % are
caught; the survivors are printed, each with its line.
"""

from __future__ import annotations

import ast
import copy
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
LEAST = 0.9
PATIENCE_S = 120
EGRESS = tuple(f"tests/adapters/http_client/test_{name}.py" for name in ("forbidden", "urls", "redirects"))
GUARDS: dict[str, tuple[str, ...]] = {  # module: the tests that must notice
    "chalicelib/edge/auth.py": ("tests/unit/edge/test_auth.py", "tests/api/identity/test_keys.py"),
    "chalicelib/core/paging.py": ("tests/unit/core/test_paging.py", "tests/unit/edge/test_paging.py"),
    "chalicelib/chat/access.py": ("tests/api/chat/test_access.py", "tests/api/chat/test_files.py"),
    "chalicelib/core/redaction.py": ("tests/unit/core/test_redaction.py",),
    "chalicelib/adapters/http_client/addresses.py": EGRESS,
    "chalicelib/adapters/http_client/urls.py": EGRESS,
    "chalicelib/adapters/http_client/network.py": (*EGRESS, "tests/workers/channels/test_mail_tls.py"),
}
_COPIED = ("chalicelib", "infra", "tests", "contract", "app.py", "pyproject.toml", "README.md")
_OTHER: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
    ast.Lt: ast.GtE, ast.GtE: ast.Lt, ast.Gt: ast.LtE, ast.LtE: ast.Gt,
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """A module with one place changed."""

    module: str
    line: int
    what: str
    source: str


def mutants(module: str, source: str) -> Iterator[Mutant]:
    """Make every mutant of a module: conditions turned round, comparisons turned, refusals dropped."""
    tree = ast.parse(source)
    for number, node in enumerate(ast.walk(tree)):
        for what in _changes(node):
            changed = copy.deepcopy(tree)
            target = next(one for place, one in enumerate(ast.walk(changed)) if place == number)
            _apply(changed, target, what)
            line = getattr(node, "lineno", 0)
            yield Mutant(module, line, what, ast.unparse(ast.fix_missing_locations(changed)))


def _changes(node: ast.AST) -> list[str]:
    if isinstance(node, ast.If) and "TYPE_CHECKING" not in ast.unparse(node.test):
        return ["condition never holds", "condition always holds"]
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        return ["comparison turned"]
    if isinstance(node, ast.BoolOp):
        return ["and for or"]
    if isinstance(node, ast.Raise) and node.exc is not None:
        return ["refusal dropped"]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return ["not dropped"]
    return []


def _apply(tree: ast.AST, node: ast.AST, what: str) -> None:
    if isinstance(node, ast.If):
        node.test = ast.Constant(what == "condition always holds")
    elif isinstance(node, ast.Compare):
        node.ops = [_OTHER[type(node.ops[0])]()]
    elif isinstance(node, ast.BoolOp):
        node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
    else:
        _replace(tree, node, ast.Pass() if isinstance(node, ast.Raise) else node.operand)  # type: ignore[attr-defined]


def _replace(tree: ast.AST, old: ast.AST, new: ast.AST) -> None:
    for parent in ast.walk(tree):
        for name, value in ast.iter_fields(parent):
            if value is old:
                setattr(parent, name, new)
            elif isinstance(value, list) and old in value:
                value[value.index(old)] = new


def is_caught(folder: Path, mutant: Mutant) -> bool:
    """Say whether a test fails, or never ends, in a copy that holds the mutant."""
    place = folder / mutant.module
    original = place.read_text()
    place.write_text(mutant.source)
    tests = [sys.executable, "-m", "pytest", "-x", "-q", *GUARDS[mutant.module]]
    try:
        ended = subprocess.run(tests, cwd=folder, capture_output=True, timeout=PATIENCE_S, env=_environment())
        return ended.returncode != 0
    except subprocess.TimeoutExpired:
        return True
    finally:
        place.write_text(original)


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}


def main(share: int = 1) -> int:
    """Try the mutants; print what became of each module and who survived."""
    caught = total = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in _COPIED:
            source = ROOT / part
            hidden = shutil.ignore_patterns("__pycache__", "node_modules")
            if source.is_dir():
                shutil.copytree(source, folder / part, ignore=hidden)
            else:
                shutil.copy(source, folder / part)
        for module in GUARDS:
            made = list(mutants(module, (folder / module).read_text()))[::share]
            alive = [one for one in made if not is_caught(folder, one)]
            caught, total = caught + len(made) - len(alive), total + len(made)
            print(f"{module}: {len(made) - len(alive)} of {len(made)}", flush=True)
            for one in alive:
                print(f"  survives: line {one.line}, {one.what}", flush=True)
    print(f"caught {caught} of {total}, {caught / total:.0%}")
    return 0 if caught >= LEAST * total else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1))
