"""Measurements of speed and of the optimiser, each a ratio taken in one run; never part of the tests."""
