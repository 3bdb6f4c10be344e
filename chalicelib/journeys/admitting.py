"""Who may move on: the token, its automation and its node are looked at before anything is done for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from chalicelib.core import clock
from chalicelib.core.errors import NotFound, Unavailable
from chalicelib.edge.worker import Message
from chalicelib.journeys import counters, ending, lifecycle, parking
from chalicelib.journeys.commits import Move
from chalicelib.journeys.models import automations, nodes, tokens
from chalicelib.journeys.models.automations import Automation
from chalicelib.journeys.models.nodes import Node
from chalicelib.journeys.rules import overdue
from chalicelib.journeys.rules import tokens as rules
from chalicelib.journeys.rules.lifecycle import ARCHIVED, RUNNING, TO_ARCHIVE, TO_DELETE
from chalicelib.journeys.rules.tokens import Reason, Status
from chalicelib.journeys.turns import Turn
from chalicelib.storage.expressions import Row

UNBORN_MS = 30_000  # how long a message waits for its token to be stored; no request lasts longer
NEAR_MS = 60_000
MAX_HIDE_S = 900
CLOSED = frozenset({"TO_ARCHIVE", "ARCHIVED"})
_WITH_TIME = frozenset({Status.WAITING, Status.RETRYING})


@dataclass
class Admitted:
    """Tokens to be walked, tokens that end where they stand, and tokens that stand still there."""

    turns: list[Turn] = field(default_factory=list)
    ends: list[tuple[Turn, Move]] = field(default_factory=list)
    stays: list[Turn] = field(default_factory=list)


def admit(workspace_id: str, node: str, messages: Mapping[str, Message]) -> Admitted:
    """Look at the tokens of these messages (by uuid); those that cannot move are parked, hidden or dropped."""
    now_ms, made = clock.now_ms(), Admitted()
    rows = tokens.get_many(workspace_id, node, messages, consistent=True)
    place = nodes.load(workspace_id, node)
    parked: dict[str, tuple[Automation, list[Row]]] = {}
    for token, message in messages.items():
        row = rows.get(token)
        if row is None or not _is_here(message, row, now_ms):
            _unborn(message, row, now_ms)
            continue
        head, place = _owner(workspace_id, node, row["a"], place)
        if head is None or place is None or head.status == TO_DELETE:
            continue  # it is being erased
        if _stands_still(head, place):
            parked.setdefault(head.id, (head, []))[1].append(row)
            continue
        turn = Turn(row, head, place, head.graph)
        reason = why_over(row, head, now_ms)
        if reason is None:
            made.turns.append(turn)
        else:
            made.ends.append((turn, ending.last_move(row, reason, now_ms)))
    for head, found in parked.values():
        parking.park(head, found)
    return made


def admit_again(turns: Iterable[Turn]) -> Admitted:
    """Look once more at tokens in our hands before their next step: a pause or an end may have come meanwhile."""
    now_ms, made = clock.now_ms(), Admitted()
    for turn in turns:
        workspace_id, node, _ = tokens.parts_of(turn.row["pk"])
        head, place = _owner(workspace_id, node, turn.head.id, nodes.load(workspace_id, node))
        if head is None or place is None or head.status == TO_DELETE:
            continue  # it is being erased
        turn.head, turn.node, turn.graph = head, place, head.graph
        reason = why_over(turn.row, head, now_ms)
        if _stands_still(head, place):
            made.stays.append(turn)
        elif reason is None:
            made.turns.append(turn)
        else:
            made.ends.append((turn, turn.ends(reason, now_ms)))
    return made


def renew(turn: Turn) -> bool:
    """Give a turn the newest graph of its automation; False when it has that already, or there is none any more.

    Raises Unavailable when the automation is edited at this very moment.
    """
    workspace_id, node, _ = tokens.parts_of(turn.row["pk"])
    head = automations.load(workspace_id, node, turn.head.id, fresh=True)
    if head is None or head.graph_hash == turn.head.graph_hash:
        return False
    try:
        turn.graph, turn.head = head.graph, head
    except NotFound:
        raise Unavailable("the automation changes at this moment; try again") from None
    return True


def refresh(turn: Turn) -> None:
    """Give a turn a newer graph if one is known: an action took its time, and the automation may have been edited."""
    workspace_id, node, _ = tokens.parts_of(turn.row["pk"])
    head = automations.load(workspace_id, node, turn.head.id)
    if head is None or head.edition <= turn.head.edition:
        return
    try:
        turn.graph, turn.head = head.graph, head
    except NotFound:  # it changes once more at this moment
        return


def must_stand(turn: Turn) -> bool:
    """Say whether a turn may not go on now, because its automation or its node stands still."""
    return _stands_still(turn.head, turn.node)


def _stands_still(head: Automation, place: Node) -> bool:
    return head.status in parking.STANDS_STILL or (not place.active and head.status not in CLOSED)


def why_over(row: Row, head: Automation, now_ms: int) -> Reason | None:
    """Say why a token is to end before its next step, or None."""
    if "rm" in row:
        return Reason(row["rm"])
    if head.end_at is not None and head.end_at <= now_ms:
        return Reason.END_DATE
    if head.status in CLOSED:
        return Reason.END_DATE if head.reason == Reason.END_DATE else Reason.ARCHIVED
    if overdue.may_be_overdue(row) and head.is_overdue(int(row["due"])):
        return Reason.OVERDUE_ON_RESUME
    return None


def hide(message: Message | None, row: Row, now_ms: int) -> None:
    """Hide a message that came before its time; drop it when the index will bring another."""
    if message is None:
        return
    away_ms = int(row.get("due", now_ms)) - now_ms
    if away_ms <= NEAR_MS or "dueB" not in row:
        message.wait(min(MAX_HIDE_S, max(1.0, away_ms / 1000)))


def drained(workspace_id: str, node: str, ids: Iterable[str]) -> None:
    """Archive automations that are closed and have no token in flight any more."""
    for automation in ids:
        head = automations.load(workspace_id, node, automation)
        if head is not None and head.status == TO_ARCHIVE:
            archive(head)


def archive(head: Automation) -> bool:
    """Archive a closed automation if nothing is in flight; says whether that was so."""
    if counters.in_flight(head.workspace_id, head.node, head.id) > 0:
        return False
    lifecycle.engine_transition(head, ARCHIVED)
    return True


def _is_here(message: Message, row: Row, now_ms: int) -> bool:
    """Whether it is this message's turn: the token is in flight, nobody is at it, and its time has come."""
    if rules.is_over(row["st"]):
        return False
    if row.get("until", -1) >= now_ms:
        message.wait(max(1.0, (row["until"] - now_ms) / 1000))
        return False
    if row["st"] in _WITH_TIME and "rm" not in row and int(row.get("due", 0)) > now_ms:
        hide(message, row, now_ms)
        return False
    return True


def _unborn(message: Message, row: Row | None, now_ms: int) -> None:
    """Wait for a token whose message was sent first; ever longer, so that the queue does not give it up as poison."""
    born_ms = message.body.get("new")
    if row is None and isinstance(born_ms, int) and now_ms - born_ms < UNBORN_MS:
        message.again(max(2.0, (now_ms - born_ms) / 1000))


def _owner(workspace_id: str, node: str, automation: str, place: Node | None) -> tuple[Automation | None, Node | None]:
    """Find a token's automation and node: from the cache when both run, else as they are at this moment."""
    head = automations.load(workspace_id, node, automation)
    if head is not None and place is not None and head.status == RUNNING and place.active:
        try:
            head.graph  # noqa: B018 a newer graph may have replaced the one the cached head names
        except NotFound:
            head = automations.load(workspace_id, node, automation, fresh=True)
        return head, place
    return automations.load(workspace_id, node, automation, fresh=True), nodes.load(workspace_id, node, fresh=True)
