"""Where addresses are, from a file that the operator supplies."""
