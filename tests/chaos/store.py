"""Reads the data folder's SQLite file from outside, without writing: rows of tables, messages of queues."""

from __future__ import annotations

import json
import sqlite3
from base64 import b64decode
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PREFIX = "millrace-"
Row = dict[str, Any]


@dataclass(frozen=True)
class Message:
    """A message that lies in a queue; times are milliseconds since 1970 by the store's clock."""

    queue: str
    body: Any
    sent_at: int
    visible_at: int
    receives: int


class Store:
    """The file of a stack that runs, or has ended. Tables and queues go by their short names (`work`, `chat_setup`)."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def tables(self) -> list[str]:
        """Name every table."""
        return sorted(self._relations("table"))

    def queues(self) -> list[str]:
        """Name every queue, those of dead letters included."""
        return sorted(self._relations("queue"))

    def rows(self, table: str, pk: str = "", sk: str = "") -> Iterator[Row]:
        """Give the rows of a table whose keys begin so, in order of keys; `doc` is parsed."""
        relation = self._relations("table")[table]
        with self._open() as connection:
            found = connection.execute(
                f"SELECT item FROM {relation} WHERE pk >= ?1 AND substr(pk, 1, length(?1)) = ?1 "
                "AND substr(sk, 1, length(?2)) = ?2 ORDER BY pk, sk",
                (pk.encode(), sk.encode()),
            ).fetchall()
        for (item,) in found:
            row = {name: plain(value) for name, value in json.loads(item).items()}
            if isinstance(row.get("doc"), str):
                row["doc"] = json.loads(row["doc"])
            yield row

    def messages(self, queue: str) -> list[Message]:
        """List what lies in a queue, seen and unseen."""
        relation = self._relations("queue")[queue]
        with self._open() as connection:
            found = connection.execute(f"SELECT body, sent_at, visible_at, receives FROM {relation} ORDER BY id")
            return [Message(queue, json.loads(body), *numbers) for body, *numbers in found]

    def sizes(self) -> dict[str, tuple[int, int]]:
        """Give the number of rows of each table, and their bytes as DynamoDB would count them."""
        with self._open() as connection:
            return {
                name: connection.execute(f"SELECT count(*), coalesce(sum(size), 0) FROM {relation}").fetchone()
                for name, relation in self._relations("table").items()
            }

    def depths(self) -> dict[str, tuple[int, int]]:
        """Give of each queue how many messages it holds, and when the oldest of those due was sent (0: none is)."""
        with self._open() as connection:
            now = "CAST(unixepoch('subsec') * 1000 AS INTEGER)"
            return {
                name: connection.execute(
                    f"SELECT count(*), coalesce(min(CASE WHEN visible_at <= {now} THEN sent_at END), 0) FROM {relation}"
                ).fetchone()
                for name, relation in self._relations("queue").items()
            }

    def kinds(self, table: str) -> Counter[str]:
        """Count the rows of a table by the first letters of their keys, such as `EV/E`."""
        return Counter(f"{part(row['pk'], 1)}/{part(row['sk'], 0)}" for row in self.rows(table))

    def copy(self, file: Path) -> Store:
        """Copy the whole file as it is now."""
        with self._open() as here, sqlite3.connect(file) as there:
            here.backup(there)
        there.close()
        return Store(file)

    def _relations(self, kind: str) -> dict[str, str]:
        with self._open() as connection:
            found = connection.execute("SELECT name, relation FROM catalog WHERE kind = ?", (kind,)).fetchall()
        return {name.removeprefix(PREFIX): relation for name, relation in found}

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(f"file:{self.file}?mode=ro", uri=True, timeout=30, factory=_Closing)
        return connection


class _Closing(sqlite3.Connection):
    """A connection that a `with` block closes."""

    def __exit__(self, *_: object) -> bool:  # type: ignore[override]
        self.close()
        return False


def plain(value: dict[str, Any]) -> Any:
    """Turn the wire form of an attribute into a plain value."""
    [(kind, content)] = value.items()
    if kind == "N":
        return float(content) if "." in content or "E" in content else int(content)
    if kind == "M":
        return {name: plain(member) for name, member in content.items()}
    if kind == "L":
        return [plain(member) for member in content]
    if kind == "B":
        return b64decode(content)
    if kind == "NS":
        return {int(member) for member in content}
    return None if kind == "NULL" else set(content) if kind == "SS" else content


def part(key: str, number: int) -> str:
    """Give one part of a key, or "" when it has fewer."""
    parts = key.split("#")
    return parts[number] if number < len(parts) else ""
