"""The twenty acceptance figures: what each asks for, which command proves it, and the full proof of nine of them."""
