"""The queues of this context, by their short names."""

FAN_OUT = "subscriptions_fan_out"
DELIVER = "subscriptions_deliver"
RETRY = "subscriptions_retry"
POLL = "subscriptions_poll"
DEAD_LETTERS = "dead_letters"
