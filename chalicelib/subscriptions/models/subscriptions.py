"""Subscriptions and forwarding, and every query for them under a name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, ClassVar

from chalicelib.core import clock, ids
from chalicelib.core.errors import NotFound, VersionConflict
from chalicelib.durable import due, fences
from chalicelib.storage.expressions import ABSENT, PRESENT, Change, Row, eq
from chalicelib.storage.item import Item
from chalicelib.storage.table import ConditionFailed, Key, TransactionFailed, Write, transact, transact_again
from chalicelib.storage.tables import DELIVERY, WORK
from chalicelib.subscriptions.models.numbers import counting
from chalicelib.subscriptions.models.shards import FORWARDED
from chalicelib.subscriptions.models.traffic import DAY_S, DELIVERY_DUE, LIVE, ended_key, poll_key
from chalicelib.subscriptions.rules.deliveries import SubscriptionState
from chalicelib.subscriptions.rules.health import GOOD, Health
from chalicelib.subscriptions.rules.renewals import Renewal

TOMBSTONE_S = 15 * DAY_S  # longer than any queue keeps a message
_ATTEMPTS = 5


@dataclass(kw_only=True)
class Subscription(Item):
    """A user's standing request: every occurrence of a trigger is POSTed to `url`, or to the forwarding URL.

    State and health lie beside the document, because deliveries change them while their owner changes the rest; so do
    what the `create` hook returned (`stored`, sealed; `stored_no` counts how often) and until when it holds.
    `user_key` is the identifier the platform chose for the user, `shard` where fan-out finds the subscription. One
    with an `automation_id` feeds that automation: its occurrences go to `feeds`, the queue that starts executions.
    """

    TABLE, NOUN = DELIVERY, "subscription"
    PARTITION, SORT = "SUB#{id}", LIVE
    OUTSIDE: ClassVar[tuple[str, ...]] = (
        *("state", "reason", "health", "health_no"),
        *("stored", "stored_no", "renewal"),
    )

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
    rotation: str | None = None  # which request replaced the secret, so that its repeat does not do it again
    shard: str = "0"
    is_polled: bool = False
    automation_id: str | None = None
    feeds: str | None = None
    is_counted: bool = False  # among those of its trigger
    state: SubscriptionState = SubscriptionState.ACTIVE
    reason: str | None = None
    health: Health = GOOD
    health_no: int = 1
    stored: str | None = field(default=None, repr=False)
    stored_no: int = 0
    renewal: Renewal | None = None

    def to_row(self) -> Row:
        """Render the row."""
        row = super().to_row()
        for name in self.OUTSIDE:
            del row["doc"][name]
        return row

    def attributes(self) -> Row:
        """Give what lies beside the document."""
        return self.switched() | self.kept()

    def switched(self) -> Row:
        """Give state and health as attributes."""
        return {"st": self.state.value, "why": self.reason, "health": self.health.stored(), "hv": self.health_no}

    def kept(self) -> Row:
        """Give what the `create` hook returned as attributes; `i` tells one made again from its forebear."""
        renewal = None if self.renewal is None else self.renewal.stored()
        return {"kept": self.stored, "kn": self.stored_no, "rn": renewal, "i": self.inserted_at}

    def loaded(self, row: Row) -> None:
        """Take over what lies beside the document."""
        self.state, self.reason = SubscriptionState(row["st"]), row.get("why")
        self.health, self.health_no = Health.of(row.get("health")), row["hv"]
        self.stored, self.stored_no = row.get("kept"), row.get("kn", 0)
        self.renewal = Renewal.of(row.get("rn"))

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
        """Build the row that fan-out finds; only later events count, and `i` tells one made again from its forebear."""
        return {
            **self.fan_out_key()._asdict(),
            "st": self.state.value,
            "at": clock.now_ms(),
            "s": self.id,
            "i": self.inserted_at,
            "svc": self.service_id,
            "a": self.automation_id,
            "q": self.feeds,
        }

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


def version_key(item: Subscription) -> Key | None:
    """Say where the row lies that keeps a service version from being deleted; None when no version is named."""
    if item.version is None:
        return None
    return Key(f"{item.workspace_id}#SV#{item.service_id}#{item.version}", item.id)


def is_version_in_use(workspace_id: str, service_id: str, version_id: str) -> bool:
    """Say whether a subscription names this version."""
    return bool(DELIVERY.query(f"{workspace_id}#SV#{service_id}#{version_id}", limit=1).rows)


def insert_subscription(item: Subscription, poll: Row | None, timer: due.Timer | None = None) -> bool:
    """Store a new subscription with the rows that find it; False when it stands there already.

    `timer` is when its webhook is to be renewed.
    """
    item.is_counted = not item.is_forwarding
    own = item.to_row() | ({} if timer is None else timer.attributes)
    writes = [Write(DELIVERY, ABSENT, row=own), Write(DELIVERY, row=item.fan_out_row())]
    if not item.is_forwarding:
        writes += [Write(DELIVERY, row=item.user_row()), counting(item.workspace_id, item.trigger_id, item.id, 1)]
        directory = {"pk": f"{item.workspace_id}#ST#{item.service_id}", "sk": item.trigger_id}
        DELIVERY.put(directory)  # a hint for the end of a service: harmless when the rest does not follow
    named = version_key(item)
    if named is not None:
        writes.append(Write(DELIVERY, row=dict(named._asdict())))
    if poll is not None:
        writes.append(Write(WORK, row=poll))
    try:
        transact_again(writes, ids.secret_text(24), _ATTEMPTS)
    except TransactionFailed:
        return False
    return True


def remove_subscription(item: Subscription, credential: str | None = None) -> None:
    """Remove a subscription and every row that finds it, leaving its tombstone, with the sealed credential its
    `delete` hook may need. Raises NotFound.

    Messages on their way meet nothing, but for 5 s where a worker still remembers it.
    """
    for _ in range(_ATTEMPTS):
        try:
            transact_again(_removal(item, credential), ids.secret_text(24), _ATTEMPTS)
            return
        except TransactionFailed as failed:
            row = failed.failed.get(0)
            if row is None or row.get("kn", 0) == item.stored_no:
                raise NotFound("no such subscription") from None
            item.loaded(row)  # its webhook was renewed meanwhile: what ends is the new one
    raise VersionConflict("the subscription changed meanwhile; try again")


def _removal(item: Subscription, credential: str | None) -> list[Write]:
    is_as_read = PRESENT & fences.stands_at("kn", item.stored_no)
    writes = [
        Write(DELIVERY, is_as_read, key=item.own_key()),
        Write(DELIVERY, key=item.fan_out_key()),
        Write(DELIVERY, row=tombstone(item, credential)),
        Write(WORK, key=poll_key(item.workspace_id, item.id)),
    ]
    if not item.is_forwarding:
        user_row = item.user_row()
        writes.append(Write(DELIVERY, key=Key(user_row["pk"], user_row["sk"])))
    if item.is_counted:
        writes.append(counting(item.workspace_id, item.trigger_id, item.id, -1))
    named = version_key(item)
    if named is not None:
        writes.append(Write(DELIVERY, key=named))
    return writes


def tombstone(item: Subscription, credential: str | None) -> Row:
    """Build the row of an ended subscription, due until its `delete` hook has run."""
    now_ms, ended = clock.now_ms(), ended_key(item.workspace_id, item.id, item.inserted_at)
    timer = due.at(DELIVERY_DUE, ended, now_ms, now_ms)  # brings the tombstone again until it is gone
    return {
        **item.to_row(),
        **ended._asdict(),
        **timer.attributes,
        "cred": credential,
        "exp": now_ms // 1000 + TOMBSTONE_S,
    }


def switch(item: Subscription, state: SubscriptionState, reason: str | None) -> bool:
    """Make a subscription active or disabled, for its owner and for fan-out at once; False when it is gone.

    Its health starts anew; a webhook that expires is renewed at once.
    """
    item.state, item.reason, item.health, item.health_no = state, reason, GOOD, item.health_no + 1
    put = {name: value for name, value in item.switched().items() if value is not None}
    if state is SubscriptionState.ACTIVE and item.renewal is not None:
        put |= due.at(DELIVERY_DUE, item.own_key(), clock.now_ms(), clock.now_ms()).attributes
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
