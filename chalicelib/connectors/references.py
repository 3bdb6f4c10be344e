"""References inside data: `${input.data.x}` in texts, and objects tagged `@type: reference`.

A text that is one reference and nothing else takes the value with its type; inside a longer text the value is spelled
out. What leads nowhere reads as null, or as nothing inside a text. Roots that are not offered stay as they are
written.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson

from chalicelib.core.errors import InvalidInput, TooLarge
from chalicelib.core.references import filled, look_up

MAX_BYTES = 1_048_576  # of everything that is put in
_REFERENCE = re.compile(r"\$\{([A-Za-z_@][\w-]{0,100}(?:\.[\w@-]{1,100}){0,30})\}")


def resolve(
    value: Any, scope: Mapping[str, Any], *, source: Any = None, variables: Mapping[str, Any] | None = None
) -> Any:
    """Put in what references point at.

    `scope` maps the roots of `${root.path}` to their data, `source` is what `operation: source` reads by `path`,
    `variables` are the values `operation: platformServiceVariable` reads; without them those references stay.
    Raises InvalidInput for a reference that cannot be read, TooLarge when more than 1 MB would be put in.
    """
    return _Resolver(scope, source, variables).value(value)


class _Resolver:
    def __init__(self, scope: Mapping[str, Any], source: Any, variables: Mapping[str, Any] | None) -> None:
        self._scope, self._source, self._variables = scope, source, variables
        self._left_bytes = MAX_BYTES

    def value(self, value: Any) -> Any:
        return filled(value, self._text, self._object)

    def _text(self, text: str) -> Any:
        whole = _REFERENCE.fullmatch(text)
        if whole is not None:
            return self._found(whole, text)
        return _REFERENCE.sub(lambda match: self._spelled(match), text)

    def _spelled(self, match: re.Match[str]) -> str:
        found = self._found(match, match[0])
        if found is None:
            return ""
        return found if isinstance(found, str) else orjson.dumps(found).decode()

    def _found(self, match: re.Match[str], otherwise: str) -> Any:
        root, *path = match[1].split(".")
        return self._counted(look_up(self._scope[root], path)) if root in self._scope else otherwise

    def _object(self, reference: dict[str, Any]) -> Any:
        operation = reference.get("operation")
        if operation == "source":
            path = reference.get("path")
            if not isinstance(path, list):
                raise InvalidInput.at("reference.path", "must be an array of names and positions", "type")
            return self._counted(look_up(self._source, path))
        if operation == "platformServiceVariable":
            if self._variables is None:
                return reference
            return self._counted(self._variables.get(str(reference.get("variable"))))
        raise InvalidInput.at("reference.operation", "must be source or platformServiceVariable", "choice")

    def _counted(self, found: Any) -> Any:
        self._left_bytes -= len(found) if isinstance(found, str) else len(orjson.dumps(found))
        if self._left_bytes < 0:
            raise TooLarge(f"references may put in at most {MAX_BYTES // 1024} KB")
        return found
