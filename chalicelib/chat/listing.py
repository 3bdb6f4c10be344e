"""Lists: newest first, narrowed by what an index cannot, page by page however sparse the finds are."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from chalicelib.chat.access import Context
from chalicelib.chat.models.people import Tagged
from chalicelib.chat.wire import PAGE
from chalicelib.core.errors import NotFound

READ_AT_ONCE = 100
MOST_READS = 10  # a page may come back short, even empty; its token goes on
T = TypeVar("T", bound=Tagged)
IdsPage = Callable[[str | None, int], tuple[list[str], str | None]]
ItemsPage = Callable[[str | None, int], tuple[list[T], str | None]]


def page(read: ItemsPage[T], accepts: Callable[[list[T]], list[T]], after: str | None) -> tuple[list[T], str | None]:
    """Collect a page of what is accepted, and after which id to go on; None at the end.

    `accepts` gets what was read and gives what of it is shown, in the same order.
    """
    found: list[T] = []
    limit = PAGE + 1  # one more tells whether there is a next page
    for _ in range(MOST_READS):
        items, position = read(after, limit)
        accepted, room = accepts(items), PAGE - len(found)
        found += accepted[:room]
        if len(accepted) > room:
            return found, found[-1].id
        if position is None:
            return found, None
        if len(found) == PAGE:
            return found, found[-1].id
        after, limit = position, READ_AT_ONCE
    return found, after


def by_ids(ids_page: IdsPage, load: Callable[[list[str]], dict[str, T]]) -> ItemsPage[T]:
    """Make a reader of items out of one of ids; what is gone is left out."""

    def read(after: str | None, limit: int) -> tuple[list[T], str | None]:
        wanted, position = ids_page(after, limit)
        there = load(wanted) if wanted else {}
        return [there[one] for one in wanted if one in there], position

    return read


def is_visible(context: Context, item: Tagged) -> bool:
    """Say whether who acts may see an object: an integration sees its own."""
    return context.installation is None or item.integration_id == context.installation.id


def seen(context: Context, item: T | None, noun: str) -> T:
    """Give an object that is there and may be seen. Raises NotFound."""
    if item is None or not is_visible(context, item):
        raise NotFound(f"no such {noun}")
    return item


def has_tags(item: Tagged, wanted: dict[str, str]) -> bool:
    """Say whether an object carries every tag with that value."""
    return all(item.tags.get(name) == value for name, value in wanted.items())
