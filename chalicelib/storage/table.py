"""One DynamoDB table: every call this project makes, in the fewest round trips.

Rows are plain dicts of str, int, float, bool, None, bytes, list and dict. The attribute `doc` is kept as one JSON
text, which costs a third of DynamoDB's map form to read (docs/decisions/0004-storage.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from chalicelib.adapters import aws
from chalicelib.core import config, figures
from chalicelib.core.errors import ItemTooLarge, Unavailable
from chalicelib.storage import codec
from chalicelib.storage.expressions import Change, Condition, Row

BATCH_GET, BATCH_WRITE, TRANSACT = 100, 25, 100
_BATCH_ATTEMPTS = 8
_READS = frozenset({"get_item", "batch_get_item", "query"})
MAX_PK_BYTES, MAX_SK_BYTES = 2048, 1024
_SIZE = "exceeded the maximum allowed size"  # how the service's refusals of items beyond 400 KB end
_TOO_LARGE = "what is to be stored is larger than 400 KB"


class Key(NamedTuple):
    """Where a row lies: partition and sort key."""

    pk: str
    sk: str


class Page(NamedTuple):
    """Some rows, and where to go on (None at the end)."""

    rows: list[Row]
    after: Key | None


class ConditionFailed(Exception):
    """A conditional write did not happen; `row` is what stands there now, or None when nothing does."""

    def __init__(self, row: Row | None) -> None:
        super().__init__("the condition does not hold")
        self.row = row


class TransactionFailed(Exception):
    """A transaction did not happen; `failed` maps the position of each refused write to the row that stands there."""

    def __init__(self, failed: Mapping[int, Row | None]) -> None:
        super().__init__(f"refused: {sorted(failed)}")
        self.failed = failed


class TableLike(Protocol):
    """What state machines need of a table; the tests stand in a fake."""

    def get(self, key: Key) -> Row | None: ...
    def put(self, row: Row, condition: Condition | None = None) -> None: ...
    def update(self, key: Key, change: Change, condition: Condition | None = None) -> Row: ...
    def delete(self, key: Key, condition: Condition | None = None) -> None: ...


@dataclass(frozen=True)
class Write:
    """One part of a transaction: a put (row), an update (key, change), a delete or a check (key alone)."""

    table: Table
    condition: Condition | None = None
    row: Row | None = None
    key: Key | None = None
    change: Change | None = None
    is_check: bool = False


@dataclass(frozen=True)
class Table:
    """A table by its short name; `config` adds the stage's prefix."""

    short_name: str

    @property
    def name(self) -> str:
        """The name DynamoDB knows."""
        return config.settings().table_prefix + self.short_name

    def get(self, key: Key, *, consistent: bool = True) -> Row | None:
        """Read one row, or None. A key longer than any key can be names nothing."""
        if len(key.pk.encode()) > MAX_PK_BYTES or len(key.sk.encode()) > MAX_SK_BYTES:
            return None
        answer = _call("get_item", TableName=self.name, Key=codec.key(*key), ConsistentRead=consistent)
        item = answer.get("Item")
        return None if item is None else codec.decode(item)

    def get_many(self, keys: Iterable[Key], *, consistent: bool = False) -> dict[Key, Row]:
        """Read rows by key, 100 a call; what is absent is left out. Raises Unavailable when throttled throughout."""
        wanted = list(dict.fromkeys(keys))
        found: dict[Key, Row] = {}
        for start in range(0, len(wanted), BATCH_GET):
            asked = [codec.key(*key) for key in wanted[start : start + BATCH_GET]]
            for _ in range(_BATCH_ATTEMPTS):
                request = {self.name: {"Keys": asked, "ConsistentRead": consistent}}
                answer = _call("batch_get_item", RequestItems=request)
                for item in answer["Responses"].get(self.name, ()):
                    row = codec.decode(item)
                    found[Key(row["pk"], row["sk"])] = row
                asked = answer.get("UnprocessedKeys", {}).get(self.name, {}).get("Keys", [])
                if not asked:
                    break
            else:
                raise Unavailable("the table is throttled")
        return found

    def put(self, row: Row, condition: Condition | None = None) -> None:
        """Write a whole row. Raises ConditionFailed with the row that stands there."""
        _call("put_item", TableName=self.name, Item=codec.encode(row), **codec.guarded(condition))

    def update(self, key: Key, change: Change, condition: Condition | None = None) -> Row:
        """Change a row and answer it as it is afterwards. Raises ConditionFailed with the row that stands there."""
        request = codec.guarded(condition, change)
        answer = _call("update_item", TableName=self.name, Key=codec.key(*key), ReturnValues="ALL_NEW", **request)
        return codec.decode(answer["Attributes"])

    def delete(self, key: Key, condition: Condition | None = None) -> None:
        """Remove a row; one that is absent is no error. Raises ConditionFailed with the row that stands there."""
        _call("delete_item", TableName=self.name, Key=codec.key(*key), **codec.guarded(condition))

    def query(
        self,
        pk: str,
        *,
        prefix: str = "",
        between: tuple[str, str] | None = None,
        after: Key | None = None,
        limit: int | None = None,
        newest_first: bool = False,
        condition: Condition | None = None,
        index: str = "",
        consistent: bool = True,
    ) -> Page:
        """Read one page of a partition in order of the sort key; `condition` filters what was read.

        With `index` the names of its keys are `<index>B` and `<index>K`, reads are eventually consistent, and `after`
        is not offered: sweeps start anew.
        """
        request = codec.key_query(pk, prefix, between, index, condition)
        if index:
            request["IndexName"] = index
        else:
            request["ConsistentRead"] = consistent
        if after is not None:
            request["ExclusiveStartKey"] = codec.key(*after)
        if limit is not None:
            request["Limit"] = limit
        answer = _call("query", TableName=self.name, ScanIndexForward=not newest_first, **request)
        last = answer.get("LastEvaluatedKey")
        rows = [codec.decode(item) for item in answer["Items"]]
        return Page(rows, None if last is None else Key(last["pk"]["S"], last["sk"]["S"]))

    def query_all(self, pk: str, **how: Any) -> list[Row]:
        """Read a partition to its end, page after page."""
        rows: list[Row] = []
        after: Key | None = None
        while True:
            page = self.query(pk, after=after, **how)
            rows += page.rows
            if page.after is None:
                return rows
            after = page.after

    def write_many(self, rows: Iterable[Row] = (), deletes: Iterable[Key] = ()) -> None:
        """Put and delete without conditions, 25 a call. Raises Unavailable when throttled throughout."""
        requests = [{"PutRequest": {"Item": codec.encode(row)}} for row in rows]
        requests += [{"DeleteRequest": {"Key": codec.key(*key)}} for key in deletes]
        for start in range(0, len(requests), BATCH_WRITE):
            open_requests = requests[start : start + BATCH_WRITE]
            for _ in range(_BATCH_ATTEMPTS):
                answer = _call("batch_write_item", RequestItems={self.name: open_requests})
                open_requests = answer.get("UnprocessedItems", {}).get(self.name, [])
                if not open_requests:
                    break
            else:
                raise Unavailable("the table is throttled")


