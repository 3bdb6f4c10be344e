"""The load of each surface, and what its rows must look like afterwards."""
