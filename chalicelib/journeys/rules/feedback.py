"""Which counters a kind of feedback changes, and which counters a step shows."""

from __future__ import annotations

import base64

COUNTED: dict[str, tuple[str, ...]] = {
    "DELIVERED": ("delivered",),
    "OPENED": ("opened",),
    "CLICKED": ("clicked",),
    "SOFT_BOUNCED": ("softBounced",),
    "HARD_BOUNCED": ("hardBounced",),
    "UNSUBSCRIBED": ("unsubscribed",),
    "MARKED_SPAM": ("markedSpam",),
}
_UNIQUE = {"OPENED": "uniqueOpened", "CLICKED": "uniqueClicked"}
BASE = ("entered", "passed", "failed", "removed", "expired")
_SENT = ("sent", "skipped", "retried", "delivered")
_CLICKS = ("clicked", "uniqueClicked", "unsubscribed")
_MAIL_ONLY = ("opened", "uniqueOpened", "softBounced", "hardBounced", "markedSpam")
OF_OPERATION: dict[str, tuple[str, ...]] = {
    "CLAB_CAMPAIGN": (*_SENT, *_CLICKS, *_MAIL_ONLY),
    "CLAB_CAMPAIGN_SMS": (*_SENT, *_CLICKS),
    "WEBHOOK": ("called", "succeeded", "retried"),
    "TAG": ("succeeded",),
}
MESSAGES = frozenset({"CLAB_CAMPAIGN", "CLAB_CAMPAIGN_SMS"})
OUTCOMES: dict[str, tuple[str, ...]] = {
    "WAIT_AND_CHECK": ("YES", "NO"),
    "WAIT_FOR_TRIGGER": ("YES", "TIMEOUT"),
    "AB_TEST": ("A", "B"),
}
PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
# Mail scanners follow every link, so that one only asks; the button, and a mail program's one click, are a POST.
QUESTION = (
    "<!doctype html><meta charset=utf-8><title>Unsubscribe</title><form method=post>"
    "<p>Do you want no more of these messages?<p><button>Unsubscribe</button></form>"
)
FAREWELL = "<!doctype html><meta charset=utf-8><title>Unsubscribed</title><p>You will get no more of these messages."
NOT_KEPT = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def firsts_of(kind: str, url: str | None) -> list[tuple[str, str]]:
    """List what counts only the first time for a token, as (link, counter); the link is empty for any."""
    if kind not in _UNIQUE:
        return []
    return [("", _UNIQUE[kind]), *([(url, "uniqueClicked")] if url and kind == "CLICKED" else [])]
