"""The connectors that come with the platform, offered by the stack on one machine to every workspace.

They belong to a workspace of their own and are public. What is offered is brought up to the files at each start, when
the files have changed; ids stay, so tokens and subscriptions stay.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from chalicelib.adapters import logs
from chalicelib.core import config, ids

WORKSPACE = "builtin"
PLATFORM = "millrace"
_VARIABLE = "MILLRACE_DEV_KEYS"


def make_key() -> str:
    """Make a key for the builtin workspace that holds until this process ends; empty outside the dev stage."""
    if config.settings().stage != config.DEV:
        return ""
    key = f"builtin-{ids.secret_text(32)}"
    os.environ[_VARIABLE] = f"{os.environ.get(_VARIABLE, 'default=default')},{key}={WORKSPACE}"
    config.forget()
    return key


def offer(url: str, key: str) -> None:
    """Install what the files say, unless that was done already. A failure is logged; the next start tries again."""
    from infra import connector_files

    mark = Path(config.settings().data_dir) / "builtin"
    digest = _digest(connector_files.BUILTIN)
    if not key or (mark.exists() and mark.read_text() == digest):
        return
    try:
        connector_files.install_all(url, key, "millrace", platformId=PLATFORM, sharing="public")
    except Exception as error:  # noqa: BLE001 the platform serves without them
        logs.exception("builtins.failed", error)
        return
    mark.write_text(digest)
    logs.log("builtins.offered")


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix in (".js", ".json"):
            digest.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
