"""Finding automations and definitions, a few seconds old for workers, and as they were when an execution began."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson

from chalicelib.automations import models
from chalicelib.automations.models import Automation, Version
from chalicelib.core.cache import Cached
from chalicelib.core.errors import Conflict, NotFound
from chalicelib.storage.tables import CATALOGUE

AGE_S = 5
_automations: Cached[Automation] = Cached(AGE_S, size=500)
_named: Cached[Automation] = Cached(AGE_S, size=500)
_published: Cached[Version] = Cached(300, size=300)
_there: Cached[bool] = Cached(AGE_S, size=2_000)
_definitions: Cached[dict[str, Any]] = Cached(300, size=300)


def forget() -> None:
    """Drop what is cached: something was written in this process."""
    _automations.forget()
    _named.forget()
    _there.forget()


def automation(workspace_id: str, automation_id: str) -> Automation | None:
    """Find an automation, up to 5 s old; None when it is gone."""

    def load() -> Automation | None:
        try:
            return Automation.find_by_id(workspace_id, automation_id)
        except NotFound:
            return None

    return _automations.get((workspace_id, automation_id), load)


def automation_named(workspace_id: str, user_id: str, name: str) -> Automation:
    """Find a user's automation by id or name, up to 5 s old. Raises NotFound."""
    found = _named.get(
        (workspace_id, user_id, name), lambda: Automation.find_either(workspace_id, name, user_id=user_id)
    )
    if found is None:
        raise NotFound("no such automation")
    return found


def live_version(item: Automation) -> Version:
    """Find the version that runs; being published, it never changes. Raises Conflict when there is none."""
    if item.live_version is None:
        raise Conflict("no version of this automation is published")
    place = {"automation_id": item.id, "id": item.live_version}
    key = (item.workspace_id, item.id, item.live_version)
    found = _published.get(key, lambda: Version.find(item.workspace_id, **place))
    if found is None:
        raise NotFound("the version is gone")
    return found


def is_there(workspace_id: str, automation_id: str) -> bool:
    """Say whether an automation was not deleted, up to 5 s late. At most one read in that time."""
    key = models.automation_key(workspace_id, automation_id)
    return bool(_there.get((workspace_id, automation_id), lambda: None if CATALOGUE.get(key) is None else True))


def saw(workspace_id: str, automation_id: str) -> None:
    """Note that an automation was just read."""
    _there.get((workspace_id, automation_id), lambda: True)


def hash_of(definition: dict[str, Any]) -> str:
    """Name a definition by its content."""
    return hashlib.sha256(orjson.dumps(definition, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]


def definition(workspace_id: str, automation_id: str, version_id: str, digest: str) -> dict[str, Any]:
    """Give a definition as it was when its hash was taken. Raises NotFound."""

    def load() -> dict[str, Any] | None:
        version = Version.get(workspace_id, automation_id=automation_id, id=version_id)
        if version is not None and version.hash == digest:
            return version.definition
        row = CATALOGUE.get(models.frozen_key(workspace_id, automation_id, digest))
        return None if row is None else dict(row["doc"])

    found = _definitions.get((workspace_id, automation_id, version_id, digest), load)
    if found is None:
        raise NotFound("the version is gone")
    return found


def version_named(workspace_id: str, automation_id: str, name: str) -> Version:
    """Find a version by id or name. Raises NotFound."""
    return Version.find_either(workspace_id, name, automation_id=automation_id)
