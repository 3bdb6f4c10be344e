"""What nodes owe: automations to be looked at after one was switched on, everything it held after it was deleted."""

from __future__ import annotations

from collections.abc import Iterable

from chalicelib.adapters import blobs, queue
from chalicelib.core import clock
from chalicelib.core.errors import VersionConflict
from chalicelib.journeys import lifecycle, queues
from chalicelib.journeys.models import automations, contents, definitions, profiles
from chalicelib.journeys.models import nodes as stored
from chalicelib.journeys.models import settings as stored_settings
from chalicelib.journeys.models.contents import Content
from chalicelib.journeys.models.nodes import Node
from chalicelib.storage.table import Key
from chalicelib.storage.tables import JOURNEYS

AGAIN_S = 10
PAGE, ROUND = 250, 5_000  # rows erased at a time, and by one message
LATE_WRITES_MS = 60_000  # another process may know a deleted node for some seconds yet


def keep(workspace_id: str, named: str) -> None:
    """Do what a node owes: look at its automations after it was switched on, erase it after it was deleted."""
    node = Node.get(workspace_id, id=named)
    if node is None:
        return
    if node.gone_at:
        if not _erase(node):
            call_for(node, AGAIN_S)
        return
    if not node.is_owed:
        return
    stored.forget()
    if node.active:
        for head in automations.list_all(workspace_id, named):
            lifecycle.wake_up(head)
    node.is_owed = False
    try:
        node.save()
    except VersionConflict:  # switched meanwhile; it says itself what it owes now
        return
    finally:
        stored.forget()


def _erase(node: Node) -> bool:
    """Erase a round of what a deleted node holds; say whether nothing is left."""
    heads = automations.list_all(node.workspace_id, node.id)
    for head in heads:
        lifecycle.condemn(head)
    if heads or clock.now_ms() - node.gone_at < LATE_WRITES_MS:
        return False
    templates = contents.list_all(node.workspace_id, node.id, contents.TEMPLATE)
    kinds = [contents.page_kind(one.number) for one in templates] + [contents.MAIL, contents.TEXT, contents.TEMPLATE]
    for kind in kinds:
        _erase_contents(contents.list_all(node.workspace_id, node.id, kind))
    partitions = profiles.partitions(node.workspace_id, node.id)
    partitions += [definitions.partition(node.workspace_id, node.id, kind) for kind in definitions.KINDS]
    if not _erase_partitions([*partitions, stored.partition(node.workspace_id, node.id)]):
        return False
    stored_settings.forget()
    node.remove()
    stored.forget()
    return True


def _erase_contents(found: Iterable[Content]) -> None:
    for one in found:
        if one.html:
            blobs.blobs().delete(one.workspace_id, one.html)
        JOURNEYS.delete(one.own_key())


def _erase_partitions(partitions: Iterable[str]) -> bool:
    """Erase rows page by page, so many in a round; say whether none is left."""
    left = ROUND
    for partition in partitions:
        while rows := JOURNEYS.query(partition, limit=PAGE).rows:
            if left <= 0:
                return False
            JOURNEYS.write_many(deletes=[Key(row["pk"], row["sk"]) for row in rows])
            left -= len(rows)
    return True


def call_for(node: Node, delay_s: int = 0) -> None:
    """Send a node's own message."""
    queue.send(queues.LIFECYCLE, {"w": node.workspace_id, "n": node.id}, delay_s)
