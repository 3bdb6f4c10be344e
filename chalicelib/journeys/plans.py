"""What is to be written about a token and what follows from it; how long a failed action waits for its next attempt."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.durable.due import Timer
from chalicelib.journeys.commits import Move
from chalicelib.journeys.rules import tokens as rules
from chalicelib.journeys.steps.outcomes import Later
from chalicelib.journeys.turns import Turn

RETRY_S = (10, 60, 300, 900, 3600)
LONGEST_RETRY_S = 3600.0


@dataclass
class Plan:
    """What is to be written about a turn, and what follows from it."""

    turn: Turn
    move: Move
    timer: Timer | None = None
    goes_on: bool = False  # an action follows at once, under the same lease
    looks_back: bool = False  # it begins to wait for an event, which may have come before
    parks: bool = False
    again: bool = False  # no time is left here; its message brings it back

    @property
    def ends(self) -> bool:
        """Whether the token's journey is over with this."""
        return rules.is_over(str(self.move.put.get("st", self.move.row["st"])))


def pause_s(turn: Turn, outcome: Later) -> float:
    """Say how long to wait before another attempt: the receiver's wish, never less than our own schedule."""
    own = RETRY_S[min(int(turn.view.get("n", 0)), len(RETRY_S) - 1)]
    return min(LONGEST_RETRY_S, max(float(own), outcome.retry_after_s or 0.0))
