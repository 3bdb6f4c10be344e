"""The runs: each with its weather, kills and clocks, each audited. Reliability figures 1, 3, 16 and 19."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.chaos.conftest import long_only, short_only
from tests.chaos.platform import Platform
from tests.chaos.running import Load, Outcome, Run, bad_loads, calm_loads, line
from tests.chaos.sinks import Ill
from tests.chaos.surfaces.interactor import Interactor, early
from tests.chaos.weather.forecast import HOUR_MS, Forecast

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # sockets of the killed
BRISK = {"visibility_s": 30, "budget_s": 25.0}
STORE = {
    "late": 0.05,
    "throttled": 0.10,
    "lost": 0.10,
    "failed": 0.10,
    "conflict": 0.10,
    "unprocessed": 0.10,
    "stale": 0.10,
}
QUEUES = {"doubled": 0.20, "delayed": 0.20, "delay_s": 3, "shuffled": 0.5, "queue_faults": 0.10}
BUSY = 4.0  # a machine that runs no more than the test stays below
SWEPT_S = 260.0  # two minutes of patience, a tick, the minutes of the index: what only a sweep brings has come by then
HOPS, HOP_MS, HOP_S = 3, 150_000, 15.0
SKEW = {"api": -5000, "workers": 5000}


def forecast(**weather: object) -> Forecast:
    """Make a forecast whose folder and seed the platform fills in."""
    return Forecast("", "", **{**BRISK, **weather})  # type: ignore[arg-type]


def judge(name: str, platform: Platform, outcome: Outcome) -> None:
    """Print the run's line, and fail with every violation."""
    print(f"\n{line(name, platform, outcome)}", flush=True)
    assert outcome.faults == [], "\n".join([f"{len(outcome.faults)} violations", *outcome.faults[:60]])
    (platform.folder / "good").touch()


@long_only
def test_calm_but_killed(folder: Path, seed: str) -> None:
    """SIGKILL twenty times under load of at least 2,000 accepted acts (figure 1)."""
    with Platform(folder, seed, forecast()) as platform:
        loads = [Load(Interactor(platform.url, platform.sinks, ill_s=None), 32.0, 16)]
        loads += [Load(one.surface, 2.0, 4) for one in calm_loads(platform.url, platform.sinks)[1:]]
        outcome = Run(platform, loads).play(60, SWEPT_S, lambda stack: stack.kill_times(20, (0.5, 2.5)))
        judge("calm but killed", platform, outcome)
        assert sum(platform.kills.values()) >= 20
        _in_time(platform.slowest_start_s < 20, f"back after {platform.slowest_start_s:.1f} s")
        assert sum(outcome.accepted.values()) >= 2000
        assert sum(outcome.doubled.values()) < 0.05 * sum(outcome.effects.values())


@long_only
def test_bad_store(folder: Path, seed: str) -> None:
    """Each fault of the store at 10 % of its calls, answers late, indexes stale (figure 16)."""
    with Platform(folder, seed, forecast(**STORE)) as platform:
        loads = bad_loads(platform.url, platform.sinks, ill_s=3.0, rate=0.5)
        judge("bad store", platform, Run(platform, loads).play(40, SWEPT_S))
        _fell(platform, "late", "stale", "store throttle", "store lost_answer", "store server_error")
        _fell(platform, "store conflict", "store unprocessed")


@long_only
def test_bad_queues(folder: Path, seed: str) -> None:
    """A fifth of all messages twice, some late, out of order, sends refused or half done (figure 16)."""
    with Platform(folder, seed, forecast(**QUEUES)) as platform:
        loads = bad_loads(platform.url, platform.sinks, ill_s=3.0, rate=0.7)
        judge("bad queues", platform, Run(platform, loads).play(40, SWEPT_S))
        _fell(platform, "doubled", "delayed", "shuffled", "queue throttle", "queue lost_answer", "queue unprocessed")


