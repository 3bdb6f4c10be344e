"""SQS's operations over one SQLite relation per queue; standard queues only."""
