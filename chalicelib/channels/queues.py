"""The queue of this context, by its short name."""

NOTIFY = "channels_notify"
