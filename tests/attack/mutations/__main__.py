"""`python -m tests.attack.mutations [--sample N [--seed S]] [--only TEXT ...] [--workers N] [--fresh]`.

Breaks every guard, one place at a time, and counts what goes unnoticed.

Goes on where it was stopped: what was caught before is not tried again until its module changes
(`out/mutations.jsonl`; `--fresh` forgets). The order is by chance, but always the same, so what was tried when it is
stopped is a sample. `--sample N` tries N mutants of all, chosen by the seed; `--only` those of modules
whose path holds one of the texts. Ends with 1 when fewer than LEAST are caught.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path

from tests.attack.mutations import trying
from tests.attack.mutations.guards import EQUIVALENT, GUARDS, OUT_OF_SIGHT, PARTS
from tests.attack.mutations.making import Mutant, mutants
from tests.attack.mutations.trying import Watched

LEAST = 0.9
KEPT, SEEN = trying.ROOT / "out/mutations.jsonl", trying.ROOT / "out/mutations-seen"
_tree: list[trying.Tree] = []


@dataclass(frozen=True)
class Sight:
    """Which tests run a line: module -> line -> tests; how long each of them takes (s)."""

    lines: dict[str, dict[int, list[str]]]
    seconds: dict[str, float]

    def tests(self, mutant: Mutant) -> dict[str, float]:
        """Name the tests that run a mutant's place, and how long each takes."""
        files = GUARDS[mutant.module]
        if mutant.module in OUT_OF_SIGHT:
            return {test: took_s for test, took_s in self.seconds.items() if test.partition("::")[0] in files}
        found = {test for line in mutant.lines for test in self.lines[mutant.module].get(line, ())}
        return {test: self.seconds[test] for test in found if test.partition("::")[0] in files}


def _begin(folders: list[str]) -> None:
    """Take one of the trees, as a worker."""
    trying.prepare()
    for folder in map(Path, folders):
        try:
            folder.with_suffix(".taken").mkdir()
        except FileExistsError:
            continue
        _tree.append(trying.Tree(folder))
        return


def _watch(tests: str) -> tuple[str, Watched]:
    watched = [module for module, files in GUARDS.items() if tests in files and module not in OUT_OF_SIGHT]
    return tests, _tree[0].watch(watched, tests)


def _try(trial: tuple[Mutant, dict[str, float]]) -> tuple[Mutant, str | None, float]:
    mutant, tests = trial
    started = time.monotonic()
    return mutant, _tree[0].caught_by(mutant, tests) if tests else None, time.monotonic() - started


def _sight(pool: ProcessPoolExecutor, modules: list[str]) -> Sight:
    files = sorted({tests for module in modules for tests in GUARDS[module]})
    names = {tests: SEEN / f"{_digest(tests)}.json" for tests in files}
    SEEN.mkdir(parents=True, exist_ok=True)
    for tests, watched in pool.map(_watch, [tests for tests, kept in names.items() if not kept.exists()]):
        names[tests].write_text(json.dumps(asdict(watched)))
    lines: dict[str, dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
    seconds: dict[str, float] = {}
    for kept in names.values():
        seen = json.loads(kept.read_text())
        seconds |= seen["seconds"]
        for module, by_line in seen["lines"].items():
            for line, tests in by_line.items():
                lines[module][int(line)] += tests
    return Sight(lines, seconds)


def _digest(tests: str) -> str:
    """Name what a test file was seen to run: by its text, and those of the modules that were watched."""
    texts = [tests, *(module for module, files in sorted(GUARDS.items()) if tests in files)]
    return hashlib.sha256("\0".join((trying.ROOT / text).read_text() for text in texts).encode()).hexdigest()[:20]


def _caught_before(*, fresh: bool) -> dict[str, str]:
    """Give the mutants caught before: id -> by what."""
    if fresh or not KEPT.exists():
        KEPT.parent.mkdir(exist_ok=True)
        KEPT.write_text("")
    kept = [json.loads(line) for line in KEPT.read_text().splitlines()]
    return {one["id"]: one["by"] for one in kept}


def _made(modules: list[str]) -> Iterator[Mutant]:
    for module in modules:
        made = mutants(module, (trying.ROOT / module).read_text(), PARTS.get(module, ()))
        yield from [one for one in made if (module, one.text, one.what) not in EQUIVALENT]


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.attack.mutations")
    parser.add_argument("--sample", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="+", default=[""])
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--fresh", action="store_true")
    return parser.parse_args()


def _tried(left: list[Mutant], workers: int) -> Iterator[tuple[Mutant, str | None]]:
    """Try mutants; give with each what noticed it, and keep that."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        folders = [str(trying.copied(Path(name) / f"tree{number}")) for number in range(workers)]
        with ProcessPoolExecutor(workers, get_context("fork"), _begin, (folders,)) as pool, KEPT.open("a") as kept:
            sight = _sight(pool, sorted({one.module for one in left}))
            print(f"tests watched in {time.monotonic() - started:.0f} s", flush=True)
            for one, by, took_s in pool.map(_try, [(one, sight.tests(one)) for one in left]):
                if by is None:
                    print(f"  survives: {one.module}:{one.line} {one.what}: {one.text} ({took_s:.0f} s)", flush=True)
                else:
                    row = {"id": one.id, "module": one.module, "line": one.line, "by": by, "s": round(took_s, 1)}
                    kept.write(json.dumps(row) + "\n")
                    kept.flush()
                yield one, by
        shutil.rmtree(name, ignore_errors=True)


def main() -> int:
    """Try the mutants; print what became of each module and who survived."""
    asked, started = _asked(), time.monotonic()
    made = sorted(
        _made([module for module in GUARDS if any(text in module for text in asked.only)]),
        key=lambda one: hashlib.sha256(f"{asked.seed}|{one.id}".encode()).digest(),
    )[: asked.sample]
    caught = _caught_before(fresh=asked.fresh)
    left = [one for one in made if one.id not in caught]
    print(f"{len(made)} mutants, {len(left)} to be tried", flush=True)
    for one, by in _tried(left, asked.workers):
        if by is not None:
            caught[one.id] = by
    _report(made, caught)
    share = sum(one.id in caught for one in made) / len(made)
    print(f"caught {share:.1%} of {len(made)} in {time.monotonic() - started:.0f} s")
    return 0 if share >= LEAST else 1


def _report(made: list[Mutant], caught: dict[str, str]) -> None:
    total, noticed, timed = Counter[str](), Counter[str](), Counter[str]()
    for one in made:
        total[one.module] += 1
        noticed[one.module] += one.id in caught
        timed[one.module] += caught.get(one.id) == trying.OUT_OF_TIME
    for module in sorted(total):
        by_time = f", {timed[module]} of them out of time" if timed[module] else ""
        print(f"{module}: {noticed[module]} of {total[module]}{by_time}")


if __name__ == "__main__":
    sys.exit(main())
