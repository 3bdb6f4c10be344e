"""Every queue by its short name, for who looks at all of them; docs/ARCHITECTURE.md says what travels in each."""

from __future__ import annotations

DEAD_LETTERS = "dead_letters"
QUEUES = (
    "subscriptions_fan_out",
    "subscriptions_deliver",
    "subscriptions_retry",
    "subscriptions_poll",
    "platform_cleanup",
    "connectors_import",
    "channels_notify",
    "chat_setup",
    "chat_deliver",
    "automations_start",
    "automations_advance",
    "automations_backlog_advance",
    "automations_event",
    "automations_schedule",
    "journeys_step",
    "journeys_event",
    "journeys_job",
    "journeys_lifecycle",
)
