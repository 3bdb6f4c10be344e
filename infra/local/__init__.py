"""Millrace on one machine: `python -m infra.local`, which is what `make run` starts."""
