"""Whether an automation may leave DRAFT, or be saved where customers stand in it."""

from __future__ import annotations

from chalicelib.adapters import http_client
from chalicelib.adapters.http_client import urls
from chalicelib.core import clock
from chalicelib.core.errors import AddressRefused, Conflict, Fault, InvalidInput
from chalicelib.journeys import actions, counters, definitions, graphs
from chalicelib.journeys.models import contents
from chalicelib.journeys.models.automations import Automation
from chalicelib.journeys.models.nodes import Node
from chalicelib.journeys.rules.graph import Graph, faults_of_shape
from chalicelib.journeys.rules.parameters import Offer, faults_of_parameters
from chalicelib.journeys.rules.window import faults_of_window


class Invalid(InvalidInput):
    """Well formed, but it breaks rules; one fault for each."""

    http_status = 422

    def __init__(self, faults: list[Fault]) -> None:
        first = faults[0]
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        super().__init__(f"{first.location}: {first.message}{more}", faults)


class Occupied(Conflict):
    """Customers stand on a step that the change takes away."""

    def __init__(self, faults: list[Fault], counts: dict[str, int]) -> None:
        super().__init__(
            "customers stand on steps that cannot be removed or changed in kind", details={"steps": counts}
        )
        self.faults = faults


def check(node: Node, head: Automation, graph: Graph) -> None:
    """Hold an automation to every rule, and make it the owner of its steps' uuids. Raises Invalid."""
    faults = faults_of_window(head.start_at, head.end_at, head.timezone, clock.now_ms())
    faults += faults_of_shape(graph)
    faults += faults_of_parameters(graph, offer_of(node, graph))
    faults = faults or graphs.claim(head, graph)
    if faults:
        raise Invalid(faults)


def check_occupied(head: Automation, earlier: Graph, graph: Graph) -> None:
    """Refuse to take away steps on which customers stand. Raises Occupied with their number for each step."""
    touched = [
        step["uuid"] for step in earlier.steps if graph.operation(step["uuid"]) != earlier.operation(step["uuid"])
    ]
    if not touched:
        return
    standing = counters.in_step(head.workspace_id, head.node, head.id, touched)
    counts = {step: count for step, count in standing.items() if count > 0}
    if counts:
        faults = [
            Fault("body.steps", f"{count} customers stand on step {step}", "OCCUPIED_STEP")
            for step, count in counts.items()
        ]
        raise Occupied(faults, counts)


def offer_of(node: Node, graph: Graph) -> Offer:
    """Gather what the node has for this graph to refer to; nothing is read that the graph does not ask for."""
    workspace_id, operations = node.workspace_id, set(graph.operations())
    is_restricted = any((step.get("parameters") or {}).get("subscriptionId") for step in graph.steps)
    return Offer(
        operations=frozenset(actions.offered(node)),
        mail_models=_numbers(node, contents.MAIL) if "CLAB_CAMPAIGN" in operations else frozenset(),
        text_models=_numbers(node, contents.TEXT) if "CLAB_CAMPAIGN_SMS" in operations else frozenset(),
        pages=frozenset(_pages(node, graph)),
        subscriptions=frozenset(definitions.subscriptions_of(workspace_id, node.id) if is_restricted else ()),
        properties=frozenset(definitions.properties_of(workspace_id, node.id)) if "TAG" in operations else frozenset(),
        phone_field=node.phone_field,
        is_plain=may_be_plain,
    )


def may_be_plain(url: str) -> bool:
    """Say whether a URL may be called without TLS: only what the development settings allow by name."""
    try:
        return urls.is_allow_listed(urls.parse(url))
    except InvalidInput:
        return False


def check_callable(url: str, where: str) -> None:
    """Hold an address that will be called later to the rules of WEBHOOK steps. Raises InvalidInput naming the place."""
    try:
        http_client.check_url(url)
    except InvalidInput as error:
        raise InvalidInput.at(where, error.faults[0].message if error.faults else error.message, "address") from None
    except AddressRefused as error:
        raise InvalidInput.at(where, error.message, "address") from None
    if not url.lower().startswith("https:") and not may_be_plain(url):
        raise InvalidInput.at(where, "must begin with https://", "address")


def _numbers(node: Node, kind: str) -> frozenset[int]:
    return frozenset(one.number for one in contents.list_all(node.workspace_id, node.id, kind))


def _pages(node: Node, graph: Graph) -> list[tuple[int, int]]:
    named = set()
    for step in graph.steps:
        page = (step.get("parameters") or {}).get("pageBuilder") or {}
        if "templateId" in page and "pageId" in page:
            named.add((page["templateId"], page["pageId"]))
    return [
        (template, page)
        for template, page in sorted(named)
        if contents.get(node.workspace_id, node.id, contents.page_kind(template), page) is not None
    ]
