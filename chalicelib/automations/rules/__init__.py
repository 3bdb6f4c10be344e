"""Decisions of automations, without I/O."""
