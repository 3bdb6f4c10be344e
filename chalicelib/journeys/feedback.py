"""Feedback on messages: counted once each, kept beside the token, and told to the checks that wait for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.core import clock, ids
from chalicelib.core.call import Call
from chalicelib.core.errors import NotFound, Unavailable
from chalicelib.edge import limits
from chalicelib.edge.route import Answer
from chalicelib.journeys import automations, consents, counters, marks, waking, wire
from chalicelib.journeys.marks import Kind, Mark
from chalicelib.journeys.models import automations as stored_automations
from chalicelib.journeys.models import counters as stored
from chalicelib.journeys.models import profiles, tokens, waits
from chalicelib.journeys.models.automations import Automation
from chalicelib.journeys.rules import feedback as rules
from chalicelib.journeys.rules import matching
from chalicelib.journeys.rules.entry import normal_phone
from chalicelib.journeys.rules.graph import TYPES
from chalicelib.journeys.rules.tokens import Status
from chalicelib.journeys.schemas import when_ms
from chalicelib.storage import table
from chalicelib.storage.expressions import ABSENT, Row
from chalicelib.storage.table import TransactionFailed, Write
from chalicelib.storage.tables import JOURNEYS

Json = dict[str, Any]
_ATTEMPTS = 6


@dataclass(frozen=True)
class Feedback:
    """One thing that a provider or a mark told of a message; `id` is the same however often it is told."""

    id: str
    kind: str
    token: str
    step: str
    at_ms: int
    url: str | None = None

    def event(self) -> Json:
        """Give it as an event that checks can ask for."""
        return {
            "id": self.id,
            "eventType": matching.FEEDBACK_OF[self.kind],
            "context": "DIGITAL_CAMPAIGN",
            "properties": {"kind": self.kind, **({"url": self.url} if self.url else {})},
            "occurredAt": clock.iso_ms(self.at_ms),
            "at": self.at_ms,
            "step": self.step,
            "token": self.token,
        }


def record(workspace_id: str, node: str, told: Feedback) -> bool:
    """Take feedback in; False when it is about no token that is kept. Raises Unavailable; repeating is harmless."""
    row = JOURNEYS.get(tokens.key(workspace_id, node, told.token))
    if row is None or not _was_sent(row, told.step):
        return False
    _count(workspace_id, node, row, told)
    if told.kind in consents.BLOCKING and (named := _receiver(workspace_id, node, row, told.step)):
        profiles.block(workspace_id, node, named, told.kind, clock.now_ms())
    waking.wake(workspace_id, node, row, told.event())
    return True


def _was_sent(row: Row, step: str) -> bool:
    """Whether a message may have gone out: what providers tell can be faster than what we write."""
    is_at_it = row["s"] == step and row["st"] in (Status.PROCESSING, Status.RETRYING)
    return is_at_it or step in (row["doc"].get("sent") or {})


def _receiver(workspace_id: str, node: str, row: Row, step: str) -> str | None:
    """Name the address or number that a step's message went to; None when that is not known."""
    who, sent = tokens.identity_of(row), (row["doc"].get("sent") or {}).get(step) or {}
    if "to" in sent:
        return f"tel:{sent['to']}"
    if _operation(workspace_id, node, row["a"], step) == "CLAB_CAMPAIGN_SMS":  # told before we wrote to whom it went
        number = normal_phone(who.phone or "")
        return f"tel:{number}" if number else None
    return f"mail:{who.email}" if who.email else None


def _operation(workspace_id: str, node: str, automation: str, step: str) -> str | None:
    head = stored_automations.load(workspace_id, node, automation)
    try:
        return None if head is None else stored_automations.newest_graph(head).operation(step)
    except NotFound:  # it is being erased
        return None


def _count(workspace_id: str, node: str, row: Row, told: Feedback) -> None:
    """Count it and remember it in one transaction; what was remembered before counts no more."""
    own = tokens.key(workspace_id, node, told.token)
    where = waits.feedback_key(own, told.step, told.kind, told.id)
    exp_s = clock.now_s() + waits.KEEP_S
    remembered = Write(JOURNEYS, ABSENT, row={**where._asdict(), "doc": told.event(), "exp": exp_s})
    names = rules.COUNTED.get(told.kind, ())
    firsts = rules.firsts_of(told.kind, told.url)
    for _ in range(_ATTEMPTS):
        first_rows = [
            Write(JOURNEYS, ABSENT, row={**waits.first_key(own, told.step, told.kind, link)._asdict(), "exp": exp_s})
            for link, _ in firsts
        ]
        amounts = Counter(names) + Counter(name for link, name in firsts if not link)
        writes = [remembered, *first_rows]
        if amounts:
            writes.append(stored.add(workspace_id, node, row["a"], told.step, amounts))
        if told.url and told.kind == "CLICKED":
            unique = sum(1 for link, _ in firsts if link)
            writes.append(stored.link_write(workspace_id, node, row["a"], told.step, told.url, unique))
        try:
            table.transact(writes, ids.secret_text(24))
            return
        except TransactionFailed as failure:
            if 0 in failure.failed:
                return
            firsts = [one for position, one in enumerate(firsts, 1) if position not in failure.failed]
        except Unavailable:
            continue
    raise Unavailable("the counters changed too often meanwhile")


