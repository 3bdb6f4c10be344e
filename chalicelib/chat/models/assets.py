"""Icons and readmes that anybody may read: which blob stands behind an address."""

from __future__ import annotations

from typing import Any

from chalicelib.core import ids
from chalicelib.storage.item import DEPLOYMENT
from chalicelib.storage.table import Key
from chalicelib.storage.tables import CHAT

SVG, MARKDOWN = "image/svg+xml", "text/markdown; charset=utf-8"


def icon_of(workspace_id: str, name: str) -> str:
    """Name the icon that all versions of an integration share."""
    return ids.derived_id(workspace_id, "icon", name, "")


def readme_of(workspace_id: str, integration_id: str) -> str:
    """Name the readme of one version."""
    return ids.derived_id(workspace_id, "readme", integration_id, "")


def put_asset(asset_id: str, workspace_id: str, blob: str, kind: str) -> None:
    """Say what stands behind an address."""
    CHAT.put({**_key(asset_id)._asdict(), "rev": 0, "doc": {"w": workspace_id, "blob": blob, "kind": kind}})


def get_asset(asset_id: str) -> dict[str, Any] | None:
    """Read what stands behind an address: workspace `w`, `blob`, `kind`; None for nothing."""
    row = CHAT.get(_key(asset_id))
    return None if row is None else dict(row["doc"])


def which_exist(asset_ids: list[str]) -> set[str]:
    """Tell which of these addresses have something behind them."""
    rows = CHAT.get_many([_key(one) for one in asset_ids], consistent=True)
    return {one for one in asset_ids if _key(one) in rows}


def drop_asset(asset_id: str) -> None:
    """Put nothing behind an address any more."""
    CHAT.delete(_key(asset_id))


def _key(asset_id: str) -> Key:
    return Key(f"{DEPLOYMENT}#ASSET#{asset_id}", "A")
