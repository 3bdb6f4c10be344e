"""Logic as it is sent and kept: a map from hook to `{"language", "code"}`, a plain string being code."""

from __future__ import annotations

import re
from typing import Any

from chalicelib.connectors.models import Component, ServiceVersion
from chalicelib.core.errors import InvalidInput, TooLarge

MAX_CODE_BYTES = 64 * 1024
LANGUAGE = "javascript"
HOOKS: dict[str, tuple[str, ...]] = {
    "action": ("execute", "refreshVariables"),
    "event": ("route", "response"),
    "trigger": ("trigger", "create", "delete", "poll"),
    "condition": ("execute",),
    "datatype": ("values",),
    "version": ("oauth",),
}
SCRIPTS = "fn"  # of a version: script name -> code
_SCRIPT_NAME = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]{0,99}")
_REFUSED_SCRIPTS = frozenset({"__proto__", "constructor", "prototype"})


def normalised(kind: str, logic: dict[str, Any], where: str = "body.logic") -> dict[str, Any]:
    """Check a logic object and spell every hook out. Raises InvalidInput naming the hook, TooLarge for its code."""
    known = HOOKS.get(kind, ())
    made = {}
    for hook, code in logic.items():
        place = f"{where}.{hook}"
        if kind == "version" and hook == SCRIPTS:
            made[hook] = _scripts(code, place)
        elif hook in known:
            made[hook] = _code(code, place)
        else:
            offered = ", ".join((*known, SCRIPTS) if kind == "version" else known)
            raise InvalidInput.at(place, f"is not a hook of a {kind}; there are: {offered}", "hook")
    return made


def code_of(component: Component | ServiceVersion, hook: str) -> str | None:
    """Give the code of a hook, or None."""
    found = component.logic.get(hook)
    return None if found is None else str(found["code"])


def scripts_of(version: ServiceVersion | None) -> dict[str, str]:
    """Give the scripts all logic of a service can call, by name."""
    scripts = {} if version is None else version.logic.get(SCRIPTS, {})
    return {name: script["code"] for name, script in scripts.items()}


def _scripts(scripts: Any, where: str) -> dict[str, Any]:
    if not isinstance(scripts, dict):
        raise InvalidInput.at(where, "must be an object: script name to code", "type")
    for name in scripts:
        if not _SCRIPT_NAME.fullmatch(name) or name in _REFUSED_SCRIPTS:
            raise InvalidInput.at(f"{where}.{name[:100]}", "is not a name a function can have", "name")
    return {name: _code(code, f"{where}.{name}") for name, code in scripts.items()}


def _code(given: Any, where: str) -> dict[str, str]:
    if isinstance(given, str):
        given = {"code": given}
    if not isinstance(given, dict) or not isinstance(given.get("code"), str):
        raise InvalidInput.at(where, 'must be code, or {"language", "code"}', "type")
    language = given.get("language") or LANGUAGE
    if language != LANGUAGE:
        raise InvalidInput.at(
            f"{where}.language", f"only {LANGUAGE} runs here; compile other languages to it", "language"
        )
    if len(given["code"].encode()) > MAX_CODE_BYTES:
        raise TooLarge(f"{where} is larger than {MAX_CODE_BYTES // 1024} KB")
    if "\0" in given["code"]:
        raise InvalidInput.at(where, "must not hold a NUL character", "characters")
    return {"language": language, "code": given["code"]}
