"""What the benchmarks share: the problem, the contestants, the clock and the machine."""
