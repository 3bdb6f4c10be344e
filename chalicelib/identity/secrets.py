"""Secrets of the deployment: made on first use, the same in every process, sealed at rest."""

from __future__ import annotations

import os
import threading

from chalicelib.identity import models
from chalicelib.storage.item import DEPLOYMENT

SIZE_BYTES = 32
_lock = threading.Lock()
_known: dict[str, bytes] = {}


def deployment_secret(purpose: str) -> bytes:
    """Give 32 random bytes that are the same for this purpose in every process of the deployment."""
    known = _known.get(purpose)
    if known is None:
        with _lock:
            known = _known.get(purpose) or _read_or_make(purpose)
            _known[purpose] = known
    return known


def forget() -> None:
    """Read the secrets anew at the next use (tests, and the local stack at start)."""
    _known.clear()


def _read_or_make(purpose: str) -> bytes:
    from chalicelib.credentials.public import vault  # credentials leans on identity, so not at the top

    context = f"deployment-secret|{purpose}"
    sealed = models.get_secret(purpose)
    if sealed is None:
        sealed = models.put_secret(purpose, vault().seal(DEPLOYMENT, context, os.urandom(SIZE_BYTES)))
    return vault().open(DEPLOYMENT, context, sealed)
