"""The pool of idle connections, on a clock of its own."""

from __future__ import annotations

from typing import Any

from chalicelib.adapters.http_client import pool as pools


class Fake:
    """A connection that only knows whether it was closed."""

    def __init__(self, born_at: float) -> None:
        self.born_at = self.idle_since = born_at
        self.is_reused = self.is_closed = self.is_dead = False

    def has_news(self) -> bool:
        return self.is_dead

    def close(self) -> None:
        self.is_closed = True


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def key(number: int = 0) -> Any:
    return ("w", "https", f"h{number}.example", 443)


def test_the_one_used_last_comes_first_and_is_marked() -> None:
    clock = Clock()
    pool = pools.Pool(clock)
    old, young = Fake(100), Fake(100)
    pool.put(key(), old)  # type: ignore[arg-type]
    pool.put(key(), young)  # type: ignore[arg-type]
    assert pool.take(key()) is young
    assert young.is_reused
    assert pool.take(key(1)) is None


def test_what_is_old_idle_or_dead_is_closed() -> None:
    clock = Clock()
    pool = pools.Pool(clock)
    kept = {name: Fake(100) for name in ("dead", "idle", "aged")}
    kept["dead"].is_dead = True
    pool.put(key(), kept["dead"])  # type: ignore[arg-type]
    assert pool.take(key()) is None
    pool.put(key(), kept["idle"])  # type: ignore[arg-type]
    clock.now += 3
    assert pool.take(key(), 2) is None
    clock.now += pools.IDLE_S
    assert pool.take(key()) is None
    kept["aged"].born_at = clock.now - pools.AGE_S
    pool.put(key(1), kept["aged"])  # type: ignore[arg-type]
    assert kept["idle"].is_closed
    assert pool.take(key(1)) is None
    assert all(connection.is_closed for connection in kept.values())


def test_there_are_never_too_many() -> None:
    clock = Clock()
    pool = pools.Pool(clock)
    made = []
    for number in range(300):
        clock.now += 0.01
        made.append(Fake(clock.now))
        pool.put(key(number % 20), made[-1])  # type: ignore[arg-type]
    alive = [connection for connection in made if not connection.is_closed]
    assert len(alive) == pools.MAX_TOTAL
    assert alive == made[-pools.MAX_TOTAL :]
    for _ in range(20):
        made.append(Fake(clock.now))
        pool.put(key(), made[-1])  # type: ignore[arg-type]
    taken = 0
    while pool.take(key()):
        taken += 1
    assert taken == pools.MAX_PER_KEY
    pool.close_all()
