"""Measurements of speed, memory and the optimiser, as ratios where that is possible; never part of the tests."""
