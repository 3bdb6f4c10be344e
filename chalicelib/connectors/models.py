"""What is stored of connectors, and every query under a name.

A component's row holds the content of its latest version; `<kind>.v#<id>#<version>` rows hold older ones. The row of
a version id (`<kind>@<version id>`) leads to component and version, beside the row of the component's name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self
from urllib.parse import quote

from chalicelib.core import ids
from chalicelib.core.errors import NotFound
from chalicelib.storage.expressions import ABSENT, Row
from chalicelib.storage.item import DEPLOYMENT, Item, Unique
from chalicelib.storage.table import Key, Page, Write
from chalicelib.storage.tables import CATALOGUE

Object = dict[str, Any]
PAGE = 50


def _spelled(name: str) -> str:
    """Spell a name for a key, where @ separates and 1,024 bytes are the limit."""
    text = quote(name, safe="")
    return text if len(text) <= 400 else hashlib.sha256(text.encode()).hexdigest()


@dataclass(kw_only=True)
class Service(Item):
    """A third party. A deleted one stays as a tombstone, so that its id never means something else."""

    TABLE, NOUN = CATALOGUE, "service"
    PARTITION, SORT = "SVCS", "service#{id}"
    UNIQUE = (Unique("name", "SVCS", "name@{name_key}"),)

    name: str = ""
    type: str = "0"
    platform_id: str = "default"
    sharing: str = "none"
    icon: str | None = None
    display_order: int = 0
    enabled: bool = True
    default_version_id: str | None = None
    deleted_at: int = 0

    @property
    def name_key(self) -> str:
        """Spell name and platform so that no two pairs give the same text."""
        return f"{_spelled(self.name)}@{_spelled(self.platform_id)}"

    def name_keys(self) -> dict[str, Key]:
        """Give up the name with the deletion."""
        return {} if self.deleted_at else super().name_keys()

    @classmethod
    def get(cls, workspace_id: str, **parts: str) -> Self | None:
        """Read a service, or None; a tombstone counts as absent."""
        found = super().get(workspace_id, **parts)
        return None if found is None or found.deleted_at else found

    @classmethod
    def get_named(cls, workspace_id: str, field: str, **parts: str) -> Self | None:
        """Read a service by its name, of the default platform when several have it, or None."""
        platform_id = parts.get("platform_id")
        owner = "" if platform_id is None else _spelled(platform_id)
        prefix = f"name@{_spelled(parts['name'])}@{owner}"
        rows = cls.TABLE.query(f"{workspace_id}#SVCS", prefix=prefix, limit=20).rows
        if platform_id is not None:
            rows = [row for row in rows if row["sk"] == prefix]
        rows.sort(key=lambda row: (not row["sk"].endswith("@default"), row["sk"]))
        return cls.get(workspace_id, id=rows[0]["doc"]["id"]) if rows else None

    @classmethod
    def list_all(cls, workspace_id: str, **parts: str) -> list[Self]:
        """Read every service that is not deleted."""
        return [item for item in super().list_all(workspace_id, **parts) if not item.deleted_at]

    @classmethod
    def get_even_deleted(cls, workspace_id: str, service_id: str) -> Self | None:
        """Read a service by id, its tombstone included, or None."""
        return super().get(workspace_id, id=service_id)


@dataclass(kw_only=True)
class ServiceVersion(Item):
    """One version of a service: scripts, settings, and the component versions pinned when it was published."""

    TABLE, NOUN = CATALOGUE, "version"
    PARTITION, SORT = "SVC#{service_id}", "version#{id}"
    UNIQUE = (Unique("name", "SVC#{service_id}", "version@{name}"),)

    service_id: str
    name: str = ""
    label: Object = field(default_factory=dict)
    published: bool = True
    logic: Object = field(default_factory=dict)
    setting: Object = field(default_factory=dict)
    default_service_security_id: str | None = None
    pins: dict[str, dict[str, str]] = field(default_factory=dict)  # kind -> component -> version

    was_published: ClassVar[bool] = False  # before the change at hand; set on the instance when it is read

    def loaded(self, row: Row) -> None:
        """Remember what stands in the table."""
        self.__dict__["was_published"] = self.published


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

    @property
    def component_id(self) -> str:
        """The id under the name this kind's surface has for it."""
        return self.id

    event_id = trigger_id = component_id

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
        return type(self)(**{**vars(self), **content})

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
            found = cls.get(workspace_id, id=id_or_name, **parts) or cls._get_by_version(
                workspace_id, id_or_name, parts["service_id"]
            )
            if found is None:
                raise NotFound(f"no such {cls.NOUN}: {id_or_name}")
            return found
        return super().find_either(workspace_id, id_or_name, field, **parts)

    @classmethod
    def _get_by_version(cls, workspace_id: str, version_id: str, service_id: str) -> Self | None:
        row = cls.TABLE.get(Key(f"{workspace_id}#SVC#{service_id}", f"{cls.KIND}@{version_id}"))
        if row is None or "version" not in row["doc"]:
            return None
        component = cls.get(workspace_id, id=row["doc"]["id"], service_id=service_id)
        return None if component is None else component.archived(row["doc"]["version"])


