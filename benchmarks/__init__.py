"""What it costs and how fast it is: `make bench`. Figures are printed with machine and commands, never asserted."""
