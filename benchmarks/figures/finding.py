"""What a proof found: a line for each thing a figure asks for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing that was asked for: the target in words, what was measured, and whether that is enough."""

    target: str
    measured: str
    is_kept: bool
    is_speed: bool = False  # says something only on a quiet machine

    def line(self) -> str:
        """Render it."""
        return f"{'ok   ' if self.is_kept else 'SHORT'} {self.target}: {self.measured}"


def exactly(target: str, measured: object, wanted: object) -> Finding:
    """Judge what must be equal."""
    return Finding(target, f"{measured}" if measured == wanted else f"{measured}, not {wanted}", measured == wanted)


def at_most(target: str, measured: float, limit: float, unit: str = "", *, is_speed: bool = False) -> Finding:
    """Judge what must not be exceeded."""
    return Finding(f"{target}, at most {limit:g}{unit}", f"{measured:.4g}{unit}", measured <= limit, is_speed)


def at_least(target: str, measured: float, limit: float, unit: str = "") -> Finding:
    """Judge what must be reached."""
    return Finding(f"{target}, at least {limit:g}{unit}", f"{measured:.6g}{unit}", measured >= limit)
