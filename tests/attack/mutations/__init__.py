"""Breaks the guards, one place at a time, in copies of the tree, and counts which changes no test notices."""
