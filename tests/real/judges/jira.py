"""Judging by the operations of a client of Jira Cloud: addresses, methods, parameters, and fields of the body."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from tests.real import vendor_packages
from tests.real.judges import Request, asked_body, asked_query, template_fits

_CALL = re.compile(r"url: (['`])(?P<url>[^'`]+)\1,\s+method: '(?P<method>\w+)',(?P<rest>.*?)\n {4}\}", re.DOTALL)
_BLOCK = r"\b{}: \{{(.*?)\n +\}},"
_KEY = re.compile(r"^ +'?([\w.-]+)'?:", re.MULTILINE)


@dataclass(frozen=True)
class Operation:
    """One operation: its address template, and the names it takes; `body` None: no body, empty: any."""

    method: str
    url: str
    query: frozenset[str]
    body: frozenset[str] | None


class JiraClient:
    """Judges by the operations of jira.js."""

    def __init__(self, base: str) -> None:
        self.base = base

    def faults(self, request: Request) -> list[str]:
        """Say what does not fit; nothing when all does."""
        path = request["url"].split("?")[0].removeprefix(self.base)
        fitting = [one for one in _operations() if one.method == request["method"] and template_fits(one.url, path)]
        if not fitting:
            return [f"there is no {request['method']} {path}"]
        operation = min(fitting, key=lambda one: one.url.count("{"))
        found = [
            f"{path} has no query parameter {name}" for name in asked_query(request) if name not in operation.query
        ]
        body = asked_body(request)
        if (body is None) != (operation.body is None):
            return [*found, f"{path}: a body is {'not ' if operation.body is None else ''}wanted"]
        known = operation.body or frozenset(body or ())
        return found + [f"{path}: the body has no field {name}" for name in body or () if name not in known]


@cache
def _operations() -> list[Operation]:
    made = []
    for source in vendor_packages.jira_client().values():
        for call in _CALL.finditer(source):
            url = re.sub(r"\$\{parameters\.(\w+)\}", r"{\1}", call["url"])
            query = re.search(_BLOCK.format("searchParams"), call["rest"], re.DOTALL)
            body = re.search(_BLOCK.format("body"), call["rest"], re.DOTALL)
            has_body = body is not None or re.search(r"\bbody: ", call["rest"]) is not None
            names = frozenset(_KEY.findall(body[1])) if body else frozenset()
            made.append(
                Operation(
                    call["method"], url, frozenset(_KEY.findall(query[1]) if query else ()), names if has_body else None
                )
            )
    assert len(made) > 400, "the client is read differently by now"
    return made
