"""Third parties, described by data and small JavaScript bodies, and the running of those bodies.

A service (connector) has versions and components: actions, events, triggers, securities and variables. A component
carries hooks; `run_hook` runs one of them with what it may see: the service's address, token, values and scripts.
"""
