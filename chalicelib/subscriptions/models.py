"""What is stored of subscriptions and deliveries, and every query under a name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, ClassVar

from chalicelib.core import clock, ids
from chalicelib.core.errors import NotFound, VersionConflict
from chalicelib.durable import due
from chalicelib.storage.expressions import ABSENT, PRESENT, Change, Row, eq
from chalicelib.storage.item import Item
from chalicelib.storage.table import ConditionFailed, Key, Page, TransactionFailed, Write, transact
from chalicelib.storage.tables import DELIVERY, WORK
from chalicelib.subscriptions.rules.deliveries import State, SubscriptionState
from chalicelib.subscriptions.rules.health import GOOD, Health

DAY_S = 86_400
KEEP_S = 30 * DAY_S
TOMBSTONE_S = 15 * DAY_S  # longer than any queue keeps a message
DELIVERY_DUE, POLL_DUE = "delivery", "poll"

# --- events ---------------------------------------------------------------------------------------------------


def event_key(workspace_id: str, event_id: str) -> Key:
    """Say where an event lies."""
    return Key(f"{workspace_id}#EV#{event_id}", "E")


def occurrence_row(workspace_id: str, occurrence_id: str, event_id: str, now_s: int) -> Row:
    """Build the row that makes one occurrence out of all notifications with the same id from `route`."""
    key = Key(f"{workspace_id}#EV#{occurrence_id}", "O")
    return {**key._asdict(), "h": event_id, "exp": now_s + KEEP_S}


# --- subscriptions --------------------------------------------------------------------------------------------


@dataclass(kw_only=True)
class Subscription(Item):
    """A user's standing request: every occurrence of a trigger is POSTed to `url`, or to the forwarding URL.

    State and health lie beside the document, because deliveries change them while their owner changes the rest.
    `user_key` is the identifier the platform chose for the user, `shard` where fan-out finds the subscription.
    """

    TABLE, NOUN = DELIVERY, "subscription"
    PARTITION, SORT = "SUB#{id}", "S"
    OUTSIDE: ClassVar[tuple[str, ...]] = ("state", "reason", "health", "health_no")

    user_id: str
    user_key: str
    service_id: str
    service: str
    platform: str
    trigger_id: str
    trigger: str
    version: str | None = None
    version_name: str | None = None
    credential_id: str | None = None
    url: str | None = None
    variables: dict[str, Any] = field(default_factory=dict)
    secret: str = field(default="", repr=False)
    old_secret: str | None = field(default=None, repr=False)
    old_secret_until: int = 0
    stored: str | None = field(default=None, repr=False)
    shard: str = "0"
    is_polled: bool = False
    state: SubscriptionState = SubscriptionState.ACTIVE
    reason: str | None = None
    health: Health = GOOD
    health_no: int = 1

    def to_row(self) -> Row:
        """Render the row."""
        row = super().to_row()
        for name in self.OUTSIDE:
            del row["doc"][name]
        return row

    def attributes(self) -> Row:
        """Give what lies beside the document."""
        return {"st": self.state.value, "why": self.reason, "health": self.health.stored(), "hv": self.health_no}

    def loaded(self, row: Row) -> None:
        """Take over what lies beside the document."""
        self.state, self.reason = SubscriptionState(row["st"]), row.get("why")
        self.health, self.health_no = Health.of(row.get("health")), row["hv"]

    @property
    def is_forwarding(self) -> bool:
        """Say whether this stands for a trigger that is forwarded without any user's subscription."""
        return not self.user_id

    def fan_out_key(self) -> Key:
        """Say where fan-out finds it."""
        return Key(
            f"{self.workspace_id}#TR#{self.trigger_id}#{self.shard}", FORWARDED if self.is_forwarding else self.id
        )

    def fan_out_row(self) -> Row:
        """Build the row that fan-out finds; only later events count."""
        return {**self.fan_out_key()._asdict(), "st": self.state.value, "at": clock.now_ms(), "s": self.id}

    def user_row(self) -> Row:
        """Build the row by which a user's subscriptions are listed."""
        key = Key(f"{self.workspace_id}#US#{self.user_id}", self.id)
        return {**key._asdict(), "svc": self.service_id, "tok": self.credential_id or ""}

    def change(self, **fields: Any) -> None:
        """Change fields of the document. Raises VersionConflict, or NotFound when it is gone."""
        read, self.revision = self.revision, self.revision + 1
        self.updated_at = clock.now_ms()
        for name, value in fields.items():
            setattr(self, name, value)
        doc = self.to_row()["doc"]
        try:
            self.TABLE.update(self.own_key(), Change(put={"rev": self.revision, "doc": doc}), eq("rev", read))
        except ConditionFailed as failed:
            if failed.row is None:
                raise NotFound("no such subscription") from None
            if failed.row.get("doc") != doc:
                raise VersionConflict("the subscription changed meanwhile; read it again") from None


