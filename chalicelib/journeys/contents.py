"""Contents: mail models, text models, templates and pages, put in by POST on the lists they are shown in.

A number that is taken is replaced, so that whoever keeps them elsewhere can put them in again and again.
"""

from __future__ import annotations

from typing import Any

from chalicelib.adapters import blobs
from chalicelib.core.call import Call
from chalicelib.core.errors import AlreadyExists, Conflict, NotFound
from chalicelib.journeys import connectors, wire
from chalicelib.journeys.materials import find, html_of
from chalicelib.journeys.models import contents as stored
from chalicelib.journeys.models.contents import MAIL, TEMPLATE, TEXT, Content
from chalicelib.journeys.models.nodes import Node

Json = dict[str, Any]
MAX_OF_A_KIND = 1_000
_ATTEMPTS = 5
_MAIL_FIELDS = ("subject", "senderName", "senderEmail", "senderReplyTo")
_TEXT_FIELDS = ("senderAlias", "text")


def read_designer(call: Call) -> Json:
    """Tell whether the caller may use the e-mail designer: where the node sends mails."""
    node = wire.node_of(call)
    connected = connectors.of_type(node.workspace_id, node.id, connectors.MESSAGES, fresh=True) is not None
    return {"enabled": node.email_active and connected}


def list_mail_models(call: Call) -> list[Json]:
    """List the mail models of the node, by name."""
    return [_mail_view(one) for one in _all(wire.node_of(call), MAIL)]


def put_mail_model(call: Call) -> Json:
    """Put a mail model in, in place of an earlier one with its identifier."""
    return _mail_view(_put(call, wire.node_of(call), MAIL, call.body.wire(), "identifier"))


def list_text_models(call: Call) -> list[Json]:
    """List the text models of the node, by name."""
    return [_text_view(one) for one in _all(wire.node_of(call), TEXT)]


def put_text_model(call: Call) -> Json:
    """Put a text model in, in place of an earlier one with its identifier."""
    return _text_view(_put(call, wire.node_of(call), TEXT, call.body.wire(), "identifier"))


def list_templates(call: Call) -> Json:
    """List the page templates of the node, by name."""
    return _listed(call, _all(wire.node_of(call), TEMPLATE), _template_view)


def put_template(call: Call) -> Json:
    """Put a page template in, in place of an earlier one with its id."""
    return _template_view(_put(call, wire.node_of(call), TEMPLATE, call.body.wire(), "id"))


def list_pages(call: Call) -> Json:
    """List the pages of a template, by name."""
    node = wire.node_of(call)
    template = _template(call, node)
    return _listed(call, _all(node, stored.page_kind(template.number)), _page_view)


def put_page(call: Call) -> Json:
    """Put a page of a template in, in place of an earlier one with its id."""
    node = wire.node_of(call)
    template = _template(call, node)
    return _page_view(_put(call, node, stored.page_kind(template.number), call.body.wire(), "id"))


def read_page(call: Call) -> Json:
    """Read a page of a template, its HTML included."""
    node = wire.node_of(call)
    template = _template(call, node)
    kind = stored.page_kind(template.number)
    page = find(node.workspace_id, node.id, kind, _number(call, "page_id"), "page")
    return {**_page_view(page), "htmlContent": html_of(page)}


def _all(node: Node, kind: str) -> list[Content]:
    return stored.list_all(node.workspace_id, node.id, kind)


def _put(call: Call, node: Node, kind: str, sent: Json, number_name: str) -> Content:
    """Store a content under the number that was sent, else under the next one."""
    number, request = sent.pop(number_name, None), call.new_id("content")
    html, name = sent.pop("htmlContent", None), sent.pop("name")
    for _ in range(_ATTEMPTS):
        known = _all(node, kind)
        repeated = next((one for one in known if number is None and one.request == request), None)
        if repeated is not None and call.idempotency_key:
            return repeated
        chosen = number if number is not None else max((one.number for one in known), default=0) + 1
        before = next((one for one in known if one.number == chosen), None)
        if before is None and len(known) >= MAX_OF_A_KIND:
            raise Conflict(f"a node holds at most {MAX_OF_A_KIND} of these")
        item = Content.new(
            node.workspace_id, id=stored.id_of(chosen), node=node.id, kind=kind, name=name, fields=sent, request=request
        )
        if html is not None:
            raw = f"{node.id}/{kind}/{item.id}/{request}\n{html}".encode()
            item.html = blobs.blobs().put(node.workspace_id, raw)
        try:
            _store(item, before)
        except AlreadyExists:
            continue
        return item
    raise Conflict("the number was taken meanwhile; try again")


def _store(item: Content, before: Content | None) -> None:
    if before is None:
        item.insert()
        return
    item.inserted_at, item.revision = before.inserted_at, before.revision
    item.save()
    if before.html and before.html != item.html:
        blobs.blobs().delete(item.workspace_id, before.html)


def _listed(call: Call, found: list[Content], view: Any) -> Json:
    shown, page = wire.page_of(call, found, len(found))
    return {"page": page, "elements": [view(one) for one in shown]}


def _mail_view(one: Content) -> Json:
    return {"identifier": one.number, "name": one.name, **{name: one.fields.get(name) for name in _MAIL_FIELDS}}


def _text_view(one: Content) -> Json:
    return {"identifier": one.number, "name": one.name, **{name: one.fields.get(name) for name in _TEXT_FIELDS}}


def _template_view(one: Content) -> Json:
    return {"id": one.number, "name": one.name}


def _page_view(one: Content) -> Json:
    return {"id": one.number, "templateId": int(one.kind.partition(".")[2]), "name": one.name}


def _template(call: Call, node: Node) -> Content:
    return find(node.workspace_id, node.id, TEMPLATE, _number(call, "template_id"), "template")


def _number(call: Call, name: str) -> int:
    text = call.path[name]
    if not text.isascii() or not text.isdecimal() or len(text) > 12:
        raise NotFound(f"there is nothing with the number {text[:40]}")
    return int(text)
