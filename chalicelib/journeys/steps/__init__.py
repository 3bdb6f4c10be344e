"""What actions do: one module an operation, each with `run(job)`, which answers an outcome."""