@dataclass(kw_only=True)
class Forwarding(Item):
    """Where a workspace wants what nobody gave a URL for, and the triggers it wants without any subscription.

    `triggers` hold service, trigger (names) and service_id, trigger_id.
    """

    TABLE, NOUN = DELIVERY, "forwarding"
    PARTITION, SORT = "FWD", "F"

    url: str | None = None
    triggers: list[dict[str, str]] = field(default_factory=list)
    secret: str = field(default="", repr=False)


FORWARDED = "~"  # sorts after every id: the row of a trigger that is forwarded without a subscription
MARK = "~~"  # rows after that one name further shards
FULL, SHARDS = 500, 8


def version_key(item: Subscription) -> Key | None:
    """Say where the row lies that keeps a service version from being deleted; None when no version is named."""
    if item.version is None:
        return None
    return Key(f"{item.workspace_id}#SV#{item.service_id}#{item.version}", item.id)


def is_version_in_use(workspace_id: str, service_id: str, version_id: str) -> bool:
    """Say whether a subscription names this version."""
    return bool(DELIVERY.query(f"{workspace_id}#SV#{service_id}#{version_id}", limit=1).rows)


def partition_of(workspace_id: str, trigger_id: str, shard: str) -> str:
    """Name the partition of a trigger's subscriptions."""
    return f"{workspace_id}#TR#{trigger_id}#{shard}"


def fan_out_page(workspace_id: str, trigger_id: str, shard: str, after: str | None, limit: int) -> Page:
    """Read a page of the subscriptions of a trigger, and at its end the marks of further shards."""
    pk = partition_of(workspace_id, trigger_id, shard)
    return DELIVERY.query(pk, after=None if after is None else Key(pk, after), limit=limit)


def mark_row(workspace_id: str, trigger_id: str, shard: str) -> Row:
    """Build the row in the first shard that says: look into this one too."""
    return {"pk": partition_of(workspace_id, trigger_id, "0"), "sk": MARK + shard}


def choose_shard(workspace_id: str, trigger_id: str, subscription_id: str, *, is_forwarded: bool) -> str:
    """Say into which shard a new subscription goes; marks a shard before it is first used.

    Those without a URL of their own share the shard `f`. The others lie in `0` until it holds 500, then in 1 to 7.
    """
    if is_forwarded:
        DELIVERY.put(mark_row(workspace_id, trigger_id, "f"))
        return "f"
    pk, number = partition_of(workspace_id, trigger_id, "0"), int(ids.derived_uuid("", "", "", subscription_id)[:8], 16)
    if not DELIVERY.query(pk, prefix=f"{MARK}1", limit=1).rows:
        # One in sixteen counts: what it costs grows with the shard, and 500 is no exact figure.
        if number % 16 or len(DELIVERY.query_all(pk, limit=FULL + 1)) < FULL:
            return "0"
        DELIVERY.write_many(mark_row(workspace_id, trigger_id, str(shard)) for shard in range(1, SHARDS))
    return str(1 + number % (SHARDS - 1))


def poll_key(workspace_id: str, subscription_id: str) -> Key:
    """Say where the poll of a subscription lies."""
    return Key(f"{workspace_id}#P#{subscription_id}", "P")


def poll_row(workspace_id: str, subscription_id: str, now_ms: int, interval_s: int) -> Row:
    """Build the poll of a new subscription, due at once."""
    key = poll_key(workspace_id, subscription_id)
    timer = due.at(POLL_DUE, key, now_ms, now_ms)
    return {**key._asdict(), **timer.attributes, "every": interval_s, "fresh": True, "errors": 0}


def insert_subscription(item: Subscription, poll: Row | None) -> bool:
    """Store a new subscription with the rows that find it; False when it stands there already."""
    writes = [Write(DELIVERY, ABSENT, row=item.to_row()), Write(DELIVERY, row=item.fan_out_row())]
    if not item.is_forwarding:
        writes.append(Write(DELIVERY, row=item.user_row()))
        directory = {"pk": f"{item.workspace_id}#ST#{item.service_id}", "sk": item.trigger_id}
        DELIVERY.put(directory)  # a hint for the end of a service: harmless when the rest does not follow
    named = version_key(item)
    if named is not None:
        writes.append(Write(DELIVERY, row=dict(named._asdict())))
    if poll is not None:
        writes.append(Write(WORK, row=poll))
    try:
        transact(writes, ids.secret_text(24))
    except TransactionFailed:
        return False
    return True


def ended_key(workspace_id: str, subscription_id: str, inserted_at: int) -> Key:
    """Say where the tombstone of an ended subscription lies, until its `delete` hook has run."""
    return Key(f"{workspace_id}#SUB#{subscription_id}", f"X#{inserted_at}")


def ended_message(workspace_id: str, subscription_id: str, inserted_at: int) -> dict[str, Any]:
    """Make the message that has an ended subscription cleaned up."""
    return {"w": workspace_id, "s": subscription_id, "ended": inserted_at}


