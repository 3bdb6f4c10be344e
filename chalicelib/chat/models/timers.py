"""All of chat that waits for its time is swept together: an index has four partitions for each minute and kind."""

DUE = "chat"
