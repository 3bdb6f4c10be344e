"""The platform about itself: is it up, and the clearing away of what was deleted."""
