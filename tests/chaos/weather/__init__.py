"""Bad weather inside the processes of a stack under test; the product knows nothing of it."""
