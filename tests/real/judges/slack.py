"""Judging by the methods of Slack's own client and their parameters."""

from __future__ import annotations

import ast
from functools import cache
from urllib.parse import urlsplit

from tests.real.judges import Request, asked_body, asked_query
from tests.real.vendor_packages import wheel


class Slack:
    """Judges by the methods of Slack's own client and their parameters."""

    def faults(self, request: Request) -> list[str]:
        """Say what does not fit; nothing when all does."""
        name = urlsplit(request["url"]).path.removeprefix("/api/")
        if name not in _slack_methods():
            return [f"there is no method {name}"]
        verb, known, required = _slack_methods()[name]
        given = set(asked_query(request)) | set(asked_body(request) or {})
        found = [f"{name} has no parameter {one}" for one in sorted(given - known)]
        found += [f"{name} needs {one}" for one in sorted(required - given)]
        return found + ([] if verb == request["method"] else [f"{name} is a {verb}"])


@cache
def _slack_methods() -> dict[str, tuple[str, set[str], set[str]]]:
    """Read name -> (verb, parameters, those it needs)."""
    found = {}
    for function in ast.walk(ast.parse(wheel("slack-sdk").read("slack_sdk/web/client.py"))):
        if not isinstance(function, ast.FunctionDef):
            continue
        for call in ast.walk(function):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "api_call":
                verbs = [one.value.value for one in call.keywords if one.arg == "http_verb"]  # type: ignore[attr-defined]
                arguments = zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True)
                names = {argument.arg: default is None for argument, default in arguments}
                needed = {name for name, is_needed in names.items() if is_needed}
                found[call.args[0].value] = ((verbs or ["POST"])[0], set(names), needed)  # type: ignore[attr-defined]
    return found
