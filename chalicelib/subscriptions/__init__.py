"""From what a third party says to what a subscriber receives.

A *notification* comes in at `/v1/hook/{hookKey}` and is stored as an *event*. `route` names the triggers it belongs
to; reaching one of them is an *occurrence*. An occurrence on its way to one subscription is a *delivery*, under a
message id derived from both, so that a repeat is the same message. A *poll* makes events out of what it fetches. The
*health* of a subscription's endpoint opens its breaker, and after days of nothing but failure disables it.

notifications.py  take in          fan_out.py     spread over subscriptions     deliveries.py  batches of attempts
attempts.py       one attempt      records.py     what became of attempts       replays.py     deliver again
subscriptions.py  subscribe        endings.py     unsubscribe, clean up         polls.py       fetch on a schedule
"""
