"""What the attack came to: one line for each kind, printed as a table at the end of the run."""

from __future__ import annotations

from collections.abc import Callable

Note = Callable[[str, int, str], None]


class Figures:
    """Counts by kind of attack, in the order they were first noted in."""

    def __init__(self) -> None:
        self._tried: dict[str, int] = {}
        self._came_to: dict[str, str] = {}

    def note(self, kind: str, tried: int, came_to: str) -> None:
        """Note how many were tried and what they came to; notes of one kind add up, the last words stand."""
        self._tried[kind] = self._tried.get(kind, 0) + tried
        self._came_to[kind] = came_to

    def table(self) -> list[str]:
        """Give the lines of the table; none when nothing was noted."""
        width = max(map(len, self._tried), default=0)
        return [f"{kind:<{width}}  {tried:>7,}  {self._came_to[kind]}" for kind, tried in self._tried.items()]
