"""Slices of the risk: directions in parameter space, and the risk along a line or on a plane."""
