"""Graphs: steps joined by connections, and the rules on their shape."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from chalicelib.core.errors import Fault

Json = dict[str, Any]
TYPES = {
    "CLAB_CAMPAIGN": "ACTION",
    "CLAB_CAMPAIGN_SMS": "ACTION",
    "WEBHOOK": "ACTION",
    "TAG": "ACTION",
    "FROM_LAST_STEP": "WAIT",
    "WAIT_AND_CHECK": "CHECK",
    "WAIT_FOR_TRIGGER": "CHECK",
    "AB_TEST": "SPLIT",
    "NO_ACTION": "END",
}
MAX_YES = 10
_NEXT = {"NEXT": (1, 1)}
OUTGOING: dict[str, dict[str, tuple[int, int]]] = {
    "CLAB_CAMPAIGN": _NEXT,
    "CLAB_CAMPAIGN_SMS": _NEXT,
    "WEBHOOK": _NEXT,
    "TAG": _NEXT,
    "FROM_LAST_STEP": _NEXT,
    "WAIT_AND_CHECK": {"YES": (1, MAX_YES), "NO": (1, 1)},
    "WAIT_FOR_TRIGGER": {"YES": (1, MAX_YES), "TIMEOUT": (1, 1)},
    "AB_TEST": {"A": (1, 1), "B": (1, 1)},
    "NO_ACTION": {},
}


class Graph:
    """A graph as callers sent it: steps, connections and sources in their wire shape.

    Large texts are replaced by `{"blob": hash}` and headers by `{"sealed": text}`; texts.of puts them back.
    """

    def __init__(self, content: Json) -> None:
        self.steps: list[Json] = content.get("steps") or []
        self.connections: list[Json] = content.get("connections") or []
        self.sources: list[Json] = content.get("triggerEvents") or []

    @cached_property
    def by_uuid(self) -> dict[str, Json]:
        """The steps by uuid."""
        return {step["uuid"]: step for step in self.steps}

    @cached_property
    def entry(self) -> str | None:
        """The uuid of the one step without incoming connections; None when there is not exactly one."""
        roots = self.roots()
        return roots[0] if len(roots) == 1 else None

    def step(self, uuid: str) -> Json | None:
        """Find a step, or None."""
        return self.by_uuid.get(uuid)

    def operation(self, uuid: str) -> str | None:
        """Give the operation of a step, or None when there is no such step."""
        step = self.by_uuid.get(uuid)
        return None if step is None else str(step["operation"])

    def leaving(self, uuid: str, outcome: str | None = None) -> list[Json]:
        """List the connections that leave a step, in the order they are tried; only those of an outcome if named."""
        found = self._leaving.get(uuid, [])
        return [one for one in found if outcome is None or one["outcome"] == outcome]

    def after(self, uuid: str, outcome: str = "NEXT") -> str | None:
        """Say which step the first connection of an outcome leads to, or None."""
        found = self.leaving(uuid, outcome)
        return str(found[0]["toStepUuid"]) if found else None

    def before(self, uuid: str) -> set[str]:
        """Name every step from which a way leads here."""
        found: set[str] = set()
        open_ = [uuid]
        while open_:
            for earlier in self._arriving.get(open_.pop(), ()):
                if earlier not in found:
                    found.add(earlier)
                    open_.append(earlier)
        return found

    def roots(self) -> list[str]:
        """Name the steps nothing leads to."""
        return [step["uuid"] for step in self.steps if not self._arriving.get(step["uuid"])]

    def reachable(self) -> set[str]:
        """Name the steps a way leads to from one that nothing leads to, those included."""
        found, open_ = set(self.roots()), self.roots()
        while open_:
            for connection in self._leaving.get(open_.pop(), ()):
                target = connection["toStepUuid"]
                if target not in found:
                    found.add(target)
                    open_.append(target)
        return found

    def in_a_circle(self) -> set[str]:
        """Name the steps from which a way leads back to themselves."""
        return {step["uuid"] for step in self.steps if step["uuid"] in self.before(step["uuid"])}

    def operations(self) -> list[str]:
        """List the operations that occur."""
        return sorted({str(step["operation"]) for step in self.steps})

    @cached_property
    def _leaving(self) -> dict[str, list[Json]]:
        found: dict[str, list[Json]] = {}
        for connection in self._joining():
            found.setdefault(connection["fromStepUuid"], []).append(connection)
        for connections in found.values():
            connections.sort(key=lambda one: int(one.get("priority", 0)))  # stable: ties stay in the order sent
        return found

    @cached_property
    def _arriving(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for connection in self._joining():
            found.setdefault(connection["toStepUuid"], set()).add(connection["fromStepUuid"])
        return found

    def _joining(self) -> Iterator[Json]:
        for one in self.connections:
            if one["fromStepUuid"] in self.by_uuid and one["toStepUuid"] in self.by_uuid:
                yield one


def faults_of_shape(graph: Graph) -> list[Fault]:
    """Name everything wrong with the shape of a graph: one fault each, at the step or connection it lies in."""
    places = {step["uuid"]: f"body.steps.{number}" for number, step in enumerate(graph.steps)}
    return [
        *_faults_of_uuids(graph),
        *_faults_of_ends(graph),
        *_faults_of_entry(graph),
        *_faults_of_ways(graph, places),
        *(fault for step in graph.steps for fault in _faults_of_leaving(graph, step, places[step["uuid"]])),
    ]


def _faults_of_uuids(graph: Graph) -> Iterator[Fault]:
    seen: set[str] = set()
    for number, step in enumerate(graph.steps):
        if step["uuid"] in seen:
            yield Fault(f"body.steps.{number}.uuid", "another step has this uuid", "DUPLICATE_STEP")
        seen.add(step["uuid"])


def _faults_of_ends(graph: Graph) -> Iterator[Fault]:
    for number, one in enumerate(graph.connections):
        for end in ("fromStepUuid", "toStepUuid"):
            if one[end] not in graph.by_uuid:
                yield Fault(f"body.connections.{number}.{end}", f"no step has the uuid {one[end]}", "DANGLING")


def _faults_of_entry(graph: Graph) -> Iterator[Fault]:
    roots = graph.roots()
    if len(roots) != 1:
        named = ": " + ", ".join(roots[:5]) if roots else ""
        yield Fault(
            "body.steps", f"exactly one step may have no incoming connection, not {len(roots)}{named}", "NO_ENTRY"
        )
    if not any(TYPES[step["operation"]] == "ACTION" for step in graph.steps):
        yield Fault("body.steps", "at least one step must be an ACTION", "NO_ACTION_STEP")


def _faults_of_ways(graph: Graph, places: dict[str, str]) -> Iterator[Fault]:
    circle, reachable = graph.in_a_circle(), graph.reachable()
    for uuid, place in places.items():
        if uuid in circle:
            yield Fault(place, "a way leads from this step back to itself", "CYCLE")
        if uuid not in reachable:
            yield Fault(place, "no way leads from the entry to this step", "UNREACHABLE")


def _faults_of_leaving(graph: Graph, step: Json, place: str) -> Iterator[Fault]:
    operation, leaving = step["operation"], graph.leaving(step["uuid"])
    wanted = OUTGOING[operation]
    if wanted and not leaving:
        yield Fault(place, "nothing leaves this step, so its path ends before a NO_ACTION step", "OPEN_PATH")
    for outcome in sorted({one["outcome"] for one in leaving} - wanted.keys()):
        yield Fault(place, f"a {operation} step is not left by {outcome}", "OUTGOING")
    for outcome, (least, most) in wanted.items():
        count = len(graph.leaving(step["uuid"], outcome))
        if count < least:
            yield Fault(place, f"a {operation} step needs a connection for {outcome}", "OUTGOING")
        if count > most:
            code = "LIMITS" if outcome == "YES" else "OUTGOING"
            yield Fault(place, f"at most {most} connections may leave this step by {outcome}, not {count}", code)
