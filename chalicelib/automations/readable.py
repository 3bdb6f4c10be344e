"""What can be seen of HTTP steps and JavaScript before they run: requests that cannot be sent, text that is no script.

Scripts are read by the sandbox itself, behind a `return`, so that nothing of them is run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from chalicelib.adapters.http_client import messages, urls
from chalicelib.automations.rules.fields import is_made
from chalicelib.automations.rules.language import MAX_EXPRESSION, MAX_STEPS
from chalicelib.automations.rules.walking import steps_in
from chalicelib.core.errors import AddressRefused, Fault, InvalidInput, LogicFailed, QuotaExceeded, TooLarge

Json = dict[str, Any]
Faults = Iterator[Fault]
_UNREADABLE = frozenset({"syntax", "threw", "stack"})  # nothing is run, so what throws is no body of a function
_BEGINNINGS = ("http://", "https://")


def faults_of(workspace_id: str, definition: Json, where: str) -> Faults:
    """List what no run could do anything with. What is not of the right kind at all is another's to find.

    Raises Unavailable when there is nothing to read scripts with.
    """
    scripts: dict[str, list[tuple[str, int]]] = {}
    for place, step in islice(steps_in(definition.get("steps"), f"{where}.steps"), MAX_STEPS):
        if step.get("type") == "http":
            yield from _request(step, place)
        for location, text, first_line in _scripts(step, place):
            scripts.setdefault(text, []).append((location, first_line))
    for text, locations in scripts.items():
        problem = _problem(workspace_id, text, locations[0][1])
        if problem is None:
            continue
        for location, _ in locations:
            yield Fault(location, problem, "syntax")


def _request(step: Json, where: str) -> Faults:
    method, url, headers = step.get("method", "GET"), step.get("url"), step.get("headers", {})
    if isinstance(method, str) and not is_made(method):
        yield from _refusal(lambda: messages.checked_method(method), where)
    if isinstance(url, str) and not is_made(url):
        yield from _refusal(lambda: urls.vet(urls.parse(url)), where)
    elif isinstance(url, str):
        begun = url[: url.index("${")].lower()
        if not begun.startswith(_BEGINNINGS) and not any(one.startswith(begun) for one in _BEGINNINGS):
            yield Fault(f"{where}.url", "must begin with https:// or http://", "invalid")
    if isinstance(headers, dict) and not is_made(headers):
        given = {
            name: value if isinstance(value, str) and not is_made(value) else "" for name, value in headers.items()
        }
        yield from _refusal(lambda: messages.checked_headers(given), where)


def _refusal(check: Callable[[], object], where: str) -> Faults:
    try:
        check()
    except InvalidInput as error:
        for fault in error.faults:
            yield Fault(f"{where}.{fault.location}", fault.message, fault.kind)
    except AddressRefused as error:
        yield Fault(f"{where}.url", error.message, "forbidden")


def _scripts(step: Json, where: str) -> Iterator[tuple[str, str, int]]:
    """Give the JavaScript of a step: where it stands, what is run of it, and the line on which the user's begins."""
    if step.get("type") == "code" and isinstance(step.get("code"), str):
        yield f"{where}.code", step["code"], 1
    asked = [(f"{where}.condition", step.get("condition"))] if step.get("type") == "if" else []
    branches = step.get("branches") if step.get("type") == "case" else None
    for number, branch in enumerate(branches if isinstance(branches, list) else []):
        if isinstance(branch, dict):
            asked.append((f"{where}.branches.{number}.condition", branch.get("condition")))
    for location, condition in asked:
        if isinstance(condition, str) and 0 < len(condition) <= MAX_EXPRESSION:
            yield location, f"return (\n{condition}\n)", 2


def _problem(workspace_id: str, text: str, first_line: int) -> str | None:
    """Say why a text cannot be run, with line and column; None when it can, or when scripts may not run now."""
    from chalicelib.adapters.javascript import Script, runner  # heavy

    try:
        runner().run(workspace_id, Script(f"return;\n{text}", {}))
    except (InvalidInput, TooLarge) as error:
        return error.message
    except QuotaExceeded:
        return None
    except LogicFailed as error:
        if error.kind not in _UNREADABLE:
            return None
        place = "" if error.line is None else f" (line {max(1, error.line - first_line)}, column {error.column})"
        return f"{error.message}{place}"
    return None
