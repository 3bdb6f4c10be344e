"""A run: surfaces under load for a while, then time to settle, then the auditors."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from infra.queues import MAX_RECEIVES
from tests.chaos import invariants
from tests.chaos.platform import Platform
from tests.chaos.sinks import Sinks
from tests.chaos.surfaces.base import GaveUpError, Surface
from tests.chaos.surfaces.botpress import Botpress
from tests.chaos.surfaces.contactflow import Contactflow
from tests.chaos.surfaces.interactor import Interactor
from tests.chaos.surfaces.novu import Novu

SETTLE_LOOK_S = 0.5
QUIET_S = 2.0
HANGS_S = 120.0
STORM_S = 60.0


@dataclass
class Outcome:
    """What came of a run. `faults` are sentences; of `effects` seen, `doubled` came again under the same id."""

    accepted: dict[str, int] = field(default_factory=dict)
    left: dict[str, int] = field(default_factory=dict)
    doubled: dict[str, int] = field(default_factory=dict)
    effects: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    given_up: int = 0
    settled_s: float = 0.0


@dataclass(frozen=True)
class Load:
    """A surface and how often a second it acts, by how many threads."""

    surface: Surface
    per_s: float
    threads: int = 4


class Pressure:
    """The threads that act on surfaces from `begin` to `end`. `faults` says what was never answered well."""

    def __init__(self, loads: Sequence[Load]) -> None:
        self.loads = loads
        self.faults: list[str] = []
        self._stop = threading.Event()
        self._threads = [self._actor(load, number) for load in loads for number in range(load.threads)]

    def begin(self) -> None:
        """Act from now on."""
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """Begin no further act, and wait for those under way."""
        self._stop.set()
        for thread in self._threads:
            thread.join(HANGS_S)
            if thread.is_alive():
                self.faults.append(f"{thread.name} hangs")

    def guarded(self, name: str, does: Callable[..., Any], *arguments: Any) -> None:
        """Call, and note what was raised."""
        try:
            does(*arguments)
        except (GaveUpError, AssertionError) as error:
            self.faults.append(f"{name}: {error}")
        except Exception as error:
            self.faults.append(f"{name}: {type(error).__name__}: {error}")

    def _actor(self, load: Load, first: int) -> threading.Thread:
        def act() -> None:
            started, number = time.monotonic(), first
            while not self._stop.wait(max(0.0, started + number / load.per_s - time.monotonic())):
                self.guarded(load.surface.name, load.surface.act, number)
                number += load.threads

        return threading.Thread(target=act, daemon=True, name=f"{load.surface.name}-{first}")


class Run:
    """Puts load on a platform in its weather; `during` is called beside it, once, with the platform."""

    def __init__(self, platform: Platform, loads: Sequence[Load]) -> None:
        self.platform, self.loads = platform, loads
        self.faults: list[str] = []

    def play(
        self,
        for_s: float,
        settle_s: float,
        during: Callable[[Platform], Any] | None = None,
        while_settling: Callable[[Platform, float], Any] | None = None,
        storm_s: float = STORM_S,
    ) -> Outcome:
        """Prepare in calm weather, act in bad weather for `for_s`, settle, audit.

        Settling ends when all is done, or nothing more was for `settle_s`. The weather goes on for `storm_s` after
        the load. `while_settling` is called at every look, with the platform and the seconds since the load ended.
        """
        for load in self.loads:
            load.surface.prepare()
        self.platform.storm()
        pressure = Pressure(self.loads)
        pressure.begin()
        ends = time.monotonic() + for_s
        if during is not None:
            pressure.guarded("beside the load", during, self.platform)
        time.sleep(max(0.0, ends - time.monotonic()))
        pressure.end()
        self.faults += pressure.faults
        outcome = Outcome()
        self._settle(outcome, settle_s, while_settling or _wait, storm_s)
        self._audit(outcome)
        for load in self.loads:
            load.surface.client.close()
        return outcome

    def _settle(
        self, outcome: Outcome, settle_s: float, meanwhile: Callable[[Platform, float], Any], storm_s: float
    ) -> None:
        started = moved = time.monotonic()
        least = sys.maxsize
        while True:
            now = time.monotonic()
            meanwhile(self.platform, now - started)
            if now - started > storm_s:
                self.platform.calm()
            outcome.left = {load.surface.name: self._owed(load.surface) for load in self.loads}
            outcome.settled_s = time.monotonic() - started
            total = sum(outcome.left.values())
            if not total:
                break
            if total < least:
                least, moved = total, now
            if now - moved > settle_s:
                named = {name: left for name, left in outcome.left.items() if left}
                self.faults.append(f"nothing more was done for {settle_s:.0f} s: {named}")
                break
            time.sleep(SETTLE_LOOK_S)
        self.platform.calm()
        ends = time.monotonic() + self.platform.forecast.visibility_s + 20
        while invariants.messages_under_way(self.platform.store) and time.monotonic() < ends:
            time.sleep(SETTLE_LOOK_S)
        time.sleep(QUIET_S)

    def _owed(self, surface: Surface) -> int:
        try:
            return surface.owed()
        except (GaveUpError, AssertionError) as error:
            self.faults.append(f"{surface.name}: while looking: {error}")
            return 1

    def _audit(self, outcome: Outcome) -> None:
        outcome.faults = self.faults
        store = self.platform.store
        for load in self.loads:
            surface = load.surface
            outcome.accepted[surface.name] = surface.accepted()
            if isinstance(surface, Interactor):
                outcome.effects[surface.name], outcome.doubled[surface.name] = surface.seen()
            outcome.faults += [f"{surface.name}: {text}" for text in (*surface.audit(store), *surface.client.strange)]
        outcome.faults += invariants.of_all(store)
        given_up = invariants.given_up(store)
        outcome.given_up = len(given_up)
        if sum(self.platform.kills.values()) < MAX_RECEIVES:
            outcome.faults += given_up


def _wait(_: Platform, __: float) -> None:
    """Do nothing while work settles."""


def calm_loads(url: str, sinks: Sinks) -> list[Load]:
    """Give five events, two automations, a message, a notification and half a journey a second; receivers are well."""
    return [
        Load(Interactor(url, sinks, ill_s=None), 10.0),
        Load(Novu(url, sinks, busy_each=None, ill_s=0.0), 1.0, 2),
        Load(Contactflow(url, sinks, busy_each=None, ill_s=0.0, times_out=False), 0.5, 2),
        Load(Botpress(url, sinks, ill_s=0.0), 1.0, 2),
    ]


def bad_loads(url: str, sinks: Sinks, *, ill_s: float, rate: float = 1.0) -> list[Load]:
    """Give all four surfaces with receivers that are ill for so long."""
    return [
        Load(Interactor(url, sinks, ill_s=ill_s), 8.0 * rate),
        Load(Novu(url, sinks, ill_s=ill_s), 2.0 * rate, 2),
        Load(Contactflow(url, sinks, ill_s=ill_s), 2.0 * rate, 2),
        Load(Botpress(url, sinks, ill_s=ill_s), 2.0 * rate, 2),
    ]


def line(name: str, platform: Platform, outcome: Outcome) -> str:
    """Say in a line how a run went."""
    fell = platform.fell()
    weather = ", ".join(f"{what} {count}" for what, count in sorted(fell.items()) if what != "dice" and count)
    parts = [
        f"{name}: accepted {_shown(outcome.accepted)}",
        f"lost {sum(outcome.left.values())}",
        f"doubled under the same id {_shown(outcome.doubled)}",
        f"settled after {outcome.settled_s:.0f} s",
        f"killed {_shown(platform.kills)} (slowest start {platform.slowest_start_s:.1f} s)",
        f"given up for a while {outcome.given_up}",
        f"violations {len(outcome.faults)}",
        f"weather: {weather or 'calm'}",
        f"seed {platform.seed}",
    ]
    return "; ".join(parts)


def _shown(counts: dict[str, int] | Any) -> str:
    named = [f"{name} {count}" for name, count in counts.items() if count]
    return f"{sum(counts.values())}" + (f" ({', '.join(named)})" if len(named) > 1 else "")
