"""Tests against what GitHub publishes: its webhook examples and its API description. Run by `make test-real`."""
