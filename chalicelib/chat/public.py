"""What other contexts may call."""

from __future__ import annotations

from chalicelib.chat.burying import bury

__all__ = ["bury"]
