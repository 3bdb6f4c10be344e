"""Work on many tokens: releasing parked ones, ending and erasing those of an automation; page by page.

Every job is a message; a page that is done sends the next. Repeating a page is harmless, so a job that falls goes on
from its last page when its message comes again.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from chalicelib.adapters import queue
from chalicelib.adapters.queue import Letter
from chalicelib.core import clock
from chalicelib.durable.leases import FREE
from chalicelib.journeys import admitting, dropping, lifecycle, parking, queues, removing
from chalicelib.journeys.models import automations, counters, nodes, tokens, waits
from chalicelib.journeys.models.automations import Automation
from chalicelib.journeys.rules.lifecycle import RUNNING, TO_ARCHIVE, TO_DELETE
from chalicelib.journeys.rules.tokens import Group, Reason, is_over
from chalicelib.storage.expressions import Row
from chalicelib.storage.table import Key
from chalicelib.storage.tables import JOURNEYS

Json = dict[str, Any]
RELEASE, END, ERASE = "release", "end", "erase"
PAGE = 96
AGAIN_S = 10  # until tokens in workers' hands are looked at again


def after_transition(workspace_id: str, node: str, head: Automation, before: str, after: str) -> None:
    """Send the job that tells tokens of a transition. Raises Unavailable."""
    base = {"w": workspace_id, "n": node, "a": head.id}
    if after == RUNNING:
        queue.send(queues.JOB, {**base, "job": RELEASE, "shard": 0})
    elif after == TO_ARCHIVE and before != TO_ARCHIVE:
        reason = Reason.END_DATE if head.reason == Reason.END_DATE else Reason.ARCHIVED
        queue.send(queues.JOB, {**base, "job": END, "why": reason.value})
    elif after == TO_DELETE:
        queue.send(queues.JOB, {**base, "job": ERASE})


# --- release --------------------------------------------------------------------------------------------------------


def release(body: Json) -> None:
    """Send a page of parked tokens on, at the set rate; stops when the automation stands still again."""
    workspace_id, node, automation, shard = body["w"], body["n"], body["a"], int(body["shard"])
    if parking.stands_still(workspace_id, node, automation):
        return
    per_s = max(1, int(float(os.environ.get("MILLRACE_JOURNEYS_RELEASE_PER_S") or 200)))
    partition = tokens.park_partition(workspace_id, node, automation, shard)
    page = JOURNEYS.query(partition, limit=min(per_s, 1000))
    names = dict.fromkeys(row["sk"].partition("#")[0] for row in page.rows)
    letters = [Letter({"w": workspace_id, "n": node, "t": name}) for name in names]
    queue.send_many(queues.STEP, letters)
    JOURNEYS.write_many(deletes=[Key(row["pk"], row["sk"]) for row in page.rows])
    if page.rows:
        queue.send(queues.JOB, body, 1)
    elif shard + 1 < tokens.SHARDS:
        queue.send(queues.JOB, {**body, "shard": shard + 1})


# --- end ------------------------------------------------------------------------------------------------------------


def end(body: Json) -> None:
    """End a page of the tokens of a closed automation; archive it when none is in flight any more."""
    workspace_id, node, automation = body["w"], body["n"], body["a"]
    head = automations.load(workspace_id, node, automation, fresh=True)
    if head is None or head.status != TO_ARCHIVE:
        return
    found = False
    for shard in range(tokens.SHARDS):
        rows = _first_page(workspace_id, node, automation, Group.RUNNING, shard)
        found = found or bool(rows)
        removing.remove([row for row in rows if not _is_asked(row)], Reason(body["why"]))
    if found:
        queue.send(queues.JOB, body, AGAIN_S if _all_asked(workspace_id, node, automation) else 0)
    elif not admitting.archive(head):
        queue.send(queues.JOB, body, AGAIN_S)


def _first_page(workspace_id: str, node: str, automation: str, group: Group, shard: int) -> list[Row]:
    """Read the first page of a list; places that lead to nothing, or elsewhere by now, are taken away."""
    partition = tokens.list_partition(workspace_id, node, automation, group, shard)
    page = JOURNEYS.query(partition, limit=PAGE)
    places = {tokens.token_of(row["sk"])[1]: row["sk"] for row in page.rows}
    rows = tokens.get_many(workspace_id, node, places, consistent=True)
    stale = [
        Key(partition, place)
        for token, place in places.items()
        if token not in rows or tokens.list_key(rows[token]) != Key(partition, place)
    ]
    JOURNEYS.write_many(deletes=stale)
    return [row for token, row in rows.items() if tokens.list_key(row) == Key(partition, places[token])]


def _is_asked(row: Row) -> bool:
    return "rm" in row and row.get("until", FREE) >= clock.now_ms()


def _all_asked(workspace_id: str, node: str, automation: str) -> bool:
    """Whether only tokens in workers' hands are left, which know that they are to end."""
    for shard in range(tokens.SHARDS):
        rows = _first_page(workspace_id, node, automation, Group.RUNNING, shard)
        if any(not _is_asked(row) and not is_over(row["st"]) for row in rows):
            return False
    return True


