"""A table in memory that evaluates conditions and changes directly, and breaks where it is told to."""

from __future__ import annotations

from typing import Any, Protocol

from chalicelib.storage.expressions import Change, Condition, Row
from chalicelib.storage.table import ConditionFailed, Key, Page


class Hooks(Protocol):
    """What surrounds every call. Both may raise: before the effect, or after it (a lost answer)."""

    def before(self) -> None: ...

    def after(self) -> bool:
        """Say whether the client library repeats the request although it was done."""
        ...


class FakeTable:
    """TableLike with the index `due`. Rows it gives out share parts with those it keeps: do not change them."""

    def __init__(self, hooks: Hooks | None = None) -> None:
        self.rows: dict[Key, Row] = {}
        self.index: dict[str, dict[Key, str]] = {}
        self.hooks = hooks
        self.lags = False
        self.writes = self.reads = 0
        self._pending: list[tuple[Key, str | None, str | None, str]] = []

    def get(self, key: Key) -> Row | None:
        self.reads += 1
        if self.hooks is not None:
            self.hooks.before()
        return self.rows.get(key)

    def put(self, row: Row, condition: Condition | None = None) -> None:
        new = {name: _copy(value) for name, value in row.items() if value is not None}
        self._write(Key(row["pk"], row["sk"]), condition, new)

    def update(self, key: Key, change: Change, condition: Condition | None = None) -> Row:
        row = self._write(key, condition, change)
        assert row is not None
        return row

    def delete(self, key: Key, condition: Condition | None = None) -> None:
        self._write(key, condition, None)

    def query(
        self, pk: str, *, between: tuple[str, str] | None = None, limit: int | None = None, index: str = ""
    ) -> Page:
        assert index == "due"
        self.reads += 1
        if self.hooks is not None:
            self.hooks.before()
        found = self.index.get(pk)
        if not found:
            return Page([], None)
        entries = sorted((sort, key) for key, sort in found.items())
        if between is not None:
            entries = [one for one in entries if between[0] <= one[0] <= between[1]]
        rows = [{"pk": key.pk, "sk": key.sk, "dueB": pk, "dueK": sort} for sort, key in entries[:limit]]
        is_cut = limit is not None and len(entries) > limit
        return Page(rows, Key(rows[-1]["pk"], rows[-1]["sk"]) if is_cut else None)

    def catch_up(self) -> None:
        """Let the index see everything written so far."""
        for entry in self._pending:
            self._list(*entry)
        self._pending.clear()

    def _write(self, key: Key, condition: Condition | None, what: Row | Change | None) -> Row | None:
        if self.hooks is None:
            return self._once(key, condition, what)
        self.hooks.before()
        done = self._once(key, condition, what)
        if self.hooks.after():
            done = self._once(key, condition, what)
        return done

    def _once(self, key: Key, condition: Condition | None, what: Row | Change | None) -> Row | None:
        self.writes += 1
        old = self.rows.get(key)
        if condition is not None and not condition.holds(old):
            raise ConditionFailed(old)
        new = apply(what, old or {"pk": key.pk, "sk": key.sk}) if isinstance(what, Change) else what
        if new is None:
            self.rows.pop(key, None)
        else:
            self.rows[key] = new
        before, after = (old or {}).get("dueB"), (new or {}).get("dueB")
        if before is not None or after is not None:
            entry = (key, before, after, (new or {}).get("dueK", ""))
            if self.lags:
                self._pending.append(entry)
            else:
                self._list(*entry)
        return new

    def _list(self, key: Key, before: str | None, after: str | None, sort: str) -> None:
        if before is not None:
            self.index.get(before, {}).pop(key, None)
        if after is not None:
            self.index.setdefault(after, {})[key] = sort


def apply(change: Change, old: Row) -> Row:
    """Give the row that DynamoDB would make. Raises ValueError where it refuses the paths."""
    new = dict(old)
    for name, value in change.put.items():
        _set(new, old, name, _copy(value))
    for name, value in change.default.items():
        if _get(old, name) is None:
            _set(new, old, name, _copy(value))
    for name, items in change.append.items():
        _set(new, old, name, [*(_get(old, name) or []), *_copy(items)])
    for name in change.remove:
        if "." in name:
            _set(new, old, name, None)
        else:
            new.pop(name, None)
    for name, amount in change.add.items():
        new[name] = old.get(name, 0) + amount
    return new


def _get(row: Row, name: str) -> Any:
    value: Any = row
    for part in name.split("."):
        if not isinstance(value, dict) or part not in value:
            return None
        value = value[part]
    return value


def _set(new: Row, old: Row, name: str, value: Any) -> None:
    if "." not in name:
        new[name] = value
        return
    *path, last = name.split(".")
    inner, before = new, old
    for part in path:
        if not isinstance(before.get(part), dict):
            raise ValueError(f"no such document path: {name}")
        before = before[part]
        inner[part] = inner = dict(inner[part])
    if value is None:
        inner.pop(last, None)
    else:
        inner[last] = value


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _copy(inner) for name, inner in value.items()}
    return [_copy(inner) for inner in value] if isinstance(value, list | tuple) else value
