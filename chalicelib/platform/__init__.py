"""The platform about itself: is it up, what does it offer; and the function in which scripts may run."""
