"""What a notification writes, exactly, beside the floor: what nobody could do without.

The floor: an event 1, a notification 1, each effect 1 (the commit that remembers it), its message 1, a wait 1 to wake.
Above it stand the lists by day, which are what makes notifications and messages findable: one write each.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.counting import counting
from tests.workers.channels.office import Office, delay, digest, in_app

MAIL = {"template": {"type": "email", "subject": "S", "contentType": "customHtml", "content": "Hi"}}


def cost_of(office: Office, *waits_s: float) -> tuple[int, int]:
    """Trigger once and let it run; give writes and sends."""
    office.trigger(to="ann", payload={"n": 0})  # so that environment and caches are there
    office.pump()
    for wait_s in waits_s:
        office.wait_s(wait_s)
    with counting() as calls:
        office.trigger(to="ann", payload={"n": 1})
        office.pump()
        for wait_s in waits_s:
            office.wait_s(wait_s)
    return calls["writes"], calls["sends"]


@pytest.mark.parametrize(
    ("steps", "waits_s", "writes", "floor", "sends"),
    [
        ([in_app("a")], (), 6, 4, 1),
        ([in_app("a"), in_app("b"), in_app("c")], (), 12, 8, 1),
        ([MAIL], (), 6, 4, 1),
        ([delay(1), in_app("a")], (3_700,), 9, 5, 2),  # a wait: its commit, and the take that ends it
        ([digest(), in_app("a")], (3_700,), 12, 6, 2),  # asks the one before, opens, claims the window, closes
    ],
    ids=["in-app", "three in-app", "mail", "delay", "digest"],
)
def test_what_a_notification_writes(
    office: Office, steps: list[Any], waits_s: tuple[float, ...], writes: int, floor: int, sends: int
) -> None:
    office.integration("resend", "email", apiKey="k", **{"from": "a@example.com"})
    office.http.answer("https://api.resend.com/emails", 200, b'{"id": "x"}')
    office.workflow(*steps)
    assert cost_of(office, *waits_s) == (writes, sends)
    assert writes <= 2 * floor


def test_what_a_follower_of_a_digest_writes(office: Office) -> None:
    office.workflow(digest(), in_app("a"))
    office.trigger()
    office.pump()
    with counting() as calls:
        office.trigger()
        office.pump()
    assert (calls["writes"], calls["sends"]) == (5, 1)  # event, entry of the day, notification, the digest's row, end


def test_what_another_try_writes(office: Office) -> None:
    office.integration("resend", "email", apiKey="k", **{"from": "a@example.com"})
    office.http.answer("https://api.resend.com/emails", 503, b"", {"Retry-After": "2000"})
    office.workflow(MAIL)
    office.trigger()
    office.pump()
    with counting() as calls:
        office.wait_s(2_500)
    assert calls["writes"] == 2  # the take, and the wait for the next
