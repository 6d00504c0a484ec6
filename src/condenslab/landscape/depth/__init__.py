"""Embedding in depth: layers lifted on linear segments of the activation, and merged where they act linearly."""
