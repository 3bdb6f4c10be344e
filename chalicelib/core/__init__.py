"""Plain Python, usable everywhere: no AWS, no Chalice, nothing beyond the standard library."""
