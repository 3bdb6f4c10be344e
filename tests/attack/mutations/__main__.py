"""`python -m tests.attack.mutations [--share N] [--only TEXT] [--fresh]`: break every guard; count who goes unnoticed.

Goes on where it was stopped: what was caught before is not tried again until its module changes
(`out/mutations.jsonl`; `--fresh` forgets). The order is by chance, but always the same, so what was tried when it is
stopped is a sample. `--share N` tries every N-th mutant of each module, `--only` those modules whose path holds the
text. Ends with 1 when fewer than LEAST are caught.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from tests.attack.mutations import trying
from tests.attack.mutations.guards import EQUIVALENT, GUARDS, OUT_OF_SIGHT, PARTS
from tests.attack.mutations.making import Mutant, mutants

LEAST = 0.9
WORKERS = 2
KEPT, SEEN = trying.ROOT / "out/mutations.jsonl", trying.ROOT / "out/mutations-seen"
_tree: list[trying.Tree] = []


@dataclass(frozen=True)
class Sight:
    """Which tests run a line: module -> line -> tests; how long each file of them takes (s)."""

    lines: dict[str, dict[int, list[str]]]
    usual_s: dict[str, float]

    def tests(self, mutant: Mutant) -> list[str]:
        """List the tests that run a mutant's place, those of the quickest files first."""
        files = GUARDS[mutant.module]
        if mutant.module in OUT_OF_SIGHT:
            return list(files)
        found = {test for line in mutant.lines for test in self.lines[mutant.module].get(line, ())}
        kept = [test for test in found if test.partition("::")[0] in files]
        return sorted(kept, key=lambda test: (self.usual_s[test.partition("::")[0]], test))


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


def _look(tests: str) -> tuple[str, dict[str, dict[int, list[str]]], float]:
    watched = [module for module, files in GUARDS.items() if tests in files and module not in OUT_OF_SIGHT]
    lines, seconds = _tree[0].covering(watched, tests)
    return tests, {module: dict(found) for module, found in lines.items()}, seconds


def _try(trial: tuple[Mutant, list[str], float]) -> tuple[Mutant, bool]:
    mutant, tests, usual_s = trial
    return mutant, bool(tests) and _tree[0].is_caught(mutant, tests, usual_s)


def _sight(pool: ProcessPoolExecutor, modules: list[str]) -> Sight:
    files = sorted({tests for module in modules for tests in GUARDS[module]})
    names = {tests: SEEN / f"{_digest(tests)}.json" for tests in files}
    SEEN.mkdir(parents=True, exist_ok=True)
    for tests, found, seconds in pool.map(_look, [tests for tests, kept in names.items() if not kept.exists()]):
        names[tests].write_text(json.dumps([found, seconds]))
    lines: dict[str, dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
    usual_s = {}
    for tests, kept in names.items():
        seen, usual_s[tests] = json.loads(kept.read_text())
        found = {module: {int(line): names for line, names in by_line.items()} for module, by_line in seen.items()}
        for module, by_line in found.items():
            for line, names in by_line.items():
                lines[module][line] += names
    return Sight(lines, usual_s)


def _digest(tests: str) -> str:
    """Name what a test file was seen to run: by its text, and those of the modules that were watched."""
    texts = [tests, *(module for module, files in sorted(GUARDS.items()) if tests in files)]
    return hashlib.sha256("\0".join((trying.ROOT / text).read_text() for text in texts).encode()).hexdigest()[:20]


def _caught_before(*, fresh: bool) -> set[str]:
    if fresh or not KEPT.exists():
        KEPT.parent.mkdir(exist_ok=True)
        KEPT.write_text("")
    return {json.loads(line)["id"] for line in KEPT.read_text().splitlines()}


def _made(modules: list[str], share: int) -> Iterator[Mutant]:
    for module in modules:
        made = list(mutants(module, (trying.ROOT / module).read_text(), PARTS.get(module, ())))
        yield from [one for one in made if (module, one.text, one.what) not in EQUIVALENT][::share]


def main() -> int:
    """Try the mutants; print what became of each module and who survived."""
    parser = argparse.ArgumentParser(prog="tests.attack.mutations")
    parser.add_argument("--share", type=int, default=1)
    parser.add_argument("--only", default="")
    parser.add_argument("--fresh", action="store_true")
    asked = parser.parse_args()
    modules = [module for module in GUARDS if asked.only in module]
    made, before, started = list(_made(modules, asked.share)), _caught_before(fresh=asked.fresh), time.monotonic()
    left = sorted((one for one in made if one.id not in before), key=lambda one: one.id)  # a sample at any time
    needed = [module for module in modules if any(one.module == module for one in left)]
    alive: list[Mutant] = []
    with tempfile.TemporaryDirectory() as name:
        folders = [trying.copied(Path(name) / f"tree{number}") for number in range(WORKERS)]
        with ProcessPoolExecutor(WORKERS, get_context("fork"), _begin, ([str(one) for one in folders],)) as pool:
            sight = _sight(pool, needed)
            print(f"{len(made)} mutants, {len(left)} to be tried, {time.monotonic() - started:.0f} s", flush=True)
            trials = []
            for one in left:
                tests = sight.tests(one)
                trials.append(
                    (one, tests, sum(sight.usual_s[file] for file in {test.partition("::")[0] for test in tests}))
                )
            with KEPT.open("a") as kept:
                for one, is_caught in pool.map(_try, trials):
                    if is_caught:
                        kept.write(json.dumps({"id": one.id, "module": one.module, "line": one.line}) + "\n")
                        kept.flush()
                    else:
                        alive.append(one)
                        print(f"  survives: {one.module}:{one.line} {one.what}: {one.text}", flush=True)
        shutil.rmtree(name, ignore_errors=True)
    for module in modules:
        mine = [one for one in made if one.module == module]
        print(f"{module}: {len(mine) - sum(one.module == module for one in alive)} of {len(mine)}")
    caught = len(made) - len(alive)
    print(f"caught {caught} of {len(made)}, {caught / len(made):.1%}, in {time.monotonic() - started:.0f} s")
    return 0 if caught >= LEAST * len(made) else 1


if __name__ == "__main__":
    sys.exit(main())
