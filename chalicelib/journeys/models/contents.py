"""Contents of a node: mail models, text models, templates of the page builder and their pages."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from chalicelib.storage.item import Item
from chalicelib.storage.tables import JOURNEYS

MAIL, TEXT, TEMPLATE = "mail", "sms", "template"


@dataclass(kw_only=True)
class Content(Item):
    """One content. `id` is its number, 12 digits; `html` names its HTML in the store of big values.

    `request` is the id its creating request minted, so that a repeat under its key meets it.
    """

    TABLE, NOUN = JOURNEYS, "content"
    PARTITION, SORT = "N#{node}#C#{kind}", "{id}"

    node: str
    kind: str
    name: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    html: str | None = None
    request: str = ""

    @property
    def number(self) -> int:
        """The number callers know it by."""
        return int(self.id)


def page_kind(template: int) -> str:
    """Name the kind of a template's pages."""
    return f"page.{template}"


def id_of(number: int) -> str:
    """Spell a number as the id of a content."""
    return f"{number:012d}"


def list_all(workspace_id: str, node: str, kind: str) -> list[Content]:
    """Read the contents of a kind, by name."""
    partition = Content.key(workspace_id, node=node, kind=kind, id="").pk
    found = [Content.from_row(row) for row in JOURNEYS.query_all(partition)]
    return sorted(found, key=lambda one: (one.name.casefold(), one.id))


def get(workspace_id: str, node: str, kind: str, number: int) -> Content | None:
    """Find a content, or None."""
    return Content.get(workspace_id, node=node, kind=kind, id=id_of(number)) if 0 <= number < 10**12 else None
