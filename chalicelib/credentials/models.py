"""What is stored of credentials, and every query under a name. Secrets are sealed before they come here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from chalicelib.core import clock
from chalicelib.credentials.rules import ACTIVE
from chalicelib.storage.expressions import ABSENT, PRESENT, Change, Row, eq
from chalicelib.storage.item import DEPLOYMENT, Item, Unique
from chalicelib.storage.table import ConditionFailed, Key, Write
from chalicelib.storage.tables import VAULT

PAGE = 25
FLIGHT = ("ro", "ru", "next", "by")  # of a refresh; see durable.flight


@dataclass(kw_only=True)
class Token(Item):
    """What a user holds for one security of a service. A second row leads to it from service and security.

    The secret and what is known of it lie beside the document, because a refresh replaces them while others change
    the rest: `secret_no` counts the secrets and is the fence of a refresh (durable.flight). `account` is the hash of
    who the token speaks for at the third party; a user has one token for each.
    """

    TABLE, NOUN = VAULT, "token"
    PARTITION, SORT = "TOK#{user_id}", "{service_id}#{id}"
    UNIQUE = (
        Unique("id", "TOKS#{service_id}", "{security_id}#{user_id}#{id}"),
        Unique("account", "TOKA#{service_id}", "{security_id}#{user_id}#{account}"),
    )
    BESIDE: ClassVar[dict[str, str]] = {  # field -> attribute of the row
        "sealed": "ct",
        "last4": "l4",
        "obtained_at": "iat",
        "expires_at": "xat",
        "is_renewable": "rt",
        "status": "st",
        "secret_no": "ver",
    }

    user_id: str
    service_id: str
    security_id: str
    virtual_id: str
    name: str = ""
    form: str = "key"
    service_url: str | None = None
    account: str = ""
    sealed: str = field(default="", repr=False)
    last4: str | None = None
    obtained_at: int = 0
    expires_at: int | None = None
    is_renewable: bool = False
    status: str = ACTIVE
    secret_no: int = 1

    forced_at: ClassVar[int] = 0  # when a rejected token was last refreshed; set on the instance when it is read

    def name_doc(self) -> dict[str, Any]:
        """Let service and security lead to the token."""
        return {"id": self.id, "user_id": self.user_id}

    def to_row(self) -> Row:
        """Render the row."""
        row = super().to_row()
        for name in self.BESIDE:
            del row["doc"][name]
        return row

    def attributes(self) -> Row:
        """Give what lies beside the document."""
        return {attribute: getattr(self, name) for name, attribute in self.BESIDE.items()}

    def loaded(self, row: Row) -> None:
        """Take over what lies beside the document."""
        for name, attribute in self.BESIDE.items():
            setattr(self, name, row.get(attribute))
        self.__dict__["forced_at"] = row.get("fat", 0)

    def save(self, *, by: str | None = None, before: Self | None = None, also: Sequence[Write] = ()) -> Self:
        """Store what changed since `before`. A refresh under way is fenced off only by a new secret.

        Raises VersionConflict when someone else changed it meanwhile, AlreadyExists when the account has a token.
        """
        if before is None or also:
            raise ValueError("a token is saved alone, with what it was before")
        read, self.revision = self.revision, self.revision + 1
        self.updated_at, self.updated_by = clock.now_ms(), by if by is not None else self.updated_by
        put: Row = {"rev": self.revision, "doc": self.to_row()["doc"]}
        remove: tuple[str, ...] = ()
        unchanged = PRESENT & eq("rev", read)
        if self.sealed != before.sealed:
            self.secret_no = before.secret_no + 1
            put, remove = {**put, **self.attributes()}, FLIGHT
            unchanged = unchanged & eq("ver", before.secret_no)
        change = Change(put=put, remove=remove)
        if self.account != before.account:
            claim = self._claim(self.name_keys()["account"])
            self._transact([Write(VAULT, unchanged, key=self.own_key(), change=change), claim], ["revision", "account"])
            return self
        try:
            VAULT.update(self.own_key(), change, unchanged)
        except ConditionFailed as failed:
            row = failed.row
            if not self._is_mine(row) or row is None or row.get("ct") != self.sealed:
                raise self._lost(row) from None
        return self


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


def account_token(workspace_id: str, account: str, *, user_id: str, service_id: str, security_id: str) -> Token | None:
    """Find the token a user has for an account at the third party, or None.

    A row whose token was deleted just when it got its account leads nowhere, and is taken away.
    """
    place = {"user_id": user_id, "service_id": service_id, "security_id": security_id}
    left = Key(f"{workspace_id}#TOKA#{service_id}", f"{security_id}#{user_id}#{account}")
    found = Token.get_named(workspace_id, "account", account=account, **place)
    if found is None and VAULT.get(left) is not None:
        VAULT.delete(left)
    return found


# --- authorizations under way ------------------------------------------------------------------------------------


def put_state(digest: str, workspace_id: str, sealed: str, exp_s: int) -> None:
    """Store an authorization under the hash of its state: the deployment's directory leads to the workspace."""
    doc = {"workspace_id": workspace_id, "sealed": sealed}
    VAULT.put({**_state_key(digest)._asdict(), "rev": 0, "doc": doc, "exp": exp_s}, ABSENT)


def take_state(digest: str) -> Row | None:
    """Read an authorization and delete it; None when there is none, or another call took it."""
    row = VAULT.get(_state_key(digest))
    if row is None:
        return None
    try:
        VAULT.delete(_state_key(digest), PRESENT)
    except ConditionFailed:
        return None
    return row


def _state_key(digest: str) -> Key:
    return Key(f"{DEPLOYMENT}#STATE#{digest}", "S")


def redirects(workspace_id: str) -> list[str]:
    """Give the addresses a browser may be sent back to."""
    row = VAULT.get(_redirects_key(workspace_id))
    return [] if row is None else list(row["doc"]["urls"])


def put_redirects(workspace_id: str, urls: list[str]) -> None:
    """Store the addresses a browser may be sent back to, in place of earlier ones."""
    VAULT.put({**_redirects_key(workspace_id)._asdict(), "rev": 0, "doc": {"urls": urls}})


def _redirects_key(workspace_id: str) -> Key:
    return Key(f"{workspace_id}#OAUTH", "redirects")


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