def transact(writes: Sequence[Write], token: str) -> None:
    """Do all writes or none. `token` makes a repeat within ten minutes harmless.

    Raises TransactionFailed naming the refused writes; Unavailable when it collided with another transaction.
    """
    items = []
    for write in writes:
        if write.row is not None:
            body = {"Item": codec.encode(write.row), **codec.guarded(write.condition)}
            items.append({"Put": {"TableName": write.table.name, **body}})
            continue
        if write.key is None:
            raise ValueError("a write needs a row or a key")
        body = {"TableName": write.table.name, "Key": codec.key(*write.key)}
        body |= codec.guarded(write.condition, write.change)
        verb = "Update" if write.change else "ConditionCheck" if write.is_check else "Delete"
        items.append({verb: body})
    _call("transact_write_items", TransactItems=items, ClientRequestToken=token[:36])


def transact_again(writes: Sequence[Write], token: str, attempts: int) -> None:
    """Do all writes or none, up to so many times: rows that many share are in the way for a moment. As `transact`."""
    for _ in range(attempts - 1):
        try:
            transact(writes, token)
        except Unavailable:
            continue
        return
    transact(writes, token)


def _call(operation: str, **request: Any) -> dict[str, Any]:
    client = aws.client("dynamodb")
    if operation in _READS:
        figures.add("TableReads")
    else:
        batch = sum(map(len, request.get("RequestItems", {}).values()))
        figures.add("TableWrites", batch + len(request.get("TransactItems", ())) or 1)
    try:
        return getattr(client, operation)(**request)
    except client.exceptions.ConditionalCheckFailedException as error:
        item = error.response.get("Item")
        raise ConditionFailed(codec.decode(item) if item else None) from None
    except client.exceptions.TransactionCanceledException as error:
        raise _cancelled(error.response.get("CancellationReasons", ())) from error
    except Exception as error:
        if aws.is_transient(error):
            raise Unavailable("the table did not answer") from error
        if aws.code_of(error) == "ValidationException" and _SIZE in str(error):
            raise ItemTooLarge(_TOO_LARGE) from error
        raise


def _cancelled(reasons: Sequence[Mapping[str, Any]]) -> Exception:
    if any(_SIZE in (reason.get("Message") or "") for reason in reasons):
        return ItemTooLarge(_TOO_LARGE)
    failed = {
        position: codec.decode(reason["Item"]) if reason.get("Item") else None
        for position, reason in enumerate(reasons)
        if reason.get("Code") == "ConditionalCheckFailed"
    }
    if failed:
        return TransactionFailed(failed)
    return Unavailable("another change was under way")
