"""Decisions about names and versions, without I/O."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Protocol, TypeVar

from chalicelib.core import ids
from chalicelib.core.errors import InvalidInput

PUBLIC = "public"
SHARING = ("none", "platform", PUBLIC)
FIRST_VERSION = "1.0.0"
MAX_ITEM_BYTES = 300 * 1024
EVENT_TYPES = ("standard", "automation", "target", "user", "serviceUrl", "webhook")
SECURITY_TYPES = ("oauth2", "apiKey")
_VERSION = re.compile(r"([0-9]{1,9})(?:\.([0-9]{1,9}))?(?:\.([0-9]{1,9}))?(?:-([A-Za-z0-9][A-Za-z0-9.-]{0,50}))?")


class Versioned(Protocol):
    """What has a name that says its place among its siblings."""

    @property
    def name(self) -> str: ...
    @property
    def published(self) -> bool: ...


V = TypeVar("V", bound=Versioned)


def check_name(name: str, where: str = "body.name") -> None:
    """Refuse a name that could be taken for an id, or that differs from another by its blanks. Raises InvalidInput."""
    if ids.is_uuid(name):
        raise InvalidInput.at(where, "must not have the form of a UUID", "name")
    if name != name.strip():
        raise InvalidInput.at(where, "must not begin or end with blanks", "name")


def spare_name(kind: str, item_id: str) -> str:
    """Name what was created without a name."""
    return f"{kind}-{item_id[-12:]}"


def version_order(name: str) -> tuple[int, int, int, int, str]:
    """Say where a version stands: by numbers, a purpose word before the plain version; other names come first."""
    match = _VERSION.fullmatch(name)
    if match is None:
        return (-1, 0, 0, 0, name)
    major, minor, fix, word = match.groups()
    return (int(major), int(minor or 0), int(fix or 0), 0 if word else 1, word or name)


def version_wanted(asked: str | None, latest: str) -> str:
    """Turn `?version=` into a version name: an explicit one, or the next after the latest.

    Raises InvalidInput when it is missing or malformed.
    """
    if not asked:
        raise InvalidInput.at("query.version", "is required: a version name, minor or major", "missing")
    major, minor = version_order(latest)[:2]
    if asked == "minor":
        return f"{max(major, 0)}.{minor + 1}.0"
    if asked == "major":
        return f"{max(major, 0) + 1}.0.0"
    if _VERSION.fullmatch(asked) is None:
        raise InvalidInput.at("query.version", "must be a version name such as 1.2.0, or minor, or major", "version")
    return asked


def is_newer(name: str, latest: str) -> bool:
    """Say whether a new version stands above the latest one."""
    return version_order(name) > version_order(latest)


def latest_version(versions: Iterable[V]) -> V | None:
    """Give the highest version, or None when there is none."""
    return max(versions, key=lambda version: version_order(version.name), default=None)


def running_version(versions: Iterable[V]) -> V | None:
    """Choose the version that runs when there is neither a named nor a default one."""
    ordered = sorted(versions, key=lambda version: version_order(version.name))
    published = [version for version in ordered if version.published]
    return (published or ordered or [None])[-1]  # type: ignore[list-item]