@long_only
def test_bad_receivers(folder: Path, seed: str) -> None:
    """Twelve ill receivers beside a healthy one: all is delivered, Retry-After is kept, nobody waits (figure 3)."""
    with Platform(folder, seed, forecast()) as platform:
        surface = Interactor(platform.url, platform.sinks, ill_s=20.0)
        outcome = Run(platform, [Load(surface, 10.0)]).play(30, SWEPT_S)
        judge("bad receivers", platform, outcome)
        took = surface.ms_to_good()
        print(
            f"the healthy one: p50 {took[len(took) // 2]:.0f} ms, p99 {took[int(len(took) * 0.99)]:.0f} ms", flush=True
        )
        _in_time(took[int(len(took) * 0.99)] < 1000, "the healthy one waited")
        assert [fault for sink in surface.ill.values() for fault in early(sink)] == []
        assert all(sink.received and sink.received[0].ill is ill for ill, sink in _reached(surface))


@long_only
def test_skewed_clocks(folder: Path, seed: str) -> None:
    """Ten seconds between API and workers, an hour ahead and back in the middle of it, and kills (figure 19)."""

    def hours(platform: Platform) -> None:
        time.sleep(8)
        platform.jump(HOUR_MS, "workers")
        time.sleep(6)
        platform.kill_workers()
        time.sleep(4)
        platform.jump(-HOUR_MS, "workers")
        time.sleep(6)
        platform.kill()

    def an_hour_passes(platform: Platform, _: float) -> None:
        if not platform.jumped_ms("workers"):
            platform.jump(HOUR_MS + 60_000)

    with Platform(folder, seed, forecast(skew_ms=SKEW)) as platform:
        loads = bad_loads(platform.url, platform.sinks, ill_s=3.0, rate=0.7)
        judge("skewed clocks", platform, Run(platform, loads).play(35, SWEPT_S, hours, an_hour_passes))


@long_only
def test_everything_together(folder: Path, seed: str) -> None:
    """All of it at once."""
    with Platform(folder, seed, forecast(**STORE, **QUEUES, skew_ms=SKEW)) as platform:
        loads = bad_loads(platform.url, platform.sinks, ill_s=4.0, rate=0.4)
        run = Run(platform, loads)
        judge("everything together", platform, run.play(50, SWEPT_S, lambda stack: stack.kill_times(6, (3.0, 7.0))))


@short_only
def test_everything_together_in_short(folder: Path, seed: str) -> None:
    """All of it at once, for a few seconds."""
    with Platform(folder, seed, forecast(**STORE, **QUEUES, skew_ms=SKEW)) as platform:
        loads = bad_loads(platform.url, platform.sinks, ill_s=2.0, rate=0.4)
        run, two = Run(platform, loads), lambda stack: stack.kill_times(2, (2.0, 4.0))
        judge("everything, in short", platform, run.play(12, 70, two, time_flies, storm_s=3))
        _fell(platform, "late", "store throttle", "store lost_answer", "store server_error", "store conflict")
        _fell(platform, "doubled", "delayed", "queue throttle", "queue lost_answer")


def time_flies(platform: Platform, settled_s: float) -> None:
    """Set the platform's clocks ahead while it settles: two and a half minutes, each fifteen seconds.

    In between leases hold as they should, and what only a sweep brings is due at once.
    """
    if platform.jumped_ms("api") < HOPS * HOP_MS and settled_s > HOP_S * (platform.jumped_ms("api") / HOP_MS + 0.5):
        platform.jump(HOP_MS)


def _in_time(is_so: bool, sentence: str) -> None:
    """Hold to a time, unless others keep this machine busy: then only say so."""
    load = os.getloadavg()[0] / (os.cpu_count() or 1)
    if not is_so and load > BUSY:
        print(f"{sentence}; the machine's load is {load:.1f} for each processor", flush=True)
        return
    assert is_so, sentence


def _fell(platform: Platform, *kinds: str) -> None:
    fell = platform.fell()
    assert [kind for kind in kinds if not fell[kind]] == [], "weather that was promised and never came"


def _reached(surface: Interactor) -> list[tuple[Ill, object]]:
    return [(ill, sink) for ill, sink in surface.ill.items() if ill is not Ill.DEAD]
