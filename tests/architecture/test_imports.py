"""Who may import whom: docs/ARCHITECTURE.md, Layers, held against every module."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONTEXTS = {
    path.parent.name
    for path in ROOT.glob("chalicelib/*/__init__.py")
    if path.parent.name not in {"core", "edge", "storage", "durable", "adapters"}
}
MODULES = sorted(ROOT.glob("chalicelib/**/*.py"))
LAYERS = {
    "core": {"core"},
    "adapters": {"core", "adapters"},
    "storage": {"core", "storage", "adapters.aws"},
    "durable": {"core", "storage", "durable", "adapters.queue"},
    "edge": {"core", "edge", "adapters.emf", "adapters.logs", "adapters.queue"},
}
BY_FILE = {
    "rules": {"core"},
    "schemas": {"core", "edge.schema"},
    "models": {"core", "storage", "durable"},
}


def imports_of(path: Path) -> set[str]:
    """List the chalicelib modules a file imports, without the prefix."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: relative import"
            found |= {node.module} if node.module.count(".") > 1 else {f"{node.module}.{a.name}" for a in node.names}
    return {name.removeprefix("chalicelib.") for name in found if name.startswith("chalicelib.")}


def is_allowed(name: str, allowed: set[str]) -> bool:
    return any(name == layer or name.startswith(layer + ".") for layer in allowed)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT / "chalicelib")))
def test_a_module_imports_only_what_its_layer_may(path: Path) -> None:
    layer = path.relative_to(ROOT / "chalicelib").parts[0]
    names = imports_of(path)
    if layer in LAYERS:
        assert {name for name in names if not is_allowed(name, LAYERS[layer])} == set()
        return
    if layer not in CONTEXTS:
        return
    if path.stem in BY_FILE:
        allowed = BY_FILE[path.stem] | {f"{layer}.rules"}
        assert {name for name in names if not is_allowed(name, allowed)} == set()
        return
    foreign = {name for name in names if name.split(".")[0] in CONTEXTS - {layer}}
    assert {name for name in foreign if name.split(".")[1:2] != ["public"]} == set()


def test_nothing_imports_the_app() -> None:
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text())):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert "app" not in names, path


def test_core_imports_only_the_standard_library() -> None:
    import sys

    for path in ROOT.glob("chalicelib/core/*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                assert name.split(".")[0] in sys.stdlib_module_names | {"chalicelib"}, f"{path}: {name}"


def test_only_storage_knows_pynamodb_and_only_the_edge_knows_chalice() -> None:
    for path in MODULES:
        layer = path.relative_to(ROOT / "chalicelib").parts[0]
        text = path.read_text()
        assert layer == "storage" or "pynamodb" not in text.replace("with pynamodb", ""), path
        is_edge = layer == "edge" or path.stem == "workers"
        assert is_edge or not any(line.startswith(("import chalice", "from chalice ")) for line in text.splitlines()), (
            path
        )


def test_no_table_is_ever_scanned() -> None:
    for path in MODULES:
        assert ".scan(" not in path.read_text(), path
