"""What of a graph does not stand in it: large texts in the store of big values, headers of callouts sealed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from chalicelib.adapters import blobs
from chalicelib.core import ids
from chalicelib.core.errors import InvalidInput
from chalicelib.credentials.public import vault
from chalicelib.journeys.connectors import MASK
from chalicelib.journeys.models.automations import Automation
from chalicelib.journeys.rules.graph import Graph

Json = dict[str, Any]
INLINE_BYTES = 2_000
LARGE = ("htmlContent", "textContent", "text", "body")


def pack(head: Automation, content: Json, earlier: Graph | None) -> Json:
    """Put large texts and headers where they belong; a header that came back masked is the one of `earlier`.

    What is made here is of this save alone, so that it can be removed without a look at others. Raises InvalidInput
    for a masked header that was never there.
    """
    save = ids.new_uuid()
    steps = [
        {**step, "parameters": _packed(head, step, number, earlier, save)} if step.get("parameters") else step
        for number, step in enumerate(content["steps"])
    ]
    return {**content, "steps": steps, "save": save}


def shown(head: Automation, graph: Graph) -> Json:
    """Give a graph as callers see it: texts whole, headers masked."""
    steps = [
        {**step, "parameters": _shown(head, step["parameters"])} if step.get("parameters") else step
        for step in graph.steps
    ]
    return {"triggerEvents": graph.sources, "steps": steps, "connections": graph.connections}


def of(head: Automation, step: Json) -> Json:
    """Give the parameters of a step as they are worked with: texts whole, headers open; never for an answer.

    Raises NotFound when a newer graph has replaced this one.
    """
    parameters = _shown(head, step.get("parameters") or {})
    if headers := (step.get("parameters") or {}).get("headers"):
        parameters["headers"] = _open(head, step["uuid"], headers)
    return parameters


def values_of(head: Automation, graph: Graph) -> set[str]:
    """Name everything a head needs kept: its graph, and the big values this names, each as `kind:hash`."""
    found = {f"{'big' if head.is_big else 'graph'}:{head.graph_hash}"}
    for step in graph.steps:
        found |= {f"big:{value['blob']}" for _, value in _blobs(step.get("parameters") or {})}
    return found


def _packed(head: Automation, step: Json, number: int, earlier: Graph | None, save: str) -> Json:
    parameters = dict(step["parameters"])
    for name in LARGE:
        value = parameters.get(name)
        if isinstance(value, str) and len(raw := value.encode()) > INLINE_BYTES:
            parameters[name] = {"blob": blobs.blobs().put(head.workspace_id, f"{save}\n".encode() + raw)}
    if headers := parameters.get("headers"):
        parameters["headers"] = _sealed(head, step, number, headers, earlier)
    return parameters


def _shown(head: Automation, parameters: Json) -> Json:
    made = dict(parameters)
    for name, value in _blobs(parameters):
        raw = blobs.blobs().get(head.workspace_id, value["blob"])
        made[name] = raw.partition(b"\n")[2].decode()
    if headers := parameters.get("headers"):
        made["headers"] = dict.fromkeys(headers["names"], MASK)
    return made


def _blobs(parameters: Json) -> Iterator[tuple[str, Json]]:
    for name in LARGE:
        value = parameters.get(name)
        if isinstance(value, dict):
            yield name, value


def _sealed(head: Automation, step: Json, number: int, headers: dict[str, str], earlier: Graph | None) -> Json:
    before = earlier.step(step["uuid"]) if earlier else None
    kept = (before or {}).get("parameters", {}).get("headers")
    known = _open(head, step["uuid"], kept) if kept and MASK in headers.values() else {}
    made = {}
    for name, value in headers.items():
        if value == MASK and name not in known:
            place = f"body.steps.{number}.parameters.headers.{name}"
            raise InvalidInput.at(place, "is masked, but no value is stored", "masked")
        made[name] = known[name] if value == MASK else value
    return {"sealed": vault().seal(head.workspace_id, _context(head, step["uuid"]), made), "names": sorted(made)}


def _open(head: Automation, step: str, headers: Json) -> dict[str, str]:
    return dict(orjson.loads(vault().open(head.workspace_id, _context(head, step), headers["sealed"])))


def _context(head: Automation, step: str) -> str:
    return f"journeys|{head.node}|{head.id}|{step}|headers"
