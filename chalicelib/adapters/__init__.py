"""One module per outside world, each with a fake in tests/fakes."""
