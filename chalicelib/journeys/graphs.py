"""Storing graphs: what a new one needs, what an old one leaves behind, and whose the uuids of steps are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from chalicelib.adapters import blobs
from chalicelib.core.errors import Fault, NotFound
from chalicelib.journeys import texts
from chalicelib.journeys.models import automations as stored
from chalicelib.journeys.models.automations import Automation
from chalicelib.journeys.rules.graph import Graph
from chalicelib.journeys.rules.lifecycle import DRAFT

Json = dict[str, Any]


def put(head: Automation, content: Json, size_bytes: int, earlier: Graph | None) -> None:
    """Store a graph and let the head name it; what the head needed before becomes its litter, unless still needed.

    The head itself is not stored here. Raises InvalidInput, Unavailable.
    """
    old = texts.values_of(head, earlier) if earlier else set()
    sweep_up(head)
    packed = texts.pack(head, content, earlier)
    stored.store_graph(head, packed)
    graph = Graph(packed)
    head.litter = sorted(old - texts.values_of(head, graph))
    head.size_bytes, head.operations = size_bytes, graph.operations()
    head.has_trigger = bool(graph.sources)
    if earlier is not None and earlier.entry != graph.entry and head.state is not DRAFT:
        head.entries += 1


def sweep_up(head: Automation) -> None:
    """Remove what no graph of the head needs any more. A repeat is harmless."""
    remove(head, head.litter)


def remove(head: Automation, names: Iterable[str]) -> None:
    """Remove graphs and big values by the names that texts.values_of gives."""
    for name in names:
        kind, _, value = name.partition(":")
        if kind == "graph":
            stored.drop_graph(head, value)
        else:
            blobs.blobs().delete(head.workspace_id, value)


def remove_all(head: Automation) -> None:
    """Remove all that an automation has stored beside its head, and give up the uuids of its steps."""
    sweep_up(head)
    rows = {row["sk"].removeprefix("graph#"): Graph(row["doc"]) for row in stored.graph_rows(head)}
    if head.is_big:
        graph = stored.load_big(head)
        if graph is not None:
            rows[head.graph_hash] = graph
    for graph in rows.values():
        stored.release_steps(head, [step for step in graph.by_uuid if owner_of(head, step) == head.id])
        remove(head, sorted(texts.values_of(head, graph)))
    for graph_hash in rows:
        stored.drop_graph(head, graph_hash)


def owner_of(head: Automation, step: str) -> str | None:
    """Say which automation owns the uuid of a step, or None."""
    return stored.owners_of(head, [step]).get(step)


def claim(head: Automation, graph: Graph) -> list[Fault]:
    """Make the automation the owner of its steps' uuids; name those that another automation owns.

    An owner that no longer has the step, because it fell between claiming and storing, is none. Raises
    VersionConflict when another automation claims one at this very moment.
    """
    owners = stored.owners_of(head, graph.by_uuid)
    foreign = {step: owner for step, owner in owners.items() if owner != head.id and _has(head, owner, step)}
    if foreign:
        places = {step["uuid"]: number for number, step in enumerate(graph.steps)}
        return [
            Fault(f"body.steps.{places[step]}.uuid", f"automation {owner} has a step with this uuid", "DUPLICATE_STEP")
            for step, owner in sorted(foreign.items())
        ]
    stale = [step for step, owner in owners.items() if owner != head.id]
    if stale:
        stored.release_steps(head, stale)
    stored.claim_steps(head, [step for step in graph.by_uuid if owners.get(step) != head.id])
    return []


def _has(head: Automation, owner: str, step: str) -> bool:
    other = stored.load(head.workspace_id, head.node, owner, fresh=True)
    try:
        return other is not None and step in other.graph.by_uuid
    except NotFound:  # it changes at this moment, so it is alive
        return True
