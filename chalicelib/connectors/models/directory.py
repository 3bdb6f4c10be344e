"""The deployment's directory: what leads from an address, or from something public, to the workspace it belongs to.

The rows of public ids are never removed. So an id that tokens anywhere lean on can never come to mean a service of
somebody else. Names are given up with the publicity.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from chalicelib.core.errors import AlreadyExists
from chalicelib.storage.expressions import ABSENT, Condition, Row, eq
from chalicelib.storage.item import DEPLOYMENT
from chalicelib.storage.table import ConditionFailed, Key, Page, Write
from chalicelib.storage.tables import CATALOGUE

PAGE = 50
NAMES = f"{DEPLOYMENT}#PUB"


class Place(NamedTuple):
    """Where a service lies: its owner's workspace and its id."""

    workspace_id: str
    service_id: str


# --- notification addresses ----------------------------------------------------------------------------------


def hook_row(hook_key: str, workspace_id: str, service_id: str, event_id: str) -> Row:
    """Build the row that says what a notification address means."""
    doc = {"workspace_id": workspace_id, "service_id": service_id, "event_id": event_id}
    return {**hook_address(hook_key)._asdict(), "rev": 0, "doc": doc}


def hook_address(hook_key: str) -> Key:
    """Say where the row of a notification address lies."""
    return Key(f"{DEPLOYMENT}#HOOK#{hook_key}", "H")


def own_hook_row(workspace_id: str, service_id: str, event_id: str) -> Row:
    """Build the row by which a workspace finds the addresses it has for another one's service."""
    return {**Key(f"{workspace_id}#SVC#{service_id}", f"hook#{event_id}")._asdict(), "rev": 0, "doc": {}}


def partition_page(workspace_id: str, service_id: str) -> Page:
    """Read a page of everything that belongs to a service."""
    return CATALOGUE.query(f"{workspace_id}#SVC#{service_id}", limit=PAGE)


# --- what is public ------------------------------------------------------------------------------------------


def public_id(service_id: str) -> Key:
    """Say where the row of a public service's id lies."""
    return Key(f"{NAMES}#service#{service_id}", "P")


def public_name(name_key: str) -> Key:
    """Say where the row of a public service's name lies."""
    return Key(NAMES, f"name@{name_key}")


def public_security(security_id: str) -> Key:
    """Say where the row lies that leads from a security to its public service."""
    return Key(f"{NAMES}#security#{security_id}", "P")


def claim(key: Key, place: Place) -> Write:
    """Give the write that lets a row lead to a service, unless it leads to another one already."""
    row = {**key._asdict(), "rev": 0, "w": place.workspace_id, "s": place.service_id}
    return Write(CATALOGUE, free_for(place), row=row)


def free_for(place: Place) -> Condition:
    """Say that a row does not lead to another service."""
    return ABSENT | (eq("w", place.workspace_id) & eq("s", place.service_id))


def claim_security(place: Place, security_id: str) -> None:
    """Let a security's id lead to its public service. Raises AlreadyExists when it leads to another one."""
    write = claim(public_security(security_id), place)
    try:
        CATALOGUE.put(write.row or {}, write.condition)
    except ConditionFailed:
        message = "a public service has a security with this id"
        raise AlreadyExists(message, details={"field": "id"}) from None


def place_of(key: Key) -> Place | None:
    """Read where a row of the directory leads."""
    row = CATALOGUE.get(key)
    return None if row is None else Place(row["w"], row["s"])


def public_place_of_security(security_id: str) -> Place | None:
    """Read which public service a security belongs to, or None."""
    return place_of(public_security(security_id))


def places_named(prefix: str) -> list[Place]:
    """Read where the names with this beginning lead: those of the default platform first."""
    rows = CATALOGUE.query(NAMES, prefix=f"name@{prefix}", limit=20).rows
    rows.sort(key=lambda row: (not row["sk"].endswith("@default"), row["sk"]))
    return [Place(row["w"], row["s"]) for row in rows]


def public_places() -> list[Place]:
    """Read where every public name leads, in the order of the names."""
    return [Place(row["w"], row["s"]) for row in CATALOGUE.query_all(NAMES, prefix="name@")]


# --- who uses another workspace's service --------------------------------------------------------------------


def use_row(place: Place, workspace_id: str) -> Row:
    """Build the row that says that a workspace uses another one's service."""
    return {**Key(_uses(place), workspace_id)._asdict(), "rev": 0, "doc": {}}


def note_use(place: Place, workspace_id: str) -> None:
    """Remember that a workspace holds something for another one's service."""
    CATALOGUE.put(use_row(place, workspace_id))


def uses_page(place: Place, after: str | None = None) -> tuple[list[str], str | None]:
    """List a page of the workspaces that use a service; and where to go on, or None."""
    start = None if after is None else Key(_uses(place), after)
    page = CATALOGUE.query(_uses(place), after=start, limit=PAGE)
    return [row["sk"] for row in page.rows], None if page.after is None else page.after.sk


def every_use(place: Place) -> Iterator[str]:
    """List all workspaces that use a service."""
    after: str | None = None
    while True:
        found, after = uses_page(place, after)
        yield from found
        if after is None:
            return


def forget_uses(place: Place) -> bool:
    """Remove a page of who used a deleted service; True when none is left."""
    found, after = uses_page(place)
    CATALOGUE.write_many(deletes=[Key(_uses(place), workspace_id) for workspace_id in found])
    return after is None


def _uses(place: Place) -> str:
    return f"{place.workspace_id}#USED#{place.service_id}"
