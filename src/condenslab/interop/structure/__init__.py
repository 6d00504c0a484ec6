"""Interchangeable units of a network: found from its program, certified, merged, split. `discovery` is the entry."""
