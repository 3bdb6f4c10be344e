"""What to do next: decided from a version and the journal alone, so that every worker decides alike.

The machine walks the tree of steps. Steps without effects are settled on the way; their records are notes, folded
into the next commit. The walk ends at its frontier: tasks to run now, waits that are not over, or the end.

    flow.py       what a step comes to, what a walk ends with
    walk.py       one walk: the journal, data and references, notes, what is taken back
    machine.py    lists of steps, jumps, onError, time limits; the table of kinds
    acts.py       steps with effects, and a service's condition
    branches.py repeats.py waits.py    the others
"""

from chalicelib.automations.rules.machine.flow import Fail, Frontier, Next, Return, Scope, Task
from chalicelib.automations.rules.machine.machine import Machine

__all__ = ["Fail", "Frontier", "Machine", "Next", "Return", "Scope", "Task"]
