"""Users' automations: what starts them, their versions, and an engine that neither forgets nor repeats.

An *automation* belongs to a user and has numbered *versions*; a version is a trigger and a tree of *steps*. One run of
a version is an *execution*: an item of `durable.steps` whose *journal* holds what every step came to, by the step's
*address* in the tree. What to do next is decided from version and journal alone (rules/machine), so whoever takes
an execution up goes on where the last worker stopped.

automations.py, versions.py, lookups.py  definitions    activation.py   enable and disable
occurrences.py, scheduling.py, starts.py, alone.py  ways in
engine.py  take, decide, do, commit             rules/  the language, and what to do next
tasks.py, effects.py, hearing.py                steps, what touches the world, what is waited for
executions.py, history.py, replays.py, events.py  shown and moved by their owners
usage.py                      what it cost      lanes.py, turns.py  whose turn it is
"""
