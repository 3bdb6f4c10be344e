"""Decisions of channels, without I/O."""
