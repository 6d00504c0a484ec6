"""Whether the inertias of the minima of the three-tanh problem, split and embedded, are proven: two studies ask."""
