"""The runner function: it runs scripts for the other functions and may do nothing itself."""

from __future__ import annotations

from typing import Any

from chalice import Blueprint

from chalicelib.adapters import javascript

workers = Blueprint(__name__)


@workers.lambda_function(name="runner")
def runner(event: dict[str, Any], _context: object) -> dict[str, str]:
    """Do one step of a run: docs/decisions/0011-a-function-for-logic.md."""
    return javascript.run_step(event)
