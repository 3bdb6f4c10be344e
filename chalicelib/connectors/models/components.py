"""What all kinds of components store, and their versions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Self

from chalicelib.core import ids
from chalicelib.core.errors import NotFound
from chalicelib.storage.expressions import ABSENT, Row
from chalicelib.storage.item import Item
from chalicelib.storage.table import Key, Page, Write
from chalicelib.storage.tables import CATALOGUE

Object = dict[str, Any]
PAGE = 50


@dataclass(kw_only=True)
class Component(Item):
    """A part of a service. Kinds use the fields their surface shows; the others stay empty."""

    TABLE = CATALOGUE
    PARTITION = "SVC#{service_id}"
    KIND: ClassVar[str]
    IS_VERSIONED: ClassVar[bool] = False
    CONTENT: ClassVar[frozenset[str]] = frozenset(  # what each version has of its own
        ("label", "json_schema", "logic", "config", "setting", "tag", "type", "scheme", "required")
    ) | {"published", "version", "version_id", "updated_at", "updated_by"}

    service_id: str
    name: str = ""
    label: Object = field(default_factory=dict)
    json_schema: Object = field(default_factory=dict)
    logic: Object = field(default_factory=dict)
    config: Object = field(default_factory=dict)
    setting: Object = field(default_factory=dict)
    tag: list[str] | None = None
    type: str = ""
    scheme: str = ""
    required: bool = False
    published: bool = True
    version: str = "1.0.0"
    version_id: str = field(default_factory=ids.new_uuid)

    name_before: ClassVar[str | None] = None  # the change at hand; set on the instance when it is read

    def loaded(self, row: Row) -> None:
        """Remember the name that stands in the table."""
        self.__dict__["name_before"] = self.name

    @property
    def component_id(self) -> str:
        """The id under the name this kind's surface has for it."""
        return self.id

    event_id = trigger_id = datatype_id = condition_id = component_id

    # --- versions -------------------------------------------------------------------------------------------

    def archive_key(self, version: str) -> Key:
        """Say where the content of an older version lies."""
        return Key(self.own_key().pk, f"{self.KIND}.v#{self.id}#{version}")

    def archived(self, version: str) -> Self:
        """Give the component with the content of one of its versions. Raises NotFound."""
        if version == self.version:
            return self
        row = self.TABLE.get(self.archive_key(version))
        if row is None:
            raise NotFound(f"no such version of this {self.NOUN}: {version}")
        return self.with_content(row)

    def with_content(self, row: Row) -> Self:
        """Put the content of a version's row into a copy of the component."""
        content = {name: value for name, value in row["doc"].items() if name in self.CONTENT}
        kept = {field.name: getattr(self, field.name) for field in fields(self)}
        made = type(self)(**{**kept, **content})
        made.__dict__["name_before"] = self.name_before
        return made

    def archiving(self) -> Write:
        """Give the write that keeps this content as one version."""
        row = {**self.archive_key(self.version)._asdict(), "rev": self.revision, "doc": self.to_row()["doc"]}
        return Write(self.TABLE, row=row)

    def version_alias(self) -> Key:
        """Say where the row lies that leads from the version's id to this component."""
        return Key(self.own_key().pk, f"{self.KIND}@{self.version_id}")

    def claiming_version(self) -> Write:
        """Give the write that makes the version findable by its id."""
        doc = {"id": self.id, "version": self.version}
        return Write(self.TABLE, ABSENT, row={**self.version_alias()._asdict(), "rev": 0, "doc": doc})

    def version_page(self) -> Page:
        """Read a page of the older versions' rows."""
        return self.TABLE.query(self.own_key().pk, prefix=f"{self.KIND}.v#{self.id}#", limit=PAGE)

    # --- overrides ------------------------------------------------------------------------------------------

    def insert(self, also: Sequence[Write] = ()) -> Self:
        """Store a new component, findable by its version's id too when its kind has versions."""
        return super().insert([*also, self.claiming_version()] if self.IS_VERSIONED else also)

    def remove(self, also: Sequence[Write] = ()) -> None:
        """Delete the component and its names; older versions are swept later."""
        super().remove([*also, Write(self.TABLE, key=self.version_alias())] if self.IS_VERSIONED else also)

    @classmethod
    def find_either(cls, workspace_id: str, id_or_name: str, field: str = "name", **parts: str) -> Self:
        """Find a component by id, name, or the id of one of its versions. Raises NotFound."""
        if cls.IS_VERSIONED and ids.is_uuid(id_or_name):
            found = cls.get_by_id(workspace_id, id_or_name, parts["service_id"])
            if found is None:
                raise NotFound(f"no such {cls.NOUN}: {id_or_name}")
            return found
        return super().find_either(workspace_id, id_or_name, field, **parts)

    @classmethod
    def get_by_id(cls, workspace_id: str, component_id: str, service_id: str) -> Self | None:
        """Read a component by its id or the id of one of its versions, or None."""
        found = cls.get(workspace_id, id=component_id, service_id=service_id)
        if found is not None or not cls.IS_VERSIONED:
            return found
        return cls._get_by_version(workspace_id, component_id, service_id)

    @classmethod
    def _get_by_version(cls, workspace_id: str, version_id: str, service_id: str) -> Self | None:
        row = cls.TABLE.get(Key(f"{workspace_id}#SVC#{service_id}", f"{cls.KIND}@{version_id}"))
        if row is None or "version" not in row["doc"]:
            return None
        component = cls.get(workspace_id, id=row["doc"]["id"], service_id=service_id)
        return None if component is None else component.archived(row["doc"]["version"])
