"""A whole stack in another process, and a receiver of webhooks: for the demonstration, the benchmarks and the tests."""
