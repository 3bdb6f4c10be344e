"""One write of one item, prepared from a request, then applied by comparing and swapping."""

from collections.abc import Mapping
from typing import Any

import orjson

from infra.local.cloud.dynamodb.requests import Body, Placeholders
from infra.local.cloud.dynamodb.schema import Key, Table
from infra.local.cloud.errors import CloudError, constraint, invalid
from infra.local.cloud.expressions.conditions import Condition
from infra.local.cloud.expressions.updates import Update
from infra.local.cloud.items import ITEM_BYTES_MAX, Item, measure, measure_item, name_size
from infra.local.cloud.store import Connection

RETURN_ON_FAILURE = "ReturnValuesOnConditionCheckFailure"


class ConditionFailed(Exception):
    """The condition did not hold; item is what stands there, or None."""

    def __init__(self, item: Item | None) -> None:
        super().__init__("The conditional request failed")
        self.item = item


class Write:
    """A write of one item: where, under which condition, and what it makes of the item that is there.

    This base class changes nothing: it is a transaction's condition check.
    """

    __slots__ = ("condition", "key", "shows_old", "table", "values")

    def __init__(self, table: Table, key: Key, placeholders: Placeholders, body: Body) -> None:
        self.table = table
        self.key = key
        self.condition: Condition | None = placeholders.condition("ConditionExpression")
        self.values: Mapping[str, Any] = placeholders.values
        self.shows_old = body.get(RETURN_ON_FAILURE) == "ALL_OLD"
        placeholders.finish()

    def outcome(self, old: Item | None, old_size: int) -> tuple[Item | None, int]:
        """Make the new item (None: there shall be none) and its size."""
        return old, old_size


class Put(Write):
    """Replace the item."""

    __slots__ = ("item", "size")

    def __init__(self, table: Table, body: Body) -> None:
        self.item: Item = body.get("Item")  # type: ignore[assignment]
        if self.item is None:
            raise constraint(None, "item", "not be null")
        self.size = measure_item(self.item)
        if self.size > ITEM_BYTES_MAX:
            raise invalid("Item size has exceeded the maximum allowed size")
        super().__init__(table, table.key_in(self.item), Placeholders(body), body)

    def outcome(self, old: Item | None, old_size: int) -> tuple[Item | None, int]:
        """Give the item put."""
        return self.item, self.size


class Delete(Write):
    """Remove the item."""

    __slots__ = ()

    def __init__(self, table: Table, body: Body) -> None:
        super().__init__(table, checked_key(table, body), Placeholders(body), body)

    def outcome(self, old: Item | None, old_size: int) -> tuple[Item | None, int]:
        """Give nothing."""
        return None, 0


class Change(Write):
    """Apply an update expression, to nothing as well as to an item."""

    __slots__ = ("key_item", "update")

    def __init__(self, table: Table, body: Body) -> None:
        key = checked_key(table, body)
        self.key_item: Item = body["Key"]
        placeholders = Placeholders(body)
        self.update: Update | None = placeholders.update()
        if self.update:
            for name in table.keys.types:
                if name in self.update.attributes:
                    raise invalid(
                        f"One or more parameter values were invalid: Cannot update attribute {name}. "
                        "This attribute is part of the key"
                    )
        super().__init__(table, key, placeholders, body)

    def outcome(self, old: Item | None, old_size: int) -> tuple[Item | None, int]:
        """Give the updated item."""
        base, size = (self.key_item, measure_item(self.key_item)) if old is None else (old, old_size)
        if self.update is None:
            return base, size
        new = self.update.apply(base, self.values)
        if old is None and not self.update.creates:
            return None, 0
        for name in self.update.attributes:
            if name in base:
                size -= name_size(name) + measure(base[name])
            if name in new:
                size += name_size(name) + measure(new[name])
        if size > ITEM_BYTES_MAX:
            raise invalid("Item size to update has exceeded the maximum allowed size")
        return new, size


class Check(Write):
    """A transaction's condition check."""

    __slots__ = ()

    def __init__(self, table: Table, body: Body) -> None:
        if "ConditionExpression" not in body:
            raise constraint(None, "conditionExpression", "not be null")
        super().__init__(table, checked_key(table, body), Placeholders(body), body)


class Applied:
    """What a write met and left: both items, both texts."""

    __slots__ = ("new", "new_size", "new_text", "old", "old_size", "old_text")

    def __init__(self, old: Item | None, old_text: bytes | None, old_size: int) -> None:
        self.old = old
        self.old_text = old_text
        self.old_size = old_size
        self.new: Item | None = None
        self.new_text: bytes | None = None
        self.new_size = 0


def checked_key(table: Table, body: Body) -> Key:
    """Validate and encode a request's Key."""
    key = body.get("Key")
    if type(key) is dict:
        for value in key.values():
            measure(value)
    return table.key_of(key)


def attempt(connection: Connection, write: Write) -> Applied | None:
    """Read, decide and write; None when the item changed in between. Raises ConditionFailed.

    The write names the text it read, so nothing changes unless that is still there. A text that came back after
    being another is no danger: the decision only depends on the text.
    """
    row = connection.execute(write.table.sql_get, write.key).fetchone()
    applied = Applied(orjson.loads(row[0]), row[0], row[1]) if row else Applied(None, None, 0)
    condition = write.condition
    if condition is not None and not condition.holds(applied.old or {}, write.values):
        raise ConditionFailed(applied.old)
    new, applied.new_size = write.outcome(applied.old, applied.old_size)
    applied.new = new
    if new is None:
        return _remove(connection, write, applied)
    text = applied.old_text if new is applied.old else orjson.dumps(new)
    applied.new_text = text
    if text == applied.old_text:
        return applied
    return _replace(connection, write, applied, new)


def _remove(connection: Connection, write: Write, applied: Applied) -> Applied | None:
    if applied.old_text is None:
        return applied
    done = connection.execute(write.table.sql_delete_same, (*write.key, applied.old_text))
    return applied if done.rowcount else None


def _replace(connection: Connection, write: Write, applied: Applied, new: Item) -> Applied | None:
    table, old = write.table, applied.old
    if old is None:
        row = (*write.key, applied.new_text, applied.new_size, *table.derived_of(new))
        done = connection.execute(table.sql_insert, row)
    elif all(old.get(name) == new.get(name) for name in table.derived):
        done = connection.execute(table.sql_swap, (applied.new_text, applied.new_size, *write.key, applied.old_text))
    else:
        row = (applied.new_text, applied.new_size, *table.derived_of(new), *write.key, applied.old_text)
        done = connection.execute(table.sql_swap_all, row)
    return applied if done.rowcount else None


def condition_error(write: Write, item: Item | None) -> CloudError:
    """Make the answer to a single write whose condition failed."""
    extra = {"Item": item} if write.shows_old and item is not None else None
    return CloudError("ConditionalCheckFailedException", "The conditional request failed", extra=extra)
