"""Whether a subscriber wants a channel of a workflow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

CHANNELS = ("in_app", "email", "sms", "chat", "push")
Setting = Mapping[str, Any]


def is_wanted(channel: str, defaults: Mapping[str, bool], workflow: Setting, everywhere: Setting) -> bool:
    """Say whether a step of a channel runs: both the setting for the workflow and the one for all must allow it."""
    return (
        everywhere.get("enabled", True)
        and everywhere.get("channels", {}).get(channel, True)
        and workflow.get("enabled", True)
        and bool(workflow.get("channels", {}).get(channel, defaults.get(channel, True)))
    )


def shown(channels: Iterable[str], defaults: Mapping[str, bool], workflow: Setting) -> dict[str, Any]:
    """Render the preference for a workflow: the channels it has steps for, and where each value comes from."""
    own = workflow.get("channels", {})
    listed = [channel for channel in CHANNELS if channel in set(channels)]
    return {
        "enabled": bool(workflow.get("enabled", True)),
        "channels": {channel: bool(own.get(channel, defaults.get(channel, True))) for channel in listed},
        "overrides": [
            {"channel": channel, "source": "subscriber" if channel in own else "template"} for channel in listed
        ],
    }


def shown_globally(everywhere: Setting) -> dict[str, Any]:
    """Render the preference for all workflows."""
    own = everywhere.get("channels", {})
    return {
        "enabled": bool(everywhere.get("enabled", True)),
        "channels": {channel: bool(own.get(channel, True)) for channel in CHANNELS},
    }


def merged(setting: Setting, enabled: bool | None, channels: Mapping[str, bool]) -> dict[str, Any]:
    """Add to a setting what was sent."""
    made: dict[str, Any] = {**setting, "channels": {**setting.get("channels", {}), **channels}}
    if enabled is not None:
        made["enabled"] = enabled
    return made
