"""Items: typed things made of rows.

A noun is a dataclass that says where it lies and which of its names are unique:

    @dataclass(kw_only=True)
    class Action(Item):
        TABLE = CATALOGUE
        PARTITION, SORT = "SVC#{service_id}", "action#{id}"
        UNIQUE = (Unique("name", "SVC#{service_id}", "action@{name}"),)

The workspace is the first part of every partition key, put there here and nowhere else, so no finder can forget it.
A unique name is a row of its own that holds the id; item and name rows change in one transaction.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from string import Formatter
from typing import Any, ClassVar, Self

from chalicelib.core import clock, ids
from chalicelib.core.errors import AlreadyExists, NotFound, VersionConflict
from chalicelib.storage.expressions import ABSENT, PRESENT, Condition, Row, eq
from chalicelib.storage.table import ConditionFailed, Key, Table, TransactionFailed, Write, transact

DEPLOYMENT = "-"  # the deployment's own workspace: directories that are read before the caller's is known


@dataclass(frozen=True)
class Unique:
    """A field whose value may stand once among its siblings, and the row that guards it."""

    field: str
    partition: str
    sort: str


@dataclass(kw_only=True)
class Item:
    """What every stored noun has. Times are milliseconds; `revision` grows by one with every change."""

    workspace_id: str
    id: str
    inserted_at: int = 0
    updated_at: int = 0
    created_by: str | None = None
    updated_by: str | None = None
    revision: int = 0

    TABLE: ClassVar[Table]
    NOUN: ClassVar[str] = "item"
    PARTITION: ClassVar[str]
    SORT: ClassVar[str]
    UNIQUE: ClassVar[tuple[Unique, ...]] = ()

    # --- keys ---------------------------------------------------------------------------------------------

    @classmethod
    def key(cls, workspace_id: str, **parts: str) -> Key:
        """Say where the item with these parts lies."""
        return Key(f"{workspace_id}#{cls.PARTITION.format(**parts)}", cls.SORT.format(**parts))

    def own_key(self) -> Key:
        """Say where this item lies."""
        return self.key(self.workspace_id, **self._parts(self.PARTITION, self.SORT))

    def _parts(self, *templates: str) -> dict[str, str]:
        return {name: str(getattr(self, name)) for template in templates for name in _fields_of(template)}

    def name_keys(self) -> dict[str, Key]:
        """Say where the rows of this item's unique names lie, by field; fields without a value have none."""
        return {
            unique.field: Key(
                f"{self.workspace_id}#{unique.partition.format(**self._parts(unique.partition))}",
                unique.sort.format(**self._parts(unique.sort)),
            )
            for unique in self.UNIQUE
            if getattr(self, unique.field) not in (None, "")
        }

    def name_doc(self) -> dict[str, Any]:
        """Say what the rows of this item's unique names hold: at least its id."""
        return {"id": self.id}

    # --- rows ---------------------------------------------------------------------------------------------

    def to_row(self) -> Row:
        """Render the row: keys, revision, and everything else as one document."""
        doc = {name: getattr(self, name) for name in _stored_fields(type(self))}
        return {**self.own_key()._asdict(), "rev": self.revision, "doc": doc, **self.attributes()}

    def attributes(self) -> Row:
        """Give further attributes of the row (for conditions, indexes and expiry); none by default."""
        return {}

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """Read an item from its row."""
        doc, known = row["doc"], _stored_fields(cls)
        fields = {name: value for name, value in doc.items() if name in known}
        item = cls(workspace_id=row["pk"].partition("#")[0], revision=row["rev"], **fields)
        item.loaded(row)
        return item

    def loaded(self, row: Row) -> None:
        """Take over what lies outside the document; nothing by default."""

    # --- finders ------------------------------------------------------------------------------------------

    @classmethod
    def get(cls, workspace_id: str, **parts: str) -> Self | None:
        """Read one item by its parts, or None."""
        if not all(parts.values()):
            return None
        row = cls.TABLE.get(cls.key(workspace_id, **parts))
        return None if row is None else cls.from_row(row)

    @classmethod
    def find(cls, workspace_id: str, **parts: str) -> Self:
        """Read one item by its parts. Raises NotFound."""
        item = cls.get(workspace_id, **parts)
        if item is None:
            raise NotFound(f"no such {cls.NOUN}")
        return item

    @classmethod
    def get_named(cls, workspace_id: str, field: str, **parts: str) -> Self | None:
        """Read one item by a unique field, or None; costs two reads."""
        unique = next(unique for unique in cls.UNIQUE if unique.field == field)
        key = Key(f"{workspace_id}#{unique.partition.format(**parts)}", unique.sort.format(**parts))
        row = cls.TABLE.get(key)
        if row is None:
            return None
        return cls.get(workspace_id, **{**parts, "id": row["doc"]["id"]})

    @classmethod
    def find_either(cls, workspace_id: str, id_or_name: str, field: str = "name", **parts: str) -> Self:
        """Read one item by id or by its unique field, the likelier first. Raises NotFound."""
        by_id = {**parts, "id": id_or_name}
        by_name = {**parts, field: id_or_name}
        if ids.is_uuid(id_or_name):
            item = cls.get(workspace_id, **by_id) or cls.get_named(workspace_id, field, **by_name)
        else:
            item = cls.get_named(workspace_id, field, **by_name) or cls.get(workspace_id, **by_id)
        if item is None:
            raise NotFound(f"no such {cls.NOUN}: {id_or_name}")
        return item

    @classmethod
    def list_all(cls, workspace_id: str, **parts: str) -> list[Self]:
        """Read every item of a partition, ordered by insertion, then id."""
        template = next(iter(Formatter().parse(cls.SORT)))[0]
        partition = f"{workspace_id}#{cls.PARTITION.format(**parts)}"
        items = [cls.from_row(row) for row in cls.TABLE.query_all(partition, prefix=template)]
        return sorted(items, key=lambda item: (item.inserted_at, item.id))

    # --- writes -------------------------------------------------------------------------------------------

    @classmethod
    def new(cls, workspace_id: str, *, by: str | None = None, **fields: Any) -> Self:
        """Build an item that is not stored yet; it gets an id unless one is given."""
        now = clock.now_ms()
        fields.setdefault("id", ids.new_uuid())
        return cls(workspace_id=workspace_id, inserted_at=now, updated_at=now, created_by=by, updated_by=by, **fields)

    def insert(self, also: Sequence[Write] = ()) -> Self:
        """Store a new item, all of `also` with it. Raises AlreadyExists naming the field that is taken."""
        own = Write(self.TABLE, ABSENT, row=self.to_row())
        names = self.name_keys()
        if not names and not also:
            try:
                self.TABLE.put(self.to_row(), ABSENT)
            except ConditionFailed as failed:
                if not self._is_mine(failed.row):
                    raise self._taken("id") from None
            return self
        self._transact([own, *(self._claim(key) for key in names.values()), *also], ["id", *names])
        return self

    def save(self, *, by: str | None = None, before: Self | None = None, also: Sequence[Write] = ()) -> Self:
        """Store the changed item. `before` is the item as it was read, needed when a unique field may have changed.

        `also` is written with it or not at all. Raises VersionConflict when someone else changed it meanwhile,
        AlreadyExists when a name is taken.
        """
        read_revision, self.revision = self.revision, self.revision + 1
        self.updated_at, self.updated_by = clock.now_ms(), by if by is not None else self.updated_by
        unchanged = PRESENT & eq("rev", read_revision)
        old, new = before.name_keys() if before else {}, self.name_keys()
        given_up = [key for name, key in old.items() if new.get(name) != key]
        claimed = {name: key for name, key in new.items() if before is not None and old.get(name) != key}
        if not given_up and not claimed and not also:
            try:
                self.TABLE.put(self.to_row(), unchanged)
            except ConditionFailed as failed:
                if not self._is_mine(failed.row):
                    raise self._lost(failed.row) from None
            return self
        writes = [Write(self.TABLE, unchanged, row=self.to_row()), *(self._claim(key) for key in claimed.values())]
        writes += [*(Write(self.TABLE, key=key) for key in given_up), *also]
        self._transact(writes, ["revision", *claimed])
        return self

    def remove(self, also: Sequence[Write] = ()) -> None:
        """Delete the item and its names, all of `also` with it. Raises NotFound when it is gone already."""
        keys = self.name_keys().values()
        try:
            if not keys and not also:
                self.TABLE.delete(self.own_key(), PRESENT)
                return
            writes = [Write(self.TABLE, PRESENT, key=self.own_key()), *(Write(self.TABLE, key=key) for key in keys)]
            transact([*writes, *also], ids.secret_text(24))
        except (ConditionFailed, TransactionFailed):
            raise NotFound(f"no such {self.NOUN}") from None

    def change_if(self, condition: Condition) -> Write:
        """Give the write that replaces this item under a condition, to be put in a transaction."""
        return Write(self.TABLE, condition, row=self.to_row())

    def _claim(self, key: Key) -> Write:
        return Write(self.TABLE, ABSENT, row={**key._asdict(), "rev": 0, "doc": self.name_doc()})

    def _transact(self, writes: list[Write], fields: list[str]) -> None:
        try:
            transact(writes, ids.secret_text(24))
        except TransactionFailed as failed:
            position = min(failed.failed)
            field = fields[position] if position < len(fields) else "id"
            if field == "revision":
                raise self._lost(failed.failed[position]) from None
            raise self._taken(field) from None

    def _is_mine(self, row: Row | None) -> bool:
        """Rule R3: the answer to my own write was lost and the client library sent it again."""
        return row is not None and row.get("rev") == self.revision and row.get("doc") == self.to_row()["doc"]

    def _taken(self, field: str) -> AlreadyExists:
        article = "an" if self.NOUN[:1] in "aeiou" else "a"
        return AlreadyExists(f"{article} {self.NOUN} with this {field} exists", details={"field": field})

    def _lost(self, row: Row | None) -> VersionConflict | NotFound:
        if row is None:
            return NotFound(f"no such {self.NOUN}")
        return VersionConflict(f"the {self.NOUN} changed meanwhile; read it again")


@lru_cache(maxsize=256)
def _fields_of(template: str) -> tuple[str, ...]:
    return tuple(_names(template))


def _names(template: str) -> Iterator[str]:
    for _, name, _, _ in Formatter().parse(template):
        if name:
            yield name


_STORED: dict[type, tuple[str, ...]] = {}


def _stored_fields(cls: type[Item]) -> tuple[str, ...]:
    found = _STORED.get(cls)
    if found is None:
        hidden = {"workspace_id", "revision"}
        found = _STORED[cls] = tuple(field.name for field in dataclasses.fields(cls) if field.name not in hidden)
    return found
