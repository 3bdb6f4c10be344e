"""What is stored of connectors, and every query under a name.

A component's row holds the content of its latest version; `<kind>.v#<id>#<version>` rows hold older ones. The row of
a version id (`<kind>@<version id>`) leads to component and version, beside the row of the component's name.
"""

from __future__ import annotations

from chalicelib.connectors.models.components import PAGE, Component
from chalicelib.connectors.models.directory import (
    Place,
    claim_security,
    every_use,
    forget_uses,
    hook_address,
    hook_row,
    note_use,
    own_hook_row,
    partition_page,
    public_place_of_security,
    use_row,
    uses_page,
)
from chalicelib.connectors.models.kinds import (
    KINDS,
    Action,
    Condition,
    Datatype,
    Event,
    Security,
    Trigger,
    Variable,
    find_anywhere,
)
from chalicelib.connectors.models.services import Service, ServiceVersion

__all__ = [
    "KINDS",
    "PAGE",
    "Action",
    "Component",
    "Condition",
    "Datatype",
    "Event",
    "Place",
    "Security",
    "Service",
    "ServiceVersion",
    "Trigger",
    "Variable",
    "claim_security",
    "every_use",
    "find_anywhere",
    "forget_uses",
    "hook_address",
    "hook_row",
    "note_use",
    "own_hook_row",
    "partition_page",
    "public_place_of_security",
    "use_row",
    "uses_page",
]
