"""The queues of this context, by their short names."""

SETUP = "chat_setup"
DELIVER = "chat_deliver"