# --- erase ----------------------------------------------------------------------------------------------------------


def erase(body: Json) -> None:
    """Erase a page of everything an automation's tokens left; the automation itself when nothing is left."""
    workspace_id, node, automation = body["w"], body["n"], body["a"]
    head = automations.load(workspace_id, node, automation, fresh=True)
    if head is None or head.status != TO_DELETE:
        return
    if _erase_tokens(head) or _erase_markers(head) or dropping.erase_page(workspace_id, node, automation):
        queue.send(queues.JOB, body)
        return
    for step in counters.read(workspace_id, node, automation):
        counters.drop_links(workspace_id, node, automation, step)
    counters.drop(workspace_id, node, automation)
    lifecycle.engine_transition(head, None)


def _erase_tokens(head: Automation) -> bool:
    """Erase a page of tokens: everything that leads to them first, their places in the lists last."""
    found = False
    goes_with_node = nodes.load(head.workspace_id, head.node, fresh=True) is None
    for group in tokens.GROUPS:
        for shard in range(tokens.SHARDS):
            partition = tokens.list_partition(head.workspace_id, head.node, head.id, group, shard)
            page = JOURNEYS.query(partition, limit=PAGE)
            names = [tokens.token_of(row["sk"])[1] for row in page.rows]
            for row in tokens.get_many(head.workspace_id, head.node, names, consistent=True).values():
                erase_token(row)
                if goes_with_node:  # no other automation needs to know what happened to this customer
                    waits.forget(head.workspace_id, head.node, tokens.identity_of(row).names())
            JOURNEYS.write_many(deletes=[Key(row["pk"], row["sk"]) for row in page.rows])
            found = found or bool(page.rows)
    return found


def erase_token(row: Row) -> None:
    """Erase a token and everything beside it but its place in the lists."""
    keys = [Key(one["pk"], one["sk"]) for one in JOURNEYS.query_all(row["pk"])]
    keys += [Key(one["pk"], one["sk"]) for one in tokens.name_rows(row)]
    keys += [tokens.guard_of(row)] if row.get("uq") else []
    JOURNEYS.write_many(deletes=keys)


def _erase_markers(head: Automation) -> bool:
    found = False
    for shard in range(tokens.SHARDS):
        partition = tokens.park_partition(head.workspace_id, head.node, head.id, shard)
        page = JOURNEYS.query(partition, limit=PAGE)
        JOURNEYS.write_many(deletes=[Key(row["pk"], row["sk"]) for row in page.rows])
        found = found or bool(page.rows)
    return found


JOBS: dict[str, Callable[[Json], None]] = {RELEASE: release, END: end, ERASE: erase}
