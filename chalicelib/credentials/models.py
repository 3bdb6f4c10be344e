"""What is stored of credentials, and every query under a name. Secrets are sealed before they come here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chalicelib.storage.expressions import ABSENT, Row
from chalicelib.storage.item import Item, Unique
from chalicelib.storage.table import ConditionFailed, Key
from chalicelib.storage.tables import VAULT

PAGE = 25


@dataclass(kw_only=True)
class Token(Item):
    """What a user holds for one security of a service. A second row leads to it from service and security."""

    TABLE, NOUN = VAULT, "token"
    PARTITION, SORT = "TOK#{user_id}", "{service_id}#{id}"
    UNIQUE = (Unique("id", "TOKS#{service_id}", "{security_id}#{user_id}#{id}"),)

    user_id: str
    service_id: str
    security_id: str
    virtual_id: str
    name: str = ""
    form: str = "key"
    sealed: str = ""
    last4: str | None = None
    service_url: str | None = None

    def name_doc(self) -> dict[str, Any]:
        """Let service and security lead to the token."""
        return {"id": self.id, "user_id": self.user_id}


def tokens_of(workspace_id: str, user_id: str, service_id: str) -> list[Token]:
    """List a user's tokens for a service, oldest first."""
    rows = VAULT.query_all(f"{workspace_id}#TOK#{user_id}", prefix=f"{service_id}#")
    return sorted((Token.from_row(row) for row in rows), key=lambda token: (token.inserted_at, token.id))


def some_tokens_of_user(workspace_id: str, user_id: str) -> list[Token]:
    """List a page of a user's tokens for any service."""
    return [Token.from_row(row) for row in VAULT.query(f"{workspace_id}#TOK#{user_id}", limit=PAGE).rows]


def some_tokens_of_service(workspace_id: str, service_id: str, security_id: str | None) -> list[Token]:
    """List a page of the tokens anyone holds for a service, or for one of its securities."""
    prefix = "" if security_id is None else f"{security_id}#"
    rows = VAULT.query(f"{workspace_id}#TOKS#{service_id}", prefix=prefix, limit=PAGE).rows
    keys = [
        Token.key(workspace_id, user_id=row["doc"]["user_id"], service_id=service_id, id=row["doc"]["id"])
        for row in rows
    ]
    return [Token.from_row(row) for row in VAULT.get_many(keys, consistent=True).values()]


# --- values of variables -------------------------------------------------------------------------------------


def put_value(workspace_id: str, service_id: str, variable_id: str, sealed: str) -> None:
    """Store the sealed value of a variable, in place of an earlier one."""
    VAULT.put({**_value_key(workspace_id, service_id, variable_id)._asdict(), "rev": 0, "doc": {"sealed": sealed}})


def values_of(workspace_id: str, service_id: str) -> dict[str, str]:
    """Give the sealed values of a service's variables, by variable id."""
    rows = VAULT.query_all(f"{workspace_id}#VAL#{service_id}")
    return {row["sk"]: row["doc"]["sealed"] for row in rows}


def delete_value(workspace_id: str, service_id: str, variable_id: str) -> None:
    """Delete the value of a variable; none is no error."""
    VAULT.delete(_value_key(workspace_id, service_id, variable_id))


def delete_some_values(workspace_id: str, service_id: str) -> bool:
    """Delete a page of a service's values; True when none is left."""
    page = VAULT.query(f"{workspace_id}#VAL#{service_id}", limit=PAGE)
    VAULT.write_many(deletes=[Key(row["pk"], row["sk"]) for row in page.rows])
    return page.after is None


def _value_key(workspace_id: str, service_id: str, variable_id: str) -> Key:
    return Key(f"{workspace_id}#VAL#{service_id}", variable_id)


# --- data keys -----------------------------------------------------------------------------------------------


def get_data_key(workspace_id: str, data_key_id: str) -> Row | None:
    """Read a wrapped data key by id, or None."""
    return VAULT.get(Key(_data_keys(workspace_id), data_key_id))


def newest_data_key(workspace_id: str) -> Row | None:
    """Read the wrapped data key with the highest id, or None."""
    rows = VAULT.query(_data_keys(workspace_id), limit=1, newest_first=True).rows
    return rows[0] if rows else None


def put_data_key(workspace_id: str, data_key_id: str, doc: dict[str, Any]) -> Row:
    """Store a wrapped data key unless its id is taken; give what stands there then."""
    row: Row = {"pk": _data_keys(workspace_id), "sk": data_key_id, "rev": 0, "doc": doc}
    try:
        VAULT.put(row, ABSENT)
    except ConditionFailed as failed:
        if failed.row is None:
            raise
        return failed.row
    return row


def _data_keys(workspace_id: str) -> str:
    return f"{workspace_id}#DEK"
