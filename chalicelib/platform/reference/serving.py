"""The two operations that show the reference: to programs and to people."""

from __future__ import annotations

from chalicelib.core.call import Call
from chalicelib.edge.route import Answer, raw_answer
from chalicelib.platform.reference import document, page

_KEPT = {"Cache-Control": "public, max-age=60"}


def read_openapi(_call: Call) -> Answer:
    """Show this API as an OpenAPI 3.1 document."""
    return raw_answer(document.document_text(), 200, {**_KEPT, "Content-Type": "application/json"})


def read_docs(_call: Call) -> Answer:
    """Show this API as a page to read."""
    headers = {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": page.POLICY}
    return raw_answer(page.page_text(), 200, {**_KEPT, **headers})
