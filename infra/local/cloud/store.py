"""One SQLite file shared by several processes of several threads each.

The rules which make this safe and quick:
- Nothing is believed from memory unless the statement that uses it would fail if it were stale (see catalog.py).
- A write is one statement that commits by itself wherever possible: its lock is then held for one step inside
  SQLite, never while Python waits for its interpreter lock. Read, decide, write is done by comparing and swapping.
- Waiting for the write lock is ours (SQLite sleeps at least 1 ms and up to 100 ms at a time).
- WAL with synchronous=NORMAL: a commit has reached the operating system, so killing the process loses nothing.
"""

import os
import random
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Concatenate, ParamSpec, TypeVar
from weakref import WeakSet

Connection = sqlite3.Connection
P = ParamSpec("P")
T = TypeVar("T")

BUSY_S = 30.0
STALE_RETRIES = 20

SETTINGS = (
    "journal_mode = WAL",
    "synchronous = NORMAL",
    "wal_autocheckpoint = 50000",  # 200 MB, should the thread of checkpoints.py not come round to it
    "cache_size = -512",  # KiB, for each thread; the rest is the system's to cache, which costs 1 us a read
)
SCHEMA = (
    "CREATE TABLE IF NOT EXISTS catalog (kind TEXT, name TEXT, relation TEXT, spec TEXT, PRIMARY KEY (kind, name))"
    " WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS token (token TEXT PRIMARY KEY, digest BLOB, at_ms INTEGER) WITHOUT ROWID",
)


class Held:
    """A thread's connection; it is closed when the thread is gone."""

    __slots__ = ("__weakref__", "connection")

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def __del__(self) -> None:
        self.connection.close()


class Store:
    """Connections to the file, one per thread, and the loop that repeats work another process stood in the way of.

    A process forked from one that has the file open must not use the file: SQLite would take locks of the parent for
    its own. Such a process is refused. Start other processes anew, or fork them before.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        if self.path in FORKED:
            raise RuntimeError(f"{path} was open when this process was forked")
        self._local = threading.local()
        self._guard = threading.Lock()
        self._held: WeakSet[Held] = WeakSet()
        self._closed = False
        self.on_stale: list[Callable[[], None]] = []
        path.parent.mkdir(parents=True, exist_ok=True)
        STORES.add(self)
        self.run(self._prepare)

    def connection(self) -> Connection:
        """Give the calling thread its own connection."""
        try:
            return self._local.connection  # type: ignore[no-any-return]
        except AttributeError:
            return self._connect()

    def run(self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do work on this thread's connection, again while the file is busy or the catalog was stale.

        work must be free of effects when it raises: one statement, or one transaction.
        """
        attempt = 0
        while True:
            try:
                return work(self.connection(), *args, **kwargs)
            except sqlite3.OperationalError as error:
                attempt += 1
                if attempt == 1:
                    deadline = time.monotonic() + BUSY_S
                self._recover(error, attempt, deadline)

    def transaction(self, connection: Connection) -> "Transaction":
        """Bracket several statements into one atomic write."""
        return Transaction(connection)

    def close(self) -> None:
        """Close every connection. Only when no thread uses one any more."""
        self._closed = True
        self._local = threading.local()
        with self._guard:
            for held in list(self._held):
                held.connection.close()

    def _connect(self) -> Connection:
        if self._closed or self.path in FORKED:
            raise RuntimeError("the local cloud is closed, or was opened by the parent of this process")
        held = Held(
            sqlite3.connect(self.path, timeout=0, isolation_level=None, check_same_thread=False, cached_statements=512)
        )
        connection = held.connection
        for setting in SETTINGS:
            connection.execute(f"PRAGMA {setting}")
        self._local.held, self._local.connection = held, connection
        with self._guard:
            self._held.add(held)
        return connection

    def _prepare(self, connection: Connection) -> None:
        with self.transaction(connection):
            for statement in SCHEMA:
                connection.execute(statement)

    def _recover(self, error: sqlite3.OperationalError, attempt: int, deadline: float) -> None:
        if error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            if time.monotonic() > deadline:
                raise error
            if attempt > 1:  # the first time it may only be an old snapshot
                time.sleep(min(0.00005 * 2 ** min(attempt, 5), 0.001) * random.uniform(0.5, 1.0))  # noqa: S311
        elif "no such table" in str(error) and attempt < STALE_RETRIES:
            for forget in self.on_stale:
                forget()
        else:
            raise error

    def held(self) -> list[Held]:
        """Give all open connections."""
        with self._guard:
            return list(self._held)

    def abandon(self) -> None:
        """Forget everything, in a forked child."""
        FORKED.add(self.path)
        self._local = threading.local()
        self._guard = threading.Lock()


STORES: WeakSet[Store] = WeakSet()
FORKED: set[Path] = set()
INHERITED: list[Held] = []


def _before_fork() -> None:
    # A forked child may not even close what it inherits: that would act on the parent's file.
    INHERITED.extend(held for store in list(STORES) for held in store.held())


def _after_fork_in_child() -> None:
    for store in list(STORES):
        if store.held():
            store.abandon()


os.register_at_fork(before=_before_fork, after_in_parent=INHERITED.clear, after_in_child=_after_fork_in_child)


class Transaction:
    """BEGIN IMMEDIATE on entry, COMMIT on exit, ROLLBACK when the block raised."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def __enter__(self) -> Connection:
        self._connection.execute("BEGIN IMMEDIATE")
        return self._connection

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if kind is None:
            try:
                self._connection.execute("COMMIT")
                return
            except sqlite3.OperationalError:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")


def placeholders(count: int) -> str:
    """Write count SQL parameters between commas."""
    return ",".join("?" * count)
