"""What messages are made of: models with their fields, pages with their HTML."""

from __future__ import annotations

from typing import Any

from chalicelib.adapters import blobs
from chalicelib.core.errors import NotFound
from chalicelib.journeys.models import contents as stored
from chalicelib.journeys.models.contents import MAIL, TEXT, Content


def find(workspace_id: str, node: str, kind: str, number: int, noun: str) -> Content:
    """Find a content by its number. Raises NotFound."""
    found = stored.get(workspace_id, node, kind, number)
    if found is None:
        raise NotFound(f"the node has no {noun} {number}")
    return found


def mail_model(workspace_id: str, node: str, number: int) -> dict[str, Any]:
    """Give the fields of a mail model. Raises NotFound."""
    return find(workspace_id, node, MAIL, number, "mail model").fields


def text_model(workspace_id: str, node: str, number: int) -> dict[str, Any]:
    """Give the fields of a text model. Raises NotFound."""
    return find(workspace_id, node, TEXT, number, "text model").fields


def page_html(workspace_id: str, node: str, template: int, page: int) -> str:
    """Give the HTML of a page as mails are made of it. Raises NotFound."""
    return html_of(find(workspace_id, node, stored.page_kind(template), page, "page"))


def html_of(page: Content) -> str:
    """Read the HTML of a page."""
    if page.html is None:
        return ""
    return blobs.blobs().get(page.workspace_id, page.html).partition(b"\n")[2].decode()
