"""Pure float64 functions with their units in the name."""
