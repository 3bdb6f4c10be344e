"""Chaos: the running platform under load in bad weather, and the auditor that looks afterwards."""
