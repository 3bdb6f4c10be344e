"""There is one way out: no other module imports an HTTP or socket library."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

CODE = Path(__file__).parents[2] / "chalicelib"
CLIENT = CODE / "adapters" / "http_client"
FORBIDDEN = (
    "requests", "urllib3", "http.client", "urllib.request", "httpx", "aiohttp", "socket", "ssl", "ftplib", "smtplib"
)  # fmt: skip

NETWORK_WORDS = ("AF_INET", "create_connection", "create_server", "getaddrinfo", ".connect(", "import_module")


def _imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Call) and _called(node) in ("__import__", "import_module"):
            names |= {str(argument.value) for argument in node.args if isinstance(argument, ast.Constant)}
    return names


def _called(node: ast.Call) -> str:
    return getattr(node.func, "id", getattr(node.func, "attr", ""))


def _speaks_to_children_only(path: Path) -> bool:
    """The sandbox talks to its child processes over socket pairs, which reach no network."""
    text = path.read_text()
    return path.is_relative_to(CODE / "adapters" / "javascript") and not any(word in text for word in NETWORK_WORDS)


def _dials_through_the_client(path: Path) -> bool:
    """Mail speaks SMTP through smtplib, on sockets that the guarded client opened and checked."""
    text = path.read_text()
    return path == CODE / "adapters" / "mail.py" and "_get_socket" in text and "network.connect_mail" in text


def test_only_the_guarded_client_imports_an_http_library() -> None:
    found = {
        f"{path.relative_to(CODE)}: {name}"
        for path in CODE.rglob("*.py")
        if not path.is_relative_to(CLIENT)
        for name in _imported(path)
        if not (name == "socket" and _speaks_to_children_only(path))
        if not (name == "smtplib" and _dials_through_the_client(path))
        if any(name == library or name.startswith(f"{library}.") for library in FORBIDDEN)
    }
    assert found == set()


def test_importing_the_client_loads_no_http_library() -> None:
    code = (
        f"import sys, chalicelib.adapters.http_client\nprint([name for name in {FORBIDDEN!r} if name in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], cwd=CODE.parent, capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
