"""What is stored, and every query under a name."""
