"""Which tables and queues exist, remembered per process and proven fresh by every statement that uses an entry.

Each entry owns a relation (a SQLite table) whose name is never used twice. Whoever changes an entry renames its
relation in the same transaction, and whoever deletes it drops the relation: a process with an old entry in memory
then fails with "no such table", forgets what it knew and starts over. Nothing is asked when nothing changed.
"""

import secrets
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import orjson

from infra.local.cloud.store import Connection, Store

E = TypeVar("E")


class Catalog(Generic[E]):
    """All entries of one kind ("table" or "queue")."""

    def __init__(self, store: Store, kind: str, build: Callable[[str, str, dict[str, Any]], E]) -> None:
        self._kind = kind
        self._build = build
        self._known: dict[str, E] = {}
        store.on_stale.append(self.forget)

    def find(self, connection: Connection, name: str) -> E | None:
        """Give the entry of this name, from memory if it was met before."""
        entry = self._known.get(name)
        return entry if entry is not None else self.read(connection, name)

    def read(self, connection: Connection, name: str) -> E | None:
        """Give the entry of this name as the file has it now."""
        row = connection.execute(
            "SELECT relation, spec FROM catalog WHERE kind = ? AND name = ?", (self._kind, name)
        ).fetchone()
        if row is None:
            self._known.pop(name, None)
            return None
        entry = self._build(name, row[0], orjson.loads(row[1]))
        self._known[name] = entry
        return entry

    def names(self, connection: Connection, prefix: str = "", after: str = "") -> list[str]:
        """List the names which begin with prefix and follow after, in order."""
        rows = connection.execute("SELECT name FROM catalog WHERE kind = ? AND name > ?", (self._kind, after))
        return sorted(name for (name,) in rows if name.startswith(prefix))

    def add(self, connection: Connection, name: str, spec: dict[str, Any]) -> E:
        """Insert an entry; the caller creates its relation in the same transaction."""
        relation = self._new_relation()
        connection.execute(
            "INSERT INTO catalog (kind, name, relation, spec) VALUES (?, ?, ?, ?)",
            (self._kind, name, relation, orjson.dumps(spec).decode()),
        )
        return self._build(name, relation, spec)

    def change(self, connection: Connection, name: str, old_relation: str, spec: dict[str, Any]) -> E:
        """Replace an entry's spec and rename its relation, inside the caller's transaction."""
        relation = self._new_relation()
        connection.execute(f"ALTER TABLE {old_relation} RENAME TO {relation}")
        connection.execute(
            "UPDATE catalog SET relation = ?, spec = ? WHERE kind = ? AND name = ?",
            (relation, orjson.dumps(spec).decode(), self._kind, name),
        )
        self._known.pop(name, None)
        return self._build(name, relation, spec)

    def remove(self, connection: Connection, name: str, relation: str) -> None:
        """Delete an entry with its relation, inside the caller's transaction."""
        connection.execute("DELETE FROM catalog WHERE kind = ? AND name = ?", (self._kind, name))
        connection.execute(f"DROP TABLE {relation}")
        self._known.pop(name, None)

    def forget(self) -> None:
        """Drop what is remembered."""
        self._known.clear()

    def _new_relation(self) -> str:
        return f"{self._kind}_{secrets.token_hex(6)}"
