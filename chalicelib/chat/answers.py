"""What callers see of bots, integrations and workspaces. Every noun renders its own; these are the shapes it gives."""

from __future__ import annotations

from typing import Any

from chalicelib.edge.schema import CamelOut, Object, WhenSet


class Shown(CamelOut):
    """An answer that its noun has rendered already."""

    @classmethod
    def of(cls, item: Any) -> dict[str, Any]:
        """Give it as it is."""
        return dict(item)


class BotOut(Shown):
    """A bot."""

    id: str
    created_at: str
    updated_at: str
    signing_secret: str
    integrations: Object
    states: Object
    tags: Object
    user: Object
    conversation: Object
    message: Object
    configuration: Object
    events: Object
    recurring_events: Object
    name: str
    deployed_at: WhenSet
    dev: bool
    created_by: WhenSet
    medias: list[Object]
    code_note: WhenSet


class IntegrationOut(Shown):
    """An integration version; the secret its requests are signed with is shown to its owner alone."""

    id: str
    created_at: str
    updated_at: str
    signing_secret: WhenSet
    name: str
    version: str
    channels: Object
    states: Object
    configuration: Object
    events: Object
    actions: Object
    user: Object
    tags: Object
    dev: bool
    public: bool
    title: str
    description: str
    icon_url: str
    readme_url: str
    code_note: WhenSet


class WorkspaceOut(Shown):
    """A workspace."""

    id: str
    name: str
    owner_id: str
    created_at: str
    updated_at: str
    account_type: str
    blocked: bool
    spending_limit: float
    bot_count: int


class BotEnvelope(Shown):
    """A bot, in its envelope."""

    bot: BotOut


class BotsOut(Shown):
    """A page of bots."""

    bots: list[Object]
    meta: Object


class IntegrationEnvelope(Shown):
    """An integration version, in its envelope."""

    integration: IntegrationOut


class IntegrationsOut(Shown):
    """A page of integrations."""

    integrations: list[Object]
    meta: Object


class WorkspacesOut(Shown):
    """A page of workspaces."""

    workspaces: list[WorkspaceOut]
    meta: Object


class LogsOut(Shown):
    """Log lines."""

    logs: list[Object]


class CodeOut(Shown):
    """A piece of HTML, or an address."""

    code: str


class RecordsOut(Shown):
    """Counts per day."""

    records: list[Object]


class BearerOut(Shown):
    """A bearer token and when it ends, in milliseconds since 1970."""

    token: str
    expires_in: int


class SubjectKeyOut(Shown):
    """A key of a bot or an integration, shown this once."""

    client_key: str
    token: str


class PingOut(Shown):
    """Whether it answered, how long that took, and why not."""

    is_there: bool
    ms: int
    reason: str | None


class OutputOut(Shown):
    """What an action gave."""

    output: Object


class Empty(Shown):
    """Nothing."""
