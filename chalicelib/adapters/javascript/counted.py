"""A runner that counts what it runs, whose it is and how long it took, and runs nothing above the day's quota."""

from __future__ import annotations

import time

from chalicelib.adapters.javascript import quota
from chalicelib.adapters.javascript.model import Host, JavaScript, Outcome, Script
from chalicelib.core import figures
from chalicelib.core.errors import LogicFailed


class Counted:
    """Runs scripts by another runner. What never began, because nothing could run it, is not counted."""

    def __init__(self, runner: JavaScript) -> None:
        self.runner = runner

    def run(self, workspace_id: str, script: Script, host: Host | None = None) -> Outcome:
        """Run a script to its end. Raises QuotaExceeded, LogicFailed, TooLarge, InvalidInput, Unavailable."""
        owner = workspace_id.partition("|")[0]  # behind the bar: whose scripts they are
        quota.check(owner)
        started = time.monotonic()
        try:
            outcome = self.runner.run(workspace_id, script, host)
        except LogicFailed as failed:
            figures.add("JavaScriptFailures", workspace_id=owner)
            waited_ms = (time.monotonic() - started) * 1000  # all that is known of one that was killed
            _count(owner, waited_ms if failed.cpu_ms is None else failed.cpu_ms)
            raise
        _count(owner, outcome.cpu_ms)
        return outcome


def _count(owner: str, took_ms: float) -> None:
    figures.add("JavaScriptRuns", workspace_id=owner)
    figures.add("JavaScriptMs", took_ms, workspace_id=owner)
    quota.spend(owner, took_ms)
