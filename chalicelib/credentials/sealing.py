"""The vault of this process: its data keys lie in the vault table, its master keys with the provider."""

from __future__ import annotations

from functools import lru_cache

from chalicelib.adapters import keys
from chalicelib.adapters.vault import Vault
from chalicelib.credentials.data_keys import DataKeys


@lru_cache(maxsize=1)
def vault() -> Vault:
    """Give the vault, made on first use."""
    return Vault(keys.provider(), DataKeys())


def forget() -> None:
    """Make it anew at the next use (tests, and the local stack at start)."""
    vault.cache_clear()
