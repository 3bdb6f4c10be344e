"""Get or create: one object for a set of tags, however many ask at once.

A guard row holds which object a set of tags made; object and guard are written in one transaction. Objects that came
to their tags otherwise are found by the tags themselves.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TypeVar

from chalicelib.chat import listing
from chalicelib.chat.access import Context
from chalicelib.chat.models import people, tag_rows
from chalicelib.chat.models.people import Tagged
from chalicelib.core import ids
from chalicelib.core.errors import Unavailable
from chalicelib.storage.table import Write

_ATTEMPTS = 20
_LOOKED_AT = 100  # objects that share a tag's value, newest first
T = TypeVar("T", bound=Tagged)


def get_or_create(
    context: Context,
    kind: type[T],
    scope: tuple[str, ...],
    tags: dict[str, str],
    fits: Callable[[T], bool],
    make: Callable[[], T],
    also: Callable[[T], list[Write]] = lambda _: [],
) -> tuple[T, bool]:
    """Find the object with all these tags that `fits`, else make it; answer whether it was made.

    `scope` is what makes it the same beside its tags. Without tags nothing matches. Raises Unavailable.
    """
    home, bot_id = context.home, context.bot.id
    if not tags:
        fresh = make()
        guard = people.guard_key(home, bot_id, ids.derived_id(home, kind.KIND, "fresh", fresh.id))
        fresh.put_guarded(people.guard_write(guard, fresh.id, None), also(fresh))
        return fresh, True
    name = ids.derived_id(home, kind.KIND, json.dumps(scope), json.dumps(sorted(tags.items())))
    guard = people.guard_key(home, bot_id, name)
    for _ in range(_ATTEMPTS):
        known = people.guarded_id(guard)
        if known is not None:
            item = kind.get(home, bot_id=bot_id, id=known)
            if item is not None and listing.has_tags(item, tags) and fits(item):
                return item, False
        found = _by_tags(context, kind, tags, fits)
        if found is not None:
            return found, False
        fresh = make()
        try:
            if fresh.put_guarded(people.guard_write(guard, fresh.id, known), also(fresh)):
                return fresh, True
        except Unavailable:  # another transaction holds the guard at this moment
            continue
    raise Unavailable("too many at once want the same tags")


def _by_tags(context: Context, kind: type[T], tags: dict[str, str], fits: Callable[[T], bool]) -> T | None:
    tag = min(tags.items())
    found, _ = tag_rows.ids_page(context.home, context.bot.id, kind.KIND, tag, None, _LOOKED_AT)
    there = kind.many(context.home, context.bot.id, found) if found else {}
    for item_id in found:
        item = there.get(item_id)
        if item is not None and listing.has_tags(item, tags) and fits(item):
            return item
    return None
