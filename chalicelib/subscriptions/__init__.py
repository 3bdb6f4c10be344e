"""From what a third party says to what a subscriber receives.

A *notification* comes in at `/v1/hook/{hookKey}` and is stored as an *event*. `route` names the triggers it belongs
to; reaching one of them is an *occurrence*. An occurrence on its way to one subscription is a *delivery*, under a
message id derived from both, so that a repeat is the same message. A *poll* makes events out of what it fetches. The
*health* of a subscription's endpoint opens its breaker, and after days of nothing but failure disables it.

notifications.py  take in, events.py  keep         fan_out.py    spread over a trigger's subscriptions
deliveries.py     batches of attempts              attempts.py   one attempt, signatures.py its signature
records.py        what became of attempts          endpoints.py  receivers that hang hold up nobody
subscriptions.py  subscribe, logbook.py look       endings.py    unsubscribe, and what follows
polls.py          fetch on a schedule              replays.py    deliver again
forwarding.py     one URL for everything           dead_letters.py  what the queues gave up
"""