@dataclass(kw_only=True)
class Action(Component):
    """An operation of a service."""

    NOUN, KIND, IS_VERSIONED = "action", "action", True
    SORT = "action#{id}"
    UNIQUE = (Unique("name", "SVC#{service_id}", "action@{name}"),)


@dataclass(kw_only=True)
class Event(Component):
    """The receiver of a service's notifications."""

    NOUN, KIND = "event", "event"
    SORT = "event#{id}"
    UNIQUE = (Unique("name", "SVC#{service_id}", "event@{name}"),)

    hook_key: str = ""  # of its notification address

    def insert(self, also: Sequence[Write] = ()) -> Self:
        """Store a new event together with the directory's row of its address."""
        row = hook_row(self.hook_key, self.workspace_id, self.service_id, self.id)
        return super().insert([*also, Write(self.TABLE, row=row)])

    def remove(self, also: Sequence[Write] = ()) -> None:
        """Delete the event; its address means nothing from then on."""
        super().remove([*also, Write(self.TABLE, key=hook_address(self.hook_key))])


@dataclass(kw_only=True)
class Trigger(Component):
    """What a routed notification, or a poll, fires."""

    NOUN, KIND = "trigger", "trigger"
    SORT = "trigger#{id}"
    UNIQUE = (Unique("name", "SVC#{service_id}", "trigger@{name}"),)

    def remove(self, also: Sequence[Write] = ()) -> None:
        """Delete the trigger, but keep its content for the delete hooks of its subscriptions until it is swept."""
        super().remove([*also, self.archiving()])

    @classmethod
    def find_deleted(cls, workspace_id: str, service_id: str, trigger_id: str) -> Self:
        """Find what a deleted trigger left. Raises NotFound once it is swept."""
        left = cls.new(workspace_id, id=trigger_id, service_id=service_id)
        rows = left.version_page().rows
        if not rows:
            raise NotFound(f"no such trigger: {trigger_id}")
        return left.with_content(rows[0])


@dataclass(kw_only=True)
class Security(Component):
    """A way users sign in to a service. It has no name, and its id is unique in the workspace."""

    NOUN, KIND, IS_VERSIONED = "security", "security", True
    SORT = "security#{id}"
    UNIQUE = (Unique("id", "SECS", "security@{id}"),)

    def name_doc(self) -> dict[str, Any]:
        """Let the id alone lead to the service."""
        return {"id": self.id, "service_id": self.service_id}

    @classmethod
    def service_of(cls, workspace_id: str, security_id: str) -> str:
        """Find the id of the service a security belongs to. Raises NotFound."""
        row = cls.TABLE.get(Key(f"{workspace_id}#SECS", f"security@{security_id}"))
        if row is None:
            raise NotFound(f"no such security: {security_id}")
        return str(row["doc"]["service_id"])


@dataclass(kw_only=True)
class Variable(Component):
    """A value the platform must supply for a service."""

    NOUN, KIND, IS_VERSIONED = "variable", "variable", True
    SORT = "variable#{id}"
    UNIQUE = (Unique("name", "SVC#{service_id}", "variable@{name}"),)


KINDS: dict[str, type[Component]] = {kind.KIND: kind for kind in (Action, Event, Trigger, Security, Variable)}


def hook_row(hook_key: str, workspace_id: str, service_id: str, event_id: str) -> Row:
    """Build the row that says what a notification address means."""
    doc = {"workspace_id": workspace_id, "service_id": service_id, "event_id": event_id}
    return {**hook_address(hook_key)._asdict(), "rev": 0, "doc": doc}


def hook_address(hook_key: str) -> Key:
    """Say where the row of a notification address lies."""
    return Key(f"{DEPLOYMENT}#HOOK#{hook_key}", "H")


def partition_page(workspace_id: str, service_id: str) -> Page:
    """Read a page of everything that belongs to a service."""
    return CATALOGUE.query(f"{workspace_id}#SVC#{service_id}", limit=PAGE)
