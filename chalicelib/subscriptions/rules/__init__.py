"""Decisions without I/O: deliveries.py (states, answers, delays), health.py (breaker, giving up), routing.py."""
