"""The queues of this context, by their short names."""

START = "automations_start"  # {w, ev, s, i}: an occurrence of a trigger that starts an automation
ADVANCE = "automations_advance"  # {w, x}: an execution to be moved on
BACKLOG = "automations_backlog_advance"  # the same, of workspaces that start more than their share
EVENT = "automations_event"  # {w, e, after}: an event for everything that waits for it
SCHEDULE = "automations_schedule"  # {w, a}: a schedule whose time has come
