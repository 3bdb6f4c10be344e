"""Resource: list, read, create, update and delete, written once.

A noun that wants more than the three hooks writes a function and names it in its row.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol, Self, cast

from chalicelib.core import paging
from chalicelib.core.call import Call
from chalicelib.core.errors import AlreadyExists, Forbidden, InvalidInput, VersionConflict

_ATTEMPTS = 3
_MAX_DIGITS = 9
_PAGING = frozenset({"limit", "cursor"})
MAX_PAGE = 500


class ItemLike(Protocol):
    """What a Resource needs of an item; storage.item.Item is one."""

    workspace_id: str
    id: str
    NOUN: Any

    @classmethod
    def find_either(cls, workspace_id: str, id_or_name: str, field: str = ..., **parts: str) -> Self: ...
    @classmethod
    def find(cls, workspace_id: str, **parts: str) -> Self: ...
    @classmethod
    def list_all(cls, workspace_id: str, **parts: str) -> list[Self]: ...
    @classmethod
    def new(cls, workspace_id: str, *, by: str | None = ..., **fields: Any) -> Self: ...
    def insert(self) -> Self: ...
    def save(self, *, by: str | None = ..., before: Self | None = ...) -> Self: ...
    def remove(self) -> None: ...


Hook = Callable[[Call, Any], None]


def _nothing(_call: Call, _item: Any) -> None:
    return None


@dataclass(frozen=True)
class Resource:
    """The five operations on one noun.

    `variable` is the path variable that names one of them, `parent` the resource it belongs to, `parent_field` the
    item's field that holds the parent's id, `name_field` the unique field that serves wherever the id does.
    """

    item: type[Any]
    variable: str
    parent: Resource | None = None
    parent_field: str = ""
    name_field: str | None = "name"
    before_write: Hook = _nothing
    before_delete: Hook = _nothing
    after_write: Hook = field(default=_nothing)

    def find(self, call: Call, *, to_change: bool = False) -> Any:
        """Find the item the path names, by id or name. Raises NotFound, or Forbidden when it may only be read."""
        workspace_id, parts = self._place(call, to_change=to_change)
        named = call.path[self.variable]
        kind = cast(type[ItemLike], self.item)
        if self.name_field is None:
            item = kind.find(workspace_id, id=named, **parts)
        else:
            item = kind.find_either(workspace_id, named, self.name_field, **parts)
        if to_change and item.workspace_id != call.workspace_id:
            raise Forbidden(f"this {item.NOUN} belongs to someone else")
        return item

    def list(self, call: Call) -> list[Any]:
        """List every item in order of insertion; `limit` and `cursor` page through them on request."""
        workspace_id, parts = self._place(call)
        items = cast(type[ItemLike], self.item).list_all(workspace_id, **parts)
        return [as_seen(call, item) for item in page_of(call, items)]

    def read(self, call: Call) -> Any:
        """Read one item. Raises NotFound."""
        return as_seen(call, self.find(call))

    def create(self, call: Call) -> Any:
        """Create an item from the body. Raises NotFound without its parent, AlreadyExists when a name is taken."""
        workspace_id, parts = self._place(call, to_change=True)
        kind = cast(type[ItemLike], self.item)
        fields = {name: value for name, value in call.body.fields().items() if value is not None}
        fields.setdefault("id", call.new_id(str(kind.NOUN)))
        item = kind.new(workspace_id, by=call.user_id, **parts, **fields)
        self.before_write(call, item)
        try:
            item.insert()
        except AlreadyExists as taken:
            # A repeat under the same idempotency key after a crash finds its own first attempt.
            if call.idempotency_key is None or taken.details.get("field") != "id" or "id" in call.body.fields():
                raise
            item = kind.find(workspace_id, id=item.id, **parts)
        self.after_write(call, item)
        return item

    def update(self, call: Call) -> Any:
        """Change the fields that were sent. Raises VersionConflict when others keep changing it meanwhile."""
        for attempt in range(1, _ATTEMPTS + 1):
            item = self.find(call, to_change=True)
            before = copy.deepcopy(item)
            for name, value in call.body.fields().items():
                setattr(item, name, value)
            self.before_write(call, item)
            try:
                item.save(by=call.user_id, before=before)
            except VersionConflict:
                if attempt == _ATTEMPTS:
                    raise
                continue
            self.after_write(call, item)
            return item
        raise AssertionError("unreachable")

    def delete(self, call: Call) -> None:
        """Delete the item. Raises NotFound, a second delete included."""
        item = self.find(call, to_change=True)
        self.before_delete(call, item)
        item.remove()

    def _place(self, call: Call, *, to_change: bool = False) -> tuple[str, dict[str, str]]:
        if self.parent is None:
            return call.workspace_id, {}
        owner = self.parent.find(call, to_change=to_change)
        return owner.workspace_id, {self.parent_field: owner.id}


def as_seen(call: Call, item: Any) -> Any:
    """Leave out who changed an item when it belongs to another workspace: its users are nobody's business."""
    if item.workspace_id != call.workspace_id:
        item.created_by = item.updated_by = None
    return item


def _position(item: Any) -> tuple[Any, ...]:
    return (item.inserted_at, item.id)


def page_of(call: Call, items: list[Any], position: Callable[[Any], tuple[Any, ...]] = _position) -> list[Any]:
    """Cut a list to the page the query asks for; without `limit` it stays whole.

    `position` is what the list is ordered by. A page goes on after the last item shown, not at a number, so inserts
    and deletes meanwhile shift nothing.
    """
    if "limit" not in call.query and "cursor" not in call.query:
        return items
    limit = _limit(call.query.get("limit", str(MAX_PAGE)))
    scope = listing_of(call)
    if "cursor" in call.query:
        after = paging.open_token(call.workspace_id, *scope, call.query["cursor"])
        items = [item for item in items if position(item) > tuple(after)]
    shown = items[:limit]
    if len(items) > limit:
        call.answer_headers["X-Next-Cursor"] = paging.seal(call.workspace_id, *scope, list(position(shown[-1])))
    return shown


def listing_of(call: Call) -> tuple[str, str]:
    """Name the listing a page token belongs to: its route with the values in it, and what else the query says."""
    route = json.dumps([call.operation, *call.path.values()])
    return route, json.dumps(sorted((name, value) for name, value in call.query.items() if name not in _PAGING))


def _limit(text: str) -> int:
    return whole_number(text, MAX_PAGE)


def whole_number(text: str, highest: int, where: str = "query.limit") -> int:
    """Read a number from 1 to `highest`. Raises InvalidInput."""
    if not text.isascii() or not text.isdecimal() or len(text) > _MAX_DIGITS or not 1 <= int(text) <= highest:
        raise InvalidInput.at(where, f"must be a whole number from 1 to {highest}", "range")
    return int(text)
