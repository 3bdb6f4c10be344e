"""The only code that knows Chalice and HTTP."""
