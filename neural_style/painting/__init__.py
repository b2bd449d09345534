"""A run, from its flags to its finished picture."""
