"""DynamoDB's operations over one SQLite relation per table."""
