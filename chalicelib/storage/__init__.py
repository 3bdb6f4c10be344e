"""The only code that knows the tables: keys, conditions, pages, transactions, and items made of rows."""
