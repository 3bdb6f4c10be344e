"""The queues of this context, by their short names."""

STEP = "journeys_step"  # {w, n, t}: a token to be moved on; `new` (ms): it may not be stored yet
EVENT = "journeys_event"  # {w, n, e}: something customers did, for sources, waits and checks
JOB = "journeys_job"  # {w, n, job, ...}: work on many tokens, page by page
LIFECYCLE = "journeys_lifecycle"  # {w, n, a} an automation, {w, n} a node, whose time has come