# --- marks ----------------------------------------------------------------------------------------------------------


def follow(call: Call) -> Answer:
    """Answer an address with a mark: the picture of an opened mail, the way to a link's target, the end of mails.

    Only a POST ends mails; a GET answers a page that asks, with a button that makes it.
    """
    mark = marks.shown(call)
    match mark.kind:
        case Kind.OPEN:
            _tell(mark, "OPENED")
            if not any(kind in call.headers.get("accept", "") for kind in ("*/*", "image/gif")):
                return Answer("", 204, {**rules.NOT_KEPT, "raw": "1"})
            return Answer(rules.PIXEL, 200, {**rules.NOT_KEPT, "Content-Type": "image/gif", "raw": "1"})
        case Kind.CLICK:
            _tell(mark, "CLICKED", mark.url)
            return Answer("", 302, {**rules.NOT_KEPT, "Location": mark.url, "raw": "1"})
        case Kind.UNSUBSCRIBE:
            if call.method == "POST":  # RFC 8058: GET must not unsubscribe
                _tell(mark, "UNSUBSCRIBED", once=True)
            page = rules.FAREWELL if call.method == "POST" else rules.QUESTION
            return Answer(page, 200, {**rules.NOT_KEPT, "Content-Type": "text/html", "raw": "1"})
    raise NotFound("there is nothing at this address")


def _tell(mark: Mark, kind: str, url: str | None = None, *, once: bool = False) -> None:
    identifier = "mark" if once else ids.new_uuid()
    told = Feedback(identifier, kind, mark.token, mark.step, clock.now_ms(), url)
    record(mark.workspace_id, mark.node, told)


def take_in(call: Call) -> Json:
    """Take in feedback that a caller passes on from a provider; what is about no message of the node is left out."""
    node = wire.node_of(call)
    told = [_read(one) for one in call.body.feedbacks]
    return {"accepted": sum(record(call.workspace_id, node.id, one) for one in told)}


def take_in_from_provider(call: Call) -> Json:
    """Take in feedback that a provider sends to the node's callback address, which needs no other credentials.

    Raises NotFound, RateLimited.
    """
    mark = marks.shown(call)
    if mark.kind is not Kind.CALLBACK:
        raise NotFound("there is nothing at this address")
    limits.spend_at_address(mark.workspace_id, mark.node)
    told = [_read(one) for one in call.body.feedbacks]
    return {"accepted": sum(record(mark.workspace_id, mark.node, one) for one in told)}


def show_callback(call: Call) -> Json:
    """Show where providers may send feedback on this node's messages, and the secret that signs its callouts."""
    from chalicelib.journeys import signing

    node = wire.node_of(call)
    address = marks.address(Mark(Kind.CALLBACK, call.workspace_id, node.id), "callbacks")
    return {"callbackUrl": address, "signingSecret": signing.shown(call.workspace_id, node.id)}


def _read(sent: Any) -> Feedback:
    at_ms = when_ms(sent.occurred_at) if sent.occurred_at else clock.now_ms()
    return Feedback(sent.id, sent.kind, sent.token_uuid, sent.step_uuid, min(at_ms, clock.now_ms()), sent.url)


# --- what is shown --------------------------------------------------------------------------------------------------


def read_automation(call: Call) -> Json:
    """Read the counters of every step, in the order of the graph."""
    head = automations.find(call)
    counted = stored.read(call.workspace_id, head.node, head.id)
    return {
        "automationUuid": head.id,
        "steps": [shown(head, step, counted) for step in stored_automations.newest_graph(head).steps],
    }


def read_step(call: Call) -> Json:
    """Read the counters of one step."""
    head = automations.find(call)
    uuid = wire.uuid_in_path(call, "step_uuid")
    step = stored_automations.newest_graph(head).step(uuid)
    if step is None:
        raise NotFound(f"the automation has no step {uuid}")
    return shown(head, step, stored.read(call.workspace_id, head.node, head.id))


def shown(head: Automation, step: Json, counted: Mapping[str, Counter[str]], *, with_links: bool = True) -> Json:
    """Show a step with its counters: those that make sense for what it does, the others left out."""
    own = counted.get(step["uuid"], Counter())
    made: Json = {name: own[name] for name in rules.BASE} | {"inStep": counters.standing(own)}
    made |= {name: own[name] for name in rules.OF_OPERATION.get(step["operation"], ())}
    if step["operation"] in rules.MESSAGES:
        made["bounced"] = own["softBounced"] + own["hardBounced"]
    if with_links and step["operation"] in rules.MESSAGES:
        made["links"] = stored.links_of(head.workspace_id, head.node, head.id, step["uuid"])
    if outcomes := rules.OUTCOMES.get(step["operation"]):
        made["outcomes"] = {name: own[f"outcome{name}"] for name in outcomes}
    return {
        "uuid": step["uuid"],
        "type": TYPES[step["operation"]],
        "operation": step["operation"],
        "description": step.get("description"),
        "feedbacks": made | {"updated": clock.iso_ms(clock.now_ms())},
    }
