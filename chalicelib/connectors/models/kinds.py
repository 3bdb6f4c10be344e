"""The kinds of components, and what each stores beside what all have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from chalicelib.connectors.models import directory
from chalicelib.connectors.models.components import Component
from chalicelib.connectors.models.services import Service, ServiceVersion
from chalicelib.core.errors import NotFound
from chalicelib.storage.item import Unique
from chalicelib.storage.table import Key, Write


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
        row = directory.hook_row(self.hook_key, self.workspace_id, self.service_id, self.id)
        return super().insert([*also, Write(self.TABLE, row=row)])

    def remove(self, also: Sequence[Write] = ()) -> None:
        """Delete the event; its address means nothing from then on."""
        super().remove([*also, Write(self.TABLE, key=directory.hook_address(self.hook_key))])


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


@dataclass(kw_only=True)
class Condition(Component):
    """A check between the steps of an automation."""

    NOUN, KIND = "condition", "condition"
    SORT = "condition#{id}"
    UNIQUE = (Unique("name", "SVC#{service_id}", "condition@{name}"),)


@dataclass(kw_only=True)
class Datatype(Component):
    """A named schema, and where the choices for an input come from."""

    NOUN, KIND, IS_VERSIONED = "datatype", "datatype", True
    SORT = "datatype#{id}"
    UNIQUE = (Unique("name", "SVC#{service_id}", "datatype@{name}"),)


_KINDS = (Action, Event, Trigger, Security, Variable, Condition, Datatype)
KINDS: dict[str, type[Component]] = {kind.KIND: kind for kind in _KINDS}


def find_anywhere(workspace_id: str, kind: str, record_id: str) -> tuple[Service, Component | ServiceVersion] | None:
    """Find a component, or a service version (kind: version), by its id or the id of one of its versions alone.

    Only in the workspace's own services. For developers' tools: it asks each service of the workspace.
    """
    for service in Service.list_all(workspace_id):
        if kind == "version":
            version = ServiceVersion.get(workspace_id, id=record_id, service_id=service.id)
            if version is not None:
                return service, version
            continue
        found = KINDS[kind].get_by_id(workspace_id, record_id, service.id)
        if found is not None:
            return service, found
    return None
