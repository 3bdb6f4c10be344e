"""What mails and texts have in common: who gets one, what it says, what became of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from chalicelib.core.errors import NotFound
from chalicelib.journeys import profiles
from chalicelib.journeys.rules.placeholders import Missing
from chalicelib.journeys.sending import Deferred, NoIntegration, Refused
from chalicelib.journeys.steps.outcomes import Broken, Done, Failed, Job, Later, Outcome, Throttled

Letter = TypeVar("Letter")
REFUSED_CREDENTIALS = frozenset({401, 403})
BUSY = 429
SKIPPED = {"skipped": 1}


def send(
    job: Job,
    recipient: Callable[[], str | None],
    letter_to: Callable[[str], Letter],
    deliver: Callable[[Letter], object],
) -> Outcome:
    """Send one message. `recipient` gives None for somebody who has no address or wants none: it is left out then."""
    try:
        address = recipient()
    except profiles.Denied as error:
        return Broken(error.message)
    except profiles.Unreachable as error:
        return Later(error.message)
    if address is None:
        return Done(SKIPPED)
    try:
        letter = letter_to(address)
    except Missing as missing:
        return Failed(str(missing))
    except NotFound as gone:
        return Broken(gone.message)
    return _delivered(job, lambda: deliver(letter))


def _delivered(job: Job, deliver: Callable[[], object]) -> Outcome:
    """Hand a message to the channel; say what became of it."""
    again = {"retried": 1} if job.attempt > 1 else {}
    try:
        deliver()
    except NoIntegration as error:
        return Broken(error.message)
    except Refused as error:
        if error.status in REFUSED_CREDENTIALS:
            return Broken(f"the provider refused our credentials: {error.message}")
        return Failed(error.message, again)
    except Deferred as error:
        if error.status == BUSY:
            return Throttled(max(1.0, float(error.retry_after_s or 5)))
        return Later(error.message, error.retry_after_s, again)
    return Done({"sent": 1, **again}, is_sent=True)
