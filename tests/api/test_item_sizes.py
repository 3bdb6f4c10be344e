"""What does not fit into one item of the table is refused as too large, by whichever call it would be stored."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chalicelib.core.errors import ItemTooLarge
from chalicelib.storage.expressions import PRESENT, Change, eq
from chalicelib.storage.table import Key, Write, transact
from chalicelib.storage.tables import WORK

TEXT = "x" * 410_000


def put(workspace: str) -> None:
    WORK.put({"pk": f"{workspace}#S", "sk": "1", "text": TEXT})


def put_many(workspace: str) -> None:
    WORK.write_many([{"pk": f"{workspace}#S", "sk": "2", "text": TEXT}])


def update(workspace: str) -> None:
    key = Key(f"{workspace}#S", "3")
    WORK.put({**key._asdict(), "half": TEXT[:300_000]})
    WORK.update(key, Change(put={"text": TEXT[:300_000]}), PRESENT)


def put_with_others(workspace: str) -> None:
    transact([Write(WORK, row={"pk": f"{workspace}#S", "sk": "4", "text": TEXT})], "token")


def update_with_others(workspace: str) -> None:
    key = Key(f"{workspace}#S", "5")
    WORK.put({**key._asdict(), "half": TEXT[:300_000]})
    change = Change(put={"text": TEXT[:300_000]})
    transact([Write(WORK, eq("half", TEXT[:300_000]), key=key, change=change)], "token")


@pytest.mark.parametrize("stores", [put, put_many, update, put_with_others, update_with_others])
def test_it_is_refused_and_nothing_is_stored(workspace: str, stores: Callable[[str], None]) -> None:
    with pytest.raises(ItemTooLarge):
        stores(workspace)
    assert all("text" not in row for row in WORK.query_all(f"{workspace}#S"))