def remove_subscription(item: Subscription) -> None:
    """Remove a subscription and every row that finds it, leaving its tombstone. Raises NotFound.

    Nothing reaches it from now on; messages on their way meet nothing.
    """
    now_ms, ended = clock.now_ms(), ended_key(item.workspace_id, item.id, item.inserted_at)
    timer = due.at(DELIVERY_DUE, ended, now_ms, now_ms)  # brings the tombstone again until it is gone
    tombstone = item.to_row() | ended._asdict() | timer.attributes | {"exp": now_ms // 1000 + TOMBSTONE_S}
    writes = [
        Write(DELIVERY, PRESENT, key=item.own_key()),
        Write(DELIVERY, key=item.fan_out_key()),
        Write(DELIVERY, row=tombstone),
        Write(WORK, key=poll_key(item.workspace_id, item.id)),
    ]
    if not item.is_forwarding:
        user_row = item.user_row()
        writes.append(Write(DELIVERY, key=Key(user_row["pk"], user_row["sk"])))
    named = version_key(item)
    if named is not None:
        writes.append(Write(DELIVERY, key=named))
    try:
        transact(writes, ids.secret_text(24))
    except TransactionFailed:
        raise NotFound("no such subscription") from None


def switch(item: Subscription, state: SubscriptionState, reason: str | None) -> bool:
    """Make a subscription active or disabled, for its owner and for fan-out at once; False when it is gone.

    Its health starts anew.
    """
    item.state, item.reason, item.health, item.health_no = state, reason, GOOD, item.health_no + 1
    put = {name: value for name, value in item.attributes().items() if value is not None}
    change = Change(put=put, remove=() if reason else ("why",))
    writes = [
        Write(DELIVERY, PRESENT, key=item.own_key(), change=change),
        Write(DELIVERY, row=item.fan_out_row()),
    ]
    try:
        transact(writes, ids.secret_text(24))
    except TransactionFailed:
        return False
    return True


def subscriptions_of_ids(workspace_id: str, subscription_ids: Iterable[str]) -> list[Subscription]:
    """Read subscriptions; those that are gone are left out."""
    keys = [Subscription.key(workspace_id, id=one) for one in subscription_ids]
    rows = DELIVERY.get_many(keys, consistent=True)
    return [Subscription.from_row(rows[key]) for key in keys if key in rows]


def user_rows(workspace_id: str, user_id: str) -> list[Row]:
    """Read the rows that list a user's subscriptions."""
    return DELIVERY.query_all(f"{workspace_id}#US#{user_id}")


def triggers_of_service(workspace_id: str, service_id: str) -> list[Key]:
    """List the rows of the triggers of a service that were ever subscribed to; `sk` is the trigger."""
    return [Key(row["pk"], row["sk"]) for row in DELIVERY.query_all(f"{workspace_id}#ST#{service_id}")]


# --- deliveries -----------------------------------------------------------------------------------------------


def delivery_partition(workspace_id: str, subscription_id: str) -> str:
    """Name the partition of a subscription's deliveries."""
    return f"{workspace_id}#DL#{subscription_id}"


def delivery_key(workspace_id: str, subscription_id: str, at_ms: int, message_id: str) -> Key:
    """Say where a delivery lies, in the order in which its events came in."""
    return Key(delivery_partition(workspace_id, subscription_id), f"{at_ms:013d}#{message_id}")


def deliveries_between(workspace_id: str, subscription_id: str, low: str, high: str, limit: int) -> Page:
    """Read a page of a subscription's deliveries in a range of sort keys, the oldest first."""
    pk = delivery_partition(workspace_id, subscription_id)
    return DELIVERY.query(pk, between=(low, high), limit=limit)


def due_message(pk: str, sk: str) -> dict[str, Any]:
    """Make the message for what is due in this context, out of its key: a delivery, or the end of a subscription."""
    workspace_id, kind, subscription_id = pk.rsplit("#", 2)
    if kind == "SUB":
        return ended_message(workspace_id, subscription_id, int(sk.removeprefix("X#")))
    at, _, message_id = sk.partition("#")
    return {"w": workspace_id, "s": subscription_id, "at": int(at), "m": message_id}


def poll_message(pk: str, _sk: str) -> dict[str, Any]:
    """Make the message for a poll whose time has come out of its key."""
    workspace_id, _, subscription_id = pk.rsplit("#", 2)
    return {"w": workspace_id, "s": subscription_id}


def reset_for_replay(seen: int, asked_ms: int) -> Change:
    """Build the change that makes an ended delivery pending again, with its whole schedule before it."""
    put = {
        "st": State.PENDING.value,
        "a": 0,
        "n": seen + 1,
        "due": asked_ms,
        "again": asked_ms,
        "exp": clock.now_s() + KEEP_S,
    }
    return Change(put=put, remove=("dueB", "dueK", "err"))
