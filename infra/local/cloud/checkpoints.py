"""Moving the log into the file, aside from everyone's commits.

Left to itself SQLite does this inside some commit, which then waits for the disk, and under steady load from several
connections it never finds the moment to start the log over. Here a thread looks at the log's size a few times a
second; no commit ever waits for the disk.
"""

import sqlite3
import threading
from pathlib import Path

from infra.local.cloud.store import Connection, Store

INTERVAL_S = 0.25
LOG_BYTES = 8 * 1024 * 1024
BUSY_MS = 100


class Checkpoints:
    """The thread of one process; processes on one file do not get into each other's way."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._log = Path(f"{store.path}-wal")
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="checkpoints", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(INTERVAL_S):
            if self._log_bytes() > LOG_BYTES:
                try:
                    checkpoint(self._store.connection())
                except sqlite3.OperationalError:
                    continue  # the disk is full, say: whoever writes will be told

    def _log_bytes(self) -> int:
        try:
            return self._log.stat().st_size
        except FileNotFoundError:
            return 0


def checkpoint(connection: Connection) -> None:
    """Copy what can be copied while others write; then, briefly alone, the rest, and start the log over."""
    copied = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    if copied[0]:
        return  # another process is at it
    connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    connection.execute("PRAGMA busy_timeout = 0")
