"""Placeholders `${name}`: HTML-escaped where they stand in HTML, plain elsewhere, without line breaks in one line."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from enum import StrEnum
from urllib.parse import quote

_PLACEHOLDER = re.compile(r"\$\{([^{}$\r\n]{1,100})\}")
_BREAKS = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]+")


class Place(StrEnum):
    """Where a template stands."""

    HTML = "HTML"
    TEXT = "TEXT"
    LINE = "LINE"  # subjects, headers: one line
    URL = "URL"  # path and query of an address
    JSON = "JSON"  # inside the quotes of a JSON text


class Missing(Exception):
    """A placeholder has no value; `name` says which."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the placeholder ${{{name}}} has no value")
        self.name = name


def names_in(template: str) -> list[str]:
    """List the placeholders of a template, each once."""
    return list(dict.fromkeys(name.strip() for name in _PLACEHOLDER.findall(template)))


def fill(template: str, values: Mapping[str, str], place: Place, *, may_miss: bool = False) -> str:
    """Put values in place. Raises Missing unless `may_miss`, then what has no value is empty."""

    def value(found: re.Match[str]) -> str:
        name = found[1].strip()
        if name not in values and not may_miss:
            raise Missing(name)
        return spelled(values.get(name, ""), place)

    return _PLACEHOLDER.sub(value, template)


def spelled(value: str, place: Place) -> str:
    """Spell a value so that it cannot end or change what it stands in."""
    match place:
        case Place.HTML:
            return html.escape(value, quote=True)
        case Place.LINE:
            return _BREAKS.sub(" ", value)
        case Place.URL:
            return quote(value, safe="")
        case Place.JSON:
            return _json_inside(value)
    return value


def _json_inside(value: str) -> str:
    import json

    return json.dumps(value, ensure_ascii=False)[1:-1]
