"""Services and their versions, as they are stored."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self
from urllib.parse import quote

from chalicelib.connectors.models import directory
from chalicelib.connectors.models.directory import Place
from chalicelib.core.errors import NotFound
from chalicelib.storage.expressions import Row
from chalicelib.storage.item import Item, Unique
from chalicelib.storage.table import Key, Write
from chalicelib.storage.tables import CATALOGUE

Object = dict[str, Any]
PUBLIC = "public"


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
    published_at: int = 0
    deleted_at: int = 0

    # set on the instance, never stored:
    seen_from: ClassVar[str | None] = None  # the workspace that reached it without owning it
    names_before: ClassVar[tuple[str, str] | None] = None  # name and platform before the change at hand, when frozen

    @property
    def is_shared(self) -> bool:
        """Say whether whoever reached it does not own it."""
        return self.seen_from is not None

    @property
    def used_in(self) -> str:
        """The workspace that tokens, values, subscriptions and addresses belong to."""
        return self.seen_from or self.workspace_id

    @property
    def is_public(self) -> bool:
        """Say whether every workspace may read and run it."""
        return self.sharing == PUBLIC and not self.deleted_at

    @property
    def is_frozen(self) -> bool:
        """Say whether others may lean on its names."""
        return self.is_public or bool(self.published_at)

    @property
    def place(self) -> Place:
        """Where it lies."""
        return Place(self.workspace_id, self.id)

    @property
    def name_key(self) -> str:
        """Spell name and platform so that no two pairs give the same text."""
        return f"{_spelled(self.name)}@{_spelled(self.platform_id)}"

    def name_keys(self) -> dict[str, Key]:
        """Give up the name with the deletion."""
        return {} if self.deleted_at else super().name_keys()

    def loaded(self, row: Row) -> None:
        """Remember the names that must stay."""
        self.__dict__["names_before"] = (self.name, self.platform_id) if self.is_frozen else None

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

    # --- other workspaces' ------------------------------------------------------------------------------------

    @classmethod
    def find_either(cls, workspace_id: str, id_or_name: str, field: str = "name", **parts: str) -> Self:
        """Find a service by id or name: the workspace's own, else a public one of another. Raises NotFound."""
        try:
            return super().find_either(workspace_id, id_or_name, field, **parts)
        except NotFound:
            found = cls.get_public(workspace_id, id_or_name)
            if found is None:
                raise
            return found

    @classmethod
    def get_public(cls, workspace_id: str, id_or_name: str, platform_id: str | None = None) -> Self | None:
        """Read another workspace's public service by id or name, or None."""
        place = directory.place_of(directory.public_id(id_or_name)) if platform_id is None else None
        if place is None:
            place = cls._public_place(id_or_name, platform_id)
        if place is None or place.workspace_id == workspace_id:
            return None
        found = cls.get(place.workspace_id, id=place.service_id)
        if found is None or not found.is_public or cls._stood_in(workspace_id, found.id):
            return None
        return found.seen_by(workspace_id)

    @classmethod
    def _public_place(cls, name: str, platform_id: str | None) -> Place | None:
        if platform_id is not None:
            return directory.place_of(directory.public_name(f"{_spelled(name)}@{_spelled(platform_id)}"))
        return next(iter(directory.places_named(f"{_spelled(name)}@")), None)

    @classmethod
    def list_public(cls, workspace_id: str) -> list[Self]:
        """Read the public services of other workspaces, in the order of their names."""
        keys = [cls.key(place.workspace_id, id=place.service_id) for place in directory.public_places()]
        rows = cls.TABLE.get_many([key for key in keys if not key.pk.startswith(f"{workspace_id}#")])
        found = [cls.from_row(rows[key]).seen_by(workspace_id) for key in keys if key in rows]
        return [service for service in found if service.is_public]

    @classmethod
    def get_even_deleted(cls, workspace_id: str, service_id: str) -> Self | None:
        """Read a service by id, its tombstone included, or one that is, or was, public; or None."""
        found = super().get(workspace_id, id=service_id)
        place = directory.place_of(directory.public_id(service_id)) if found is None else None
        if place is None:
            return found
        found = super().get(place.workspace_id, id=service_id)
        return None if found is None else found.seen_by(workspace_id)

    def seen_by(self, workspace_id: str) -> Self:
        """Mark it as reached by a workspace that does not own it."""
        self.__dict__["seen_from"] = workspace_id
        return self

    @classmethod
    def _stood_in(cls, workspace_id: str, service_id: str) -> bool:
        """Say whether the id means, or meant, a service of the workspace's own."""
        return cls.TABLE.get(cls.key(workspace_id, id=service_id)) is not None

    # --- writes -----------------------------------------------------------------------------------------------

    def insert(self, also: Sequence[Write] = ()) -> Self:
        """Store a new service. Raises AlreadyExists too for an id that is another workspace's in public."""
        key = directory.public_id(self.id)
        check = Write(self.TABLE, directory.free_for(self.place), key=key, is_check=True)
        return super().insert([*also, *(self._claims() if self.is_public else [check])])

    def save(self, *, by: str | None = None, before: Self | None = None, also: Sequence[Write] = ()) -> Self:
        """Store the changed service; with its publicity the directory changes."""
        was_public = self.is_public if before is None else before.is_public
        listing: list[Write] = []
        if self.is_public and not was_public:
            listing = self._claims()
        elif was_public and not self.is_public and before is not None:
            listing = [Write(self.TABLE, key=directory.public_name(before.name_key))]
        return super().save(by=by, before=before, also=[*also, *listing])

    def _claims(self) -> list[Write]:
        keys = directory.public_id(self.id), directory.public_name(self.name_key)
        return [directory.claim(key, self.place) for key in keys]


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

    # before the change at hand; set on the instance when it is read:
    was_published: ClassVar[bool] = False
    name_before: ClassVar[str | None] = None

    def loaded(self, row: Row) -> None:
        """Remember what stands in the table."""
        self.__dict__.update(was_published=self.published, name_before=self.name)
