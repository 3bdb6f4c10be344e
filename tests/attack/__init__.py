"""`make attack`: a running platform, and everything that somebody might do to it."""
