"""Every step of a definition with its path, the nested ones included."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from chalicelib.automations.rules.language import BRANCHES

Json = dict[str, Any]
_SCRIPTS = frozenset({"action", "code", "condition"})
_CHOICES = frozenset({"if", "case"})


def steps_in(steps: Any, where: str) -> Iterator[tuple[str, Json]]:
    """List steps in the order in which they are written: (path, step). What is no step is passed over."""
    for number, step in enumerate(steps if isinstance(steps, list) else []):
        if not isinstance(step, dict):
            continue
        place = f"{where}.{number}"
        yield place, step
        for name in BRANCHES:
            yield from steps_in(step.get(name), f"{place}.{name}")
        branches = step.get("branches")
        for index, branch in enumerate(branches if isinstance(branches, list) else []):
            if isinstance(branch, dict):
                yield from steps_in(branch.get("steps"), f"{place}.branches.{index}.steps")


def runs_scripts(steps: Any) -> bool:
    """Say whether some step of a definition runs JavaScript, if it is come to."""
    for _, step in steps_in(steps, ""):
        branches = [one for one in step.get("branches") or () if isinstance(one, dict)]
        is_choice = step.get("type") in _CHOICES  # by operators, or by an expression, which is a text
        asked = [one.get("condition") for one in (step, *branches)] if is_choice else []
        if step.get("type") in _SCRIPTS or any(isinstance(one, str) for one in asked):
            return True
    return False


class Order:
    """Which step can know which: by the order in which they are written, jumps back, and repetitions around them."""

    def __init__(self, steps: Any, where: str) -> None:
        walked = list(steps_in(steps, where))
        self._places = {place: number for number, (place, _) in enumerate(walked)}
        self._named: dict[str, str] = {}
        for place, step in walked:
            if isinstance(step.get("id"), str):
                self._named.setdefault(step["id"], place)
        self._repeats = [f"{place}.steps." for place, step in walked if step.get("type") == "repeat"]
        jumps = ((place, _target(step)) for place, step in walked)
        self._jumps = [
            (self._places[place], self._places[self._named[target]])
            for place, target in jumps
            if isinstance(target, str) and target in self._named
        ]

    def problem_of(self, place: str, name: str) -> str | None:
        """Say why a step cannot know another's output, whatever happens; None when it can."""
        known = self._named.get(name)
        if known is None:
            return f"there is no step {name[:64]}"
        if any(known.startswith(inside) and not place.startswith(inside) for inside in self._repeats):
            return f"step {name} is inside a repetition and known only there; its output is a list of what items gave"
        here, there = self._places[place], self._places[known]
        is_inside = place.startswith(f"{known}.")
        if (there >= here or is_inside) and not any(
            source >= there and target <= here for source, target in self._jumps
        ):
            return f"step {name} has not run by then"
        return None


def _target(step: Json) -> Any:
    on_error = step.get("onError")
    return (
        step.get("target")
        if step.get("type") == "goto"
        else on_error.get("goto")
        if isinstance(on_error, dict)
        else None
    )
